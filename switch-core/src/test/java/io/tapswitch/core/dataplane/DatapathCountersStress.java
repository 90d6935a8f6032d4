package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;

/** A worker that counts and a thread that reads, run against each other by {@link ConcurrencyTest}. */
public final class DatapathCountersStress {
    private DatapathCountersStress() {}

    /** A counter is never torn and never goes back; steps of 2^32 + 1 make half a value visible. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE)
    @Outcome(id = "0, 4294967297", expect = Expect.ACCEPTABLE)
    @Outcome(id = "0, 8589934594", expect = Expect.ACCEPTABLE)
    @Outcome(id = "4294967297, 4294967297", expect = Expect.ACCEPTABLE)
    @Outcome(id = "4294967297, 8589934594", expect = Expect.ACCEPTABLE)
    @Outcome(id = "8589934594, 8589934594", expect = Expect.ACCEPTABLE)
    @State
    public static class NeverTornNeverBack {
        private static final long STEP = (1L << 32) + 1;
        private final DatapathCounters counters = new DatapathCounters(4);

        @Actor
        public void owner() {
            counters.add(Term.COPIED, STEP);
            counters.add(Term.COPIED, STEP);
        }

        @Actor
        public void reader(JJ_Result r) {
            r.r1 = counters.get(Term.COPIED);
            r.r2 = counters.get(Term.COPIED);
        }
    }

    /** Who sees a counter sees all that was counted before it. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE)
    @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE)
    @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE)
    @Outcome(id = "1, 0", expect = Expect.FORBIDDEN, desc = "transmitted, but never received")
    @State
    public static class CausesAreSeenBeforeEffects {
        private final DatapathCounters counters = new DatapathCounters(4);

        @Actor
        public void owner() {
            counters.rx(1, 60);
            counters.tx(2, 60);
        }

        @Actor
        public void reader(JJ_Result r) {
            r.r1 = counters.get(Term.TRANSMITTED);
            r.r2 = counters.get(Term.RECEIVED);
        }
    }

    /** A row that is begun anew shows the old count or none, and is whole. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "not added yet, or begun anew")
    @Outcome(id = "0, 60", expect = Expect.ACCEPTABLE, desc = "between the two stores of a frame, or after")
    @Outcome(id = "1, 60", expect = Expect.ACCEPTABLE, desc = "the old row")
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the old row, between the two stores of a frame")
    @State
    public static class ARowIsBegunAnew {
        private final DatapathCounters counters = new DatapathCounters(4);

        @Actor
        public void owner() {
            counters.resetPort(1);
            counters.rx(1, 60);
            counters.resetPort(1);
        }

        @Actor
        public void reader(JJ_Result r) {
            CounterSnapshot shown = DatapathCounters.snapshot(1, counters);
            r.r1 = shown.rxFrames();
            r.r2 = shown.rxBytes();
        }
    }
}
