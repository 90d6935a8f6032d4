package io.tapswitch.core.names;

import io.tapswitch.dns.DnsResult;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** What happened to names by TCP. One writer, the event loop; any reader. */
public final class TcpCounters {
    private static final AtomicLongArray NOTHING = new AtomicLongArray(DnsResult.values().length);

    private final AtomicLongArray results = new AtomicLongArray(DnsResult.values().length);
    private final Map<String, AtomicLongArray> ofEndpoints = new ConcurrentHashMap<>();
    private final AtomicLong idle = new AtomicLong();
    private final AtomicLong evicted = new AtomicLong();
    private volatile int connections;

    /** A query of an endpoint's ended. */
    void ended(String endpoint, DnsResult result) {
        add(results, result);
        add(ofEndpoints.computeIfAbsent(endpoint, id -> new AtomicLongArray(DnsResult.values().length)), result);
    }

    private static void add(AtomicLongArray to, DnsResult result) {
        to.lazySet(result.ordinal(), to.getPlain(result.ordinal()) + 1);
    }

    /** Forgets what others did than these endpoints; it stays in the sums. */
    void keep(Collection<String> endpoints) {
        ofEndpoints.keySet().retainAll(endpoints);
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

    /** {@return how many queries ended how, by {@link DnsResult#word}; results without any are left out} */
    public Map<String, Long> results() {
        return words(results);
    }

    /** {@return the same, of an endpoint's queries} */
    public Map<String, Long> results(String endpoint) {
        return words(ofEndpoints.getOrDefault(endpoint, NOTHING));
    }

    private static Map<String, Long> words(AtomicLongArray counts) {
        Map<String, Long> words = new TreeMap<>();
        for (DnsResult result : DnsResult.values()) {
            long count = counts.get(result.ordinal());
            if (count > 0) {
                words.put(result.word(), count);
            }
        }
        return words;
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
