package io.tapswitch.core.control;

import io.tapswitch.nat.NatCounter;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when NAT has no more of something: an event {@code nat exhausted} with the reason and how many packets it
 * refused, at most one a second for each reason. It reads counters once a second, which costs the workers nothing.
 */
final class NatWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NatWatch.class);
    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** What can be exhausted, and the word for it. */
    private static final Map<NatCounter, String> REASONS = new EnumMap<>(Map.of(
            NatCounter.REFUSED_PORTS, "ports",
            NatCounter.REFUSED_TABLE, "table",
            NatCounter.REFUSED_QUOTA, "quota"));

    private final Supplier<Map<String, Long>> counters;
    private final EventLog log;
    private final Runnable beside;
    private final Map<NatCounter, Long> known = new EnumMap<>(NatCounter.class);
    private volatile boolean closed;

    /**
     * Watches nothing yet.
     *
     * @param counters asks the dataplane
     * @param log where events go
     * @param beside done with each look, so that there is one clock for all of them
     */
    NatWatch(Supplier<Map<String, Long>> counters, EventLog log, Runnable beside) {
        this.counters = counters;
        this.log = log;
        this.beside = beside;
    }

    /** Looks every second from now on. */
    void start() {
        Thread.ofVirtual().name("nat-watch").start(() -> {
            try {
                while (!closed) {
                    look();
                    beside.run();
                    Thread.sleep(PERIOD);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                if (!closed) {
                    LOG.warn("exhaustion of NAT is not told any more", e);
                }
            }
        });
    }

    /** Looks once: what was refused since the last look is told. The first look tells nothing. */
    void look() {
        Map<String, Long> now = counters.get();
        REASONS.forEach((counter, reason) -> {
            long count = now.getOrDefault(counter.word(), 0L);
            Long before = known.put(counter, count);
            if (before != null && count > before) {
                log.publish(new Event(
                        Event.NAT,
                        "exhausted",
                        "",
                        Map.of("reason", reason, "refused", Long.toString(count - before))));
            }
        });
    }

    @Override
    public void close() {
        closed = true;
    }
}
