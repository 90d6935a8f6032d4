package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.wire.IpAddress;
import java.util.Map;

/**
 * What the host has learned of the ways to other hosts, where tunnels go by sockets (O12). A router's word about a
 * socket's packet is the kernel's, which refuses what is longer from then on and tells nobody; so it is asked now and
 * then. With a tunnel TAP the workers hear the word themselves.
 *
 * <p>The ways are told under the controller's lock; one other thread looks.
 */
final class TunnelPaths {
    /** Looks are cheap, but not as urgent as the signs of life that they go with. */
    private static final int BEATS_PER_LOOK = 4;

    private final OutsideKernel kernel;
    private volatile Map<IpAddress, PathMtu> watched = Map.of();
    private int beats;

    TunnelPaths(OutsideKernel kernel) {
        this.kernel = kernel;
    }

    /** These are looked at from now on. */
    void watch(Map<IpAddress, PathMtu> paths) {
        watched = Map.copyOf(paths);
    }

    /** The switch gave a sign of life. */
    void onBeat() {
        if (++beats % BEATS_PER_LOOK == 0) {
            watched.forEach(this::look);
        }
    }

    private void look(IpAddress remote, PathMtu path) {
        try {
            int bytes = kernel.pathMtu(remote);
            if (bytes > 0) {
                int floor = remote.isIpv6() ? PathMtu.FLOOR_IPV6 : PathMtu.FLOOR_IPV4;
                path.lower(Math.max(bytes, floor), System.nanoTime());
            }
        } catch (DeviceException e) {
            // No memory or no files at this moment; the next look will do.
        }
    }
}
