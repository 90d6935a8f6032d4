package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The OPT pseudo-record of EDNS (RFC 6891 §6.1.2): a record whose class and TTL mean something else. The offset is that
 * of the type; the name before it is the root, one byte 0.
 *
 * <pre>
 *   +-------------------------------+-------------------------------+
 *   | type 41                       | UDP payload that is taken     |
 *   +---------------+---------------+--+----------------------------+
 *   | rcode, high 8 | version       |DO| 0                          |
 *   +---------------+---------------+--+----------------------------+
 *   | bytes of options              | { code 16, length 16, ... }*  |
 *   +-------------------------------+-------------------------------+
 * </pre>
 */
public final class OptRecord {
    /** Bytes of one without options, its name included. */
    public static final int LENGTH = 1 + DnsRecord.FIXED_LENGTH;
    /** Who asks understands DNSSEC; copied into the answer (RFC 3225 §3). */
    public static final int DO = 0x8000;

    private static final int PAYLOAD_OFFSET = 2;
    private static final int HIGH_RCODE_OFFSET = 4;
    private static final int VERSION_OFFSET = 5;
    private static final int FLAGS_OFFSET = 6;
    private static final int OPTIONS_OFFSET = DnsRecord.FIXED_LENGTH;
    private static final int OPTION_HEADER = 4;

    private OptRecord() {}

    /** {@return UDP payload that the sender takes, as it says} */
    public static int payload(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + PAYLOAD_OFFSET);
    }

    /** {@return upper eight of the twelve bits of the response code} */
    public static int highRcode(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + HIGH_RCODE_OFFSET);
    }

    /** {@return version of EDNS} */
    public static int version(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + VERSION_OFFSET);
    }

    /** {@return {@link #DO} and 15 bits that mean nothing} */
    public static int flags(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + FLAGS_OFFSET);
    }

    /** {@return whether the options fill their place exactly; what they say is not looked at} */
    public static boolean hasWholeOptions(DirectBuffer b, int offset) {
        int at = offset + OPTIONS_OFFSET;
        int end = at + DnsRecord.dataLength(b, offset);
        while (at + OPTION_HEADER <= end) {
            at += OPTION_HEADER + Octets.uint16(b, at + 2);
        }
        return at == end;
    }

    /** Writes one without options and with its name; {@return the index behind it} */
    static int put(MutableDirectBuffer b, int index, int payload, int rcode, int flags) {
        b.putByte(index, (byte) 0);
        DnsRecord.put(b, index + 1, RecordType.OPT, payload, ((rcode >>> 4) << 24) | (flags & DO), 0);
        return index + LENGTH;
    }
}
