package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What is too large for the way to another host (O11). A bridge has no say in sizes, but outer packets are never
 * fragmented, and a frame that is lost in silence is a connection that hangs. So the switch does what a router between
 * the two hosts would do:
 *
 * <pre>
 *   the packet inside       what becomes of it
 *   IPv4, may be split      goes in fragments, in order; a super-frame is cut into its segments before
 *   IPv4, DF                dropped, its sender gets "fragmentation needed" with what fits (ICMP 3/4)
 *   IPv6                    dropped, its sender gets "packet too big"; never less than 1280
 *   anything else           dropped: there is nobody to tell, or no way to say it. So are tagged packets, and those
 *                           for many hosts (RFC 1122 section 3.2.2)
 * </pre>
 *
 * <p>Of a super-frame it is the size of its segments that counts. The message comes from the network's gateway, and is
 * limited in rate as all of its errors are. Its way is that to the sender's MAC address, which was learned from this
 * very frame, or is configured: who sent the frame needs not be handed from step to step for the rare one that is too
 * large.
 *
 * <p>One instance a worker, used by its thread only. Nothing here allocates.
 */
final class TunnelFit {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    private final Egress egress;
    private final MutableDirectBuffer buffer;
    private final Pieces pieces;
    private final @Nullable Bridge[] bridges;

    TunnelFit(Egress egress, @Nullable Bridge[] bridges) {
        this.egress = egress;
        this.bridges = bridges;
        buffer = egress.buffer;
        pieces = new Pieces(egress);
    }

    /** {@return bytes of the largest frame that a validated one becomes on a wire, its Ethernet header included} */
    static int largest(DirectBuffer b, int offset, int length) {
        int whole = length - VirtioNetHeader.LENGTH;
        int transport = VirtioNetHeader.csumStart(b, offset);
        int segment = switch (VirtioNetHeader.gsoType(b, offset) & ~VirtioNetHeader.GSO_ECN) {
            case VirtioNetHeader.GSO_TCPV4, VirtioNetHeader.GSO_TCPV6 ->
                transport
                        + TcpHeader.dataOffset(b, offset + VirtioNetHeader.LENGTH + transport)
                        + VirtioNetHeader.gsoSize(b, offset);
            case VirtioNetHeader.GSO_UDP_L4 -> transport + UdpHeader.LENGTH + VirtioNetHeader.gsoSize(b, offset);
            default -> whole;
        };
        return Math.min(segment, whole);
    }

    /** {@return whether a frame holds an IPv4 packet, right so far, whose sender lets routers split it} */
    boolean maySplit(int offset, int length) {
        int packet = offset + L3;
        return EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH) == EtherType.IPV4
                && PacketValidator.ipv4Header(buffer, packet, length - L3) == PASS
                && !Ipv4Header.dontFragment(buffer, packet);
    }

    /** Sends a packet that may be split, and is no super-frame, in fragments that fit. */
    void split(int peer, int slot, int offset, int length, int limit) {
        pieces.send(peer, peer, slot, offset, length, 0, NatPacket.SPLIT, limit - EthernetHeader.LENGTH);
    }

    /**
     * Drops a frame, and says so to its sender where that is possible.
     *
     * @param limit bytes of the largest frame that fits
     */
    void refuse(int peer, int slot, int offset, int length, int limit) {
        int network = egress.ports.network(peer);
        Bridge bridge = network < 0 ? null : bridges[network];
        long source = EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH);
        int sender = bridge == null ? Fdb.NONE : bridge.fdb.lookup(source);
        if (bridge == null || sender == Fdb.NONE) {
            egress.drop(peer, slot, DropReason.TUNNEL_TOO_BIG.verdict());
            return;
        }
        int verdict = complain(bridge, offset, length, limit - EthernetHeader.LENGTH);
        egress.finish(verdict, sender, slot, offset, length);
    }

    private int complain(Bridge bridge, int offset, int length, int mtu) {
        int packet = offset + L3;
        int told = mtu;
        boolean isRight = false;
        switch (EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH)) {
            case EtherType.IPV4 -> isRight = PacketValidator.ipv4(buffer, packet, length - L3, bridge.gateways) == PASS;
            case EtherType.IPV6 -> {
                isRight = PacketValidator.ipv6(buffer, packet, length - L3, bridge.gateways) == PASS;
                told = Math.max(mtu, PathMtu.FLOOR_IPV6);
            }
            default -> {}
        }
        return isRight
                ? Gateway.complain(
                        buffer, offset, bridge, egress.nowNs, DropReason.TUNNEL_TOO_BIG, Complaint.TOO_BIG, told)
                : DropReason.TUNNEL_TOO_BIG.verdict();
    }
}
