package io.tapswitch.vxlan;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The key that this host encrypts with, and its counters, one for each worker.
 *
 * <h2>Theory of operation</h2>
 *
 * A counter that was used twice would give both plaintexts away, and the means to forge more. So a counter is used only
 * below a ceiling, which was written to the disk before: after a restart all counters begin at the ceiling that is
 * found there, whatever became of the daemon.
 *
 * <pre>
 *   0        begin               next of worker 1    next of worker 0      ceiling
 *   | maybe used before the start | used ...          | used ...           | free | not reserved yet
 * </pre>
 *
 * <p>Who keeps the keys raises the ceiling in time; a worker that comes to it encrypts nothing until then. Workers
 * count for themselves, and each is told by its number in the counter, so no two of them make one nonce.
 */
public final class SendingKey {
    /** Most workers: the counter stays positive. */
    public static final int MAX_WORKERS = 128;
    /** No counter is left. */
    static final long NONE = -1;

    /** Longs from one worker's counter to the next one's: a cache line. */
    private static final int STRIDE = 8;

    private final TunnelKey key;
    private final long begin;
    private final AtomicLongArray next = new AtomicLongArray(MAX_WORKERS * STRIDE);
    private volatile long ceiling;

    /**
     * For one run of the daemon.
     *
     * @param key of this host
     * @param begin of all counters: no run before has used this one or a higher one
     * @param ceiling below which they are reserved
     */
    public SendingKey(TunnelKey key, long begin, long ceiling) {
        this.key = key;
        this.begin = begin;
        this.ceiling = ceiling;
        for (int worker = 0; worker < MAX_WORKERS; worker++) {
            next.set(worker * STRIDE, begin);
        }
    }

    /** {@return the key} */
    public TunnelKey key() {
        return key;
    }

    /**
     * {@return a counter that never was and never will be given again, or {@link #NONE}}
     *
     * @param worker whose thread this is
     */
    long take(int worker) {
        long sequence = next.getPlain(worker * STRIDE);
        if (sequence >= ceiling) {
            return NONE;
        }
        next.setRelease(worker * STRIDE, sequence + 1);
        return SealHeader.counter(worker, sequence);
    }

    /** More counters are reserved, and it is on the disk. Any one thread. */
    public void raise(long newCeiling) {
        ceiling = newCeiling;
    }

    /** {@return where the counter that went farthest is; any thread} */
    public long highest() {
        long highest = begin;
        for (int worker = 0; worker < MAX_WORKERS; worker++) {
            highest = Math.max(highest, next.getAcquire(worker * STRIDE));
        }
        return highest;
    }
}
