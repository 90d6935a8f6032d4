package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;

/**
 * One worker's side of the rings between workers: what it sends to each other worker, and what each sends to it.
 *
 * <pre>
 *   worker 0  -- HandoffRing[0][1]: frames, learned addresses -->  worker 1
 *             <-- the same ring's way back: slots, descriptors --
 * </pre>
 *
 * <p>A frame crosses only when another worker owns the state that it needs, as a slot index; the bytes stay where they
 * are, and the slot comes back to the worker whose pool it is from. Learned addresses cross so that every worker can
 * look up every address in its own table. With one worker there are no rings and nothing here does anything.
 *
 * <p>Doorbells are rung once a duty cycle, after all that was offered in it, and only for workers that got something.
 */
final class Crossings {
    private static final int DRAIN_LIMIT = 256;

    final Forwards forwards;
    private final int worker;
    private final int slotsPerWorker;
    private final HandoffRing[] outgoing;
    private final HandoffRing[] incoming;
    private final Doorbell[] doorbells;
    private final DatapathCounters counters;
    private final boolean[] toRing;
    private final HandoffRing.ReturnHandler returns;
    private boolean anyToRing;

    /**
     * Connects one worker.
     *
     * @param worker its index
     * @param rings by sender and receiver; the diagonal is not used
     * @param doorbells one a worker
     * @param slotsPerWorker how many slots of the frame memory each worker's pool has
     * @param counters the worker's
     * @param forwards the worker's way to the forwarder, which is rung and asked for at the same times
     * @param returns where slots that come back are released
     */
    Crossings(
            int worker,
            HandoffRing[][] rings,
            Doorbell[] doorbells,
            int slotsPerWorker,
            DatapathCounters counters,
            Forwards forwards,
            HandoffRing.ReturnHandler returns) {
        this.worker = worker;
        this.slotsPerWorker = slotsPerWorker;
        this.doorbells = doorbells;
        this.counters = counters;
        this.forwards = forwards;
        this.returns = returns;
        outgoing = rings[worker];
        incoming = new HandoffRing[rings.length];
        for (int i = 0; i < rings.length; i++) {
            incoming[i] = rings[i][worker];
        }
        toRing = new boolean[rings.length];
    }

    /** {@return this worker's index} */
    int worker() {
        return worker;
    }

    /** Tells all other workers that an address is behind a port of this one. */
    void share(Bridge bridge, long mac, int port, long seenMs) {
        boolean told = true;
        for (int other = 0; other < outgoing.length; other++) {
            if (other != worker) {
                told &= addressOffered(other, outgoing[other].offerLearned(bridge.network, mac, port, seenMs));
            }
        }
        if (told) {
            bridge.fdb.markShared(mac);
        } else {
            bridge.shareRetry = true;
        }
    }

    /** Tells all other workers that an address has aged; {@return false when a ring was full, to be tried again} */
    boolean forget(Bridge bridge, long mac, int port) {
        boolean told = true;
        for (int other = 0; other < outgoing.length; other++) {
            if (other != worker) {
                told &= addressOffered(other, outgoing[other].offerForgotten(bridge.network, mac, port));
            }
        }
        return told;
    }

    /** {@return whether the frame was handed to the worker; if not, its ring is full and the frame is still here} */
    boolean handOver(int other, int purpose, int slot, int offset, int length, int port, int network, long shape) {
        boolean done = outgoing[other].offerFrame(purpose, slot, offset, length, port, network, shape);
        counters.add(done ? Term.HANDOFF_FRAMES : Term.HANDOFF_FULL, 1);
        return offered(other, done);
    }

    /** Gives a slot back to the worker that it belongs to. */
    void giveBack(int slot) {
        int owner = slot / slotsPerWorker;
        incoming[owner].giveBack(slot);
        offered(owner, true);
    }

    private boolean addressOffered(int other, boolean done) {
        counters.add(done ? Term.HANDOFF_LEARNED : Term.HANDOFF_FULL, 1);
        return offered(other, done);
    }

    private boolean offered(int other, boolean done) {
        if (done) {
            toRing[other] = true;
            anyToRing = true;
        }
        return done;
    }

    /** Takes what the other workers sent and what came back. {@return how much that was} */
    int drain(HandoffRing.HandoffHandler handler) {
        return drain(handler, DRAIN_LIMIT);
    }

    /** Takes all that the other workers have sent until now: a full ring takes more than {@link #drain} does. */
    void drainAll(HandoffRing.HandoffHandler handler) {
        drain(handler, Integer.MAX_VALUE);
    }

    private int drain(HandoffRing.HandoffHandler handler, int limit) {
        int work = 0;
        for (int other = 0; other < incoming.length; other++) {
            if (other != worker) {
                work += incoming[other].drain(handler, Math.min(limit, incoming[other].capacity()));
                work += outgoing[other].drainReturned(returns);
            }
        }
        return work;
    }

    /** {@return whether others sent something or gave something back; asked before this one sleeps} */
    boolean isPending() {
        for (int other = 0; other < incoming.length; other++) {
            if (other != worker && (incoming[other].isPending() || outgoing[other].isReturnPending())) {
                return true;
            }
        }
        return forwards.isPending();
    }

    /** Wakes who was sent something in this duty cycle and sleeps: workers, and the forwarder. */
    void ringDoorbells() {
        forwards.ringDoorbell();
        if (anyToRing) {
            anyToRing = false;
            for (int other = 0; other < toRing.length; other++) {
                if (toRing[other]) {
                    toRing[other] = false;
                    doorbells[other].ring();
                }
            }
        }
    }
}
