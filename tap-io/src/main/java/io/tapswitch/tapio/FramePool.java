package io.tapswitch.tapio;

import java.util.Arrays;

/**
 * One worker's slots of the frame memory: which are free, who holds the others.
 *
 * <p><b>Theory of operation.</b> The pool is the slice [first, first + count) of {@link FrameMemory}. A slot is in
 * one of three states:
 *
 * <pre>
 *            take(owner)               filled()
 *     FREE ---------------> WAITING ---------------> IN USE (references of 1 or more)
 *      ^  <---------------   for a frame of   <------  |
 *      |       free()        its owner      keep()     | release(): last reference went
 *      +-----------------------------------------------+
 *                              free()
 * </pre>
 *
 * <p>The owner is the port whose buffer the slot is; a slot without an owner was made by {@link #allocate} or lost its
 * port. The free slots are a stack, so that the slot used last, which is warm in the cache, is used next.
 *
 * <p><b>Budget.</b> A port may always have two slots, and more while the pool has more than its reserve: an eighth
 * is kept for ports that come later, and ports that grew give slots back while less than that is free (see {@link
 * #scarce}). So one flooded port cannot starve another.
 *
 * <p><b>When empty</b>, take and allocate say -1. Owned by the worker's thread. Slots cross threads as numbers only,
 * and come back to their owner to be released.
 */
final class FramePool {
    /** Owner of slots that belong to no port, and the answer "no slot". */
    static final int NONE = -1;

    private static final int RESERVE_SHARE = 8;

    private final int first;
    private final int count;
    private final int reserve;
    private final int[] free;
    private final int[] references;
    private final short[] owners;
    private final boolean[] touched;
    private int freeCount;
    private int inUse;

    /** A pool of the slots from {@code first}; a buffer's number has 16 bits, which bounds the count. */
    FramePool(int first, int count) {
        if (count < 1 || count > 1 << 16) {
            throw new IllegalArgumentException("a pool has 1 to 65536 slots, not " + count);
        }
        this.first = first;
        this.count = count;
        this.reserve = count / RESERVE_SHARE;
        this.free = new int[count];
        this.references = new int[count];
        this.owners = new short[count];
        this.touched = new boolean[count];
        Arrays.fill(owners, (short) NONE);
        for (int i = 0; i < count; i++) {
            free[i] = first + count - 1 - i;
        }
        this.freeCount = count;
    }

    /** Takes a free slot to wait for a frame of the owner; -1 when there is none. */
    int take(int owner) {
        if (freeCount == 0) {
            return NONE;
        }
        int slot = free[--freeCount];
        owners[slot - first] = (short) owner;
        return slot;
    }

    /** A waiting slot was filled: it is in use now, with one reference. */
    void filled(int slot) {
        references[slot - first] = 1;
        touched[slot - first] = true;
        inUse++;
    }

    /** Takes a free slot into use at once; -1 when there is none. */
    int allocate() {
        int slot = take(NONE);
        if (slot != NONE) {
            filled(slot);
        }
        return slot;
    }

    /** Adds references to a slot in use. */
    void retain(int slot, int more) {
        int index = slot - first;
        if (references[index] <= 0) {
            throw new IllegalStateException("slot " + slot + " is not in use");
        }
        references[index] += more;
    }

    /**
     * Takes one reference away.
     *
     * @return whether it was the last; the slot then waits, and the caller either frees it or lets its owner have it
     */
    boolean release(int slot) {
        int index = slot - first;
        int left = references[index] - 1;
        if (left < 0) {
            // Two frames would share one slot: better a stopped worker than a frame with another's content.
            throw new IllegalStateException("slot " + slot + " was released more often than it was held");
        }
        references[index] = left;
        if (left == 0) {
            inUse--;
        }
        return left == 0;
    }

    /** Puts a waiting slot back among the free ones. */
    void free(int slot) {
        owners[slot - first] = NONE;
        free[freeCount++] = slot;
    }

    /** {@return the port that the slot is a buffer of, or -1} */
    int owner(int slot) {
        return owners[slot - first];
    }

    /**
     * Ends an owner: its waiting slots become free, those in use become nobody's. Not for the frame path: it looks at
     * every slot, and gives the memory of freed slots back to the system.
     */
    void disown(int owner, FrameMemory memory) {
        int run = 0;
        for (int i = 0; i < count; i++) {
            boolean freed = owners[i] == owner && references[i] == 0;
            if (owners[i] == owner) {
                owners[i] = NONE;
            }
            if (freed) {
                free[freeCount++] = first + i;
            }
            if (freed && touched[i]) {
                touched[i] = false;
                run++;
            } else if (run > 0) {
                memory.discard(first + i - run, run);
                run = 0;
            }
        }
        if (run > 0) {
            memory.discard(first + count - run, run);
        }
    }

    /** {@return whether the slot is one of this pool's} */
    boolean owns(int slot) {
        return slot >= first && slot < first + count;
    }

    /** {@return the first slot} */
    int first() {
        return first;
    }

    /** {@return how many slots are free} */
    int available() {
        return freeCount;
    }

    /** {@return slots that hold a frame} */
    int inUse() {
        return inUse;
    }

    /** {@return whether more than half of the slots are taken: new ports start small} */
    boolean halfTaken() {
        return freeCount < count / 2;
    }

    /** {@return whether only the reserve is left: ports that grew give back, none grows} */
    boolean scarce() {
        return freeCount <= reserve;
    }
}
