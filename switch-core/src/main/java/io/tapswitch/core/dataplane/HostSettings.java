package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What the dataplane must know of the host: the port of the host TAP, and which addresses are the host's.
 *
 * @param port small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}
 * @param fds the TAP's open files; read by worker 0
 * @param mac the TAP's own MAC address, which frames to the host bear as destination
 * @param peerMac the MAC address that the host sees for every container and gateway, so that its neighbour cache is
 *     never stale
 * @param addresses all that the host has on any interface, loopback and link-local ones left out: what a container may
 *     send to the host, and what a frame of the host must bear as source (P7)
 * @param neighbours the endpoints of all networks that are not internal, whose subnets never overlap
 * @param own {@code addresses} as frames are compared with them
 */
public record HostSettings(
        int port,
        List<Integer> fds,
        long mac,
        long peerMac,
        Set<IpAddress> addresses,
        NeighbourTable neighbours,
        NeighbourTable own) {
    /** Makes the table of the host's own addresses, once for all workers. */
    public HostSettings(
            int port, List<Integer> fds, long mac, long peerMac, Set<IpAddress> addresses, NeighbourTable neighbours) {
        this(port, fds, mac, peerMac, addresses, neighbours, table(addresses, mac, port));
    }

    private static NeighbourTable table(Set<IpAddress> addresses, long mac, int port) {
        List<NeighbourTable.Neighbour> own = new ArrayList<>();
        for (IpAddress address : addresses) {
            own.add(new NeighbourTable.Neighbour(address, mac, port, PortTable.HOST));
        }
        return new NeighbourTable(own);
    }
}
