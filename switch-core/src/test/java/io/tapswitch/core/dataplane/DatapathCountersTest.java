package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DatapathCountersTest {
    private final DatapathCounters counters = new DatapathCounters();

    @Test
    void aPortShowsWhatWasCountedForItOverAllWorkers() {
        DatapathCounters other = new DatapathCounters();
        counters.resetPort(3);
        other.resetPort(3);
        counters.rx(3, 60);
        counters.rx(3, 65_549);
        counters.tx(3, 100);
        other.tx(3, 1);
        other.drop(3, DropReason.STORM);
        other.drop(3, DropReason.STORM.verdict());
        assertThat(DatapathCounters.snapshot(3, counters, other))
                .isEqualTo(new CounterSnapshot(3, 2, 65_609, 2, 101, Map.of(DropReason.STORM, 2L)));
        assertThat(DatapathCounters.sum(Term.DROPPED, counters, other)).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(DropReason.class)
    void eachReasonHasACounterOfItsOwn(DropReason reason) {
        counters.resetPort(FrameIo.MAX_PORTS - 1);
        counters.drop(FrameIo.MAX_PORTS - 1, reason.verdict());
        CounterSnapshot shown = DatapathCounters.snapshot(FrameIo.MAX_PORTS - 1, counters);
        assertThat(shown).isEqualTo(new CounterSnapshot(FrameIo.MAX_PORTS - 1, 0, 0, 0, 0, Map.of(reason, 1L)));
    }

    @ParameterizedTest
    @EnumSource(Term.class)
    void eachTermHasACounterOfItsOwn(Term term) {
        counters.add(term, 5);
        for (Term each : Term.values()) {
            assertThat(counters.get(each)).isEqualTo(each == term ? 5 : 0);
        }
    }

    @Test
    void aPortThatIsAddedAgainBeginsAtZeroAndTheTermsGoOn() {
        counters.resetPort(3);
        counters.rx(3, 60);
        counters.tx(3, 60);
        counters.drop(3, DropReason.RUNT);
        counters.resetPort(3);
        assertThat(DatapathCounters.snapshot(3, counters)).isEqualTo(new CounterSnapshot(3, 0, 0, 0, 0, Map.of()));
        assertThat(counters.get(Term.RECEIVED)).isEqualTo(1);
        assertThat(counters.get(Term.TRANSMITTED)).isEqualTo(1);
        assertThat(counters.get(Term.DROPPED)).isEqualTo(1);
    }

    @Test
    void whatIsCountedForAPortThatWasNeverAddedIsInTheTermsOnly() {
        counters.rx(5, 60);
        counters.drop(6, DropReason.DETACHED);
        assertThat(DatapathCounters.snapshot(5, counters)).isEqualTo(new CounterSnapshot(5, 0, 0, 0, 0, Map.of()));
        assertThat(counters.get(Term.RECEIVED)).isEqualTo(1);
        assertThat(counters.get(Term.DROPPED)).isEqualTo(1);
    }

    @Test
    void countsPast32Bits() {
        counters.resetPort(1);
        for (int i = 0; i < 3; i++) {
            counters.rx(1, Integer.MAX_VALUE);
        }
        assertThat(DatapathCounters.snapshot(1, counters).rxBytes()).isEqualTo(3L * Integer.MAX_VALUE);
        counters.add(Term.COPIED, Long.MAX_VALUE - 1);
        counters.add(Term.COPIED, 1);
        assertThat(counters.get(Term.COPIED)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void R16_aReaderNeverSeesACounterGoBackWhileTheOwnerCounts() throws InterruptedException {
        counters.resetPort(1);
        AtomicBoolean done = new AtomicBoolean();
        Thread owner = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 3_000_000; i++) {
                counters.rx(1, 1000);
            }
            done.set(true);
        });
        long frames = 0;
        while (!done.get()) {
            CounterSnapshot shown = DatapathCounters.snapshot(1, counters);
            assertThat(shown.rxFrames()).isGreaterThanOrEqualTo(frames);
            frames = shown.rxFrames();
        }
        owner.join();
        assertThat(DatapathCounters.snapshot(1, counters).rxFrames()).isEqualTo(3_000_000);
    }
}
