package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: from a hash to the entries that may be meant.
 *
 * <p>An open-addressing table of 8-byte buckets, twice as many as there are entries, so that it is never more than half
 * full. A bucket of all zeros is empty; that is why fresh memory needs no preparation, and why parts that are never
 * used are never touched.
 *
 * <pre>
 *   bucket   | hash (32 bits) | slot of the entry + 1 (32 bits) |        home = upper bits of the hash
 * </pre>
 *
 * <p>An entry is in its home or in one of the {@value #MAX_PROBES} - 1 buckets after it, with no empty one between:
 * linear probing, which reads memory in order. Removal moves later ones back over the hole, so there are no tombstones
 * and a table does not get slower with age. An insertion that finds no empty bucket within the bound is refused; at
 * half load and with a keyed hash that needs a run of {@value #MAX_PROBES}, which random hashes do not make.
 *
 * <p>The owner's thread. No call allocates.
 */
final class FlowIndex {
    /** How far from its home an entry may be. */
    static final int MAX_PROBES = 256;

    static final long EMPTY = 0;

    private static final int BUCKET_LENGTH = 8;

    private final TableMemory memory;
    private final int mask;
    private final int shift;

    /**
     * Lays an index into memory that is all zeros.
     *
     * @param entries how many there can be, a power of two of at least 2
     */
    FlowIndex(AtomicBuffer memory, int base, int entries) {
        this.memory = TableMemory.of(memory, base);
        this.mask = 2 * entries - 1;
        this.shift = Integer.numberOfLeadingZeros(mask);
    }

    /** {@return bytes of an index for so many entries} */
    static long length(int entries) {
        return 2L * entries * BUCKET_LENGTH;
    }

    /** {@return the bucket at which a search begins} */
    int home(int hash) {
        return hash >>> shift;
    }

    /** {@return the bucket after one} */
    int next(int bucket) {
        return (bucket + 1) & mask;
    }

    /** {@return what is in a bucket: {@link #EMPTY}, or see {@link #hashOf} and {@link #slotOf}} */
    long at(int bucket) {
        return memory.getLong((long) bucket * BUCKET_LENGTH);
    }

    static int hashOf(long content) {
        return (int) (content >>> 32);
    }

    static int slotOf(long content) {
        return (int) content - 1;
    }

    /** Adds an entry that is not there; {@return false when the buckets that it could be in are taken} */
    boolean put(int hash, int slot) {
        int bucket = home(hash);
        for (int left = MAX_PROBES; left > 0; left--) {
            if (at(bucket) == EMPTY) {
                write(bucket, content(hash, slot));
                return true;
            }
            bucket = next(bucket);
        }
        return false;
    }

    /** {@return whether an entry with this hash could be added} */
    boolean hasRoom(int hash) {
        int bucket = home(hash);
        for (int left = MAX_PROBES; left > 0; left--) {
            if (at(bucket) == EMPTY) {
                return true;
            }
            bucket = next(bucket);
        }
        return false;
    }

    /** Puts an entry into the place of another one with the same hash; {@return whether that was there} */
    boolean replace(int hash, int slot, int newSlot) {
        int bucket = find(content(hash, slot));
        if (bucket < 0) {
            return false;
        }
        write(bucket, content(hash, newSlot));
        return true;
    }

    /** Removes an entry; {@return whether it was there} */
    boolean remove(int hash, int slot) {
        int hole = find(content(hash, slot));
        if (hole < 0) {
            return false;
        }
        int bucket = next(hole);
        for (long content = at(bucket); content != EMPTY; content = at(bucket)) {
            // It may move back only if the hole is not before its home.
            if (distance(home(hashOf(content)), bucket) >= distance(hole, bucket)) {
                write(hole, content);
                hole = bucket;
            }
            bucket = next(bucket);
        }
        write(hole, EMPTY);
        return true;
    }

    /** {@return how many buckets a search for the entry that is farthest from its home looks at} */
    int longestProbe() {
        int longest = 0;
        for (int bucket = 0; bucket <= mask; bucket++) {
            long content = at(bucket);
            if (content != EMPTY) {
                longest = Math.max(longest, distance(home(hashOf(content)), bucket) + 1);
            }
        }
        return longest;
    }

    private int find(long content) {
        int bucket = home(hashOf(content));
        for (int left = MAX_PROBES; left > 0; left--) {
            long found = at(bucket);
            if (found == content) {
                return bucket;
            }
            if (found == EMPTY) {
                return -1;
            }
            bucket = next(bucket);
        }
        return -1;
    }

    private int distance(int from, int to) {
        return (to - from) & mask;
    }

    private void write(int bucket, long content) {
        memory.putLong((long) bucket * BUCKET_LENGTH, content);
    }

    private static long content(int hash, int slot) {
        return (long) hash << 32 | (slot + 1);
    }
}
