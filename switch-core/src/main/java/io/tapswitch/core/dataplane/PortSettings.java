package io.tapswitch.core.dataplane;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the dataplane must know of a port: a container's TAP.
 *
 * @param id small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}, chosen by the caller
 * @param network id of its network
 * @param worker index of the worker that reads it; of the first queue where there are several
 * @param fds the TAP's open files, one a queue; queue i is read by worker (worker + i) mod workers
 * @param mac the endpoint's MAC address, pinned to the port
 * @param ipv4 the endpoint's IPv4 address, null for none
 * @param ipv6 the endpoint's IPv6 address, null for none; its link-local address is made of the MAC
 * @param sourceGuard whether frames with another source MAC, IP or ARP sender address are dropped (B12)
 */
public record PortSettings(
        int id,
        int network,
        int worker,
        List<Integer> fds,
        long mac,
        @Nullable Ipv4Address ipv4,
        @Nullable Ipv6Address ipv6,
        boolean sourceGuard) {
    /** Copies the list. */
    public PortSettings {
        fds = List.copyOf(fds);
    }
}
