package io.tapswitch.core.dataplane;

import io.tapswitch.dns.ClientView;
import io.tapswitch.tapio.FrameIo;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which names the client behind each port sees, as an array by port id. Immutable: a version of the tables has one, and
 * ports with equal views share a view, so that a name that comes or goes changes no port.
 */
public final class ClientViews {
    /** Nobody is answered. */
    public static final ClientViews NONE = new ClientViews(Map.of());

    private final @Nullable ClientView[] byPort;

    /** The views of these ports; the others' queries are not answered. */
    public ClientViews(Map<Integer, ClientView> views) {
        int size = 0;
        for (int port : views.keySet()) {
            size = Math.max(size, port + 1);
        }
        if (size > FrameIo.MAX_PORTS) {
            throw new IllegalArgumentException("port " + (size - 1) + " is not below " + FrameIo.MAX_PORTS);
        }
        byPort = new ClientView[size];
        views.forEach((port, view) -> byPort[port] = view);
    }

    /** {@return what the client behind a port sees, null when it is not answered} */
    public @Nullable ClientView of(int port) {
        return port < byPort.length ? byPort[port] : null;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ClientViews that && Arrays.equals(byPort, that.byPort);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(byPort);
    }
}
