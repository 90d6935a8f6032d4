package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The five numbers behind the two names of a SOA (RFC 1035 §3.3.13). The offset is that of the serial.
 *
 * <pre>
 *   | serial | refresh | retry | expire | minimum: seconds that "no" may be kept (RFC 2308 §4) |      5 * 32 bits
 * </pre>
 */
public final class SoaData {
    /** Bytes of the numbers. */
    public static final int LENGTH = 20;

    private static final int SERIAL_OFFSET = 0;
    private static final int MINIMUM_OFFSET = 16;

    /** Of those who copy zones, which nobody does here; the values are those of RFC 6303 §3. */
    private static final long REFRESH_AND_RETRY = 3600L << 32 | 1200;

    private static final int EXPIRE = 604_800;

    private SoaData() {}

    /** {@return version of the zone} */
    public static int serial(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + SERIAL_OFFSET);
    }

    /** {@return seconds that a negative answer may be kept, if the TTL of the SOA is not less} */
    public static int minimum(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + MINIMUM_OFFSET);
    }

    /** Writes the five numbers. */
    static void put(MutableDirectBuffer b, int offset, int serial, int minimum) {
        Octets.int32(b, offset + SERIAL_OFFSET, serial);
        Octets.int64(b, offset + 4, REFRESH_AND_RETRY);
        Octets.int32(b, offset + 12, EXPIRE);
        Octets.int32(b, offset + MINIMUM_OFFSET, minimum);
    }
}
