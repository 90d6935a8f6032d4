package io.tapswitch.core.dataplane;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** The two threads of a {@link HandoffRing}, run against each other by {@link ConcurrencyTest}. */
public final class HandoffRingStress {
    private HandoffRingStress() {}

    /** What the producer wrote before the offer is there when the consumer gets the frame. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "nothing arrived yet")
    @Outcome(id = "7, 42", expect = Expect.ACCEPTABLE, desc = "the frame and its bytes")
    @State
    public static class FrameIsWhole extends Frames {
        private final HandoffRing ring = new HandoffRing(2);
        private int payload;

        @Actor
        public void producer() {
            payload = 42;
            ring.offerFrame(0, 7, 0, 0, 0, 0, 0);
        }

        @Actor
        public void consumer(II_Result r) {
            ring.drain(this, 1);
            if (slotSum != 0) {
                r.r1 = slotSum;
                r.r2 = payload;
            }
        }
    }

    /** What the consumer wrote before it gave the slot back is there when the producer has it again. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not back yet")
    @Outcome(id = "7, 43", expect = Expect.ACCEPTABLE, desc = "back, with what the consumer wrote")
    @State
    public static class SlotComesBackWhole extends Frames {
        private final HandoffRing ring = new HandoffRing(2);
        private int payload;
        private int returned;

        /** Prepares a frame that the consumer has not drained yet. */
        public SlotComesBackWhole() {
            ring.offerFrame(0, 7, 0, 0, 0, 0, 0);
        }

        @Actor
        public void consumer() {
            ring.drain(this, 1);
            payload = 43;
            ring.giveBack(7);
        }

        @Actor
        public void producer(II_Result r) {
            ring.drainReturned(slot -> returned = slot);
            if (returned != 0) {
                r.r1 = returned;
                r.r2 = payload;
            }
        }
    }

    /** Nothing is lost and nothing doubled while descriptors go round: offered = delivered = returned. */
    @JCStressTest
    @Outcome(id = "3, 3, 3", expect = Expect.ACCEPTABLE, desc = "the third was refused: slots 1 and 2")
    @Outcome(id = "7, 7, 7", expect = Expect.ACCEPTABLE, desc = "the first came back in time: slots 1, 2 and 4")
    @State
    public static class NothingIsLostOrDoubled extends Frames {
        private final HandoffRing ring = new HandoffRing(2);
        private int offered;
        private int returned;

        @Actor
        public void producer() {
            offer(1);
            offer(2);
            ring.drainReturned(slot -> returned += slot);
            offer(4);
        }

        @Actor
        public void consumer() {
            for (int i = 0; i < 3; i++) {
                drainOne();
            }
        }

        /** What is left on the way. */
        @Arbiter
        public void settle(III_Result r) {
            for (int i = 0; i < 3; i++) {
                drainOne();
            }
            ring.drainReturned(slot -> returned += slot);
            r.r1 = offered;
            r.r2 = slotSum;
            r.r3 = returned + 1000 * ring.inFlight();
        }

        private void offer(int slot) {
            if (ring.offerFrame(0, slot, 0, 0, 0, 0, 0)) {
                offered += slot;
            }
        }

        private void drainOne() {
            int before = slotSum;
            if (ring.drain(this, 1) == 1) {
                ring.giveBack(slotSum - before);
            }
        }
    }

    /** Addresses and frames keep their order. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "nothing yet")
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the learned address, at the second look")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the learned address, at the first look")
    @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "both")
    @State
    public static class OrderIsKept extends Frames {
        private final HandoffRing ring = new HandoffRing(2);

        @Actor
        public void producer() {
            ring.offerLearned(0, 1L << 40, 0, 0);
            ring.offerForgotten(0, 2L << 40, 0);
        }

        @Actor
        public void consumer(II_Result r) {
            ring.drain(this, 1);
            r.r1 = (int) (macSum >> 40);
            ring.drain(this, 1);
            r.r2 = (int) (macSum >> 40) - r.r1;
        }
    }

    /** A consumer that adds up what it gets. */
    public abstract static class Frames implements HandoffRing.HandoffHandler {
        /** Sum of the slots delivered. */
        protected int slotSum;
        /** Sum of the addresses delivered. */
        protected long macSum;

        @Override
        public void onFrame(
                HandoffRing ring,
                int purpose,
                int slot,
                int offset,
                int length,
                int ingressPort,
                int network,
                long shape) {
            slotSum += slot;
        }

        @Override
        public void onLearned(int network, long mac, int port, long seenMs) {
            macSum += mac;
        }

        @Override
        public void onForgotten(int network, long mac, int port) {
            macSum += mac;
        }
    }
}
