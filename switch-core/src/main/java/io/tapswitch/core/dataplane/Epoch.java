package io.tapswitch.core.dataplane;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Says when a worker's counters stand still, so that several of them can be read as they were at one moment: a sequence
 * lock. The worker makes the epoch odd before the first counter of a batch changes and even after the last; a reader
 * whose epoch was even before and the same afterwards saw one moment. The writer never waits.
 */
final class Epoch {
    private static final VarHandle EPOCH;

    static {
        try {
            EPOCH = MethodHandles.lookup().findVarHandle(Epoch.class, "epoch", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private boolean open;

    @SuppressWarnings("UnusedVariable") // read and written by EPOCH
    private long epoch;

    /** Counters begin to change, unless they did already. The worker's thread. */
    void begin() {
        if (!open) {
            open = true;
            EPOCH.setOpaque(this, (long) EPOCH.get(this) + 1);
            VarHandle.storeStoreFence();
        }
    }

    /** Counters stand still. The worker's thread. */
    void end() {
        if (open) {
            open = false;
            EPOCH.setRelease(this, (long) EPOCH.get(this) + 1);
        }
    }

    /** {@return the epoch before a reading; odd while counters change} */
    long beforeReading() {
        return (long) EPOCH.getAcquire(this);
    }

    /** {@return whether nothing changed since {@code before}, which was even} */
    boolean unchangedSince(long before) {
        VarHandle.loadLoadFence();
        return (before & 1) == 0 && (long) EPOCH.getOpaque(this) == before;
    }
}
