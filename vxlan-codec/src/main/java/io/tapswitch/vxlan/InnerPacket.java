package io.tapswitch.vxlan;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import io.tapswitch.wire.VlanTag;
import org.agrona.DirectBuffer;

/**
 * Where the IP packet in an inner Ethernet frame and its transport header stand, found once and within bounds.
 *
 * <p>The outcome is one long, {@link #OTHER} or
 *
 * <pre>
 *   63   50 49         48      47     42   41      24     23         8   7        0
 *   +------+--------+----------+---------+--------------+-------------+----------+
 *   | 0    | IPv6   | fragment | network | end          | transport   | protocol |
 *   +------+--------+----------+---------+--------------+-------------+----------+
 * </pre>
 *
 * <p>Network, transport and end count from the frame's first byte; end is that of the IP packet, behind which a short
 * frame is padded. A fragment is any part of an IPv4 datagram, and of IPv6 one that does not begin with the transport
 * header. The transport header itself is not looked at.
 */
final class InnerPacket {
    /** The frame carries no IP packet whose header makes sense. */
    static final long OTHER = -1;

    private static final int MAX_TAGS = 2;
    private static final int TRANSPORT_SHIFT = 8;
    private static final int END_SHIFT = 24;
    private static final int NETWORK_SHIFT = 42;
    private static final long FRAGMENT_BIT = 1L << 48;
    private static final long IPV6_BIT = 1L << 49;
    private static final long END_MASK = 0x3_FFFFL << END_SHIFT;

    private InnerPacket() {}

    static long find(DirectBuffer b, int frame, int length) {
        if (length < EthernetHeader.LENGTH) {
            return OTHER;
        }
        int network = EthernetHeader.LENGTH;
        int type = EthernetHeader.etherType(b, frame);
        for (int tags = 0; EtherType.isTag(type); tags++) {
            if (tags == MAX_TAGS || length < network + VlanTag.LENGTH) {
                return OTHER;
            }
            type = VlanTag.etherType(b, frame + network - 2);
            network += VlanTag.LENGTH;
        }
        return switch (type) {
            case EtherType.IPV4 -> ipv4(b, frame, network, length - network);
            case EtherType.IPV6 -> ipv6(b, frame, network, length - network);
            default -> OTHER;
        };
    }

    private static long ipv4(DirectBuffer b, int frame, int network, int available) {
        int packet = frame + network;
        if (available < Ipv4Header.MIN_LENGTH || Ipv4Header.version(b, packet) != 4) {
            return OTHER;
        }
        int headerLength = Ipv4Header.headerLength(b, packet);
        int length = Ipv4Header.totalLength(b, packet);
        if (headerLength < Ipv4Header.MIN_LENGTH || length < headerLength || length > available) {
            return OTHER;
        }
        long fragment = Ipv4Header.isFragment(b, packet) ? FRAGMENT_BIT : 0;
        return fragment | found(network, headerLength, length, Ipv4Header.protocol(b, packet));
    }

    private static long ipv6(DirectBuffer b, int frame, int network, int available) {
        int packet = frame + network;
        if (available < Ipv6Header.LENGTH || Ipv6Header.version(b, packet) != 6) {
            return OTHER;
        }
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, packet);
        if (length > available) {
            return OTHER;
        }
        long walked = Ipv6Extensions.walk(b, packet, length);
        if (walked < 0) {
            return OTHER;
        }
        long fragment = Ipv6Extensions.isLaterFragment(walked) ? FRAGMENT_BIT : 0;
        int protocol = Ipv6Extensions.protocol(walked);
        return IPV6_BIT | fragment | found(network, Ipv6Extensions.offset(walked), length, protocol);
    }

    private static long found(int network, int headerLength, int length, int protocol) {
        return (long) network << NETWORK_SHIFT
                | (long) (network + length) << END_SHIFT
                | (long) (network + headerLength) << TRANSPORT_SHIFT
                | protocol;
    }

    static int protocol(long found) {
        return (int) found & 0xFF;
    }

    static int transport(long found) {
        return (int) (found >>> TRANSPORT_SHIFT) & 0xFFFF;
    }

    static int network(long found) {
        return (int) (found >>> NETWORK_SHIFT) & 0x3F;
    }

    static int end(long found) {
        return (int) (found >>> END_SHIFT) & 0x3_FFFF;
    }

    static boolean isFragment(long found) {
        return (found & FRAGMENT_BIT) != 0;
    }

    static boolean isIpv6(long found) {
        return (found & IPV6_BIT) != 0;
    }

    /** {@return whether the IP header is as short as its version allows: no options, no extension headers} */
    static boolean isPlain(long found) {
        int plain = isIpv6(found) ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH;
        return transport(found) - network(found) == plain;
    }

    /** {@return whether two packets differ in nothing that is in the long but their length} */
    static boolean isAlike(long found, long other) {
        return ((found ^ other) & ~END_MASK) == 0;
    }

    /** {@return bytes of the frame up to the TCP or UDP payload, or -1 if there is no whole such header} */
    static int headerLength(DirectBuffer b, int frame, long found) {
        if (found < 0 || isFragment(found)) {
            return -1;
        }
        int transport = transport(found);
        int available = end(found) - transport;
        return switch (protocol(found)) {
            case IpProtocol.TCP -> {
                if (available < TcpHeader.MIN_LENGTH) {
                    yield -1;
                }
                int dataOffset = TcpHeader.dataOffset(b, frame + transport);
                yield dataOffset < TcpHeader.MIN_LENGTH || dataOffset > available ? -1 : transport + dataOffset;
            }
            case IpProtocol.UDP -> available < UdpHeader.LENGTH ? -1 : transport + UdpHeader.LENGTH;
            default -> -1;
        };
    }

    /** {@return where the checksum stands in the transport header of TCP or UDP} */
    static int checksumOffset(long found) {
        return protocol(found) == IpProtocol.TCP ? TcpHeader.CHECKSUM_OFFSET : UdpHeader.CHECKSUM_OFFSET;
    }

    /** {@return sum of the pseudo-header of a TCP or UDP packet whose transport part has {@code length} bytes} */
    static long pseudoHeader(DirectBuffer b, int frame, long found, int length) {
        int packet = frame + network(found);
        int protocol = protocol(found);
        if (isIpv6(found)) {
            return InternetChecksum.pseudoHeader(
                    Ipv6Header.sourceHi(b, packet),
                    Ipv6Header.sourceLo(b, packet),
                    Ipv6Header.destinationHi(b, packet),
                    Ipv6Header.destinationLo(b, packet),
                    protocol,
                    length);
        }
        return InternetChecksum.pseudoHeader(
                Ipv4Header.sourceAddress(b, packet), Ipv4Header.destinationAddress(b, packet), protocol, length);
    }
}
