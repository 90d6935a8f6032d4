package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ICMP header (RFC 792), with the fields of echo messages and of "fragmentation needed" (RFC 1191 §4).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   | type          | code          | checksum                      |
 *   +---------------+---------------+-------------------------------+
 *   | echo: identifier              | echo: sequence number         |
 *   | error: unused                 | 3/4: next-hop MTU             |
 *   +-------------------------------+-------------------------------+
 *   | echo: data; error: the IP header and at least 8 bytes of what caused it
 *   +----------------------------------------------------------------
 * </pre>
 */
public final class IcmpHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 8;
    /** Type of an echo reply. */
    public static final int ECHO_REPLY = 0;
    /** Type of "destination unreachable". */
    public static final int DESTINATION_UNREACHABLE = 3;
    /** Type of the deprecated source quench (RFC 6633). */
    public static final int SOURCE_QUENCH = 4;
    /** Type of a redirect. */
    public static final int REDIRECT = 5;
    /** Type of an echo request. */
    public static final int ECHO_REQUEST = 8;
    /** Type of "time exceeded". */
    public static final int TIME_EXCEEDED = 11;
    /** Type of "parameter problem". */
    public static final int PARAMETER_PROBLEM = 12;
    /** Code of {@link #DESTINATION_UNREACHABLE}: no route to the network. */
    public static final int NET_UNREACHABLE = 0;
    /** Code of {@link #DESTINATION_UNREACHABLE}: the host does not answer. */
    public static final int HOST_UNREACHABLE = 1;
    /** Code of {@link #DESTINATION_UNREACHABLE}: the host does not know the protocol. */
    public static final int PROTOCOL_UNREACHABLE = 2;
    /** Code of {@link #DESTINATION_UNREACHABLE}: nobody listens at the port. */
    public static final int PORT_UNREACHABLE = 3;
    /** Code of {@link #DESTINATION_UNREACHABLE}: fragmentation needed and DF set. */
    public static final int FRAGMENTATION_NEEDED = 4;
    /** Code of {@link #DESTINATION_UNREACHABLE}: administratively prohibited (RFC 1812 §5.2.7.1). */
    public static final int ADMINISTRATIVELY_PROHIBITED = 13;

    private static final int TYPE_OFFSET = 0;
    private static final int CODE_OFFSET = 1;
    private static final int CHECKSUM_OFFSET = 2;
    private static final int IDENTIFIER_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 6;
    private static final int NEXT_HOP_MTU_OFFSET = 6;

    private IcmpHeader() {}

    /** {@return type} */
    public static int type(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + TYPE_OFFSET);
    }

    /** Sets the type. */
    public static void type(MutableDirectBuffer b, int offset, int type) {
        Octets.uint8(b, offset + TYPE_OFFSET, type);
    }

    /** {@return code} */
    public static int code(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + CODE_OFFSET);
    }

    /** Sets the code. */
    public static void code(MutableDirectBuffer b, int offset, int code) {
        Octets.uint8(b, offset + CODE_OFFSET, code);
    }

    /** {@return checksum over the whole message, without pseudo-header} */
    public static int checksum(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        Octets.uint16(b, offset + CHECKSUM_OFFSET, checksum);
    }

    /** {@return whether the checksum over a message of {@code length} bytes is right} */
    public static boolean checksumValid(DirectBuffer b, int offset, int length) {
        return InternetChecksum.isValid(InternetChecksum.sum(b, offset, length));
    }

    /** Computes the checksum over a message of {@code length} bytes and writes it. */
    public static void updateChecksum(MutableDirectBuffer b, int offset, int length) {
        checksum(b, offset, 0);
        checksum(b, offset, InternetChecksum.compute(b, offset, length));
    }

    /** {@return identifier of an echo message} */
    public static int identifier(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + IDENTIFIER_OFFSET);
    }

    /** Sets the identifier of an echo message. */
    public static void identifier(MutableDirectBuffer b, int offset, int identifier) {
        Octets.uint16(b, offset + IDENTIFIER_OFFSET, identifier);
    }

    /** {@return sequence number of an echo message} */
    public static int sequence(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + SEQUENCE_OFFSET);
    }

    /** Sets the sequence number of an echo message. */
    public static void sequence(MutableDirectBuffer b, int offset, int sequence) {
        Octets.uint16(b, offset + SEQUENCE_OFFSET, sequence);
    }

    /** {@return next-hop MTU of "fragmentation needed"} */
    public static int nextHopMtu(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + NEXT_HOP_MTU_OFFSET);
    }

    /** Sets the next-hop MTU of "fragmentation needed". */
    public static void nextHopMtu(MutableDirectBuffer b, int offset, int mtuBytes) {
        Octets.uint16(b, offset + NEXT_HOP_MTU_OFFSET, mtuBytes);
    }

    /**
     * {@return whether the type is an error message, which carries the head of another packet and must never be
     * answered with an error (RFC 1122 §3.2.2)}
     */
    public static boolean isError(int type) {
        return (type >= DESTINATION_UNREACHABLE && type <= REDIRECT)
                || type == TIME_EXCEEDED
                || type == PARAMETER_PROBLEM;
    }
}
