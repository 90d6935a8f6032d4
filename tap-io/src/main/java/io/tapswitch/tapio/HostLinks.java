package io.tapswitch.tapio;

import java.util.List;

/** The links of the host. */
public final class HostLinks {
    private HostLinks() {}

    /** {@return what there is now in the calling thread's namespace, by index} */
    public static List<HostLink> read() {
        try (RouteDump dump = new RouteDump()) {
            return dump.readLinks();
        }
    }
}
