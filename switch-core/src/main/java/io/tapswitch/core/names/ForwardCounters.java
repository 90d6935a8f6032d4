package io.tapswitch.core.names;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;

/** The forwarder's counters: one writer, any reader. */
final class ForwardCounters {
    private final AtomicLongArray values = new AtomicLongArray(ForwardCounter.values().length);

    void increment(ForwardCounter counter) {
        values.setRelease(counter.ordinal(), values.getPlain(counter.ordinal()) + 1);
    }

    long get(ForwardCounter counter) {
        return values.getAcquire(counter.ordinal());
    }

    Map<String, Long> byName() {
        Map<String, Long> all = new TreeMap<>();
        for (ForwardCounter counter : ForwardCounter.values()) {
            all.put(counter.word(), get(counter));
        }
        return all;
    }
}
