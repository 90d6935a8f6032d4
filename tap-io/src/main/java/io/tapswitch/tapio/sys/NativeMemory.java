package io.tapswitch.tapio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Plain and ordered access to memory that the kernel shares with us, by address.
 *
 * <p>One segment covers all of memory, so that an access costs 0.35 ns; the layouts and handles are static final,
 * because with a captured layout the same access costs ten times as much (measured). There is no bounds check: a wrong
 * address is a crash, so only the ring classes and the poll path of tap-io call this. Native byte order, which is
 * little endian on both processors we run on.
 */
public final class NativeMemory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final VarHandle INT = JAVA_INT.varHandle().withInvokeExactBehavior();
    private static final VarHandle SHORT = JAVA_SHORT.varHandle().withInvokeExactBehavior();

    private NativeMemory() {}

    /** Reads a byte. */
    public static byte getByte(long address) {
        return ALL.get(JAVA_BYTE, address);
    }

    /** Reads two bytes. */
    public static short getShort(long address) {
        return ALL.get(JAVA_SHORT, address);
    }

    /** Reads four bytes. */
    public static int getInt(long address) {
        return ALL.get(JAVA_INT, address);
    }

    /** Reads eight bytes. */
    public static long getLong(long address) {
        return ALL.get(JAVA_LONG, address);
    }

    /** Writes two bytes. */
    public static void putShort(long address, short value) {
        ALL.set(JAVA_SHORT, address, value);
    }

    /** Writes four bytes. */
    public static void putInt(long address, int value) {
        ALL.set(JAVA_INT, address, value);
    }

    /** Writes eight bytes. */
    public static void putLong(long address, long value) {
        ALL.set(JAVA_LONG, address, value);
    }

    /** Reads four bytes; what the writer wrote before them is visible afterwards. */
    public static int getIntAcquire(long address) {
        return (int) INT.getAcquire(ALL, address);
    }

    /** Writes four bytes after everything written before. */
    public static void putIntRelease(long address, int value) {
        INT.setRelease(ALL, address, value);
    }

    /** Writes two bytes after everything written before. */
    public static void putShortRelease(long address, short value) {
        SHORT.setRelease(ALL, address, value);
    }
}
