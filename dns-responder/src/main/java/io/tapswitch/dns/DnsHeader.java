package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Header of a DNS message (RFC 1035 §4.1.1, RFC 4035 §3 for AD and CD).
 *
 * <pre>
 *    0  1  2  3  4  5  6  7  8  9  10 11 12 13 14 15
 *   +-----------------------------------------------+
 *   | id                                            |
 *   +--+-----------+--+--+--+--+--+--+--+-----------+
 *   |QR| opcode    |AA|TC|RD|RA| 0|AD|CD| rcode     |
 *   +--+-----------+--+--+--+--+--+--+--+-----------+
 *   | QDCOUNT       questions                       |
 *   | ANCOUNT       records of the answer           |
 *   | NSCOUNT       records of the authority        |
 *   | ARCOUNT       additional records              |
 *   +-----------------------------------------------+
 * </pre>
 */
public final class DnsHeader {
    /** Bytes of the header; the first question begins here. */
    public static final int LENGTH = 12;

    /** It is a response. */
    public static final int QR = 0x8000;
    /** The answer is the authority's own. */
    public static final int AA = 0x0400;
    /** The answer did not fit: ask by TCP. */
    public static final int TC = 0x0200;
    /** The asker wants the whole way done. */
    public static final int RD = 0x0100;
    /** The answerer goes the whole way. */
    public static final int RA = 0x0080;
    /** The answer was verified. */
    public static final int AD = 0x0020;
    /** The asker verifies itself. */
    public static final int CD = 0x0010;
    /** The only opcode that is spoken here. */
    public static final int QUERY = 0;

    static final int OPCODE_MASK = 0x7800;

    private static final int ID_OFFSET = 0;
    private static final int FLAGS_OFFSET = 2;
    private static final int QDCOUNT_OFFSET = 4;
    private static final int ANCOUNT_OFFSET = 6;
    private static final int NSCOUNT_OFFSET = 8;
    private static final int ARCOUNT_OFFSET = 10;

    private DnsHeader() {}

    /** {@return number that ties an answer to its question} */
    public static int id(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + ID_OFFSET);
    }

    /** Sets the number that ties an answer to its question. */
    public static void id(MutableDirectBuffer b, int offset, int id) {
        Octets.uint16(b, offset + ID_OFFSET, id);
    }

    /** {@return all 16 bits: flags, opcode and rcode} */
    public static int flags(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + FLAGS_OFFSET);
    }

    /** Sets all 16 bits: flags, opcode and rcode. */
    public static void flags(MutableDirectBuffer b, int offset, int flags) {
        Octets.uint16(b, offset + FLAGS_OFFSET, flags);
    }

    /** {@return the opcode within flags} */
    public static int opcode(int flags) {
        return (flags >>> 11) & 0xF;
    }

    /** {@return the low four bits of the response code within flags; OPT has the rest} */
    public static int rcode(int flags) {
        return flags & 0xF;
    }

    /** {@return number of questions} */
    public static int questions(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + QDCOUNT_OFFSET);
    }

    /** {@return number of records in the answer section} */
    public static int answers(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + ANCOUNT_OFFSET);
    }

    /** {@return number of records in the authority section} */
    public static int authorities(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + NSCOUNT_OFFSET);
    }

    /** {@return number of records in the additional section} */
    public static int additionals(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + ARCOUNT_OFFSET);
    }

    /** Sets the four counts. */
    public static void counts(
            MutableDirectBuffer b, int offset, int questions, int answers, int authorities, int additionals) {
        Octets.int64(
                b,
                offset + QDCOUNT_OFFSET,
                (long) questions << 48 | (long) answers << 32 | (long) authorities << 16 | additionals);
    }
}
