package io.tapswitch.wire;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Unsigned integers in network byte order (RFC 791, appendix B): the one place of this package that knows the order.
 */
final class Octets {
    private static final int BITS_16 = 0xFFFF;

    private Octets() {}

    static int uint8(DirectBuffer b, int index) {
        return b.getByte(index) & 0xFF;
    }

    static void uint8(MutableDirectBuffer b, int index, int value) {
        b.putByte(index, (byte) value);
    }

    static int uint16(DirectBuffer b, int index) {
        return b.getShort(index, BIG_ENDIAN) & BITS_16;
    }

    static void uint16(MutableDirectBuffer b, int index, int value) {
        b.putShort(index, (short) value, BIG_ENDIAN);
    }

    static int int32(DirectBuffer b, int index) {
        return b.getInt(index, BIG_ENDIAN);
    }

    static void int32(MutableDirectBuffer b, int index, int value) {
        b.putInt(index, value, BIG_ENDIAN);
    }

    static long uint48(DirectBuffer b, int index) {
        return ((long) uint16(b, index) << 32) | (int32(b, index + 2) & 0xFFFF_FFFFL);
    }

    static void uint48(MutableDirectBuffer b, int index, long value) {
        uint16(b, index, (int) (value >>> 32));
        int32(b, index + 2, (int) value);
    }

    static long int64(DirectBuffer b, int index) {
        return b.getLong(index, BIG_ENDIAN);
    }

    static void int64(MutableDirectBuffer b, int index, long value) {
        b.putLong(index, value, BIG_ENDIAN);
    }
}
