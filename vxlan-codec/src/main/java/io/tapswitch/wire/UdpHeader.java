package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * UDP header (RFC 768).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   | source port                   | destination port              |
 *   +-------------------------------+-------------------------------+
 *   | length                        | checksum, 0 for none          |
 *   +-------------------------------+-------------------------------+
 * </pre>
 */
public final class UdpHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 8;
    /** Where the checksum stands, for a partial checksum's csum_offset. */
    public static final int CHECKSUM_OFFSET = 6;

    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int LENGTH_OFFSET = 4;

    private UdpHeader() {}

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

    /** {@return bytes of header and payload} */
    public static int length(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + LENGTH_OFFSET);
    }

    /** Sets the bytes of header and payload. */
    public static void length(MutableDirectBuffer b, int offset, int length) {
        Octets.uint16(b, offset + LENGTH_OFFSET, length);
    }

    /** {@return checksum over pseudo-header, header and payload; 0 for none} */
    public static int checksum(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        Octets.uint16(b, offset + CHECKSUM_OFFSET, checksum);
    }
}
