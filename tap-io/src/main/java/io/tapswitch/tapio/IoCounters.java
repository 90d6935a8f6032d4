package io.tapswitch.tapio;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Counters of one worker's I/O: a single writer, the worker, any number of readers. Each is 8 bytes at
 * {@code ordinal * 8} of one buffer.
 */
public final class IoCounters {
    /** What is counted. */
    public enum Counter {
        /** System calls that submitted or waited (io_uring_enter, or poll). */
        WAITS,
        /** Other system calls of the frame path (read and write of the poll path, wake-ups). */
        OTHER_SYSCALLS,
        /** Reads that were armed again because the kernel ended them. */
        REARMS,
        /** Reads that found no buffer (-ENOBUFS). */
        NO_BUFFERS,
        /** Times a port got more buffers. */
        GROWTHS,
        /** Times the completion queue overflowed. */
        CQ_OVERFLOWS,
        /** Submissions or waits that the kernel refused for the moment (EAGAIN, EBUSY, ENOMEM, EINTR). */
        RETRIES,
        /** Reads that ended with an error other than these. */
        READ_ERRORS
    }

    private final UnsafeBuffer values = new UnsafeBuffer(new byte[Counter.values().length * Long.BYTES]);

    /** Adds one; for the owner only. */
    public void increment(Counter counter) {
        add(counter, 1);
    }

    /** Adds; for the owner only. */
    public void add(Counter counter, long amount) {
        int index = counter.ordinal() * Long.BYTES;
        values.putLongOrdered(index, values.getLong(index) + amount);
    }

    /** {@return the value, on any thread} */
    public long get(Counter counter) {
        return values.getLongVolatile(counter.ordinal() * Long.BYTES);
    }
}
