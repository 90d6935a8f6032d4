package io.tapswitch.core.names;

import io.netty.channel.EventLoop;
import io.tapswitch.core.dataplane.Doorbell;
import io.tapswitch.core.dataplane.Forwards;
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
 * <p>A worker must neither allocate nor wait, and to wake an event loop of Netty is to put a task on its queue, which
 * may allocate. So the worker only unparks a thread that does this. It does nothing else, and sleeps unless the loop
 * said that it sleeps.
 */
public final class ForwardRings implements AutoCloseable {
    private static final int QUERIES_PER_TURN = 256;

    private final EventLoop loop;
    private final DnsForwarder forwarder;
    private final List<Forwards> rings;
    private final Doorbell bell;
    private final Thread relay;
    private final Runnable drain = this::drain;
    private volatile boolean ended;

    private ForwardRings(NamesLoop io, DnsForwarder forwarder, List<Forwards> rings) {
        loop = io.loop();
        this.forwarder = forwarder;
        this.rings = List.copyOf(rings);
        relay = Thread.ofPlatform().daemon().name("names-bell").unstarted(this::relay);
        bell = new Doorbell(() -> LockSupport.unpark(relay));
    }

    /** Begins to serve the workers. */
    public static ForwardRings start(NamesLoop io, DnsForwarder forwarder, List<Forwards> rings) {
        ForwardRings all = new ForwardRings(io, forwarder, rings);
        all.relay.start();
        all.loop.execute(all.drain);
        all.rings.forEach(ring -> ring.attach(all.bell));
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
        for (Forwards ring : rings) {
            taken += ring.read(this::onQuery, QUERIES_PER_TURN);
        }
        if (taken == 0) {
            bell.beginSleep();
            if (rings.stream().noneMatch(Forwards::hasQueries)) {
                return;
            }
            bell.endSleep();
        }
        wakeLoop();
    }

    private void onQuery(Forwards from, int port, byte[] head, byte[] query) {
        forwarder.take(query, port, false, answer -> {
            if (answer.length != 0 && !from.answer(head, answer)) {
                forwarder.lost();
            }
        });
    }

    /** No query is taken any more; those that were are answered by the forwarder's end. */
    @Override
    public void close() {
        ended = true;
        rings.forEach(Forwards::detach);
        LockSupport.unpark(relay);
        try {
            relay.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
