package io.tapswitch.core.dataplane;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A producer and a worker that goes to sleep, run against each other by {@link ConcurrencyTest}. */
public final class DoorbellStress {
    private DoorbellStress() {}

    /** Either the worker sees what was offered before it blocks, or it is woken. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "blocks and is woken")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "sees the offer, does not block")
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "sees the offer and is woken for nothing")
    @Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "a lost wake-up")
    @State
    public static class NoWakeUpIsLost {
        private final AtomicInteger wakes = new AtomicInteger();
        private final Doorbell doorbell = new Doorbell(wakes::incrementAndGet);
        private final AtomicInteger queue = new AtomicInteger();

        @Actor
        public void producer() {
            queue.lazySet(1);
            doorbell.ring();
        }

        @Actor
        public void worker(II_Result r) {
            doorbell.beginSleep();
            r.r1 = queue.getAcquire();
            if (r.r1 != 0) {
                doorbell.endSleep();
            }
        }

        /** How often the worker was woken. */
        @Arbiter
        public void count(II_Result r) {
            r.r2 = wakes.get();
        }
    }

    /** Of two that ring at a sleeping worker one wakes it. */
    @JCStressTest
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "woken once")
    @State
    public static class ASleepCostsOneWakeUp {
        private final AtomicInteger wakes = new AtomicInteger();
        private final Doorbell doorbell = new Doorbell(wakes::incrementAndGet);

        /** A worker that sleeps. */
        public ASleepCostsOneWakeUp() {
            doorbell.beginSleep();
        }

        @Actor
        public void first() {
            doorbell.ring();
        }

        @Actor
        public void second() {
            doorbell.ring();
        }

        /** How often the worker was woken. */
        @Arbiter
        public void count(II_Result r) {
            r.r2 = wakes.get();
        }
    }
}
