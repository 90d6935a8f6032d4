package io.tapswitch.core.overlay.store;

import io.tapswitch.core.overlay.store.StoreException.Kind;
import java.net.URI;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What goes wrong with etcd, as sentences that say which member, what it did, and what can be done. Codes are those of
 * gRPC (google.rpc.Code), words those of etcd (rpctypes/error.go).
 */
final class EtcdFaults {
    private static final int INVALID_ARGUMENT = 3;
    private static final int NOT_FOUND = 5;
    private static final int PERMISSION_DENIED = 7;
    private static final int RESOURCE_EXHAUSTED = 8;
    private static final int OUT_OF_RANGE = 11;
    private static final int UNAVAILABLE = 14;
    private static final int UNAUTHENTICATED = 16;
    private static final int SHOWN = 80;

    /** How etcd's gateway begins, without any JSON, when authentication is on and a certificate names somebody. */
    private static final String NAMED_CERTIFICATE = "CommonName of client";

    private EtcdFaults() {}

    static StoreException unreachable(URI member, boolean mayHaveHappened, Throwable cause) {
        if (isUnknown(cause)) {
            return new StoreException(
                    Kind.UNREACHABLE,
                    mayHaveHappened,
                    "cluster store unreachable: the host name in " + member + " is not found; mend the host's DNS, or"
                            + " write the store's address in --cluster-store",
                    cause);
        }
        return new StoreException(
                Kind.UNREACHABLE,
                mayHaveHappened,
                "cluster store unreachable: " + member + " "
                        + (mayHaveHappened ? "broke the connection" : "does not answer") + words(cause)
                        + "; is etcd running there, and does a firewall let this host pass?",
                cause);
    }

    private static boolean isUnknown(Throwable fault) {
        return fault instanceof UnresolvedAddressException || (fault.getCause() != null && isUnknown(fault.getCause()));
    }

    static StoreException tls(URI member, Throwable cause) {
        return new StoreException(
                Kind.REFUSED,
                false,
                "cluster store refused: no TLS with " + member + words(cause)
                        + "; check the authority's certificate, the client's, and the names in the server's",
                cause);
    }

    static StoreException tooSlow(URI member, Duration waited) {
        return new StoreException(
                Kind.TOO_SLOW,
                true,
                "cluster store too slow: " + member + " took the question and did not answer within "
                        + waited.toMillis() + " ms; is it overloaded, or without its majority?",
                null);
    }

    static StoreException garbage(URI member, int status, String what) {
        if (what.contains(NAMED_CERTIFICATE)) {
            return new StoreException(
                    Kind.REFUSED,
                    false,
                    "cluster store refused: " + member + " has users, and then takes no client certificate that has a"
                            + " CommonName; make one without, as with -subj /O=tapswitch",
                    null);
        }
        return new StoreException(
                Kind.GARBAGE,
                true,
                "cluster store answers nonsense: " + member + " is not etcd's v3 JSON gateway (HTTP status " + status
                        + ", " + what + "); is another service at that address, or etcd older than 3.4?",
                null);
    }

    static StoreException leaseLost(URI member) {
        return new StoreException(
                Kind.LEASE_LOST, false, "cluster store: the lease of this host has ended, says " + member, null);
    }

    static StoreException compacted(URI member) {
        return new StoreException(
                Kind.COMPACTED, false, "cluster store: " + member + " has forgotten what was asked for", null);
    }

    static StoreException closed() {
        return new StoreException(Kind.CLOSED, true, "cluster store: closed", null);
    }

    /**
     * What etcd says when it refuses.
     *
     * @param code of gRPC
     * @param words of etcd
     */
    record Saying(int code, String words) {
        /** {@return what is said in an answer, null when it is none of etcd's} */
        static @Nullable Saying in(JsonNode answer) {
            // Unary answers have code and message at the top, streams have them inside of "error".
            JsonNode error = answer.path("error").isObject() ? answer.path("error") : answer;
            String words = error.path("message").asString("");
            long code = EtcdText.number(error, error.has("grpc_code") ? "grpc_code" : "code");
            return words.isEmpty() ? null : new Saying((int) code, words);
        }

        /** {@return whether a new token helps} */
        boolean isStaleToken() {
            return code == UNAUTHENTICATED
                    || words.contains("invalid auth token")
                    || words.contains("user name is empty")
                    || (code == INVALID_ARGUMENT && words.contains("revision of auth store is old"));
        }
    }

    /** {@return what etcd's words mean} */
    static StoreException refused(URI member, Saying saying) {
        int code = saying.code();
        String words = saying.words();
        if (words.contains("revision has been compacted") || (code == OUT_OF_RANGE && words.contains("compacted"))) {
            return compacted(member);
        }
        if (code == NOT_FOUND && words.contains("lease")) {
            return leaseLost(member);
        }
        boolean isWho = saying.isStaleToken()
                || code == PERMISSION_DENIED
                || words.contains("permission denied")
                || words.contains("authentication failed");
        if (isWho) {
            return new StoreException(
                    Kind.REFUSED,
                    false,
                    "cluster store refused: " + member + " says '" + words
                            + "'; check user, password and the role's permission for " + EtcdStore.PERMISSION,
                    null);
        }
        String advice = code == RESOURCE_EXHAUSTED
                ? "; compact and defragment etcd, or give it more space (--quota-backend-bytes)"
                : code == UNAVAILABLE ? "; most of its members must be up and see each other" : "";
        // A leader that is lost or late may have passed the question on before.
        boolean mayHaveHappened = words.contains("timed out") || words.contains("leader changed");
        return new StoreException(
                Kind.FAILED,
                mayHaveHappened,
                "cluster store failed: " + member + " says '" + words + "'" + advice,
                null);
    }

    /** {@return the beginning of an answer, for a person to recognize who gave it} */
    static String start(byte[] answer) {
        if (answer.length == 0) {
            return "an empty answer";
        }
        String text = new String(answer, 0, Math.min(answer.length, SHOWN), StandardCharsets.UTF_8);
        return "'" + text.replaceAll("[^\\x20-\\x7e]+", " ").strip() + "'";
    }

    private static String words(@Nullable Throwable cause) {
        Throwable deepest = cause;
        while (deepest != null && deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        String message = deepest == null ? null : deepest.getMessage();
        return message == null || message.isBlank() ? "" : " (" + message.replace('\n', ' ') + ")";
    }
}
