package io.tapswitch.nat;

import java.util.Arrays;
import org.agrona.concurrent.AtomicBuffer;

/**
 * The datagrams whose fragments are held: found by who sent what to whom, in order of age for all and for each owner.
 *
 * <p><b>Theory of operation.</b> Entries of 128 bytes and an index of entry numbers, twice as large, with linear
 * probing and backward-shift deletion. There are as many entries as blocks, and each datagram holds a block, so an
 * entry is free whenever a block is. The index is probed by a keyed hash (SipHash-1-3, key random): who sends
 * fragments must not be able to choose those that collide. An entry is in two lists, doubly linked and oldest first:
 * that of its family, whose order is also that of the deadlines, because a family has one life time; and that of its
 * owner, from which is evicted.
 *
 * <pre>
 *   entry   0 source hi lo   16 destination hi lo   32 identification   36 protocol   40 owner   44 network
 *          48 hash           52 family              56 deadline (long)  64 owner's clock at the last fragment
 *          68 first fragment 72 last fragment       76 fragments        80 blocks
 *          84 bytes received 88 highest end         92 total length     96 largest packet, of which with DF
 *         104 ECN seen      108 given up           112 older, younger in family   120 older, younger of owner
 * </pre>
 */
final class DatagramTable {
    static final int NONE = -1;

    private static final int ENTRY_LENGTH = 128;
    private static final int SOURCE_HI = 0;
    private static final int SOURCE_LO = 8;
    private static final int DESTINATION_HI = 16;
    private static final int DESTINATION_LO = 24;
    private static final int IDENTIFICATION = 32;
    private static final int PROTOCOL = 36;
    private static final int OWNER = 40;
    private static final int NETWORK = 44;
    private static final int HASH = 48;
    private static final int FAMILY = 52;
    private static final int DEADLINE = 56;

    /** Fields that the rules of {@link Reassembly} read and write with {@link #field}. */
    static final int CLOCK = 64;

    static final int FIRST_FRAGMENT = 68;
    static final int LAST_FRAGMENT = 72;
    static final int FRAGMENTS = 76;
    static final int RECEIVED = 84;
    static final int HIGHEST_END = 88;
    static final int TOTAL = 92;
    static final int LARGEST = 96;
    static final int LARGEST_DONT_FRAGMENT = 100;
    static final int ECN_SEEN = 104;
    static final int GIVEN_UP = 108;

    private static final int BLOCKS = 80;
    private static final int OLDER = 112;
    private static final int YOUNGER = 116;
    private static final int OLDER_OF_OWNER = 120;
    private static final int YOUNGER_OF_OWNER = 124;

    private final AtomicBuffer memory;
    private final int entries;
    private final int index;
    private final int mask;
    private final FragmentHash hash;
    private int freed = NONE;
    private int untouched;

    private final int[] oldest = {NONE, NONE};
    private final int[] youngest = {NONE, NONE};
    private final int[] oldestOf;
    private final int[] youngestOf;
    private final int[] blocksOf;

    DatagramTable(AtomicBuffer memory, int offset, int capacity, int owners, long key0, long key1) {
        this.memory = memory;
        hash = new FragmentHash(key0, key1);
        entries = offset;
        index = offset + capacity * ENTRY_LENGTH;
        mask = indexSlots(capacity) - 1;
        memory.setMemory(index, indexSlots(capacity) * Integer.BYTES, (byte) 0);
        oldestOf = new int[owners];
        youngestOf = new int[owners];
        blocksOf = new int[owners];
        Arrays.fill(oldestOf, NONE);
        Arrays.fill(youngestOf, NONE);
    }

    /** {@return bytes that a table of so many entries takes} */
    static long bytes(int capacity) {
        return (long) capacity * ENTRY_LENGTH + (long) indexSlots(capacity) * Integer.BYTES;
    }

    private static int indexSlots(int capacity) {
        return Integer.highestOneBit(Math.max(2, capacity * 4 - 1));
    }

    /** {@return the entry of the fragment's datagram, or {@link #NONE}} */
    int find(Fragment f, int owner, int network) {
        int hash = hash(f, owner, network);
        for (int slot = hash & mask; ; slot = slot + 1 & mask) {
            int entry = memory.getInt(slotAt(slot)) - 1;
            if (entry == NONE || (field(entry, HASH) == hash && isOf(entry, f, owner, network))) {
                return entry;
            }
        }
    }

    private boolean isOf(int entry, Fragment f, int owner, int network) {
        int at = at(entry);
        return memory.getLong(at + SOURCE_LO) == f.sourceLo
                && memory.getLong(at + DESTINATION_LO) == f.destinationLo
                && memory.getInt(at + IDENTIFICATION) == f.identification
                && memory.getInt(at + PROTOCOL) == f.protocol
                && memory.getInt(at + OWNER) == owner
                && memory.getInt(at + NETWORK) == network
                && memory.getLong(at + SOURCE_HI) == f.sourceHi
                && memory.getLong(at + DESTINATION_HI) == f.destinationHi;
    }

    /** {@return a new entry for the fragment's datagram, which must not be there; without fragments and blocks yet} */
    int add(Fragment f, int owner, int network, long deadlineMs) {
        int entry = freed;
        if (entry != NONE) {
            freed = field(entry, YOUNGER);
        } else {
            entry = untouched++;
        }
        int at = at(entry);
        memory.setMemory(at, ENTRY_LENGTH, (byte) 0);
        memory.putLong(at + SOURCE_HI, f.sourceHi);
        memory.putLong(at + SOURCE_LO, f.sourceLo);
        memory.putLong(at + DESTINATION_HI, f.destinationHi);
        memory.putLong(at + DESTINATION_LO, f.destinationLo);
        memory.putInt(at + IDENTIFICATION, f.identification);
        memory.putInt(at + PROTOCOL, f.protocol);
        memory.putInt(at + OWNER, owner);
        memory.putInt(at + NETWORK, network);
        memory.putInt(at + FAMILY, f.isIpv6 ? 1 : 0);
        memory.putLong(at + DEADLINE, deadlineMs);
        memory.putInt(at + FIRST_FRAGMENT, FragmentBlocks.NONE);
        memory.putInt(at + LAST_FRAGMENT, FragmentBlocks.NONE);
        memory.putInt(at + TOTAL, NONE);
        int hash = hash(f, owner, network);
        memory.putInt(at + HASH, hash);
        int slot = hash & mask;
        while (memory.getInt(slotAt(slot)) != 0) {
            slot = slot + 1 & mask;
        }
        memory.putInt(slotAt(slot), entry + 1);
        append(entry, OLDER, oldest, youngest, field(entry, FAMILY));
        append(entry, OLDER_OF_OWNER, oldestOf, youngestOf, owner);
        return entry;
    }

    /** Takes an entry away; its blocks were {@link #charge}d back before. */
    void remove(int entry) {
        unlink(entry, OLDER, oldest, youngest, field(entry, FAMILY));
        unlink(entry, OLDER_OF_OWNER, oldestOf, youngestOf, owner(entry));
        int slot = field(entry, HASH) & mask;
        while (memory.getInt(slotAt(slot)) != entry + 1) {
            slot = slot + 1 & mask;
        }
        closeGap(slot);
        field(entry, YOUNGER, freed);
        freed = entry;
    }

    /** Moves back what stands behind a gap, unless it would then stand before its hash's own slot. */
    private void closeGap(int from) {
        int gap = from;
        for (int slot = gap + 1 & mask; ; slot = slot + 1 & mask) {
            int value = memory.getInt(slotAt(slot));
            if (value == 0) {
                break;
            }
            int home = field(value - 1, HASH) & mask;
            if ((slot - home & mask) >= (slot - gap & mask)) {
                memory.putInt(slotAt(gap), value);
                gap = slot;
            }
        }
        memory.putInt(slotAt(gap), 0);
    }

    /** Puts so many blocks, or takes them off below 0, on the entry's and its owner's account. */
    void charge(int entry, int blocks) {
        field(entry, BLOCKS, field(entry, BLOCKS) + blocks);
        blocksOf[owner(entry)] += blocks;
    }

    /** {@return the oldest entry of an owner but {@code spared}, or {@link #NONE}} */
    int oldestOf(int owner, int spared) {
        int entry = oldestOf[owner];
        return entry == spared && entry != NONE ? field(entry, YOUNGER_OF_OWNER) : entry;
    }

    /** {@return the entry of a family, 0 for IPv4 and 1 for IPv6, whose time is over first, or {@link #NONE}} */
    int firstDue(int family) {
        return oldest[family];
    }

    /** {@return the owner that holds most blocks} A walk over all owners: only for when memory is exhausted. */
    int largestOwner() {
        int[] blocks = blocksOf;
        int largest = 0;
        for (int owner = 1; owner < blocks.length; owner++) {
            largest = blocks[owner] > blocks[largest] ? owner : largest;
        }
        return largest;
    }

    int blocksOf(int owner) {
        return blocksOf[owner];
    }

    int owner(int entry) {
        return field(entry, OWNER);
    }

    int network(int entry) {
        return field(entry, NETWORK);
    }

    boolean isIpv6(int entry) {
        return field(entry, FAMILY) == 1;
    }

    int identification(int entry) {
        return field(entry, IDENTIFICATION);
    }

    long deadlineMs(int entry) {
        return memory.getLong(at(entry) + DEADLINE);
    }

    /** {@return one of the int fields} */
    int field(int entry, int offset) {
        return memory.getInt(at(entry) + offset);
    }

    /** Sets one of the int fields. */
    void field(int entry, int offset, int value) {
        memory.putInt(at(entry) + offset, value);
    }

    /** Appends to a list; the link to the younger one stands behind that to the older. */
    private void append(int entry, int older, int[] heads, int[] tails, int list) {
        int tail = tails[list];
        field(entry, older, tail);
        field(entry, older + Integer.BYTES, NONE);
        if (tail == NONE) {
            heads[list] = entry;
        } else {
            field(tail, older + Integer.BYTES, entry);
        }
        tails[list] = entry;
    }

    private void unlink(int entry, int older, int[] heads, int[] tails, int list) {
        int before = field(entry, older);
        int behind = field(entry, older + Integer.BYTES);
        if (before == NONE) {
            heads[list] = behind;
        } else {
            field(before, older + Integer.BYTES, behind);
        }
        if (behind == NONE) {
            tails[list] = before;
        } else {
            field(behind, older, before);
        }
    }

    private int at(int entry) {
        return entries + entry * ENTRY_LENGTH;
    }

    private int slotAt(int slot) {
        return index + slot * Integer.BYTES;
    }

    private int hash(Fragment f, int owner, int network) {
        FragmentHash hash = this.hash;
        hash.start();
        hash.word(f.sourceHi);
        hash.word(f.sourceLo);
        hash.word(f.destinationHi);
        hash.word(f.destinationLo);
        hash.word((long) owner << 32 | network);
        hash.word((long) f.protocol << 32 | (f.identification & 0xffff_ffffL));
        return hash.finish();
    }
}
