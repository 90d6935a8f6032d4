package io.tapswitch.nat;

import io.tapswitch.wire.Crc32c;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.MutableDirectBuffer;

/**
 * Gives a packet another source or destination, in place, with every checksum that covers it.
 *
 * <h2>Theory of operation</h2>
 *
 * A checksum is never computed here, only moved along: what changes is added to it as a difference (RFC 1624 equation
 * 3; {@link Crc32c} for SCTP). That costs the same for 64 bytes and for a super-frame of 64 KiB, and a wrong checksum
 * stays exactly as wrong as it was (N24): corruption before the NAT is found by the receiver behind it.
 *
 * <pre>
 *                      covers                             complete             partial (NEEDS_CSUM, O3)
 *   IPv4 header        addresses                          updated              updated
 *   TCP                addresses, ports                   updated              addresses only, no complement
 *   UDP                addresses, ports                   updated; 0 stays 0   addresses only, no complement
 *   SCTP               ports                              updated              left: the finisher sums it all
 *   ICMP               identifier                         updated              -
 *   ICMPv6             addresses, identifier              updated              -
 *   others             nothing of it                      -                    -
 * </pre>
 *
 * <p>A partial checksum is the pseudo-header's sum, so a port is none of its business; the finisher reads the new port
 * anyway (O2, O3). A UDP checksum that an update brings to 0 is written as 0xFFFF, else it would turn into "none" (RFC
 * 768), and a wrong one into one that nobody verifies. In TCP and ICMP the two forms of zero mean the same, and an
 * update may write the one for the other.
 *
 * <p>Length, identification, DF, DSCP and ECN are not touched (N33), nor is anything in the payload (N34): SCTP's
 * addresses inside chunks stay as they are. The family does not change. A fragment is reassembled before it comes here
 * (N22). The time to live is a matter of its own, {@link #hop}, because a hairpin is translated twice and is one hop.
 *
 * <p>Stateless; no call allocates. Sources: RFC 768, 1624, 3022 §4.1, 5508, 9260 §6.8.
 */
public final class Translator {
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final int LOW_16 = 0xFFFF;

    private Translator() {}

    /**
     * Counts a hop: time to live or hop limit minus one (N23).
     *
     * @param packet offset of the IP header
     * @param classified its class
     * @return whether there was one left; if not, the packet is as it was, and is to be answered with "time exceeded"
     */
    public static boolean hop(MutableDirectBuffer b, int packet, long classified) {
        if (PacketClass.isIpv6(classified)) {
            int limit = Ipv6Header.hopLimit(b, packet);
            if (limit > 1) {
                Ipv6Header.hopLimit(b, packet, limit - 1);
            }
            return limit > 1;
        }
        int ttl = Ipv4Header.ttl(b, packet);
        if (ttl <= 1) {
            return false;
        }
        Ipv4Header.ttl(b, packet, ttl - 1);
        int checksum = Ipv4Header.checksum(b, packet);
        Ipv4Header.checksum(b, packet, InternetChecksum.update16(checksum, ttl << 8, (ttl - 1) << 8));
        return true;
    }

    /**
     * Gives a packet another source.
     *
     * @param packet offset of the IP header
     * @param classified its class, of any kind but a fragment
     * @param hi first half of the new address; of no matter for an IPv4 packet
     * @param lo second half of the new address; of an IPv4 one the lower 32 bits are taken
     * @param port new source port or, of an ICMP request, identifier; of no matter for what has none
     */
    public static void source(MutableDirectBuffer b, int packet, long classified, long hi, long lo, int port) {
        long addresses;
        if (PacketClass.isIpv6(classified)) {
            addresses = change(Ipv6Header.sourceHi(b, packet), hi) + change(Ipv6Header.sourceLo(b, packet), lo);
            Ipv6Header.source(b, packet, hi, lo);
        } else {
            addresses = change(Ipv4Header.sourceAddress(b, packet), (int) lo);
            Ipv4Header.sourceAddress(b, packet, (int) lo);
            headerChecksum(b, packet, addresses);
        }
        transport(b, packet, classified, addresses, true, port);
    }

    /**
     * Gives a packet another destination.
     *
     * @param packet offset of the IP header
     * @param classified its class, of any kind but a fragment
     * @param hi first half of the new address; of no matter for an IPv4 packet
     * @param lo second half of the new address; of an IPv4 one the lower 32 bits are taken
     * @param port new destination port or, of an ICMP reply, identifier; of no matter for what has none
     */
    public static void destination(MutableDirectBuffer b, int packet, long classified, long hi, long lo, int port) {
        long addresses;
        if (PacketClass.isIpv6(classified)) {
            addresses =
                    change(Ipv6Header.destinationHi(b, packet), hi) + change(Ipv6Header.destinationLo(b, packet), lo);
            Ipv6Header.destination(b, packet, hi, lo);
        } else {
            addresses = change(Ipv4Header.destinationAddress(b, packet), (int) lo);
            Ipv4Header.destinationAddress(b, packet, (int) lo);
            headerChecksum(b, packet, addresses);
        }
        transport(b, packet, classified, addresses, false, port);
    }

    private static void headerChecksum(MutableDirectBuffer b, int packet, long addresses) {
        Ipv4Header.checksum(b, packet, moved(Ipv4Header.checksum(b, packet), addresses));
    }

    private static void transport(
            MutableDirectBuffer b, int packet, long classified, long addresses, boolean source, int port) {
        int at = packet + PacketClass.transport(classified);
        switch (PacketClass.kind(classified)) {
            case PacketClass.PORTS -> {
                switch (PacketClass.protocol(classified)) {
                    case IpProtocol.TCP -> tcp(b, at, PacketClass.isPartial(classified), addresses, source, port);
                    case IpProtocol.UDP -> udp(b, at, PacketClass.isPartial(classified), addresses, source, port);
                    default -> sctp(b, at, classified, source, port);
                }
            }
            case PacketClass.ICMP_REQUEST -> icmp(b, at, classified, addresses, source, port);
            case PacketClass.ICMP_REPLY -> icmp(b, at, classified, addresses, !source, port);
            case PacketClass.ICMP_ERROR -> icmp(b, at, classified, addresses, false, 0);
            case PacketClass.CUT -> port(b, at, source, port);
            default -> {}
        }
    }

    private static void tcp(MutableDirectBuffer b, int at, boolean partial, long addresses, boolean source, int port) {
        int field = TcpHeader.checksum(b, at);
        long ports = port(b, at, source, port);
        TcpHeader.checksum(b, at, partial ? InternetChecksum.fold(field + addresses) : moved(field, addresses + ports));
    }

    private static void udp(MutableDirectBuffer b, int at, boolean partial, long addresses, boolean source, int port) {
        int field = UdpHeader.checksum(b, at);
        long ports = port(b, at, source, port);
        if (partial) {
            UdpHeader.checksum(b, at, InternetChecksum.fold(field + addresses));
        } else if (field != 0) {
            int checksum = moved(field, addresses + ports);
            UdpHeader.checksum(b, at, checksum == 0 ? LOW_16 : checksum);
        }
    }

    private static void sctp(MutableDirectBuffer b, int at, long classified, boolean source, int port) {
        int before = (SctpHeader.sourcePort(b, at) << 16) | SctpHeader.destinationPort(b, at);
        port(b, at, source, port);
        if (!PacketClass.isPartial(classified)) {
            int after = (SctpHeader.sourcePort(b, at) << 16) | SctpHeader.destinationPort(b, at);
            int length = PacketClass.length(classified) - PacketClass.transport(classified);
            SctpHeader.checksum(b, at, Crc32c.update32(SctpHeader.checksum(b, at), before, after, length));
        }
    }

    /** Sets one of the ports, which TCP, UDP and SCTP have at the same place. {@return the change} */
    private static long port(MutableDirectBuffer b, int at, boolean source, int port) {
        if (source) {
            int before = UdpHeader.sourcePort(b, at);
            UdpHeader.sourcePort(b, at, port);
            return change16(before, port);
        }
        int before = UdpHeader.destinationPort(b, at);
        UdpHeader.destinationPort(b, at, port);
        return change16(before, port);
    }

    private static void icmp(
            MutableDirectBuffer b, int at, long classified, long addresses, boolean identified, int identifier) {
        long change = 0;
        if (identified) {
            change = change16(IcmpHeader.identifier(b, at), identifier);
            IcmpHeader.identifier(b, at, identifier);
        }
        // Only ICMPv6 covers the addresses; type, checksum and identifier are at the same places in both.
        change += PacketClass.isIpv6(classified) ? addresses : 0;
        Icmpv6Header.checksum(b, at, moved(Icmpv6Header.checksum(b, at), change));
    }

    /** {@return a complete checksum after a change of what it covers (RFC 1624 equation 3)} */
    static int moved(int checksum, long change) {
        return InternetChecksum.finish((~checksum & LOW_16) + change);
    }

    private static long change(int before, int after) {
        return (~before & LOW_32) + (after & LOW_32);
    }

    private static long change(long before, long after) {
        return change((int) before, (int) after) + change((int) (before >>> 32), (int) (after >>> 32));
    }

    private static int change16(int before, int after) {
        return (~before & LOW_16) + (after & LOW_16);
    }
}
