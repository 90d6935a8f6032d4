package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A frame to everybody else in its network: broadcast, multicast, and what nobody knows the place of.
 *
 * <h2>Theory of operation</h2>
 *
 * Containers here get the frame from the slot in which it lies: one slot, as many writes and references as there are
 * receivers. Another host gets a copy of its own, because outer headers are written in front of it (head-end
 * replication: one copy for each peer of the network, V9). What came out of a tunnel goes into none: its sender told
 * the other hosts itself (split horizon, V8). Nor do questions to which all hosts know that there is no answer (B12,
 * {@link Bridging}).
 *
 * <p>Used by one worker's thread only. Nothing here allocates on the heap.
 */
final class Flooding {
    private final Egress egress;
    private final FrameIo io;
    private final PortTable ports;
    private final MutableDirectBuffer buffer;
    private final @Nullable Bridge[] bridges;

    Flooding(Egress egress, @Nullable Bridge[] bridges) {
        this.egress = egress;
        this.bridges = bridges;
        io = egress.io;
        ports = egress.ports;
        buffer = egress.buffer;
    }

    /**
     * Sends a frame to all members of a network but the one that it came from.
     *
     * @param bridge the network
     * @param port whose frame it is
     * @param slot in which it lies
     * @param offset of its virtio_net_hdr
     * @param length bytes from there
     * @param everywhere whether other hosts get it too; never what came from one
     */
    void flood(Bridge bridge, int port, int slot, int offset, int length, boolean everywhere) {
        int[] members = bridge.members;
        int receivers = 0;
        for (int member : members) {
            receivers += member == port ? 0 : 1;
        }
        boolean goesOut = everywhere && bridge.peers.length > 0 && !ports.isRemote(port);
        if (receivers == 0 && !goesOut) {
            egress.drop(port, slot, DropReason.NO_OTHER_PORT.verdict());
            return;
        }
        if (goesOut) {
            replicate(bridge.peers, port, slot, offset, length, receivers == 0);
        }
        if (receivers > 1) {
            io.retain(slot, receivers - 1);
            egress.counters.add(Term.COPIED, receivers - 1L);
        }
        for (int member : members) {
            if (member != port) {
                egress.tx(member, slot, offset, length);
            }
        }
    }

    /** One for each other host; the last gets the frame itself, where nobody here wants it. */
    private void replicate(int[] peers, int port, int slot, int offset, int length, boolean wholly) {
        int copies = wholly ? peers.length - 1 : peers.length;
        for (int i = 0; i < copies; i++) {
            int copy = io.allocate();
            egress.counters.add(Term.COPIED, 1);
            if (copy < 0) {
                egress.counters.drop(port, DropReason.TUNNEL_NO_MEMORY);
            } else {
                int at = FrameMemory.readOffset(copy);
                buffer.putBytes(at, buffer, offset, length);
                egress.tx(peers[i], copy, at, length);
            }
        }
        if (wholly) {
            egress.tx(peers[copies], slot, offset, length);
        }
    }

    /**
     * Tells the other members of a port's network where the port's addresses are (B13): a frame of the switch, flooded
     * like one of the port. Without a free slot nothing is told; the neighbours then ask when they must.
     */
    void announce(int port) {
        Bridge bridge = ports.network(port) < 0 ? null : bridges[ports.network(port)];
        if (bridge == null || !bridge.icc) {
            return;
        }
        if (ports.address(port) != 0) {
            announce(bridge, port, Announcement.ARP_LENGTH);
        }
        if ((ports.addressHi(port) | ports.addressLo(port)) != 0) {
            announce(bridge, port, Announcement.ND_LENGTH);
        }
    }

    private void announce(Bridge bridge, int port, int length) {
        boolean hasOthers = bridge.peers.length > 0 || bridge.members.length > (bridge.isMember(port) ? 1 : 0);
        int slot = hasOthers ? io.allocate() : -1;
        if (slot < 0) {
            return;
        }
        int offset = FrameMemory.readOffset(slot);
        if (length == Announcement.ARP_LENGTH) {
            Announcement.arp(buffer, offset, ports.mac(port), ports.address(port));
        } else {
            long hi = ports.addressHi(port);
            Announcement.neighbour(buffer, offset, ports.mac(port), hi, ports.addressLo(port));
        }
        egress.counters.add(Term.GENERATED, 1);
        flood(bridge, port, slot, offset, length, true);
    }
}
