package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What follows the name of a record (RFC 1035 §4.1.3). The offset is that of the type, behind the name.
 *
 * <pre>
 *   +-------------------------------+-------------------------------+
 *   | type                          | class                         |
 *   +-------------------------------+-------------------------------+
 *   | TTL, seconds                                                  |
 *   +-------------------------------+-------------------------------+
 *   | bytes of data                 | data ...                      |
 *   +-------------------------------+-------------------------------+
 * </pre>
 */
public final class DnsRecord {
    /** Bytes between the name and the data. */
    public static final int FIXED_LENGTH = 10;
    /** Bytes of an address record whose name is a pointer. */
    static final int A_LENGTH = 2 + FIXED_LENGTH + 4;
    /** The same for IPv6. */
    static final int AAAA_LENGTH = 2 + FIXED_LENGTH + 16;

    private static final int TYPE_OFFSET = 0;
    private static final int CLASS_OFFSET = 2;
    private static final int TTL_OFFSET = 4;
    private static final int DATA_LENGTH_OFFSET = 8;

    private DnsRecord() {}

    /** {@return type} */
    public static int type(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + TYPE_OFFSET);
    }

    /** {@return class; of an OPT the UDP payload that its sender takes} */
    public static int recordClass(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CLASS_OFFSET);
    }

    /** {@return seconds that the record may be kept; a set top bit means 0 (RFC 2181 §8)} */
    public static int ttl(DirectBuffer b, int offset) {
        return Math.max(0, Octets.int32(b, offset + TTL_OFFSET));
    }

    /** Sets the seconds that the record may be kept. */
    public static void ttl(MutableDirectBuffer b, int offset, int seconds) {
        Octets.int32(b, offset + TTL_OFFSET, seconds);
    }

    /** {@return bytes of data} */
    public static int dataLength(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + DATA_LENGTH_OFFSET);
    }

    /** Writes all of it. */
    public static void put(
            MutableDirectBuffer b, int offset, int type, int recordClass, int ttlSeconds, int dataLength) {
        Octets.int32(b, offset + TYPE_OFFSET, type << 16 | recordClass);
        Octets.int32(b, offset + TTL_OFFSET, ttlSeconds);
        Octets.uint16(b, offset + DATA_LENGTH_OFFSET, dataLength);
    }
}
