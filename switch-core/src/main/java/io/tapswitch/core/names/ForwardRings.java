package io.tapswitch.core.names;

import io.netty.channel.EventLoop;
import io.tapswitch.core.dataplane.Doorbell;
import io.tapswitch.core.dataplane.Forwards;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Theory of operation: takes the workers' queries off their rings, and puts answers on them.
 *
 * <pre>
 *   worker: offer, ring ──► Doorbell ──► relay thread: wakes the loop ──► loop: drain the rings, until all are empty
 * </pre>
 *
 * <p><b>An answer that finds no room</b> waits in the order in which it came, and no query of that worker is read while
 * one waits (D14: always one answer). So what waits is bounded: by the answers of one turn, and by the questions that
 * the forwarder has open. The worker knows nothing of it: the loop looks again every {@link #RETRY_MS}.
 *
 * <p>A worker must neither allocate nor wait, and to wake an event loop of Netty is to put a task on its queue, which
 * may allocate. So the worker only unparks a thread that does this. It does nothing else, and sleeps unless the loop
 * said that it sleeps.
 */
public final class ForwardRings implements AutoCloseable {
    private static final int QUERIES_PER_TURN = 256;
    private static final int RETRY_MS = 1;
    /** More than can come together: what {@link ForwardSettings#USUAL} lets wait, and the queries of a turn. */
    private static final int MOST_WAITING = 2 * 4096;

    /** One worker's rings, and its answers that found no room. The loop's thread. */
    private final class Ring {
        final Forwards forwards;
        private final Deque<Late> late = new ArrayDeque<>();

        Ring(Forwards forwards) {
            this.forwards = forwards;
        }

        void answer(byte[] head, byte[] message) {
            if (late.isEmpty() && forwards.answer(head, message)) {
                return;
            }
            if (late.size() < MOST_WAITING) {
                late.add(new Late(head, message));
                retryLater();
            } else {
                forwarder.lost();
            }
        }

        /** Sends what waits; {@return whether nothing waits any more} */
        boolean sendLate() {
            for (Late next = late.peek();
                    next != null && forwards.answer(next.head, next.message);
                    next = late.peek()) {
                late.remove();
            }
            return late.isEmpty();
        }

        /** Takes queries, while no answer waits; {@return how many there were} */
        int turn() {
            return sendLate()
                    ? forwards.read((from, port, head, query) -> onQuery(port, head, query), QUERIES_PER_TURN)
                    : 0;
        }

        private void onQuery(int port, byte[] head, byte[] query) {
            forwarder.take(query, port, false, answer -> {
                if (answer.length != 0) {
                    answer(head, answer);
                }
            });
        }

        boolean hasQueriesToRead() {
            return late.isEmpty() && forwards.hasQueries();
        }
    }

    /** An answer, and what came with its query. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Late(byte[] head, byte[] message) {}

    private final EventLoop loop;
    private final DnsForwarder forwarder;
    private final List<Ring> rings;
    private final Doorbell bell;
    private final Thread relay;
    private final Runnable drain = this::drain;
    private boolean retries;
    private volatile boolean ended;

    private ForwardRings(NamesLoop io, DnsForwarder forwarder, List<Forwards> rings) {
        loop = io.loop();
        this.forwarder = forwarder;
        this.rings = rings.stream().map(Ring::new).toList();
        relay = Thread.ofPlatform().daemon().name("names-bell").unstarted(this::relay);
        bell = new Doorbell(() -> LockSupport.unpark(relay));
    }

    /** Begins to serve the workers. */
    public static ForwardRings start(NamesLoop io, DnsForwarder forwarder, List<Forwards> rings) {
        ForwardRings all = new ForwardRings(io, forwarder, rings);
        all.relay.start();
        all.loop.execute(all.drain);
        rings.forEach(ring -> ring.attach(all.bell));
        return all;
    }

    private void relay() {
        while (!ended) {
            LockSupport.park(this);
            wakeLoop();
        }
    }

    private void wakeLoop() {
        try {
            loop.execute(drain);
        } catch (RejectedExecutionException loopEnded) {
            ended = true;
        }
    }

    /** On the loop: one turn, and another soon if there may be more. */
    private void drain() {
        bell.endSleep();
        int taken = 0;
        for (Ring ring : rings) {
            taken += ring.turn();
        }
        if (taken == 0) {
            bell.beginSleep();
            if (rings.stream().noneMatch(Ring::hasQueriesToRead)) {
                return;
            }
            bell.endSleep();
        }
        wakeLoop();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // it does not fail
    private void retryLater() {
        if (!retries) {
            retries = true;
            loop.schedule(this::retry, RETRY_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void retry() {
        retries = false;
        boolean done = true;
        for (Ring ring : rings) {
            done &= ring.sendLate();
        }
        if (!done) {
            retryLater();
        }
        // Those whose answers have gone read on.
        drain();
    }

    /** No query is taken any more; those that were are answered by the forwarder's end. */
    @Override
    public void close() {
        ended = true;
        rings.forEach(ring -> ring.forwards.detach());
        LockSupport.unpark(relay);
        try {
            relay.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
