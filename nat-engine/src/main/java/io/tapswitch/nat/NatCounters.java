package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The numbers of {@link NatCounter}: one thread writes, any reads without stopping it. A line of memory of their own
 * before and behind, so that readers do not slow what the writer has beside them.
 */
final class NatCounters {
    private static final int LINE = 128;
    private static final NatCounter[] ALL = NatCounter.values();

    private final AtomicBuffer memory = new UnsafeBuffer(new byte[2 * LINE + ALL.length * Long.BYTES]);

    /** {@return a counter; any thread} */
    long get(NatCounter counter) {
        return memory.getLongVolatile(at(counter));
    }

    void set(NatCounter counter, long value) {
        memory.putLongRelease(at(counter), value);
    }

    void increment(NatCounter counter) {
        add(counter, 1);
    }

    void add(NatCounter counter, long amount) {
        int at = at(counter);
        memory.putLongRelease(at, memory.getLong(at) + amount);
    }

    private static int at(NatCounter counter) {
        return LINE + counter.ordinal() * Long.BYTES;
    }
}
