package io.tapswitch.wire;

import org.agrona.DirectBuffer;

/**
 * The chain of extension headers of an IPv6 packet (RFC 8200 §4), walked once and within bounds.
 *
 * <p><b>Theory of operation.</b> Extension headers are a linked list that a sender may make as long as the packet, so
 * the walk gives up after {@link #MAX_HEADERS}. What it finds is one long: a negative code, or where the upper layer
 * begins and what it is:
 *
 * <pre>
 *   63          33     32          31      8 7       0
 *   +-------------+----------------+--------+---------+
 *   | 0           | later fragment | offset | protocol|
 *   +-------------+----------------+--------+---------+
 * </pre>
 *
 * <p>The offset counts from the IPv6 header's first byte. {@link #isLaterFragment} says that the upper layer's header
 * is in another fragment: what stands at the offset is the middle of a payload. ESP and unknown protocols end the
 * walk like TCP does, and so does {@link IpProtocol#NO_NEXT_HEADER}.
 *
 * <p>Refused are what no honest sender makes and what filters are known to be evaded with: a hop-by-hop header that is
 * not the first (RFC 8200 §4.1), a second fragment header, routing type 0 (RFC 5095), and jumbograms (RFC 2675), whose
 * length would not be the payload length field's.
 */
public final class Ipv6Extensions {
    /** Most extension headers that are walked. */
    public static final int MAX_HEADERS = 8;
    /** A header, or an option in it, ends beyond the packet. */
    public static final long TRUNCATED = -1;
    /** More than {@link #MAX_HEADERS} headers. */
    public static final long TOO_MANY = -2;
    /** A routing header of the deprecated type 0. */
    public static final long ROUTING_TYPE_0 = -3;
    /** A second fragment header. */
    public static final long FRAGMENT_TWICE = -4;
    /** A hop-by-hop header behind another header. */
    public static final long HOP_BY_HOP_NOT_FIRST = -5;
    /** A jumbo payload option. */
    public static final long JUMBO = -6;

    /** Bytes of a fragment header. */
    public static final int FRAGMENT_LENGTH = 8;

    private static final int MIN_HEADER_LENGTH = 8;
    private static final int LATER_FRAGMENT_SHIFT = 32;
    private static final int OFFSET_SHIFT = 8;
    private static final int OPTION_PAD1 = 0;
    private static final int OPTION_JUMBO = 0xC2;

    private Ipv6Extensions() {}

    /**
     * {@return the upper layer's place, read with the accessors of this class, or one of the negative codes}
     *
     * @param offset where the IPv6 header begins
     * @param length bytes of the packet from there; at least {@link Ipv6Header#LENGTH}
     */
    public static long walk(DirectBuffer b, int offset, int length) {
        int protocol = Ipv6Header.nextHeader(b, offset);
        int at = Ipv6Header.LENGTH;
        boolean fragmentSeen = false;
        for (int headers = 0; isExtension(protocol); headers++) {
            if (headers == MAX_HEADERS) {
                return TOO_MANY;
            }
            if (length - at < MIN_HEADER_LENGTH) {
                return TRUNCATED;
            }
            int header = offset + at;
            int headerLength = headerLength(b, header, protocol);
            if (headerLength > length - at) {
                return TRUNCATED;
            }
            long objection = objection(b, header, headerLength, protocol, headers, fragmentSeen);
            if (objection != 0) {
                return objection;
            }
            at += headerLength;
            if (protocol == IpProtocol.FRAGMENT) {
                fragmentSeen = true;
                if (fragmentOffset(b, header) != 0) {
                    return found(Octets.uint8(b, header), at, 1);
                }
            }
            protocol = Octets.uint8(b, header);
        }
        return found(protocol, at, 0);
    }

    /** {@return protocol that the walk ended at} */
    public static int protocol(long walked) {
        return (int) walked & 0xFF;
    }

    /** {@return where it begins, counted from the IPv6 header's first byte} */
    public static int offset(long walked) {
        return (int) walked >>> OFFSET_SHIFT;
    }

    /** {@return whether the packet is a fragment that does not begin with the protocol's header} */
    public static boolean isLaterFragment(long walked) {
        return walked >>> LATER_FRAGMENT_SHIFT == 1;
    }

    private static long found(int protocol, int at, long laterFragment) {
        return laterFragment << LATER_FRAGMENT_SHIFT | (long) at << OFFSET_SHIFT | protocol;
    }

    private static boolean isExtension(int protocol) {
        return switch (protocol) {
            case IpProtocol.HOP_BY_HOP,
                    IpProtocol.ROUTING,
                    IpProtocol.FRAGMENT,
                    IpProtocol.AUTHENTICATION,
                    IpProtocol.DESTINATION_OPTIONS,
                    IpProtocol.MOBILITY,
                    IpProtocol.HIP,
                    IpProtocol.SHIM6 -> true;
            default -> false;
        };
    }

    private static int headerLength(DirectBuffer b, int header, int protocol) {
        return switch (protocol) {
            case IpProtocol.FRAGMENT -> FRAGMENT_LENGTH;
            // RFC 4302 §2.2: in words of 4 bytes, minus 2. Never below one unit, or the walk would not move on.
            case IpProtocol.AUTHENTICATION -> (Octets.uint8(b, header + 1) + 2) << 2;
            default -> (Octets.uint8(b, header + 1) + 1) << 3;
        };
    }

    private static long objection(
            DirectBuffer b, int header, int headerLength, int protocol, int headersBefore, boolean fragmentSeen) {
        return switch (protocol) {
            case IpProtocol.HOP_BY_HOP ->
                headersBefore > 0 ? HOP_BY_HOP_NOT_FIRST : hopByHopObjection(b, header, headerLength);
            case IpProtocol.ROUTING -> Octets.uint8(b, header + 2) == 0 ? ROUTING_TYPE_0 : 0;
            case IpProtocol.FRAGMENT -> fragmentSeen ? FRAGMENT_TWICE : 0;
            default -> 0;
        };
    }

    private static long hopByHopObjection(DirectBuffer b, int header, int headerLength) {
        int end = header + headerLength;
        int i = header + 2;
        while (i < end) {
            int type = Octets.uint8(b, i);
            if (type == OPTION_PAD1) {
                i++;
                continue;
            }
            if (type == OPTION_JUMBO) {
                return JUMBO;
            }
            if (end - i < 2 || Octets.uint8(b, i + 1) > end - i - 2) {
                return TRUNCATED;
            }
            i += Octets.uint8(b, i + 1) + 2;
        }
        return 0;
    }

    private static int fragmentOffset(DirectBuffer b, int header) {
        return Octets.uint16(b, header + 2) & 0xFFF8;
    }
}
