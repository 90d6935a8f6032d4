package io.tapswitch.core.control;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: the last {@value #CAPACITY} events, for those who ask what happened and those who wait for what
 * happens next.
 *
 * <pre>
 *   publish --> [ e(n-4095) ... e(n-1) e(n) ]      one ring; an event's place is its number modulo the capacity
 *                      ^                ^
 *                  reader A         reader B       each reader is only a number: the next event that it wants
 * </pre>
 *
 * <p>Nothing is kept per reader but its number, so that a slow reader costs nothing and holds nobody up. One that wants
 * an event which has been overwritten is told {@link Fate#OVERRUN} and has to begin anew: it missed something, and
 * better knows it than not.
 *
 * <p>Threads: any thread publishes and any thread reads; one lock, held for the time of an array access. Events are
 * numbered in the order of publication, and their times never go back, whatever the clock does. The log lives as long
 * as the daemon; it is not written to disk.
 */
public final class EventLog implements AutoCloseable {
    static final int CAPACITY = 4096;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private final @Nullable Entry[] ring = new @Nullable Entry[CAPACITY];
    private long next;
    private long lastNs;
    private boolean closed;

    /** An event and when it happened, in nanoseconds since 1970. */
    public record Entry(long timeNs, Event event) {}

    /** What became of waiting for an event. */
    public enum Fate {
        /** Here it is. */
        EVENT,
        /** Nothing happened in that time. */
        QUIET,
        /** The reader was too slow, and events that it did not read are gone. */
        OVERRUN,
        /** The log or the reader was closed. */
        CLOSED
    }

    /** What a reader gets; the entry is there when the fate is EVENT. */
    public record Next(Fate fate, @Nullable Entry entry) {}

    /** Adds an event and wakes those who wait for one. */
    public void publish(Event event) {
        Instant now = Instant.now();
        lock.lock();
        try {
            lastNs = Math.max(lastNs, now.getEpochSecond() * 1_000_000_000L + now.getNano());
            ring[slot(next)] = new Entry(lastNs, event);
            next++;
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins to read.
     *
     * @param since events from then on that are still known, too; null for only what happens from now on
     * @return a reader, to be closed
     */
    public Reader read(@Nullable Instant since) {
        lock.lock();
        try {
            long from = next;
            if (since != null) {
                while (from > 0 && from > next - CAPACITY && !timeOf(from - 1).isBefore(since)) {
                    from--;
                }
            }
            return new Reader(from);
        } finally {
            lock.unlock();
        }
    }

    /** Ends all readers. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Instant timeOf(long number) {
        return Instant.EPOCH.plusNanos(at(number).timeNs());
    }

    private Entry at(long number) {
        Entry entry = ring[slot(number)];
        if (entry == null) {
            throw new IllegalStateException("no event " + number);
        }
        return entry;
    }

    private static int slot(long number) {
        return (int) (number % CAPACITY);
    }

    /** Somebody's place in the log. One thread reads; any thread may close it. */
    public final class Reader implements AutoCloseable {
        private long wanted;
        private boolean readerClosed;

        private Reader(long from) {
            wanted = from;
        }

        /**
         * Waits for the next event.
         *
         * @param wanting which events are passed on; the others are skipped
         * @param patience how long to wait at most
         * @return the event, or why there is none
         */
        public Next next(Predicate<Event> wanting, Duration patience) throws InterruptedException {
            long leftNs = patience.toNanos();
            lock.lockInterruptibly();
            try {
                while (true) {
                    while (wanted < next && wanted >= next - CAPACITY) {
                        Entry entry = at(wanted++);
                        if (wanting.test(entry.event())) {
                            return new Next(Fate.EVENT, entry);
                        }
                    }
                    if (wanted < next) {
                        return new Next(Fate.OVERRUN, null);
                    }
                    if (closed || readerClosed) {
                        return new Next(Fate.CLOSED, null);
                    }
                    if (leftNs <= 0) {
                        return new Next(Fate.QUIET, null);
                    }
                    leftNs = news.awaitNanos(leftNs);
                }
            } finally {
                lock.unlock();
            }
        }

        /** Ends a wait that is going on. */
        @Override
        public void close() {
            lock.lock();
            try {
                readerClosed = true;
                news.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
