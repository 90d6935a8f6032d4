package io.tapswitch.nat;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv4Options;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;

/**
 * What a packet is for NAT: where its ports are, or why it cannot be translated.
 *
 * <h2>Theory of operation</h2>
 *
 * Kernel NAT lets a packet that its connection tracking finds malformed go on untranslated, and so out with an inside
 * source (N20). Here a packet is looked at once, before anything in it is believed, and the outcome is one long: a
 * {@link NatDrop} code, or a class. Only a packet that has a class is translated; nothing else is ever passed on.
 *
 * <pre>
 *   63    46 45  43 42        41     40     24 23          8 7        0
 *   +-------+------+---------+------+---------+-------------+----------+
 *   | 0     | kind | partial | IPv6 | length  | transport   | protocol |
 *   +-------+------+---------+------+---------+-------------+----------+
 * </pre>
 *
 * <p>Length is that of the IP packet, headers included; transport is where the transport header begins, counted from
 * the IP header's first byte. The kinds, and what is source and destination port of each for the flow table:
 *
 * <pre>
 *   kind          what                          source port   destination port
 *   PORTS         TCP, UDP, SCTP                its own       its own
 *   ICMP_REQUEST  echo, timestamp (v4)          identifier    0                  (RFC 5508 section 3.1)
 *   ICMP_REPLY    their replies                 0             identifier
 *   ICMP_ERROR    v4: 3, 11, 12; v6: 1 to 4     0             0                  to {@link IcmpErrors}
 *   FRAGMENT      a part of a datagram          0             0                  to be reassembled first (N22)
 *   OTHER         by address only               0             0                  (N32)
 *   CUT           quoted in an error: ports, but no checksum any more
 * </pre>
 *
 * <p>So an identifier is the port of the side that asked, in both directions, and a reply finds the flow of its
 * request without a special case.
 *
 * <h2>Checksums</h2>
 *
 * A complete TCP or UDP checksum is verified, because a state must not move for a segment that its receiver will not
 * take (N13); a packet that the card has verified (DATA_VALID) is spared that. UDP without a checksum is left without,
 * in IPv6 too (RFC 6936 §5). ICMP's is always verified. SCTP's is not: the update of {@link Translator} leaves a wrong
 * one wrong. A partial checksum (NEEDS_CSUM) is believed only where it stands exactly at the transport header's field:
 * what a container may say there through a packet socket would else let the kernel write a checksum over an address.
 *
 * <p>Loopback addresses are left to the caller, who knows the interface. Stateless; no call allocates. Sources: RFC
 * 791, 1812 §5.2.2, 4787, 5382, 5508, 8200, 9293 §3.10.
 */
public final class PacketClass {
    /** Kind: TCP, UDP or SCTP with both ports. */
    public static final int PORTS = 0;
    /** Kind: an ICMP query that asks. */
    public static final int ICMP_REQUEST = 1;
    /** Kind: an ICMP query that answers. */
    public static final int ICMP_REPLY = 2;
    /** Kind: an ICMP error. */
    public static final int ICMP_ERROR = 3;
    /** Kind: a fragment, the first or a later one. */
    public static final int FRAGMENT = 4;
    /** Kind: another protocol, translated by address. */
    public static final int OTHER = 5;
    /** Kind of a quoted packet only: it has ports, and is cut off before its checksum. */
    public static final int CUT = 6;

    /** Checksums are complete, and not verified by anybody. */
    public static final int COMPLETE = 0;
    /** Checksums are complete, and the card has verified that of TCP or UDP (DATA_VALID). */
    public static final int VERIFIED = -1;

    private static final int TRANSPORT_SHIFT = 8;
    private static final int LENGTH_SHIFT = 24;
    private static final int LENGTH_MASK = 0x1_FFFF;
    private static final int KIND_SHIFT = 43;
    private static final long IPV6_BIT = 1L << 41;
    private static final long PARTIAL_BIT = 1L << 42;

    private static final int NOWHERE = 1;
    private static final int MULTICAST = 224;
    private static final int MULTICAST6 = 0xFF;

    private PacketClass() {}

    /**
     * {@return how a packet with NEEDS_CSUM is described to {@link #ipv4} and {@link #ipv6}}
     *
     * @param csumStart where the checksummed bytes begin, counted from the IP header: the offload header's field less
     *     the Ethernet header
     * @param csumOffset where the field is, from there
     */
    public static int partial(int csumStart, int csumOffset) {
        boolean possible = csumStart >= Ipv4Header.MIN_LENGTH
                && csumStart <= Short.MAX_VALUE
                && csumOffset >= 0
                && csumOffset <= 0xFF;
        return possible ? (csumStart << 8) | csumOffset : NOWHERE;
    }

    /**
     * {@return the class of what should be an IPv4 packet, or a {@link NatDrop} code}
     *
     * @param packet offset of the IPv4 header
     * @param available bytes from there to the end of the frame
     * @param checksum {@link #COMPLETE}, {@link #VERIFIED} or {@link #partial}
     */
    public static long ipv4(DirectBuffer b, int packet, int available, int checksum) {
        if (available < Ipv4Header.MIN_LENGTH) {
            return NatDrop.IP_TRUNCATED.code();
        }
        if (Ipv4Header.version(b, packet) != 4) {
            return NatDrop.IP_VERSION.code();
        }
        int headerLength = Ipv4Header.headerLength(b, packet);
        if (headerLength < Ipv4Header.MIN_LENGTH || headerLength > available) {
            return NatDrop.IP_HEADER_LENGTH.code();
        }
        int length = Ipv4Header.totalLength(b, packet);
        if (length < headerLength || length > available) {
            return NatDrop.IP_TOTAL_LENGTH.code();
        }
        if (!Ipv4Header.checksumValid(b, packet)) {
            return NatDrop.IP_CHECKSUM.code();
        }
        if (headerLength > Ipv4Header.MIN_LENGTH) {
            int options = Ipv4Options.verdict(b, packet);
            if (options != Ipv4Options.PLAIN) {
                return (options == Ipv4Options.SOURCE_ROUTE ? NatDrop.SOURCE_ROUTE : NatDrop.IP_OPTIONS).code();
            }
        }
        if (!isHost(Ipv4Header.sourceAddress(b, packet)) || !isHost(Ipv4Header.destinationAddress(b, packet))) {
            return NatDrop.IP_ADDRESS.code();
        }
        long found = found(Ipv4Header.protocol(b, packet), headerLength, length, false, checksum > 0);
        if (Ipv4Header.isFragment(b, packet)) {
            return fragment(found);
        }
        return TransportCheck.check(b, packet, found, checksum);
    }

    /**
     * {@return the class of what should be an IPv6 packet, or a {@link NatDrop} code}
     *
     * @param packet offset of the IPv6 header
     * @param available bytes from there to the end of the frame
     * @param checksum {@link #COMPLETE}, {@link #VERIFIED} or {@link #partial}
     */
    public static long ipv6(DirectBuffer b, int packet, int available, int checksum) {
        if (available < Ipv6Header.LENGTH) {
            return NatDrop.IP_TRUNCATED.code();
        }
        if (Ipv6Header.version(b, packet) != 6) {
            return NatDrop.IP_VERSION.code();
        }
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, packet);
        if (length > available) {
            return NatDrop.IP_TOTAL_LENGTH.code();
        }
        long walked = Ipv6Extensions.walk(b, packet, length);
        if (walked < 0) {
            return (walked == Ipv6Extensions.ROUTING_TYPE_0 ? NatDrop.SOURCE_ROUTE : NatDrop.IP6_EXTENSION).code();
        }
        if (!isHost(Ipv6Header.sourceHi(b, packet), Ipv6Header.sourceLo(b, packet))
                || !isHost(Ipv6Header.destinationHi(b, packet), Ipv6Header.destinationLo(b, packet))) {
            return NatDrop.IP_ADDRESS.code();
        }
        int transport = Ipv6Extensions.offset(walked);
        long found = found(Ipv6Extensions.protocol(walked), transport, length, true, checksum > 0);
        int chain = transport == Ipv6Header.LENGTH ? PORTS : chain(b, packet, transport);
        if (chain < 0) {
            return chain;
        }
        return chain == FRAGMENT ? fragment(found) : TransportCheck.check(b, packet, found, checksum);
    }

    /**
     * Looks at a chain of extension headers, already found well-formed, for what matters to NAT alone.
     *
     * @return {@link #PORTS}, {@link #FRAGMENT}, or a {@link NatDrop} code
     */
    private static int chain(DirectBuffer b, int packet, int transport) {
        int kind = PORTS;
        int protocol = Ipv6Header.nextHeader(b, packet);
        int at = Ipv6Header.LENGTH;
        while (at < transport) {
            int header = packet + at;
            switch (protocol) {
                case IpProtocol.ROUTING -> {
                    // With segments left, the checksum is over an address that is not in the header (RFC 8200 §8.1).
                    if (b.getByte(header + 3) != 0) {
                        return NatDrop.SOURCE_ROUTE.code();
                    }
                }
                case IpProtocol.FRAGMENT -> {
                    // An atomic fragment is a whole packet (RFC 6946).
                    if ((b.getByte(header + 2) | (b.getByte(header + 3) & 0xF9)) != 0) {
                        kind = FRAGMENT;
                    }
                }
                case IpProtocol.AUTHENTICATION, IpProtocol.MOBILITY, IpProtocol.HIP, IpProtocol.SHIM6 -> {
                    return NatDrop.PROTOCOL.code();
                }
                default -> {}
            }
            at += protocol == IpProtocol.FRAGMENT
                    ? Ipv6Extensions.FRAGMENT_LENGTH
                    : ((b.getByte(header + 1) & 0xFF) + 1) << 3;
            protocol = b.getByte(header) & 0xFF;
        }
        return kind;
    }

    /**
     * {@return 0 if a packet of which no flow is known may begin one, else the {@link NatDrop} code of a stray} Of the
     * strays {@link NatDrop#TCP_STRAY} may still be a segment of a connection that is older than this table: whether it
     * is taken up is the policy of N14.
     *
     * @param classified of a packet that is neither a fragment nor an ICMP error
     */
    public static int withoutFlow(DirectBuffer b, int packet, long classified) {
        int kind = kind(classified);
        if (kind == ICMP_REPLY) {
            return NatDrop.ICMP_STRAY_REPLY.code();
        }
        if (kind != PORTS || protocol(classified) != IpProtocol.TCP) {
            return 0;
        }
        int flags = TcpHeader.flags(b, packet + transport(classified));
        if ((flags & TcpHeader.RST) != 0) {
            return NatDrop.TCP_STRAY_RST.code();
        }
        if ((flags & TcpHeader.FIN) != 0) {
            return NatDrop.TCP_STRAY_FIN.code();
        }
        return (flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN ? 0 : NatDrop.TCP_STRAY.code();
    }

    /** {@return one of the kinds} */
    public static int kind(long classified) {
        return (int) (classified >>> KIND_SHIFT);
    }

    /** {@return protocol of the transport header} */
    public static int protocol(long classified) {
        return (int) classified & 0xFF;
    }

    /** {@return where the transport header begins, counted from the IP header's first byte} */
    public static int transport(long classified) {
        return (int) classified >>> TRANSPORT_SHIFT & 0xFFFF;
    }

    /** {@return bytes of the IP packet, headers included; of a quoted one, what its header says} */
    public static int length(long classified) {
        return (int) (classified >>> LENGTH_SHIFT) & LENGTH_MASK;
    }

    /** {@return whether it is an IPv6 packet} */
    public static boolean isIpv6(long classified) {
        return (classified & IPV6_BIT) != 0;
    }

    /** {@return whether the checksum is partial, so that its field covers the addresses only} */
    public static boolean isPartial(long classified) {
        return (classified & PARTIAL_BIT) != 0;
    }

    /** {@return source port for the flow table, see the class's table} */
    public static int sourcePort(DirectBuffer b, int packet, long classified) {
        int at = packet + transport(classified);
        return switch (kind(classified)) {
            // TCP, UDP and SCTP have both ports at the same place.
            case PORTS, CUT -> UdpHeader.sourcePort(b, at);
            case ICMP_REQUEST -> IcmpHeader.identifier(b, at);
            default -> 0;
        };
    }

    /** {@return destination port for the flow table, see the class's table} */
    public static int destinationPort(DirectBuffer b, int packet, long classified) {
        int at = packet + transport(classified);
        return switch (kind(classified)) {
            case PORTS, CUT -> UdpHeader.destinationPort(b, at);
            case ICMP_REPLY -> IcmpHeader.identifier(b, at);
            default -> 0;
        };
    }

    /** {@return first half of the source address; 0 of an IPv4 packet} */
    public static long sourceHi(DirectBuffer b, int packet, long classified) {
        return isIpv6(classified) ? Ipv6Header.sourceHi(b, packet) : 0;
    }

    /** {@return second half of the source address; of an IPv4 packet the v4-mapped one} */
    public static long sourceLo(DirectBuffer b, int packet, long classified) {
        return isIpv6(classified) ? Ipv6Header.sourceLo(b, packet) : mapped(Ipv4Header.sourceAddress(b, packet));
    }

    /** {@return first half of the destination address; 0 of an IPv4 packet} */
    public static long destinationHi(DirectBuffer b, int packet, long classified) {
        return isIpv6(classified) ? Ipv6Header.destinationHi(b, packet) : 0;
    }

    /** {@return second half of the destination address; of an IPv4 packet the v4-mapped one} */
    public static long destinationLo(DirectBuffer b, int packet, long classified) {
        return isIpv6(classified)
                ? Ipv6Header.destinationLo(b, packet)
                : mapped(Ipv4Header.destinationAddress(b, packet));
    }

    /** {@return second half of an IPv4 address written as IPv6 (RFC 4291 §2.5.5.2); the first is 0} */
    public static long mapped(int address) {
        return Ipv4Address.mapped(address);
    }

    /** {@return a class of kind {@link #PORTS}, to be refined by {@link #withKind}} */
    static long found(int protocol, int transport, int length, boolean ipv6, boolean partial) {
        return (partial ? PARTIAL_BIT : 0)
                | (ipv6 ? IPV6_BIT : 0)
                | (long) length << LENGTH_SHIFT
                | (long) transport << TRANSPORT_SHIFT
                | protocol;
    }

    /** {@return the class with another kind than {@link #PORTS}} */
    static long withKind(long found, int kind) {
        return found | (long) kind << KIND_SHIFT;
    }

    /** {@return whether the described partial checksum is the one at a transport header's field} */
    static boolean fits(int checksum, int transport, int csumOffset) {
        return checksum <= 0 || checksum == partial(transport, csumOffset);
    }

    private static long fragment(long found) {
        return isPartial(found) ? NatDrop.OFFLOAD.code() : withKind(found, FRAGMENT);
    }

    private static boolean isHost(int address) {
        int firstByte = address >>> 24;
        return firstByte != 0 && firstByte < MULTICAST;
    }

    private static boolean isHost(long hi, long lo) {
        // A v4-mapped address on the wire would look like the IPv4 address in the flow table.
        boolean reserved = hi == 0 && (lo == 0 || lo >>> 32 == 0xFFFF);
        return !reserved && hi >>> 56 != MULTICAST6;
    }
}
