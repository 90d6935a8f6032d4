package io.tapswitch.core.overlay.store;

import io.tapswitch.core.overlay.store.EtcdFaults.Saying;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Questions to etcd's members over HTTP.
 *
 * <p><b>Theory of operation.</b> The member that answered last is asked first. When it cannot be reached, the next one
 * is; a question that may be put twice ({@code repeatable}) goes on to the next also when its answer is lost, once more
 * round to the first. All of it within {@link EtcdSettings#call}; with several members a repeatable question waits half
 * of that for the first, so that one that hangs does not use up everything.
 *
 * <p>With user and password, a token is asked for at first use and whenever the store no longer takes the old one: it
 * keeps them for five minutes only, and forgets them when it starts anew.
 *
 * <p>Java's client has its own timeouts; they end at the answer's first line. The bound here is that of the whole
 * answer, by waiting for the future and no longer.
 */
final class EtcdCalls implements AutoCloseable {
    /** More than any answer: a page of entries, each bounded by etcd's own limit for a request. */
    private static final int ANSWER_MAX_BYTES = 64 << 20;

    /** More than etcd says when it refuses. */
    private static final int FAULT_MAX_BYTES = 1 << 16;

    private static final int OK = 200;
    private static final int AUTH_NOT_ENABLED = 9;
    /** The token of a store that asks for none. */
    private static final String NO_TOKEN = "";

    private final EtcdSettings settings;
    private final HttpClient.Builder builder;
    /** Has the connections; another one when they are to be given up. */
    private volatile HttpClient client;
    /** Index of the member that answered last. */
    private volatile int preferred;

    private volatile @Nullable String token;
    private volatile boolean closed;

    /**
     * An answer that goes on.
     *
     * @param member that gives it
     * @param body its messages, a line each
     */
    record Stream(URI member, InputStream body) {}

    /** One way to put a question to a member. */
    private interface Attempt<T> {
        T to(URI member, Duration wait);
    }

    EtcdCalls(EtcdSettings settings, Executor executor) {
        this.settings = settings;
        builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(settings.connect())
                .executor(executor);
        EtcdSettings.Tls tls = settings.tls();
        if (tls != null) {
            builder.sslContext(PemFiles.context(tls));
        }
        client = builder.build();
    }

    /**
     * Asks and waits for the whole answer.
     *
     * @param path of the gateway
     * @param question in JSON
     * @param repeatable whether it does no harm when it is asked twice
     * @return the answer
     */
    JsonNode ask(String path, Map<String, Object> question, boolean repeatable) {
        byte[] body = EtcdText.bytes(question);
        return onSome(repeatable, (member, wait) -> authorized(member, path, body, wait));
    }

    /** Asks for something that goes on. {@return it, with its first line on the way} */
    Stream open(String path, Map<String, Object> question) {
        byte[] body = EtcdText.bytes(question);
        return onSome(true, (member, wait) -> {
            HttpResponse<InputStream> response =
                    exchange(request(member, path, body, token(member, wait)), BodyHandlers.ofInputStream(), wait);
            if (response.statusCode() == OK) {
                return new Stream(member, response.body());
            }
            // A token that is too old is one reason; the next try gets a new one.
            forgetToken();
            try (InputStream rest = response.body()) {
                throw fault(member, response.statusCode(), rest.readNBytes(FAULT_MAX_BYTES));
            } catch (IOException e) {
                throw EtcdFaults.unreachable(member, true, e);
            }
        });
    }

    /** Gives up all connections: what is on its way fails, and a question that may be put twice is put again. */
    synchronized void reconnect() {
        if (closed) {
            return;
        }
        HttpClient old = client;
        client = builder.build();
        old.shutdownNow();
    }

    /** The next question asks for a new token. */
    void forgetToken() {
        token = null;
    }

    private <T> T onSome(boolean repeatable, Attempt<T> attempt) {
        List<URI> members = settings.endpoints();
        int first = preferred;
        long end = System.nanoTime() + settings.call().toNanos();
        StoreException failure = null;
        for (int i = 0; i < members.size() || (i == members.size() && repeatable && hasBroken(failure)); i++) {
            Duration left = Duration.ofNanos(end - System.nanoTime());
            if (!left.isPositive() || closed) {
                break;
            }
            boolean isShared = repeatable && i + 1 < members.size();
            Duration half = settings.call().dividedBy(2);
            int index = (first + i) % members.size();
            try {
                T answer = attempt.to(members.get(index), isShared && left.compareTo(half) > 0 ? half : left);
                preferred = index;
                return answer;
            } catch (StoreException e) {
                failure = e;
                boolean isForOthers = switch (e.kind()) {
                    case UNREACHABLE, TOO_SLOW, GARBAGE, FAILED -> true;
                    case REFUSED, COMPACTED, LEASE_LOST, CLOSED -> false;
                };
                if (!isForOthers || (e.mayHaveHappened() && !repeatable)) {
                    throw e;
                }
            }
        }
        throw failure == null || closed ? EtcdFaults.closed() : failure;
    }

    /** A member that was started anew breaks the connections that were kept; it takes a new one at once. */
    private static boolean hasBroken(@Nullable StoreException failure) {
        return failure != null && failure.kind() == StoreException.Kind.UNREACHABLE && failure.mayHaveHappened();
    }

    private JsonNode authorized(URI member, String path, byte[] body, Duration wait) {
        long end = System.nanoTime() + wait.toNanos();
        HttpResponse<byte[]> response = whole(request(member, path, body, token(member, wait)), wait);
        if (settings.credentials() != null && isStaleToken(response.body())) {
            forgetToken();
            Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
            response = whole(request(member, path, body, token(member, left)), left);
        }
        return tree(member, response);
    }

    private static boolean isStaleToken(byte[] answer) {
        try {
            Saying saying = Saying.in(EtcdText.tree(answer, answer.length));
            return saying != null && saying.isStaleToken();
        } catch (JacksonException e) {
            return false;
        }
    }

    /** {@return the token to show, empty when the store wants none} */
    private String token(URI member, Duration wait) {
        EtcdSettings.Credentials credentials = settings.credentials();
        if (credentials == null) {
            return NO_TOKEN;
        }
        String known = token;
        if (known != null) {
            return known;
        }
        byte[] question = EtcdText.bytes(Map.of("name", credentials.user(), "password", credentials.password()));
        HttpResponse<byte[]> response = whole(request(member, "/v3/auth/authenticate", question, NO_TOKEN), wait);
        String fresh = response.statusCode() == OK
                ? tree(member, response).path("token").asString("")
                : whenNotEnabled(member, response);
        token = fresh;
        return fresh;
    }

    private String whenNotEnabled(URI member, HttpResponse<byte[]> response) {
        try {
            Saying saying = Saying.in(EtcdText.tree(response.body(), response.body().length));
            if (saying != null && saying.code() == AUTH_NOT_ENABLED) {
                return NO_TOKEN;
            }
        } catch (JacksonException e) {
            // Falls to the fault below, which shows the answer.
        }
        throw fault(member, response.statusCode(), response.body());
    }

    private static HttpRequest request(URI member, String path, byte[] body, String token) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(member.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (!token.isEmpty()) {
            builder.header("Authorization", token);
        }
        return builder.build();
    }

    private HttpResponse<byte[]> whole(HttpRequest request, Duration wait) {
        return exchange(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), ANSWER_MAX_BYTES), wait);
    }

    private <T> HttpResponse<T> exchange(HttpRequest request, BodyHandler<T> handler, Duration wait) {
        if (closed) {
            throw EtcdFaults.closed();
        }
        URI member = request.uri().resolve("/");
        CompletableFuture<HttpResponse<T>> future = client.sendAsync(request, handler);
        try {
            return future.get(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            future.cancel(true);
            throw EtcdFaults.tooSlow(member, wait);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw EtcdFaults.closed();
        } catch (ExecutionException e) {
            throw closed ? EtcdFaults.closed() : fault(member, e.getCause() == null ? e : e.getCause());
        }
    }

    private static StoreException fault(URI member, Throwable cause) {
        return switch (cause) {
            case SSLException tls -> EtcdFaults.tls(member, tls);
            case ConnectException refused -> EtcdFaults.unreachable(member, false, refused);
            case HttpConnectTimeoutException silent -> EtcdFaults.unreachable(member, false, silent);
            case ProtocolException other -> EtcdFaults.garbage(member, 0, String.valueOf(other.getMessage()));
            default -> EtcdFaults.unreachable(member, true, cause);
        };
    }

    private static JsonNode tree(URI member, HttpResponse<byte[]> response) {
        byte[] body = response.body();
        if (response.statusCode() != OK) {
            throw fault(member, response.statusCode(), body);
        }
        try {
            JsonNode tree = EtcdText.tree(body, body.length);
            if (tree.has("error")) {
                throw fault(member, OK, body);
            }
            EtcdText.header(tree.has("result") ? tree.path("result") : tree);
            return tree;
        } catch (JacksonException | EtcdText.MalformedAnswer e) {
            throw EtcdFaults.garbage(member, OK, EtcdFaults.start(body));
        }
    }

    /** {@return what an answer that is no success means} */
    static StoreException fault(URI member, int status, byte[] answer) {
        try {
            Saying saying = Saying.in(EtcdText.tree(answer, answer.length));
            return saying == null
                    ? EtcdFaults.garbage(member, status, EtcdFaults.start(answer))
                    : EtcdFaults.refused(member, saying);
        } catch (JacksonException e) {
            return EtcdFaults.garbage(member, status, EtcdFaults.start(answer));
        }
    }

    /** {@return where the next question goes first} */
    URI member() {
        return settings.endpoints().get(preferred).resolve("/");
    }

    @Override
    public synchronized void close() {
        closed = true;
        client.shutdownNow();
    }
}
