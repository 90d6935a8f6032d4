package io.tapswitch.core.dataplane;

import org.jctools.queues.varhandle.SpscVarHandleArrayQueue;

/**
 * Theory of operation: the way from one worker to one other: frames whose egress or state the other owns, as slot
 * indexes and never as copies, and addresses that were learned or forgotten.
 *
 * <pre>
 *                         there (SPSC)
 *            +--- FRAME, LEARNED, FORGOTTEN ------------>--+
 *   free descriptors                                     spare descriptors
 *   [producer's stack]                                   [consumer's stack, one for each slot it still holds]
 *            +--<------------ SLOT_BACK, EMPTY ------------+
 *                         back (SPSC)
 * </pre>
 *
 * <p>A fixed number of {@link Handoff} descriptors goes in circles, so nothing is allocated. Each queue has room for
 * all of them: only the producer's stack can run out, which is what "full" means; "back" always has room. The
 * descriptor of a frame stays with the consumer until it gives the slot back, right away or when its write is done;
 * slots may come back in any order.
 *
 * <p><b>Invariants.</b> Order is kept on the way there (B15). Descriptors on the producer's stack, on both queues and
 * on the consumer's stack are always {@code capacity} together. Each slot offered comes back exactly once; those that
 * have not are {@link #inFlight}, a term of the conservation of frames.
 *
 * <p><b>Threads.</b> Two: {@code offer..., drainReturned, inFlight} on the producer's, {@code drain, giveBack} on the
 * consumer's. The queues' ordered stores publish descriptors, and with them the frame's bytes. Who sleeps is woken by a
 * {@link Doorbell}, not here.
 *
 * <p><b>When full</b> an offer says false: the producer drops the frame with {@link DropReason#HANDOFF_FULL}, or tells
 * of the address another time.
 */
public final class HandoffRing {
    /** The consumer's side. */
    public interface HandoffHandler {
        /**
         * A frame of the producer. The handler, or somebody later, calls {@link HandoffRing#giveBack} for the slot.
         *
         * @param ring where it came from
         * @param purpose what is to be done with it
         * @param slot slot of the producer's pool
         * @param offset where its virtio_net_hdr begins in the frame memory
         * @param length bytes, virtio_net_hdr included
         * @param ingressPort port that it was read from
         * @param network network of that port
         * @param shape what the producer gave with it
         */
        void onFrame(
                HandoffRing ring,
                int purpose,
                int slot,
                int offset,
                int length,
                int ingressPort,
                int network,
                long shape);

        /** The producer learned an address; see {@link Fdb#learnRemote}. */
        void onLearned(int network, long mac, int port, long seenMs);

        /** The producer forgot an address; see {@link Fdb#forgetRemote}. */
        void onForgotten(int network, long mac, int port);
    }

    /** The producer's side. */
    public interface ReturnHandler {
        /** The consumer no longer needs the slot: the reference that went with it is the producer's again. */
        void onReturned(int slot);
    }

    private final SpscVarHandleArrayQueue<Handoff> there;
    private final SpscVarHandleArrayQueue<Handoff> back;

    private final Handoff[] free;
    private int freeCount;
    private int inFlight;

    private final Handoff[] spare;
    private int spareCount;

    /**
     * Makes a ring.
     *
     * @param capacity how many frames and addresses can be on the way or held by the consumer, at least 2
     */
    public HandoffRing(int capacity) {
        there = new SpscVarHandleArrayQueue<>(capacity);
        back = new SpscVarHandleArrayQueue<>(capacity);
        free = new Handoff[capacity];
        spare = new Handoff[capacity];
        for (int i = 0; i < capacity; i++) {
            free[i] = new Handoff();
        }
        freeCount = capacity;
    }

    /** {@return most that can be on the way} */
    int capacity() {
        return free.length;
    }

    /**
     * Sends a frame; one reference to the slot goes with it.
     *
     * @param purpose what is to be done with it
     * @param shape how its packet had been split, 0 if it had not been
     * @return false when the ring is full; the reference is still the caller's
     */
    public boolean offerFrame(int purpose, int slot, int offset, int length, int ingressPort, int network, long shape) {
        if (freeCount == 0) {
            return false;
        }
        Handoff handoff = free[--freeCount];
        handoff.kind = Handoff.FRAME;
        handoff.purpose = purpose;
        handoff.shape = shape;
        handoff.slot = slot;
        handoff.offset = offset;
        handoff.length = length;
        handoff.port = ingressPort;
        handoff.network = network;
        inFlight++;
        send(there, handoff);
        return true;
    }

    /** Sends a learned address; {@return false when the ring is full} */
    public boolean offerLearned(int network, long mac, int port, long seenMs) {
        return offerAddress(Handoff.LEARNED, network, mac, port, seenMs);
    }

    /** Sends a forgotten address; {@return false when the ring is full} */
    public boolean offerForgotten(int network, long mac, int port) {
        return offerAddress(Handoff.FORGOTTEN, network, mac, port, 0);
    }

    /** Takes back what the consumer is done with; {@return how many descriptors came back} */
    public int drainReturned(ReturnHandler handler) {
        int count = 0;
        Handoff handoff;
        while ((handoff = back.relaxedPoll()) != null) {
            free[freeCount++] = handoff;
            count++;
            if (handoff.kind == Handoff.SLOT_BACK) {
                inFlight--;
                handler.onReturned(handoff.slot);
            }
        }
        return count;
    }

    /** {@return whether something waits for the consumer} */
    public boolean isPending() {
        return !there.isEmpty();
    }

    /** {@return whether something waits for the producer} */
    public boolean isReturnPending() {
        return !back.isEmpty();
    }

    /** {@return frames that were offered and whose slots have not come back} */
    public int inFlight() {
        return inFlight;
    }

    /**
     * Handles what has arrived.
     *
     * @param handler is called for each, in the order of the offers
     * @param limit most to handle
     * @return how many were handled
     */
    public int drain(HandoffHandler handler, int limit) {
        int count = 0;
        while (count < limit) {
            Handoff handoff = there.relaxedPoll();
            if (handoff == null) {
                break;
            }
            count++;
            deliver(handoff, handler);
        }
        return count;
    }

    /** The consumer no longer needs a frame's slot. Once for each frame delivered. */
    public void giveBack(int slot) {
        Handoff handoff = spare[--spareCount];
        handoff.kind = Handoff.SLOT_BACK;
        handoff.slot = slot;
        send(back, handoff);
    }

    private void deliver(Handoff handoff, HandoffHandler handler) {
        int network = handoff.network;
        int port = handoff.port;
        if (handoff.kind == Handoff.FRAME) {
            spare[spareCount++] = handoff;
            handler.onFrame(
                    this, handoff.purpose, handoff.slot, handoff.offset, handoff.length, port, network, handoff.shape);
            return;
        }
        boolean learned = handoff.kind == Handoff.LEARNED;
        long mac = handoff.mac;
        long seenMs = handoff.seenMs;
        handoff.kind = Handoff.EMPTY;
        send(back, handoff);
        if (learned) {
            handler.onLearned(network, mac, port, seenMs);
        } else {
            handler.onForgotten(network, mac, port);
        }
    }

    private boolean offerAddress(int kind, int network, long mac, int port, long seenMs) {
        if (freeCount == 0) {
            return false;
        }
        Handoff handoff = free[--freeCount];
        handoff.kind = kind;
        handoff.network = network;
        handoff.mac = mac;
        handoff.port = port;
        handoff.seenMs = seenMs;
        send(there, handoff);
        return true;
    }

    private static void send(SpscVarHandleArrayQueue<Handoff> queue, Handoff handoff) {
        if (!queue.relaxedOffer(handoff)) {
            throw new IllegalStateException("more descriptors than a ring has: a slot was given back twice");
        }
    }
}
