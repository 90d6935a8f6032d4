package io.tapswitch.nat;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ICMP errors across NAT: the packet that an error quotes is translated back, so that who sent it recognises it (N19).
 *
 * <h2>Theory of operation</h2>
 *
 * An error goes to the source of what it quotes. So the quoted packet travelled against the error's direction, and what
 * was done to it on its way is undone in the quote:
 *
 * <pre>
 *   towards the inside: a container's packet left, was translated, and something outside complains
 *     outer  router  -> outside          becomes   router  -> inside
 *     quote  outside:port -> peer:port   becomes   inside:port -> peer:port           {@link #toInside}
 *
 *   towards the outside: a packet came in, was translated, and the container complains
 *     outer  inside  -> peer             becomes   outside -> peer
 *     quote  peer:port -> inside:port    becomes   peer:port -> outside:port          {@link #toOutside}
 * </pre>
 *
 * <p>{@link #quote} finds the quoted packet's ports first; its class is read with {@link PacketClass} at {@link
 * #quoted}, where source and destination are those of the quoted packet. The flow is looked up by them; an error
 * neither makes, refreshes nor ends one, which is why nothing here knows a flow. A hairpin's error goes through {@link
 * #toOutside} and then {@link #toInside}, as its packets do.
 *
 * <p>What makes the error believable is checked: it must go to the source of what it quotes, and quote a packet that
 * can have been translated, that is no later fragment and no other error (RFC 5508 REQ-4, RFC 1122 §3.2.2). Eight bytes
 * behind the quoted IP header are enough (RFC 792), whatever that header's length; a transport checksum is moved along
 * where it is still there, and the quoted IPv4 header's always. The sum over the message changes by just what the quote
 * changes, so the ICMP checksum follows without another look at the rest; extensions behind the quote (RFC 4884) are
 * not touched.
 *
 * <p>The source of an error towards the inside, type, code and MTU stay (RFC 5508 REQ-4). One thing does not: an MTU
 * below what every path has, 576 of IPv4 and 1280 of IPv6 (RFC 8201 §4), is raised to that on the way in, because it is
 * the known blind attack (RFC 5927 §7); 0, from routers older than RFC 1191, stays.
 *
 * <p>Stateless; no call allocates.
 */
public final class IcmpErrors {
    /** ICMP and ICMPv6 both have 8 bytes before the quote. */
    private static final int HEADER = IcmpHeader.LENGTH;
    /** Bytes of the quoted transport header that must be there. */
    private static final int QUOTED_TRANSPORT = 8;

    private static final int MIN_MTU = 576;
    private static final int MIN_MTU6 = 1280;
    private static final int LOW_16 = 0xFFFF;

    private IcmpErrors() {}

    /** {@return offset in the buffer of the packet that an error quotes} */
    public static int quoted(int packet, long error) {
        return packet + PacketClass.transport(error) + HEADER;
    }

    /**
     * {@return the class of the quoted packet, or a {@link NatDrop} code}
     *
     * @param packet offset of the error's IP header
     * @param error its class, of kind {@link PacketClass#ICMP_ERROR}
     */
    public static long quote(DirectBuffer b, int packet, long error) {
        int quoted = quoted(packet, error);
        int there = PacketClass.length(error) - PacketClass.transport(error) - HEADER;
        return PacketClass.isIpv6(error) ? quote6(b, packet, quoted, there) : quote4(b, packet, quoted, there);
    }

    private static long quote4(DirectBuffer b, int packet, int quoted, int there) {
        if (there < Ipv4Header.MIN_LENGTH) {
            return NatDrop.ICMP_QUOTE_SHORT.code();
        }
        int headerLength = Ipv4Header.headerLength(b, quoted);
        if (Ipv4Header.version(b, quoted) != 4
                || headerLength < Ipv4Header.MIN_LENGTH
                || Ipv4Header.fragmentOffset(b, quoted) != 0
                || Ipv4Header.sourceAddress(b, quoted) != Ipv4Header.destinationAddress(b, packet)) {
            return NatDrop.ICMP_QUOTE.code();
        }
        int protocol = Ipv4Header.protocol(b, quoted);
        if (protocol == IpProtocol.ICMPV6) {
            return NatDrop.ICMP_QUOTE.code();
        }
        long found = PacketClass.found(protocol, headerLength, Ipv4Header.totalLength(b, quoted), false, false);
        return transport(b, quoted, there, found);
    }

    private static long quote6(DirectBuffer b, int packet, int quoted, int there) {
        if (there < Ipv6Header.LENGTH) {
            return NatDrop.ICMP_QUOTE_SHORT.code();
        }
        if (Ipv6Header.version(b, quoted) != 6
                || Ipv6Header.sourceHi(b, quoted) != Ipv6Header.destinationHi(b, packet)
                || Ipv6Header.sourceLo(b, quoted) != Ipv6Header.destinationLo(b, packet)) {
            return NatDrop.ICMP_QUOTE.code();
        }
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, quoted);
        long walked = Ipv6Extensions.walk(b, quoted, Math.min(there, length));
        if (walked == Ipv6Extensions.TRUNCATED) {
            return NatDrop.ICMP_QUOTE_SHORT.code();
        }
        int protocol = Ipv6Extensions.protocol(walked);
        if (walked < 0 || Ipv6Extensions.isLaterFragment(walked) || protocol == IpProtocol.ICMP) {
            return NatDrop.ICMP_QUOTE.code();
        }
        return transport(
                b, quoted, there, PacketClass.found(protocol, Ipv6Extensions.offset(walked), length, true, false));
    }

    private static long transport(DirectBuffer b, int quoted, int there, long found) {
        int at = PacketClass.transport(found);
        int left = there - at;
        return switch (PacketClass.protocol(found)) {
            case IpProtocol.TCP -> ports(found, left, TcpHeader.CHECKSUM_OFFSET + 2);
            case IpProtocol.UDP -> ports(found, left, UdpHeader.LENGTH);
            // The whole packet's length tells how far its CRC reaches; a quote that belies it loses nothing.
            case IpProtocol.SCTP -> ports(found, Math.min(left, PacketClass.length(found) - at), SctpHeader.LENGTH);
            case IpProtocol.ICMP ->
                query(found, left, left < 1 ? 0 : TransportCheck.icmpKind(IcmpHeader.type(b, quoted + at)));
            case IpProtocol.ICMPV6 ->
                query(found, left, left < 1 ? 0 : TransportCheck.icmpv6Kind(Icmpv6Header.type(b, quoted + at)));
            default -> left < 0 ? NatDrop.ICMP_QUOTE_SHORT.code() : PacketClass.withKind(found, PacketClass.OTHER);
        };
    }

    private static long ports(long found, int left, int withChecksum) {
        if (left < QUOTED_TRANSPORT) {
            return NatDrop.ICMP_QUOTE_SHORT.code();
        }
        return PacketClass.withKind(found, left < withChecksum ? PacketClass.CUT : PacketClass.PORTS);
    }

    private static long query(long found, int left, int kind) {
        if (left < QUOTED_TRANSPORT) {
            return NatDrop.ICMP_QUOTE_SHORT.code();
        }
        boolean asked = kind == PacketClass.ICMP_REQUEST || kind == PacketClass.ICMP_REPLY;
        return asked ? PacketClass.withKind(found, kind) : NatDrop.ICMP_QUOTE.code();
    }

    /**
     * Translates an error to who is inside: the quoted source, and the destination.
     *
     * @param packet offset of the error's IP header
     * @param error its class
     * @param quote class of what it quotes, from {@link #quote}
     * @param hi first half of the inside address
     * @param lo second half of it, v4-mapped where it is an IPv4 one
     * @param port inside port or identifier
     */
    public static void toInside(MutableDirectBuffer b, int packet, long error, long quote, long hi, long lo, int port) {
        int quoted = quoted(packet, error);
        int head = head(packet, error, quote);
        long before = ~InternetChecksum.sum(b, quoted, head) & LOW_16;
        Translator.source(b, quoted, quote, hi, lo, port);
        long change = before + InternetChecksum.sum(b, quoted, head) + raiseMtu(b, packet, error);
        finish(b, packet, error, change);
        Translator.destination(b, packet, error, hi, lo, 0);
    }

    /**
     * Translates an error of who is inside: the quoted destination, and the source.
     *
     * @param packet offset of the error's IP header
     * @param error its class
     * @param quote class of what it quotes, from {@link #quote}
     * @param hi first half of the outside address
     * @param lo second half of it, v4-mapped where it is an IPv4 one
     * @param port outside port or identifier
     */
    public static void toOutside(
            MutableDirectBuffer b, int packet, long error, long quote, long hi, long lo, int port) {
        quotedDestination(b, packet, error, quote, hi, lo, port);
        Translator.source(b, packet, error, hi, lo, 0);
    }

    /**
     * Translates the quoted destination only: who complains is somebody else, and stays.
     *
     * @param packet offset of the error's IP header
     * @param error its class
     * @param quote class of what it quotes, from {@link #quote}
     * @param hi first half of the address
     * @param lo second half of it, v4-mapped where it is an IPv4 one
     * @param port port or identifier
     */
    public static void quotedDestination(
            MutableDirectBuffer b, int packet, long error, long quote, long hi, long lo, int port) {
        int quoted = quoted(packet, error);
        int head = head(packet, error, quote);
        long before = ~InternetChecksum.sum(b, quoted, head) & LOW_16;
        Translator.destination(b, quoted, quote, hi, lo, port);
        finish(b, packet, error, before + InternetChecksum.sum(b, quoted, head));
    }

    /** {@return bytes of the quote in which all that is translated lies} */
    private static int head(int packet, long error, long quote) {
        int there = packet + PacketClass.length(error) - quoted(packet, error);
        return Math.min(there, PacketClass.transport(quote) + TcpHeader.MIN_LENGTH);
    }

    private static void finish(MutableDirectBuffer b, int packet, long error, long change) {
        int icmp = packet + PacketClass.transport(error);
        IcmpHeader.checksum(b, icmp, Translator.moved(IcmpHeader.checksum(b, icmp), change));
    }

    /** {@return the change of the message's sum} */
    private static int raiseMtu(MutableDirectBuffer b, int packet, long error) {
        int icmp = packet + PacketClass.transport(error);
        int type = IcmpHeader.type(b, icmp);
        if (PacketClass.isIpv6(error)) {
            int mtu = Icmpv6Header.mtu(b, icmp);
            if (type != Icmpv6Header.PACKET_TOO_BIG || mtu < 0 || mtu >= MIN_MTU6) {
                return 0;
            }
            Icmpv6Header.mtu(b, icmp, MIN_MTU6);
            return (~mtu & LOW_16) + MIN_MTU6;
        }
        int mtu = IcmpHeader.nextHopMtu(b, icmp);
        if (type != IcmpHeader.DESTINATION_UNREACHABLE
                || IcmpHeader.code(b, icmp) != IcmpHeader.FRAGMENTATION_NEEDED
                || mtu == 0
                || mtu >= MIN_MTU) {
            return 0;
        }
        IcmpHeader.nextHopMtu(b, icmp, MIN_MTU);
        return (~mtu & LOW_16) + MIN_MTU;
    }
}
