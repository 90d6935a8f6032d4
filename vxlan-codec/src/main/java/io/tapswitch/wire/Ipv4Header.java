package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * IPv4 header (RFC 791 §3.1). Options are walked by {@link Ipv4Options}.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+-------+-----------+---+-------------------------------+
 *   |version|  IHL  |   DSCP    |ECN| total length                  |
 *   +-------+-------+-----------+---+-----+-------------------------+
 *   | identification                |-|D|M| fragment offset         |
 *   +---------------+---------------+-----+-------------------------+
 *   | time to live  | protocol      | header checksum               |
 *   +---------------+---------------+-------------------------------+
 *   | source address                                                |
 *   +---------------------------------------------------------------+
 *   | destination address                                           |
 *   +---------------------------------------------------------------+
 *   | options, IHL - 5 words                                        |
 *   +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Lengths are in bytes here, whatever unit the field has on the wire: {@link #headerLength} is IHL times 4 and
 * {@link #fragmentOffset} is the field times 8. A value that does not fit its field is cut to the field's bits.
 */
public final class Ipv4Header {
    /** Bytes of a header without options. */
    public static final int MIN_LENGTH = 20;
    /** Bytes of the longest header. */
    public static final int MAX_LENGTH = 60;

    private static final int VERSION_OFFSET = 0;
    private static final int TRAFFIC_CLASS_OFFSET = 1;
    private static final int TOTAL_LENGTH_OFFSET = 2;
    private static final int IDENTIFICATION_OFFSET = 4;
    private static final int FRAGMENT_OFFSET = 6;
    private static final int TTL_OFFSET = 8;
    private static final int PROTOCOL_OFFSET = 9;
    private static final int CHECKSUM_OFFSET = 10;
    private static final int SOURCE_OFFSET = 12;
    private static final int DESTINATION_OFFSET = 16;

    private static final int DONT_FRAGMENT = 0x4000;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int FRAGMENT_OFFSET_MASK = 0x1FFF;

    private Ipv4Header() {}

    /** {@return version, 4} */
    public static int version(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + VERSION_OFFSET) >>> 4;
    }

    /** {@return bytes of the header, options included; less than {@link #MIN_LENGTH} only when malformed} */
    public static int headerLength(DirectBuffer b, int offset) {
        return (Octets.uint8(b, offset + VERSION_OFFSET) & 0xF) << 2;
    }

    /** Sets version 4 and the header's length in bytes, a multiple of 4. */
    public static void headerLength(MutableDirectBuffer b, int offset, int length) {
        Octets.uint8(b, offset + VERSION_OFFSET, 4 << 4 | (length >>> 2 & 0xF));
    }

    /** {@return differentiated services code point (RFC 2474)} */
    public static int dscp(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + TRAFFIC_CLASS_OFFSET) >>> 2;
    }

    /** {@return explicit congestion notification (RFC 3168)} */
    public static int ecn(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + TRAFFIC_CLASS_OFFSET) & 3;
    }

    /** Sets the code point, and leaves the ECN bits. */
    public static void dscp(MutableDirectBuffer b, int offset, int dscp) {
        Octets.uint8(b, offset + TRAFFIC_CLASS_OFFSET, dscp << 2 | ecn(b, offset));
    }

    /** Sets the ECN bits, and leaves the code point. */
    public static void ecn(MutableDirectBuffer b, int offset, int ecn) {
        Octets.uint8(b, offset + TRAFFIC_CLASS_OFFSET, dscp(b, offset) << 2 | (ecn & 3));
    }

    /** {@return bytes of the packet, header included} */
    public static int totalLength(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + TOTAL_LENGTH_OFFSET);
    }

    /** Sets the bytes of the packet. */
    public static void totalLength(MutableDirectBuffer b, int offset, int length) {
        Octets.uint16(b, offset + TOTAL_LENGTH_OFFSET, length);
    }

    /** {@return identification} */
    public static int identification(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + IDENTIFICATION_OFFSET);
    }

    /** Sets the identification. */
    public static void identification(MutableDirectBuffer b, int offset, int identification) {
        Octets.uint16(b, offset + IDENTIFICATION_OFFSET, identification);
    }

    /** {@return whether a router must not fragment the packet} */
    public static boolean dontFragment(DirectBuffer b, int offset) {
        return (Octets.uint16(b, offset + FRAGMENT_OFFSET) & DONT_FRAGMENT) != 0;
    }

    /** {@return whether fragments behind this one exist} */
    public static boolean moreFragments(DirectBuffer b, int offset) {
        return (Octets.uint16(b, offset + FRAGMENT_OFFSET) & MORE_FRAGMENTS) != 0;
    }

    /** {@return where in the datagram this fragment's payload stands, in bytes} */
    public static int fragmentOffset(DirectBuffer b, int offset) {
        return (Octets.uint16(b, offset + FRAGMENT_OFFSET) & FRAGMENT_OFFSET_MASK) << 3;
    }

    /** {@return whether the packet is a part of a datagram} */
    public static boolean isFragment(DirectBuffer b, int offset) {
        return (Octets.uint16(b, offset + FRAGMENT_OFFSET) & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) != 0;
    }

    /** Sets the two flags and the fragment's offset in bytes, a multiple of 8. */
    public static void fragment(
            MutableDirectBuffer b, int offset, boolean dontFragment, boolean moreFragments, int fragmentOffset) {
        int flags = (dontFragment ? DONT_FRAGMENT : 0) | (moreFragments ? MORE_FRAGMENTS : 0);
        Octets.uint16(b, offset + FRAGMENT_OFFSET, flags | (fragmentOffset >>> 3 & FRAGMENT_OFFSET_MASK));
    }

    /** {@return time to live} */
    public static int ttl(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + TTL_OFFSET);
    }

    /** Sets the time to live. */
    public static void ttl(MutableDirectBuffer b, int offset, int ttl) {
        Octets.uint8(b, offset + TTL_OFFSET, ttl);
    }

    /** {@return protocol, see {@link IpProtocol}} */
    public static int protocol(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + PROTOCOL_OFFSET);
    }

    /** Sets the protocol. */
    public static void protocol(MutableDirectBuffer b, int offset, int protocol) {
        Octets.uint8(b, offset + PROTOCOL_OFFSET, protocol);
    }

    /** {@return header checksum} */
    public static int checksum(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CHECKSUM_OFFSET);
    }

    /** Sets the header checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        Octets.uint16(b, offset + CHECKSUM_OFFSET, checksum);
    }

    /** {@return whether the header's checksum is right}; {@link #headerLength} bytes must be there. */
    public static boolean checksumValid(DirectBuffer b, int offset) {
        return InternetChecksum.isValid(InternetChecksum.sum(b, offset, headerLength(b, offset)));
    }

    /** Computes the checksum over the whole header, options included, and writes it. */
    public static void updateChecksum(MutableDirectBuffer b, int offset) {
        checksum(b, offset, 0);
        checksum(b, offset, InternetChecksum.compute(b, offset, headerLength(b, offset)));
    }

    /** {@return source address} */
    public static int sourceAddress(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + SOURCE_OFFSET);
    }

    /** Sets the source address. */
    public static void sourceAddress(MutableDirectBuffer b, int offset, int address) {
        Octets.int32(b, offset + SOURCE_OFFSET, address);
    }

    /** {@return destination address} */
    public static int destinationAddress(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + DESTINATION_OFFSET);
    }

    /** Sets the destination address. */
    public static void destinationAddress(MutableDirectBuffer b, int offset, int address) {
        Octets.int32(b, offset + DESTINATION_OFFSET, address);
    }
}
