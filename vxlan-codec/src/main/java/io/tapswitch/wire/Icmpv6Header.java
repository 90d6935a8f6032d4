package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ICMPv6 header (RFC 4443 §2.1), with the fields of echo messages, of "packet too big", and of neighbour solicitations
 * and advertisements (RFC 4861 §4.3, §4.4).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   | type          | code          | checksum                      |
 *   +---------------+---------------+-------------------------------+
 *   | echo: identifier              | echo: sequence number         |
 *   | too big: MTU (32 bits)                                        |
 *   +---------------------------------------------------------------+
 *   | neighbour messages: target address, 128 bits                  |
 *   +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Unlike ICMP's, the checksum covers a pseudo-header ({@link InternetChecksum#pseudoHeader(long, long, long, long,
 * int, int)} with {@link IpProtocol#ICMPV6}).
 */
public final class Icmpv6Header {
    /** Bytes of the header that all messages handled here have. */
    public static final int LENGTH = 8;
    /** Bytes of a neighbour message without its options. */
    public static final int NEIGHBOUR_LENGTH = 24;
    /** Type of "destination unreachable". */
    public static final int DESTINATION_UNREACHABLE = 1;
    /** Type of "packet too big". */
    public static final int PACKET_TOO_BIG = 2;
    /** Type of "time exceeded". */
    public static final int TIME_EXCEEDED = 3;
    /** Type of "parameter problem". */
    public static final int PARAMETER_PROBLEM = 4;
    /** Type of an echo request. */
    public static final int ECHO_REQUEST = 128;
    /** Type of an echo reply. */
    public static final int ECHO_REPLY = 129;
    /** Type of a router solicitation. */
    public static final int ROUTER_SOLICITATION = 133;
    /** Type of a router advertisement. */
    public static final int ROUTER_ADVERTISEMENT = 134;
    /** Type of a neighbour solicitation. */
    public static final int NEIGHBOUR_SOLICITATION = 135;
    /** Type of a neighbour advertisement. */
    public static final int NEIGHBOUR_ADVERTISEMENT = 136;
    /** Type of a redirect. */
    public static final int REDIRECT = 137;
    /** Code of {@link #DESTINATION_UNREACHABLE}: no route. */
    public static final int NO_ROUTE = 0;
    /** Code of {@link #DESTINATION_UNREACHABLE}: administratively prohibited. */
    public static final int ADMINISTRATIVELY_PROHIBITED = 1;
    /** Code of {@link #DESTINATION_UNREACHABLE}: the address does not answer. */
    public static final int ADDRESS_UNREACHABLE = 3;
    /** Code of {@link #DESTINATION_UNREACHABLE}: nobody listens at the port. */
    public static final int PORT_UNREACHABLE = 4;
    /** Code of {@link #PARAMETER_PROBLEM}: unknown next header. */
    public static final int UNKNOWN_NEXT_HEADER = 1;
    /** Flag of a neighbour advertisement: the sender is a router. */
    public static final int ROUTER_FLAG = 1 << 31;
    /** Flag of a neighbour advertisement: it answers a question. */
    public static final int SOLICITED_FLAG = 1 << 30;
    /** Flag of a neighbour advertisement: what the receiver had stored is wrong now. */
    public static final int OVERRIDE_FLAG = 1 << 29;

    private static final int TYPE_OFFSET = 0;
    private static final int CODE_OFFSET = 1;
    private static final int CHECKSUM_OFFSET = 2;
    private static final int IDENTIFIER_OFFSET = 4;
    private static final int MTU_OFFSET = 4;
    private static final int FLAGS_OFFSET = 4;
    private static final int POINTER_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 6;
    private static final int TARGET_HI_OFFSET = 8;
    private static final int TARGET_LO_OFFSET = 16;

    private Icmpv6Header() {}

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

    /** {@return checksum over pseudo-header and message} */
    public static int checksum(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CHECKSUM_OFFSET);
    }

    /** Sets the checksum. */
    public static void checksum(MutableDirectBuffer b, int offset, int checksum) {
        Octets.uint16(b, offset + CHECKSUM_OFFSET, checksum);
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

    /** {@return MTU of "packet too big"} */
    public static int mtu(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + MTU_OFFSET);
    }

    /** Sets the MTU of "packet too big". */
    public static void mtu(MutableDirectBuffer b, int offset, int mtuBytes) {
        Octets.int32(b, offset + MTU_OFFSET, mtuBytes);
    }

    /** {@return pointer of "parameter problem": which octet of the packet is wrong} */
    public static int pointer(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + POINTER_OFFSET);
    }

    /** Sets the pointer of "parameter problem". */
    public static void pointer(MutableDirectBuffer b, int offset, int octet) {
        Octets.int32(b, offset + POINTER_OFFSET, octet);
    }

    /** {@return flags of a neighbour advertisement} */
    public static int neighbourFlags(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + FLAGS_OFFSET);
    }

    /** Sets the flags of a neighbour advertisement. */
    public static void neighbourFlags(MutableDirectBuffer b, int offset, int flags) {
        Octets.int32(b, offset + FLAGS_OFFSET, flags);
    }

    /** {@return first half of a neighbour message's target address} */
    public static long targetHi(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + TARGET_HI_OFFSET);
    }

    /** {@return second half of a neighbour message's target address} */
    public static long targetLo(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + TARGET_LO_OFFSET);
    }

    /** Sets a neighbour message's target address. */
    public static void target(MutableDirectBuffer b, int offset, long hi, long lo) {
        Octets.int64(b, offset + TARGET_HI_OFFSET, hi);
        Octets.int64(b, offset + TARGET_LO_OFFSET, lo);
    }

    /** {@return whether the type is of neighbour discovery (RFC 4861), which never leaves a link} */
    public static boolean isNeighbourDiscovery(int type) {
        return type >= ROUTER_SOLICITATION && type <= REDIRECT;
    }

    /** {@return whether the type is an error message: the high bit is clear (RFC 4443 §2.1)} */
    public static boolean isError(int type) {
        return type < 128;
    }
}
