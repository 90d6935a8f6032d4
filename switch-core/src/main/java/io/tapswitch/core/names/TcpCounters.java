package io.tapswitch.core.names;

import io.tapswitch.dns.DnsResult;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** What happened to names by TCP. One writer, the event loop; any reader. */
public final class TcpCounters {
    private final AtomicLongArray results = new AtomicLongArray(DnsResult.values().length);
    private final AtomicLong idle = new AtomicLong();
    private final AtomicLong evicted = new AtomicLong();
    private volatile int connections;

    void ended(DnsResult result) {
        results.lazySet(result.ordinal(), results.getPlain(result.ordinal()) + 1);
    }

    void idle() {
        idle.lazySet(idle.getPlain() + 1);
    }

    void evicted() {
        evicted.lazySet(evicted.getPlain() + 1);
    }

    void connected(int now) {
        connections = now;
    }

    /** {@return how many queries ended so} */
    public long count(DnsResult result) {
        return results.get(result.ordinal());
    }

    /** {@return connections there are now} */
    public int connections() {
        return connections;
    }

    /** {@return connections that ended because they had nothing to say} */
    public long idleCount() {
        return idle.get();
    }

    /** {@return connections that ended for a new one, at a limit} */
    public long evictedCount() {
        return evicted.get();
    }
}
