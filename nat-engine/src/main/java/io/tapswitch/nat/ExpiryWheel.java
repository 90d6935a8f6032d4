package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: when is which flow to be looked at?
 *
 * <p>A wheel of {@value #BUCKETS} buckets of {@value #TICK_MS} ms, each a queue of flows. A flow lies in the bucket of
 * a deadline that it once had. A packet that prolongs the flow does not touch the wheel: when the bucket is due, the
 * flow's present deadline is computed, and if it is later, the flow goes to that bucket (lazy re-arming). Only a flow
 * whose timeout gets shorter is moved at once. A deadline beyond the wheel's end waits in its last bucket and is looked
 * at in between.
 *
 * <p><b>Invariant.</b> A flow's bucket is never later than its deadline, rounded up to a tick: so nothing ends early,
 * and nothing more than a tick late, as long as the owner calls often enough. After a long pause every bucket is
 * visited once at most.
 *
 * <p>Slots without a flow are kept here too, for they are in no bucket: {@link #putFree}, {@link #takeFree}.
 *
 * <p>The owner's thread. No call allocates.
 */
final class ExpiryWheel {
    static final int ABSENT = -1;

    static final int TICK_MS = 1024;
    static final int BUCKETS = 8192;

    private static final int TICK_SHIFT = 10;

    private final Rings rings;
    private final int buckets;
    private final int free;
    private long tick;

    /** Lays the wheel into memory that is all zeros. */
    ExpiryWheel(AtomicBuffer memory, int base, int capacity, long nowMs) {
        this.rings = new Rings(memory, base);
        this.buckets = capacity;
        this.free = capacity + BUCKETS;
        // What is overdue when the wheel begins is due at once.
        this.tick = (nowMs >> TICK_SHIFT) - 1;
    }

    static long length(int capacity) {
        return Rings.length(capacity + BUCKETS + 1);
    }

    /** Puts a flow that is not in the wheel into the bucket of its deadline. */
    void schedule(int slot, long deadlineMs) {
        long due = (deadlineMs + TICK_MS - 1) >> TICK_SHIFT;
        long bucket = Math.max(tick + 1, Math.min(tick + BUCKETS - 1, due));
        rings.insertBefore(anchor(bucket), slot);
    }

    /** Takes a flow out of the wheel. */
    void cancel(int slot) {
        rings.unlink(slot);
    }

    /** {@return a flow that is to be looked at: ended, or cancelled and scheduled anew} */
    int due(long nowMs) {
        long now = nowMs >> TICK_SHIFT;
        tick = Math.max(tick, now - BUCKETS);
        while (true) {
            int anchor = anchor(tick);
            int slot = rings.next(anchor);
            if (slot != anchor) {
                return slot;
            }
            if (tick >= now) {
                return ABSENT;
            }
            tick++;
        }
    }

    /** A slot that is in no bucket has no flow any more. */
    void putFree(int slot) {
        rings.insertAfter(free, slot);
    }

    /** {@return the slot that became free last, or {@link #ABSENT}} */
    int takeFree() {
        int slot = rings.next(free);
        if (slot == free) {
            return ABSENT;
        }
        rings.unlink(slot);
        return slot;
    }

    private int anchor(long ofTick) {
        return buckets + (int) (ofTick & (BUCKETS - 1));
    }
}
