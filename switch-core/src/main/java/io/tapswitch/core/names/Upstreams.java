package io.tapswitch.core.names;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * Whom a client's queries go to. Equal ones share what was learned from their answers.
 *
 * @param host whether it is who the host asks: its resolv.conf, whatever that says at the time
 * @param servers else these, the first that lives first; none means that nobody is asked
 */
public record Upstreams(boolean host, List<InetSocketAddress> servers) {
    /** The servers of the host's resolv.conf. */
    public static final Upstreams HOST = new Upstreams(true, List.of());
    /** Nobody: such queries are refused (D15, D18). */
    public static final Upstreams NONE = new Upstreams(false, List.of());

    /** Copies the list. */
    public Upstreams {
        servers = List.copyOf(servers);
    }

    /** {@return these servers} */
    public static Upstreams of(List<InetSocketAddress> servers) {
        return new Upstreams(false, servers);
    }
}
