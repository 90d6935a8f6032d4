package io.tapswitch.wire;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * SCTP common header (RFC 9260 §3.1).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   | source port                   | destination port              |
 *   +-------------------------------+-------------------------------+
 *   | verification tag                                              |
 *   +---------------------------------------------------------------+
 *   | checksum: CRC32c                                              |
 *   +---------------------------------------------------------------+
 * </pre>
 *
 * <p>The checksum covers the packet and no pseudo-header, and its low byte stands first on the wire (RFC 9260 appendix
 * A): it is the one field here that is not in network order. {@link Crc32c} follows a change of the packet.
 */
public final class SctpHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 12;
    /** Where the checksum stands, for a partial checksum's csum_offset. */
    public static final int CHECKSUM_OFFSET = 8;

    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int VERIFICATION_TAG_OFFSET = 4;

    private SctpHeader() {}

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

    /** {@return verification tag} */
    public static int verificationTag(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + VERIFICATION_TAG_OFFSET);
    }

    /** Sets the verification tag. */
    public static void verificationTag(MutableDirectBuffer b, int offset, int tag) {
        Octets.int32(b, offset + VERIFICATION_TAG_OFFSET, tag);
    }

    /** {@return CRC32c of the packet with this field 0} */
    public static int checksum(DirectBuffer b, int offset) {
        return b.getInt(offset + CHECKSUM_OFFSET, LITTLE_ENDIAN);
    }

    /** Sets the checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        b.putInt(offset + CHECKSUM_OFFSET, checksum, LITTLE_ENDIAN);
    }
}
