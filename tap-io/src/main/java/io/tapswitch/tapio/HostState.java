package io.tapswitch.tapio;

import java.util.List;

/**
 * What the daemon's namespace has and reaches by itself, of both families, in the kernel's order.
 *
 * @param addresses of all links
 * @param routes of all tables but the local one, without default routes
 */
public record HostState(List<HostAddress> addresses, List<HostRoute> routes) {
    /** Copies the lists. */
    public HostState {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /** {@return what there is now in the calling thread's namespace} */
    public static HostState read() {
        try (RouteDump dump = new RouteDump()) {
            return dump.read();
        }
    }
}
