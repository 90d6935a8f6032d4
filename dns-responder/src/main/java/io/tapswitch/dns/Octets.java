package io.tapswitch.dns;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Unsigned integers in network byte order (RFC 1035 §2.3.2): the one place of this package that knows the order. */
final class Octets {
    private Octets() {}

    static int uint8(DirectBuffer b, int index) {
        return b.getByte(index) & 0xFF;
    }

    static int uint16(DirectBuffer b, int index) {
        return b.getShort(index, BIG_ENDIAN) & 0xFFFF;
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

    static long int64(DirectBuffer b, int index) {
        return b.getLong(index, BIG_ENDIAN);
    }

    static void int64(MutableDirectBuffer b, int index, long value) {
        b.putLong(index, value, BIG_ENDIAN);
    }
}
