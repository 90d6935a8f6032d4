package io.tapswitch.nat;

import java.util.random.RandomGenerator;
import org.agrona.concurrent.AtomicBuffer;

/**
 * The first {@value #LENGTH} bytes of the flow table's memory: whether what follows can be believed, and with which key
 * it is hashed.
 *
 * <pre>
 *      0 long magic, written last                40 long, long hash key
 *      8 int  layout version                     56 long checksum of the bytes 8 to 55
 *     12 int  length of an entry                 64 int  entries from this one on were never used
 *     16 int  capacity in entries              4096 256 x (long, long) address of each outside slot, 0 0 when free
 *     24 long, long boot id
 * </pre>
 *
 * <p>A memory of another layout, another size or another boot, or one whose checksum is wrong, is begun anew with a new
 * key: magic 0, all else, magic. Its old entries need not be cleared, because those from the mark at 64 on are never
 * looked at. A process that is killed at any store of this leaves a memory that is begun anew again.
 */
final class FlowHeader {
    static final int LENGTH = 8192;

    /** Outside slots there can be. */
    static final int OUTSIDE_SLOTS = 256;

    private static final long MAGIC = 0x7461_7073_666c_6f77L;

    private static final int MAGIC_OFFSET = 0;
    private static final int VERSION_OFFSET = 8;
    private static final int ENTRY_LENGTH_OFFSET = 12;
    private static final int CAPACITY_OFFSET = 16;
    private static final int UNUSED_OFFSET = 20;
    private static final int BOOT_OFFSET = 24;
    private static final int KEY_OFFSET = 40;
    private static final int CHECKSUM_OFFSET = 56;
    private static final int MARK_OFFSET = 64;
    private static final int OUTSIDE_OFFSET = 4096;

    private final AtomicBuffer memory;
    private final TableMemory unchecked;
    private final boolean kept;

    /**
     * Reads the header, or begins the memory anew.
     *
     * @param keys for a new hash key
     */
    FlowHeader(AtomicBuffer memory, int capacity, long bootHi, long bootLo, RandomGenerator keys) {
        this.memory = memory;
        this.unchecked = TableMemory.of(memory, 0);
        this.kept = valid(capacity, bootHi, bootLo);
        if (!kept) {
            begin(capacity, bootHi, bootLo, keys);
        }
    }

    /** {@return whether the entries are those of an earlier process in this boot} */
    boolean kept() {
        return kept;
    }

    long key0() {
        return memory.getLong(KEY_OFFSET);
    }

    long key1() {
        return memory.getLong(KEY_OFFSET + 8);
    }

    /** {@return the first entry that was never used; none after it was} */
    int mark() {
        return memory.getInt(MARK_OFFSET);
    }

    /** Must be told before an entry is used. */
    void mark(int slot) {
        memory.putIntRelease(MARK_OFFSET, slot);
    }

    long outsideHi(int slot) {
        return unchecked.getLong(outsideOffset(slot));
    }

    long outsideLo(int slot) {
        return unchecked.getLong(outsideOffset(slot) + 8L);
    }

    /** The lower half is 0 while the upper one changes: no host has such an address (RFC 4291 §2.6.1). */
    void outside(int slot, long hi, long lo) {
        int at = outsideOffset(slot);
        memory.putLongRelease(at + 8, 0);
        memory.putLongRelease(at, hi);
        memory.putLongRelease(at + 8, lo);
    }

    private boolean valid(int capacity, long bootHi, long bootLo) {
        return memory.getLongAcquire(MAGIC_OFFSET) == MAGIC
                && memory.getInt(VERSION_OFFSET) == FlowLimits.LAYOUT
                && memory.getInt(ENTRY_LENGTH_OFFSET) == FlowEntries.ENTRY_LENGTH
                && memory.getInt(CAPACITY_OFFSET) == capacity
                && memory.getLong(BOOT_OFFSET) == bootHi
                && memory.getLong(BOOT_OFFSET + 8) == bootLo
                && memory.getLong(CHECKSUM_OFFSET) == checksum()
                && mark() >= 0
                && mark() <= capacity;
    }

    private void begin(int capacity, long bootHi, long bootLo, RandomGenerator keys) {
        memory.putLongRelease(MAGIC_OFFSET, 0);
        mark(0);
        memory.putInt(VERSION_OFFSET, FlowLimits.LAYOUT);
        memory.putInt(ENTRY_LENGTH_OFFSET, FlowEntries.ENTRY_LENGTH);
        memory.putInt(CAPACITY_OFFSET, capacity);
        memory.putInt(UNUSED_OFFSET, 0);
        memory.putLong(BOOT_OFFSET, bootHi);
        memory.putLong(BOOT_OFFSET + 8, bootLo);
        memory.putLong(KEY_OFFSET, keys.nextLong());
        memory.putLong(KEY_OFFSET + 8, keys.nextLong());
        for (int slot = 0; slot < OUTSIDE_SLOTS; slot++) {
            if ((outsideHi(slot) | outsideLo(slot)) != 0) {
                outside(slot, 0, 0);
            }
        }
        memory.putLong(CHECKSUM_OFFSET, checksum());
        memory.putLongRelease(MAGIC_OFFSET, MAGIC);
    }

    private long checksum() {
        long sum = MAGIC;
        for (int offset = VERSION_OFFSET; offset < CHECKSUM_OFFSET; offset += 8) {
            sum = FlowEntries.mix(sum, memory.getLong(offset));
        }
        return sum;
    }

    private static int outsideOffset(int slot) {
        return OUTSIDE_OFFSET + (slot & (OUTSIDE_SLOTS - 1)) * 16;
    }
}
