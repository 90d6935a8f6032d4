package io.tapswitch.dns;

import java.util.List;
import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Which entry a name is: a hash table with open addressing that is filled once and then only read, by any thread.
 *
 * <pre>
 *   slots    [ entry + 1, or 0 ]            a power of two, at least twice the entries
 *   hashes   [ 64 bits of entry ]           so that another name is told apart without a look at it
 *   places   [ where its octets begin ]
 *   octets   folded names in whole words, as {@link FoldedName} has them
 * </pre>
 *
 * A search ends at the first empty slot. The table is half empty and the hash keyed, so that is soon, also for names
 * that somebody makes up.
 */
final class NameTable {
    /** No entry. */
    static final int NONE = -1;

    private final int[] slots;
    private final long[] hashes;
    private final int[] places;
    private final UnsafeBuffer octets;

    /** Entry i is name i. The names are different, and without pointers. */
    NameTable(List<byte[]> names) {
        int size = names.size();
        slots = new int[BitUtil.findNextPositivePowerOfTwo(Math.max(2, 2 * size))];
        hashes = new long[size];
        places = new int[size];
        int room = 0;
        for (byte[] name : names) {
            room += BitUtil.align(name.length, Long.BYTES);
        }
        octets = new UnsafeBuffer(new byte[room]);
        FoldedName folded = new FoldedName();
        int place = 0;
        for (int entry = 0; entry < size; entry++) {
            byte[] name = names.get(entry);
            folded.read(new UnsafeBuffer(name), 0, name.length);
            folded.store(octets, place);
            places[entry] = place;
            hashes[entry] = folded.hash();
            place += folded.storedLength();
            int slot = (int) folded.hash() & (slots.length - 1);
            while (slots[slot] != 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = entry + 1;
        }
    }

    /** {@return the entry of a name, or {@link #NONE}} */
    int find(FoldedName name) {
        int[] s = slots;
        int mask = s.length - 1;
        long hash = name.hash();
        int slot = (int) hash & mask;
        for (int found = s[slot]; found != 0; found = s[slot]) {
            int entry = found - 1;
            if (hashes[entry] == hash && name.isStored(octets, places[entry])) {
                return entry;
            }
            slot = (slot + 1) & mask;
        }
        return NONE;
    }

    /** {@return number of names} */
    int size() {
        return hashes.length;
    }

    /** {@return octets that it takes} */
    long footprintBytes() {
        return 4L * slots.length + 12L * hashes.length + octets.capacity();
    }
}
