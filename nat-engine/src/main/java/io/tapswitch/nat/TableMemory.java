package io.tapswitch.nat;

import org.agrona.UnsafeApi;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A part of the flow table's own memory, read and written without a check of the bounds: all offsets are made of slots
 * and buckets that the table handed out itself, never of what a packet says, and a packet of a known flow touches some
 * thirty of them. Where assertions are on, as in tests, each is checked. Byte order is the machine's.
 *
 * <p>A buffer that is not agrona's own, such as one that counts stores, is asked for each access ({@link Asking}).
 * Where there is none that class is never loaded, and calls are direct.
 */
class TableMemory {
    /** Holds the memory: who reads by address does not. */
    private final AtomicBuffer buffer;

    private final byte @Nullable [] array;
    private final long address;
    private final long length;

    /**
     * {@return a part of a buffer, which must not be wrapped around anything else later}
     *
     * @param base its first byte in the buffer
     */
    static TableMemory of(AtomicBuffer buffer, int base) {
        return buffer instanceof UnsafeBuffer ? new TableMemory(buffer, base) : new Asking(buffer, base);
    }

    private TableMemory(AtomicBuffer buffer, int base) {
        this.buffer = buffer;
        this.array = buffer.byteArray();
        this.address = buffer.addressOffset() + base;
        this.length = (long) buffer.capacity() - base;
    }

    byte getByte(long at) {
        assert isInside(at, Byte.BYTES);
        return UnsafeApi.getByte(array, address + at);
    }

    void putByte(long at, byte value) {
        assert isInside(at, Byte.BYTES);
        UnsafeApi.putByte(array, address + at, value);
    }

    short getShort(long at) {
        assert isInside(at, Short.BYTES);
        return UnsafeApi.getShort(array, address + at);
    }

    void putShort(long at, short value) {
        assert isInside(at, Short.BYTES);
        UnsafeApi.putShort(array, address + at, value);
    }

    int getInt(long at) {
        assert isInside(at, Integer.BYTES);
        return UnsafeApi.getInt(array, address + at);
    }

    void putInt(long at, int value) {
        assert isInside(at, Integer.BYTES);
        UnsafeApi.putInt(array, address + at, value);
    }

    void putIntRelease(long at, int value) {
        assert isInside(at, Integer.BYTES);
        UnsafeApi.putIntRelease(array, address + at, value);
    }

    long getLong(long at) {
        assert isInside(at, Long.BYTES);
        return UnsafeApi.getLong(array, address + at);
    }

    void putLong(long at, long value) {
        assert isInside(at, Long.BYTES);
        UnsafeApi.putLong(array, address + at, value);
    }

    private boolean isInside(long at, int bytes) {
        return at >= 0 && at + bytes <= length && buffer.addressOffset() != 0;
    }

    private static final class Asking extends TableMemory {
        private final AtomicBuffer buffer;
        private final int base;

        Asking(AtomicBuffer buffer, int base) {
            super(buffer, base);
            this.buffer = buffer;
            this.base = base;
        }

        @Override
        byte getByte(long at) {
            return buffer.getByte(base + (int) at);
        }

        @Override
        void putByte(long at, byte value) {
            buffer.putByte(base + (int) at, value);
        }

        @Override
        short getShort(long at) {
            return buffer.getShort(base + (int) at);
        }

        @Override
        void putShort(long at, short value) {
            buffer.putShort(base + (int) at, value);
        }

        @Override
        int getInt(long at) {
            return buffer.getInt(base + (int) at);
        }

        @Override
        void putInt(long at, int value) {
            buffer.putInt(base + (int) at, value);
        }

        @Override
        long getLong(long at) {
            return buffer.getLong(base + (int) at);
        }

        @Override
        void putLong(long at, long value) {
            buffer.putLong(base + (int) at, value);
        }

        @Override
        void putIntRelease(long at, int value) {
            buffer.putIntRelease(base + (int) at, value);
        }
    }
}
