package io.tapswitch.vxlan;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A key of another host, and what came encrypted with it: a {@link ReplayWindow} for each of that host's workers. It
 * must be kept for as long as the key is accepted. Any thread.
 */
public final class ReceivingKey {
    private static final int WORKERS = 256;

    private final TunnelKey key;
    private final AtomicReferenceArray<@Nullable ReplayWindow> windows = new AtomicReferenceArray<>(WORKERS);

    /** Nothing came yet. */
    public ReceivingKey(TunnelKey key) {
        this.key = key;
    }

    /** {@return the key} */
    public TunnelKey key() {
        return key;
    }

    boolean isNew(long counter) {
        ReplayWindow window = windows.getAcquire(SealHeader.worker(counter));
        return window == null || window.isNew(SealHeader.sequence(counter));
    }

    /** Of a frame that was found to be the sender's: nobody else can make a window, or move one. */
    boolean take(long counter) {
        int worker = SealHeader.worker(counter);
        ReplayWindow window = windows.getAcquire(worker);
        if (window == null) {
            windows.compareAndSet(worker, null, new ReplayWindow());
            window = windows.getAcquire(worker);
        }
        return window != null && window.take(SealHeader.sequence(counter));
    }
}
