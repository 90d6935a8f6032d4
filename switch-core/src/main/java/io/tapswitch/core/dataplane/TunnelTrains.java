package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.vxlan.Segmentation;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import org.agrona.MutableDirectBuffer;

/**
 * Super-frames for another host where tunnels go by sockets: a socket takes no super-frame inside a tunnel, but many
 * equal packets in one write.
 *
 * <h2>Theory of operation</h2>
 *
 * The super-frame is cut into the packets that its sender would have made without offloads ({@link Segmentation}), and
 * these are laid behind one another into slots of their own, each with its VXLAN header, behind one set of outer
 * headers:
 *
 * <pre>
 *   super-frame  | virtio | headers | payload ........................................ |
 *   train        | tunnel header | Ethernet, IP, UDP | VXLAN, headers, part | VXLAN, headers, part | ...
 * </pre>
 *
 * <p>That is the shape in which the kernel delivers a train. It copies the payload once, while the checksums read it.
 * Two trains follow when one would be longer than a datagram can be, or has more packets than the kernel takes.
 *
 * <p>Used by the worker's thread only. Nothing here allocates.
 */
final class TunnelTrains {
    /** Payload of the longest datagram over IPv4; over IPv6 it could be 20 more. */
    private static final int MOST_BYTES = 0xFFFF - Ipv4Header.MIN_LENGTH - UdpHeader.LENGTH;

    private final Egress egress;
    private final MutableDirectBuffer buffer;
    private final Segmentation segmentation = new Segmentation();

    TunnelTrains(Egress egress) {
        this.egress = egress;
        buffer = egress.buffer;
    }

    /** Sends a super-frame to another host; it ends here. */
    void send(TunnelTable table, TunnelTable.Peer peer, int port, int slot, int offset, int length) {
        int pieces = segmentation.begin(buffer, offset, length);
        if (pieces < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(pieces).verdict());
            return;
        }
        int packet = VxlanHeader.LENGTH + segmentation.length(0);
        int most = Math.max(1, Math.min(table.segments, MOST_BYTES / packet));
        egress.counters.add(Term.SPLIT, (pieces + most - 1) / most - 1L);
        for (int first = 0; first < pieces; first += most) {
            train(table.port, peer, port, first, Math.min(pieces, first + most));
        }
        egress.release(slot);
    }

    /** Sends the pieces from the first up to, but without, the end. */
    private void train(int tunnel, TunnelTable.Peer peer, int port, int first, int end) {
        int slot = egress.io.allocate();
        if (slot < 0) {
            egress.counters.drop(port, DropReason.TUNNEL_NO_MEMORY);
            return;
        }
        int plain = FrameMemory.readOffset(slot);
        int frame = plain + TunnelHeader.PLAIN_LENGTH;
        TunnelHeader.clearPlain(buffer, plain);
        int at = frame + segmentation.frame(buffer, first, buffer, frame);
        // The kernel gives identifications of its own.
        int start = peer.way.apply(buffer, plain, at - plain, 0);
        if (start < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(start).verdict());
            return;
        }
        int vxlan = frame - VxlanHeader.LENGTH;
        int packet = at - vxlan;
        for (int piece = first + 1; piece < end; piece++) {
            buffer.putLong(at, buffer.getLong(vxlan));
            at += VxlanHeader.LENGTH;
            at += segmentation.frame(buffer, piece, buffer, at);
        }
        if (end - first > 1) {
            TunnelHeader.gso(buffer, start, TunnelHeader.GSO_UDP_L4, 0, packet);
            lengths(start, at - vxlan + UdpHeader.LENGTH);
        }
        egress.counters.inner(port, at - frame, true);
        egress.counters.add(Term.TX_QUEUED, 1);
        egress.io.write(tunnel, slot, start, at - start);
    }

    /** Outer headers are of one packet until here. A socket does not look; a capture, and who tests, does. */
    private void lengths(int start, int udpLength) {
        int ethernet = start + TunnelHeader.LENGTH;
        int ip = ethernet + EthernetHeader.LENGTH;
        if (EthernetHeader.etherType(buffer, ethernet) == EtherType.IPV6) {
            Ipv6Header.payloadLength(buffer, ip, udpLength);
            UdpHeader.length(buffer, ip + Ipv6Header.LENGTH, udpLength);
        } else {
            Ipv4Header.totalLength(buffer, ip, Ipv4Header.MIN_LENGTH + udpLength);
            Ipv4Header.updateChecksum(buffer, ip);
            UdpHeader.length(buffer, ip + Ipv4Header.MIN_LENGTH, udpLength);
        }
    }
}
