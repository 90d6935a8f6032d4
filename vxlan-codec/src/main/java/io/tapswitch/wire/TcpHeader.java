package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * TCP header (RFC 9293 §3.1). Options are walked by {@link TcpOptions}.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   | source port                   | destination port              |
 *   +-------------------------------+-------------------------------+
 *   | sequence number                                               |
 *   +---------------------------------------------------------------+
 *   | acknowledgement number                                        |
 *   +-------+-------+---------------+-------------------------------+
 *   | DOffs | rsvd  |C|E|U|A|P|R|S|F| window                        |
 *   +-------+-------+---------------+-------------------------------+
 *   | checksum                      | urgent pointer                |
 *   +-------------------------------+-------------------------------+
 *   | options, data offset - 5 words                                |
 *   +---------------------------------------------------------------+
 * </pre>
 */
public final class TcpHeader {
    /** Bytes of a header without options. */
    public static final int MIN_LENGTH = 20;
    /** Bytes of the longest header. */
    public static final int MAX_LENGTH = 60;
    /** Where the checksum stands, for a partial checksum's csum_offset. */
    public static final int CHECKSUM_OFFSET = 16;
    /** Flag: no more data from sender. */
    public static final int FIN = 0x01;
    /** Flag: synchronize sequence numbers. */
    public static final int SYN = 0x02;
    /** Flag: reset the connection. */
    public static final int RST = 0x04;
    /** Flag: push function. */
    public static final int PSH = 0x08;
    /** Flag: acknowledgement field is significant. */
    public static final int ACK = 0x10;
    /** Flag: urgent pointer is significant. */
    public static final int URG = 0x20;
    /** Flag: ECN echo (RFC 3168). */
    public static final int ECE = 0x40;
    /** Flag: congestion window reduced (RFC 3168). */
    public static final int CWR = 0x80;

    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int SEQUENCE_OFFSET = 4;
    private static final int ACKNOWLEDGEMENT_OFFSET = 8;
    private static final int DATA_OFFSET_OFFSET = 12;
    private static final int FLAGS_OFFSET = 13;
    private static final int WINDOW_OFFSET = 14;
    private static final int URGENT_POINTER_OFFSET = 18;

    private TcpHeader() {}

    /** {@return source port} */
    public static int sourcePort(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + SOURCE_PORT_OFFSET);
    }

    /** Sets the source port. */
    public static void sourcePort(MutableDirectBuffer b, int offset, int port) {
        Octets.uint16(b, offset + SOURCE_PORT_OFFSET, port);
    }

    /** {@return destination port} */
    public static int destinationPort(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + DESTINATION_PORT_OFFSET);
    }

    /** Sets the destination port. */
    public static void destinationPort(MutableDirectBuffer b, int offset, int port) {
        Octets.uint16(b, offset + DESTINATION_PORT_OFFSET, port);
    }

    /** {@return sequence number, to be compared by the sign of differences} */
    public static int sequence(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + SEQUENCE_OFFSET);
    }

    /** Sets the sequence number. */
    public static void sequence(MutableDirectBuffer b, int offset, int sequence) {
        Octets.int32(b, offset + SEQUENCE_OFFSET, sequence);
    }

    /** {@return acknowledgement number} */
    public static int acknowledgement(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + ACKNOWLEDGEMENT_OFFSET);
    }

    /** Sets the acknowledgement number. */
    public static void acknowledgement(MutableDirectBuffer b, int offset, int acknowledgement) {
        Octets.int32(b, offset + ACKNOWLEDGEMENT_OFFSET, acknowledgement);
    }

    /** {@return bytes of the header, options included; less than {@link #MIN_LENGTH} only when malformed} */
    public static int dataOffset(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + DATA_OFFSET_OFFSET) >>> 4 << 2;
    }

    /** Sets the bytes of the header, a multiple of 4; the reserved bits become 0. */
    public static void dataOffset(MutableDirectBuffer b, int offset, int length) {
        Octets.uint8(b, offset + DATA_OFFSET_OFFSET, length >>> 2 << 4);
    }

    /** {@return the eight flags} */
    public static int flags(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + FLAGS_OFFSET);
    }

    /** Sets the eight flags. */
    public static void flags(MutableDirectBuffer b, int offset, int flags) {
        Octets.uint8(b, offset + FLAGS_OFFSET, flags);
    }

    /** {@return window, not scaled} */
    public static int window(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + WINDOW_OFFSET);
    }

    /** Sets the window. */
    public static void window(MutableDirectBuffer b, int offset, int window) {
        Octets.uint16(b, offset + WINDOW_OFFSET, window);
    }

    /** {@return checksum over pseudo-header, header and payload} */
    public static int checksum(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        Octets.uint16(b, offset + CHECKSUM_OFFSET, checksum);
    }

    /** {@return urgent pointer} */
    public static int urgentPointer(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + URGENT_POINTER_OFFSET);
    }

    /** Sets the urgent pointer. */
    public static void urgentPointer(MutableDirectBuffer b, int offset, int pointer) {
        Octets.uint16(b, offset + URGENT_POINTER_OFFSET, pointer);
    }
}
