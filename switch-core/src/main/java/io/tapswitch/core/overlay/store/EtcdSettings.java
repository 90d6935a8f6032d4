package io.tapswitch.core.overlay.store;

import io.tapswitch.core.model.Refusal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where etcd is and how to speak to it.
 *
 * @param endpoints its members, {@code http} or {@code https}; the first that answers is asked from then on
 * @param tls what is trusted and shown with {@code https}; null without TLS
 * @param credentials user and password, null without
 * @param connect how long a connection may take to come about
 * @param call how long a whole call may take, over all members
 */
public record EtcdSettings(
        List<URI> endpoints, @Nullable Tls tls, @Nullable Credentials credentials, Duration connect, Duration call) {
    /** TLS included, on a busy host. A member that is gone must not use up the time for the others. */
    private static final Duration CONNECT = Duration.ofSeconds(2);

    private static final Duration CALL = Duration.ofSeconds(5);
    private static final String SCHEME = "etcd";
    private static final int L4_PORT = 2379;
    private static final String EXAMPLE = "it is written as etcd://HOST:PORT[,HOST:PORT...]";

    /**
     * Files for TLS, all PEM.
     *
     * @param authorities certificates that are trusted, null for those of the Java installation
     * @param certificate shown to the store, null when it asks for none
     * @param key of that certificate
     */
    public record Tls(
            @Nullable Path authorities,
            @Nullable Path certificate,
            @Nullable Path key) {
        /** One without the other is a mistake. */
        public Tls {
            if ((certificate == null) != (key == null)) {
                throw Refusal.badInput("cluster store: a client's certificate and its key are given together:"
                        + " --cluster-store-opt kv.certfile=FILE and kv.keyfile=FILE");
            }
        }

        /** Refuses files that cannot be read, or do not hold what they should. */
        public void check() {
            PemFiles.context(this);
        }
    }

    /** Who one is to the store. */
    public record Credentials(String user, String password) {
        @Override
        public String toString() {
            return user;
        }
    }

    /** Copies the list. */
    public EtcdSettings {
        endpoints = List.copyOf(endpoints);
    }

    /**
     * {@return the settings that a text and what belongs to it mean}
     *
     * @param text {@code etcd://HOST:PORT[,HOST:PORT...]}; without a port it is 2379
     * @param tls makes it {@code https}, null without
     * @param credentials null without
     */
    public static EtcdSettings parse(String text, @Nullable Tls tls, @Nullable Credentials credentials) {
        int colon = text.indexOf("://");
        String scheme = colon < 0 ? "" : text.substring(0, colon).toLowerCase(Locale.ROOT);
        if (!scheme.equals(SCHEME)) {
            throw refuse(text, scheme.isEmpty() ? EXAMPLE : "only etcd is supported; " + EXAMPLE);
        }
        if (text.indexOf('@') >= 0) {
            // Everybody would see it in the list of processes; nor is it repeated here.
            throw refuse("etcd://...", "user and password are not part of it: they are given by a file");
        }
        String rest = text.substring(colon + 3);
        String members = rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
        List<URI> endpoints = new ArrayList<>();
        for (String member : members.split(",", -1)) {
            endpoints.add(endpoint(text, member.strip(), tls == null ? "http" : "https"));
        }
        return new EtcdSettings(endpoints, tls, credentials, CONNECT, CALL);
    }

    private static URI endpoint(String text, String member, String scheme) {
        try {
            URI uri = new URI(scheme + "://" + member).parseServerAuthority();
            boolean isBare = uri.getPath().isEmpty() && uri.getQuery() == null && uri.getFragment() == null;
            if (uri.getHost() != null && isBare && uri.getPort() != 0 && uri.getPort() <= 65_535) {
                int port = uri.getPort() < 0 ? L4_PORT : uri.getPort();
                return new URI(scheme, null, uri.getHost(), port, null, null, null);
            }
        } catch (URISyntaxException e) {
            // Falls to the refusal below, which shows what is right.
        }
        throw refuse(text, "'" + member + "' is no HOST:PORT; " + EXAMPLE);
    }

    private static Refusal refuse(String text, String why) {
        return Refusal.badInput("cluster store '" + text + "': " + why);
    }

    /** {@return the text that people know it by} */
    public String description() {
        return SCHEME + "://"
                + String.join(",", endpoints.stream().map(URI::getAuthority).toList());
    }
}
