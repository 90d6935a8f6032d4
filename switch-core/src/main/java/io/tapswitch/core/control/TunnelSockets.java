package io.tapswitch.core.control;

import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.TunnelSocket;
import io.tapswitch.tapio.TunnelTap;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Whether tunnels of this host go by sockets, why, and those sockets. Under the controller's lock. */
final class TunnelSockets {
    /** A daemon that was killed has its sockets until the kernel has taken its rings apart. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(2);

    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final TunnelWay way;
    private final int workers;
    private boolean known;
    private @Nullable String reason;
    private boolean openedBefore;

    /** The sockets of one address. */
    private record Sockets(IpAddress local, TunnelSocket socket) implements OutsideKernel.SocketPlug {
        @Override
        public String tag() {
            return TunnelWiring.TAG + local;
        }

        @Override
        public List<Integer> fds() {
            return socket.fds();
        }

        @Override
        public int segments() {
            return socket.segments();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    TunnelSockets(TunnelWay way, int workers) {
        this.way = way;
        this.workers = workers;
    }

    /** {@return whether a TAP that an earlier daemon left is not wanted, although the kernel has such} */
    boolean areForced() {
        return way == TunnelWay.SOCKET;
    }

    /** {@return why tunnels go by sockets, null when they go by a TAP} The kernel is asked once. */
    @Nullable
    String reason() {
        if (!known) {
            known = true;
            reason = switch (way) {
                case AUTO -> TunnelTap.unsupported();
                case TAP -> null;
                case SOCKET -> "--tunnel socket";
            };
        }
        return reason;
    }

    /**
     * Opens sockets at an address.
     *
     * @param port of UDP
     * @throws DeviceException when somebody has the port
     */
    OutsideKernel.SocketPlug open(IpAddress local, int port) {
        long endNs = System.nanoTime() + (openedBefore ? 0 : PATIENCE_NS);
        openedBefore = true;
        while (true) {
            try {
                return new Sockets(local, TunnelSocket.open(local, port, workers));
            } catch (DeviceException e) {
                if (e.errno() != Errno.EADDRINUSE || System.nanoTime() - endNs >= 0) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
    }
}
