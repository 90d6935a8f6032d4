package io.tapswitch.vxlan;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A key of another host, and what came encrypted with it: a {@link ReplayWindow} for each of that host's workers. It
 * must be kept for as long as the key is accepted, and {@link #next} for longer: whoever begins anew goes on there. Any
 * thread.
 */
public final class ReceivingKey {
    private static final int WORKERS = 256;

    private final TunnelKey key;
    private final long[] from;
    private final AtomicReferenceArray<@Nullable ReplayWindow> windows = new AtomicReferenceArray<>(WORKERS);
    private volatile boolean ended;

    /** Nothing came yet. */
    public ReceivingKey(TunnelKey key) {
        this(key, new long[0]);
    }

    /**
     * Goes on where another one was.
     *
     * @param key of the other host
     * @param from what {@link #next} of the other one was
     */
    public ReceivingKey(TunnelKey key, long[] from) {
        this.key = key;
        this.from = from.clone();
    }

    /** {@return for each worker of that host, the first sequence behind all that came; no zeros at the end} */
    public long[] next() {
        long[] next = new long[WORKERS];
        int length = 0;
        for (int worker = 0; worker < WORKERS; worker++) {
            ReplayWindow window = windows.getAcquire(worker);
            next[worker] = window == null ? from(worker) : window.next();
            length = next[worker] == 0 ? length : worker + 1;
        }
        return Arrays.copyOf(next, length);
    }

    /** From now on nothing is taken, so that {@link #next} remains true. */
    public void end() {
        ended = true;
    }

    private long from(int worker) {
        return worker < from.length ? from[worker] : 0;
    }

    /** {@return the key} */
    public TunnelKey key() {
        return key;
    }

    boolean isNew(long counter) {
        int worker = SealHeader.worker(counter);
        long sequence = SealHeader.sequence(counter);
        ReplayWindow window = windows.getAcquire(worker);
        return !ended && (window == null ? sequence >= from(worker) : window.isNew(sequence));
    }

    /** Of a frame that was found to be the sender's: nobody else can make a window, or move one. */
    boolean take(long counter) {
        int worker = SealHeader.worker(counter);
        ReplayWindow window = windows.getAcquire(worker);
        if (window == null) {
            windows.compareAndSet(worker, null, new ReplayWindow(from(worker)));
            window = windows.getAcquire(worker);
        }
        // Asked last: what was taken before the end is in next(), what comes after it is not taken.
        return window != null && window.take(SealHeader.sequence(counter)) && !ended;
    }
}
