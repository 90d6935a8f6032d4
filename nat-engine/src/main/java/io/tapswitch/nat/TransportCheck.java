package io.tapswitch.nat;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;

/**
 * The second half of {@link PacketClass}: the transport header of a whole packet whose IP header was found right.
 *
 * <p>Lengths first, then what says itself wrong, then the checksum, which reads the whole packet.
 */
final class TransportCheck {
    private static final int ICMP_TIMESTAMP = 13;
    private static final int ICMP_TIMESTAMP_REPLY = 14;

    private static final int CONTROL =
            TcpHeader.SYN | TcpHeader.FIN | TcpHeader.RST | TcpHeader.ACK | TcpHeader.PSH | TcpHeader.URG;
    private static final int SYN_FIN = TcpHeader.SYN | TcpHeader.FIN;
    private static final int SYN_RST = TcpHeader.SYN | TcpHeader.RST;
    private static final int RST_FIN = TcpHeader.RST | TcpHeader.FIN;
    private static final int XMAS = TcpHeader.FIN | TcpHeader.PSH | TcpHeader.URG;

    private TransportCheck() {}

    /**
     * {@return the class with its kind, or a {@link NatDrop} code}
     *
     * @param packet offset of the IP header
     * @param found protocol, place and length
     * @param checksum as in {@link PacketClass#ipv4}
     */
    static long check(DirectBuffer b, int packet, long found, int checksum) {
        int at = packet + PacketClass.transport(found);
        int length = PacketClass.length(found) - PacketClass.transport(found);
        boolean ipv6 = PacketClass.isIpv6(found);
        return switch (PacketClass.protocol(found)) {
            case IpProtocol.TCP -> classOrDrop(found, tcp(b, packet, at, length, found, checksum));
            case IpProtocol.UDP -> classOrDrop(found, udp(b, packet, at, length, found, checksum));
            case IpProtocol.SCTP -> classOrDrop(found, sctp(b, at, length, found, checksum));
            case IpProtocol.ICMP -> ipv6 ? NatDrop.PROTOCOL.code() : classOrDrop(found, icmp(b, at, length, checksum));
            case IpProtocol.ICMPV6 ->
                ipv6 ? classOrDrop(found, icmpv6(b, packet, at, length, checksum)) : NatDrop.PROTOCOL.code();
            // A checksum over the addresses that is not known here, or a signature.
            case IpProtocol.DCCP,
                    IpProtocol.UDP_LITE,
                    IpProtocol.AUTHENTICATION,
                    IpProtocol.MOBILITY,
                    IpProtocol.HIP,
                    IpProtocol.SHIM6 -> NatDrop.PROTOCOL.code();
            default -> checksum > 0 ? NatDrop.OFFLOAD.code() : PacketClass.withKind(found, PacketClass.OTHER);
        };
    }

    private static long classOrDrop(long found, int kindOrDrop) {
        return kindOrDrop < 0 ? kindOrDrop : PacketClass.withKind(found, kindOrDrop);
    }

    private static int tcp(DirectBuffer b, int packet, int at, int length, long found, int checksum) {
        if (length < TcpHeader.MIN_LENGTH) {
            return NatDrop.TRANSPORT_TRUNCATED.code();
        }
        int dataOffset = TcpHeader.dataOffset(b, at);
        if (dataOffset < TcpHeader.MIN_LENGTH || dataOffset > length) {
            return NatDrop.TCP_DATA_OFFSET.code();
        }
        int objection = objection(TcpHeader.flags(b, at));
        if (objection < 0) {
            return objection;
        }
        if (TcpHeader.sourcePort(b, at) == 0 || TcpHeader.destinationPort(b, at) == 0) {
            return NatDrop.PORT_ZERO.code();
        }
        if (!PacketClass.fits(checksum, PacketClass.transport(found), TcpHeader.CHECKSUM_OFFSET)) {
            return NatDrop.OFFLOAD.code();
        }
        boolean wrong = checksum == PacketClass.COMPLETE && !isValid(b, packet, at, length, found);
        return wrong ? NatDrop.TCP_CHECKSUM.code() : PacketClass.PORTS;
    }

    /** {@return 0, or why no TCP sends a segment with these flags (RFC 9293 §3.10)} */
    private static int objection(int flags) {
        // All that an established connection sends before its end.
        if ((flags & (TcpHeader.ACK | TcpHeader.SYN | RST_FIN)) == TcpHeader.ACK) {
            return 0;
        }
        if ((flags & SYN_FIN) == SYN_FIN) {
            return NatDrop.TCP_SYN_FIN.code();
        }
        if ((flags & SYN_RST) == SYN_RST) {
            return NatDrop.TCP_SYN_RST.code();
        }
        if ((flags & CONTROL) == 0) {
            return NatDrop.TCP_NO_FLAGS.code();
        }
        if ((flags & CONTROL) == XMAS) {
            return NatDrop.TCP_XMAS.code();
        }
        boolean impossible = (flags & RST_FIN) == RST_FIN || (flags & (SYN_RST | TcpHeader.ACK)) == 0;
        return impossible ? NatDrop.TCP_FLAGS.code() : 0;
    }

    private static int udp(DirectBuffer b, int packet, int at, int length, long found, int checksum) {
        if (length < UdpHeader.LENGTH) {
            return NatDrop.TRANSPORT_TRUNCATED.code();
        }
        int udpLength = UdpHeader.length(b, at);
        if (udpLength < UdpHeader.LENGTH || udpLength > length) {
            return NatDrop.UDP_LENGTH.code();
        }
        if (UdpHeader.sourcePort(b, at) == 0 || UdpHeader.destinationPort(b, at) == 0) {
            return NatDrop.PORT_ZERO.code();
        }
        if (!PacketClass.fits(checksum, PacketClass.transport(found), UdpHeader.CHECKSUM_OFFSET)) {
            return NatDrop.OFFLOAD.code();
        }
        boolean wrong = checksum == PacketClass.COMPLETE
                && UdpHeader.checksum(b, at) != 0
                && !isValid(b, packet, at, udpLength, found);
        return wrong ? NatDrop.UDP_CHECKSUM.code() : PacketClass.PORTS;
    }

    private static int sctp(DirectBuffer b, int at, int length, long found, int checksum) {
        if (length < SctpHeader.LENGTH) {
            return NatDrop.TRANSPORT_TRUNCATED.code();
        }
        if (SctpHeader.sourcePort(b, at) == 0 || SctpHeader.destinationPort(b, at) == 0) {
            return NatDrop.PORT_ZERO.code();
        }
        return PacketClass.fits(checksum, PacketClass.transport(found), SctpHeader.CHECKSUM_OFFSET)
                ? PacketClass.PORTS
                : NatDrop.OFFLOAD.code();
    }

    private static int icmp(DirectBuffer b, int at, int length, int checksum) {
        if (length < IcmpHeader.LENGTH) {
            return NatDrop.TRANSPORT_TRUNCATED.code();
        }
        if (checksum > 0) {
            return NatDrop.OFFLOAD.code();
        }
        if (!IcmpHeader.checksumValid(b, at, length)) {
            return NatDrop.ICMP_CHECKSUM.code();
        }
        return icmpKind(IcmpHeader.type(b, at));
    }

    /** {@return the kind of an ICMP type, or a {@link NatDrop} code} */
    static int icmpKind(int type) {
        return switch (type) {
            case IcmpHeader.ECHO_REQUEST, ICMP_TIMESTAMP -> PacketClass.ICMP_REQUEST;
            case IcmpHeader.ECHO_REPLY, ICMP_TIMESTAMP_REPLY -> PacketClass.ICMP_REPLY;
            case IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.TIME_EXCEEDED, IcmpHeader.PARAMETER_PROBLEM ->
                PacketClass.ICMP_ERROR;
            default -> NatDrop.ICMP_TYPE.code();
        };
    }

    private static int icmpv6(DirectBuffer b, int packet, int at, int length, int checksum) {
        if (length < Icmpv6Header.LENGTH) {
            return NatDrop.TRANSPORT_TRUNCATED.code();
        }
        if (checksum > 0) {
            return NatDrop.OFFLOAD.code();
        }
        long sum = pseudoHeader6(b, packet, IpProtocol.ICMPV6, length) + InternetChecksum.sum(b, at, length);
        return InternetChecksum.isValid(sum) ? icmpv6Kind(Icmpv6Header.type(b, at)) : NatDrop.ICMP_CHECKSUM.code();
    }

    /** {@return the kind of an ICMPv6 type, or a {@link NatDrop} code} */
    static int icmpv6Kind(int type) {
        return switch (type) {
            case Icmpv6Header.ECHO_REQUEST -> PacketClass.ICMP_REQUEST;
            case Icmpv6Header.ECHO_REPLY -> PacketClass.ICMP_REPLY;
            case Icmpv6Header.DESTINATION_UNREACHABLE,
                    Icmpv6Header.PACKET_TOO_BIG,
                    Icmpv6Header.TIME_EXCEEDED,
                    Icmpv6Header.PARAMETER_PROBLEM -> PacketClass.ICMP_ERROR;
            default -> NatDrop.ICMP_TYPE.code();
        };
    }

    private static boolean isValid(DirectBuffer b, int packet, int at, int length, long found) {
        int protocol = PacketClass.protocol(found);
        long pseudo = PacketClass.isIpv6(found)
                ? pseudoHeader6(b, packet, protocol, length)
                : InternetChecksum.pseudoHeader(
                        Ipv4Header.sourceAddress(b, packet),
                        Ipv4Header.destinationAddress(b, packet),
                        protocol,
                        length);
        return InternetChecksum.isValid(pseudo + InternetChecksum.sum(b, at, length));
    }

    private static long pseudoHeader6(DirectBuffer b, int packet, int protocol, int length) {
        return InternetChecksum.pseudoHeader(
                Ipv6Header.sourceHi(b, packet),
                Ipv6Header.sourceLo(b, packet),
                Ipv6Header.destinationHi(b, packet),
                Ipv6Header.destinationLo(b, packet),
                protocol,
                length);
    }
}
