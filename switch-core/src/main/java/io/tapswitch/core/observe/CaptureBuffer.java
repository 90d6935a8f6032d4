package io.tapswitch.core.observe;

import io.tapswitch.core.dataplane.CaptureSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.DirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Captured frames that wait for their reader, some megabytes at most: what comes while it is full is lost and counted,
 * so that a reader that hangs holds nobody up. One thread puts in, one takes out, any ends it.
 */
public final class CaptureBuffer implements CaptureSink {
    /** Half a second of 16 000 large frames. */
    static final int CAPACITY_BYTES = 8 << 20;
    /** What an entry costs beside its bytes, roughly. */
    private static final int ENTRY_BYTES = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private final long limit;
    private List<CapturedFrame> waiting = new ArrayList<>();
    private int waitingBytes;
    private long captured;
    private long lost;
    private boolean ended;
    private boolean portsGone;

    /**
     * An empty one.
     *
     * @param limit how many frames to take, 0 for no limit
     */
    public CaptureBuffer(long limit) {
        this.limit = limit;
    }

    @Override
    public void onFrame(
            long epochNs, int port, boolean transmitted, int frameLength, DirectBuffer buffer, int offset, int length) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            if (waitingBytes + length + ENTRY_BYTES > CAPACITY_BYTES) {
                lost++;
                return;
            }
            byte[] bytes = new byte[length];
            buffer.getBytes(offset, bytes);
            waiting.add(new CapturedFrame(epochNs, port, transmitted, frameLength, bytes));
            waitingBytes += length + ENTRY_BYTES;
            captured++;
            ended = captured == limit;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onPortsGone() {
        lock.lock();
        try {
            portsGone = true;
            ended = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether it ended because nothing is left that could have frames} */
    public boolean portsGone() {
        lock.lock();
        try {
            return portsGone;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for frames.
     *
     * @param patience how long at most
     * @return all that are there, none when the time is over; null when it has ended and all were taken
     */
    public @Nullable List<CapturedFrame> take(Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long leftNs = patience.toNanos();
            while (waiting.isEmpty() && !ended && leftNs > 0) {
                leftNs = news.awaitNanos(leftNs);
            }
            if (waiting.isEmpty() && ended) {
                return null;
            }
            List<CapturedFrame> taken = waiting;
            waiting = new ArrayList<>();
            waitingBytes = 0;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** No more frames; those that are there can still be taken. */
    public void end() {
        lock.lock();
        try {
            ended = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /** {@return frames that were put in} */
    public long captured() {
        lock.lock();
        try {
            return captured;
        } finally {
            lock.unlock();
        }
    }

    /** {@return frames that came while it was full} */
    public long lost() {
        lock.lock();
        try {
            return lost;
        } finally {
            lock.unlock();
        }
    }
}
