package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.vxlan.FlowEntropy;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.vxlan.VxlanDrop;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;

/**
 * What routers say of the outer packets (O12): they are never to be fragmented, so a router that cannot pass one on
 * says how large it may be.
 *
 * <h2>Theory of operation</h2>
 *
 * The kernel clones to the tunnel TAP each ICMP error about a packet to the tunnels' port. Anybody can make such a
 * message, so it changes something only if it quotes what this host may have sent:
 *
 * <pre>
 *   the message   to this end's address, whole, right checksum: 3/4 of ICMP, 2 of ICMPv6
 *   quoted IP     from this end to a peer, UDP, no fragment; IPv4 with DF; longer than what is said to pass
 *   quoted UDP    to the tunnels' port, from one that tunnels send from, as long as the packet
 *   quoted VXLAN  where the quote is that long: a network that the peer is in
 * </pre>
 *
 * <p>What a forger who guesses all that can do is bounded: never less than {@link PathMtu#FLOOR_IPV4} or {@link
 * PathMtu#FLOOR_IPV6}, and for ten minutes. An old router that leaves the field at 0 means the next of the sizes that
 * links have (RFC 1191 section 7).
 *
 * <p>Stateless; nothing is allocated.
 */
final class TunnelErrors {
    /** It was heard, and there is no frame any more. */
    static final int HEARD = 0;

    private static final int L3 = TunnelHeader.LENGTH + EthernetHeader.LENGTH;
    private static final int QUOTED_UDP_AND_VXLAN = UdpHeader.LENGTH + VxlanHeader.LENGTH;

    private TunnelErrors() {}

    /**
     * Handles what is no UDP packet.
     *
     * @param offset of the tunnel TAP's header
     * @param length bytes from there
     * @return {@link #HEARD}, or a drop reason's verdict
     */
    static int take(DirectBuffer b, int offset, int length, TunnelTable table, DatapathCounters counters, long nowNs) {
        int packet = offset + L3;
        int available = length - L3;
        if (VirtioNetHeader.gsoType(b, offset) != VirtioNetHeader.GSO_NONE) {
            return DropReason.TUNNEL_OUTER_PROTOCOL.verdict();
        }
        return switch (EthernetHeader.etherType(b, offset + TunnelHeader.LENGTH)) {
            case EtherType.IPV4 -> ipv4(b, packet, available, table, counters, nowNs);
            case EtherType.IPV6 -> ipv6(b, packet, available, table, counters, nowNs);
            default -> DropReason.TUNNEL_OUTER_PROTOCOL.verdict();
        };
    }

    /** What is here was found whole by {@link io.tapswitch.vxlan.Decapsulation}, but for its protocol. */
    private static int ipv4(
            DirectBuffer b, int packet, int available, TunnelTable table, DatapathCounters counters, long nowNs) {
        if (available < Ipv4Header.MIN_LENGTH || Ipv4Header.protocol(b, packet) != IpProtocol.ICMP) {
            return DropReason.ofTunnel(VxlanDrop.OUTER_PROTOCOL.code()).verdict();
        }
        int icmp = packet + Ipv4Header.headerLength(b, packet);
        int icmpLength = Ipv4Header.totalLength(b, packet) - (icmp - packet);
        int quote = icmp + IcmpHeader.LENGTH;
        int quoted = icmpLength - IcmpHeader.LENGTH;
        if (quoted < Ipv4Header.MIN_LENGTH + UdpHeader.LENGTH
                || !table.isLocal(0, Ipv4Address.mapped(Ipv4Header.destinationAddress(b, packet)))
                || IcmpHeader.type(b, icmp) != IcmpHeader.DESTINATION_UNREACHABLE
                || IcmpHeader.code(b, icmp) != IcmpHeader.FRAGMENTATION_NEEDED
                || !IcmpHeader.checksumValid(b, icmp, icmpLength)) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        int headerLength = Ipv4Header.headerLength(b, quote);
        int sent = Ipv4Header.totalLength(b, quote);
        int said = IcmpHeader.nextHopMtu(b, icmp);
        int mtu = Math.max(said == 0 ? plateau(sent) : said, PathMtu.FLOOR_IPV4);
        if (Ipv4Header.version(b, quote) != 4
                || headerLength != Ipv4Header.MIN_LENGTH
                || !table.isLocal(0, Ipv4Address.mapped(Ipv4Header.sourceAddress(b, quote)))
                || Ipv4Header.protocol(b, quote) != IpProtocol.UDP
                || Ipv4Header.isFragment(b, quote)
                || !Ipv4Header.dontFragment(b, quote)
                || sent <= mtu) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        long to = Ipv4Address.mapped(Ipv4Header.destinationAddress(b, quote));
        return heard(
                b,
                quote + headerLength,
                quoted - headerLength,
                sent - headerLength,
                0,
                to,
                mtu,
                table,
                counters,
                nowNs);
    }

    private static int ipv6(
            DirectBuffer b, int packet, int available, TunnelTable table, DatapathCounters counters, long nowNs) {
        if (available < Ipv6Header.LENGTH || Ipv6Header.nextHeader(b, packet) != IpProtocol.ICMPV6) {
            return DropReason.ofTunnel(VxlanDrop.OUTER_PROTOCOL.code()).verdict();
        }
        int icmp = packet + Ipv6Header.LENGTH;
        int icmpLength = Ipv6Header.payloadLength(b, packet);
        int quote = icmp + Icmpv6Header.LENGTH;
        int quoted = icmpLength - Icmpv6Header.LENGTH;
        if (quoted < Ipv6Header.LENGTH + UdpHeader.LENGTH
                || !table.isLocal(Ipv6Header.destinationHi(b, packet), Ipv6Header.destinationLo(b, packet))
                || Icmpv6Header.type(b, icmp) != Icmpv6Header.PACKET_TOO_BIG
                || !checksumValid(b, packet, icmp, icmpLength)) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        int sent = Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, quote);
        int mtu = Icmpv6Header.mtu(b, icmp);
        // Less than the floor is no answer of IPv6 (RFC 8201 section 4), and above 31 bits no MTU.
        if (Ipv6Header.version(b, quote) != 6
                || !table.isLocal(Ipv6Header.sourceHi(b, quote), Ipv6Header.sourceLo(b, quote))
                || Ipv6Header.nextHeader(b, quote) != IpProtocol.UDP
                || mtu < PathMtu.FLOOR_IPV6
                || sent <= mtu) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        return heard(
                b,
                quote + Ipv6Header.LENGTH,
                quoted - Ipv6Header.LENGTH,
                sent - Ipv6Header.LENGTH,
                Ipv6Header.destinationHi(b, quote),
                Ipv6Header.destinationLo(b, quote),
                mtu,
                table,
                counters,
                nowNs);
    }

    private static boolean checksumValid(DirectBuffer b, int packet, int icmp, int length) {
        long sum = InternetChecksum.pseudoHeader(
                Ipv6Header.sourceHi(b, packet),
                Ipv6Header.sourceLo(b, packet),
                Ipv6Header.destinationHi(b, packet),
                Ipv6Header.destinationLo(b, packet),
                IpProtocol.ICMPV6,
                length);
        return InternetChecksum.isValid(sum + InternetChecksum.sum(b, icmp, length));
    }

    /** The quote's UDP header, and what is there of VXLAN's. */
    private static int heard(
            DirectBuffer b,
            int udp,
            int quoted,
            int sent,
            long toHi,
            long toLo,
            int mtu,
            TunnelTable table,
            DatapathCounters counters,
            long nowNs) {
        PathMtu path = table.path(toHi, toLo);
        if (path == null
                || UdpHeader.destinationPort(b, udp) != table.udpPort
                || UdpHeader.sourcePort(b, udp) < FlowEntropy.FIRST_PORT
                || UdpHeader.length(b, udp) != sent) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        int vxlan = udp + UdpHeader.LENGTH;
        if (quoted >= QUOTED_UDP_AND_VXLAN && table.sender(VxlanHeader.vni(b, vxlan), toHi, toLo) < 0) {
            return DropReason.TUNNEL_ICMP.verdict();
        }
        if (path.lower(mtu, nowNs)) {
            counters.add(DatapathCounters.Term.PATH_MTU_LOWERED, 1);
        }
        return HEARD;
    }

    /** {@return the largest of the MTUs that links have which is less than a packet (RFC 1191 section 7.1)} */
    static int plateau(int packetLength) {
        if (packetLength > 32_000) {
            return 32_000;
        }
        if (packetLength > 8_166) {
            return packetLength > 17_914 ? 17_914 : 8_166;
        }
        if (packetLength > 2_002) {
            return packetLength > 4_352 ? 4_352 : 2_002;
        }
        return packetLength > 1_492 ? 1_492 : packetLength > 1_006 ? 1_006 : PathMtu.FLOOR_IPV4;
    }
}
