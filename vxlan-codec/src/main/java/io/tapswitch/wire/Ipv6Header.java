package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * IPv6 header (RFC 8200 §3). Extension headers are walked by {@link Ipv6Extensions}.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+---------------+---------------------------------------+
 *   |version| traffic class | flow label                            |
 *   +-------+---------------+-------+---------------+---------------+
 *   | payload length                | next header   | hop limit     |
 *   +-------------------------------+---------------+---------------+
 *   | source address, 128 bits                                      |
 *   +---------------------------------------------------------------+
 *   | destination address, 128 bits                                 |
 *   +---------------------------------------------------------------+
 * </pre>
 *
 * <p>An address is two longs, Hi with the first 8 bytes and Lo with the last.
 */
public final class Ipv6Header {
    /** Bytes of the header. */
    public static final int LENGTH = 40;

    private static final int FIRST_WORD_OFFSET = 0;
    private static final int PAYLOAD_LENGTH_OFFSET = 4;
    private static final int NEXT_HEADER_OFFSET = 6;
    private static final int HOP_LIMIT_OFFSET = 7;
    private static final int SOURCE_HI_OFFSET = 8;
    private static final int SOURCE_LO_OFFSET = 16;
    private static final int DESTINATION_HI_OFFSET = 24;
    private static final int DESTINATION_LO_OFFSET = 32;

    private Ipv6Header() {}

    /** {@return version, 6} */
    public static int version(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + FIRST_WORD_OFFSET) >>> 4;
    }

    /** {@return traffic class: 6 bits DSCP, 2 bits ECN} */
    public static int trafficClass(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + FIRST_WORD_OFFSET) >>> 20 & 0xFF;
    }

    /** {@return flow label, 20 bits} */
    public static int flowLabel(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + FIRST_WORD_OFFSET) & 0xF_FFFF;
    }

    /** Sets version 6, traffic class and flow label, the three fields of the first word. */
    public static void trafficClassAndFlowLabel(MutableDirectBuffer b, int offset, int trafficClass, int flowLabel) {
        Octets.int32(b, offset + FIRST_WORD_OFFSET, 6 << 28 | (trafficClass & 0xFF) << 20 | (flowLabel & 0xF_FFFF));
    }

    /** {@return bytes behind this header, extension headers included} */
    public static int payloadLength(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + PAYLOAD_LENGTH_OFFSET);
    }

    /** Sets the bytes behind this header. */
    public static void payloadLength(MutableDirectBuffer b, int offset, int length) {
        Octets.uint16(b, offset + PAYLOAD_LENGTH_OFFSET, length);
    }

    /** {@return next header, see {@link IpProtocol}} */
    public static int nextHeader(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + NEXT_HEADER_OFFSET);
    }

    /** Sets the next header. */
    public static void nextHeader(MutableDirectBuffer b, int offset, int protocol) {
        Octets.uint8(b, offset + NEXT_HEADER_OFFSET, protocol);
    }

    /** {@return hop limit} */
    public static int hopLimit(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + HOP_LIMIT_OFFSET);
    }

    /** Sets the hop limit. */
    public static void hopLimit(MutableDirectBuffer b, int offset, int hopLimit) {
        Octets.uint8(b, offset + HOP_LIMIT_OFFSET, hopLimit);
    }

    /** {@return first half of the source address} */
    public static long sourceHi(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + SOURCE_HI_OFFSET);
    }

    /** {@return second half of the source address} */
    public static long sourceLo(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + SOURCE_LO_OFFSET);
    }

    /** Sets the source address. */
    public static void source(MutableDirectBuffer b, int offset, long hi, long lo) {
        Octets.int64(b, offset + SOURCE_HI_OFFSET, hi);
        Octets.int64(b, offset + SOURCE_LO_OFFSET, lo);
    }

    /** {@return first half of the destination address} */
    public static long destinationHi(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + DESTINATION_HI_OFFSET);
    }

    /** {@return second half of the destination address} */
    public static long destinationLo(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + DESTINATION_LO_OFFSET);
    }

    /** Sets the destination address. */
    public static void destination(MutableDirectBuffer b, int offset, long hi, long lo) {
        Octets.int64(b, offset + DESTINATION_HI_OFFSET, hi);
        Octets.int64(b, offset + DESTINATION_LO_OFFSET, lo);
    }
}
