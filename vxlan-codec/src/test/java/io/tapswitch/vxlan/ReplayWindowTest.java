package io.tapswitch.vxlan;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.Seeds;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** V13: against a set of all that came. */
class ReplayWindowTest {
    private final RandomGenerator random = Seeds.random();
    private final ReplayWindow window = new ReplayWindow();

    @Test
    void V13_whatIsWithinReachIsTakenOnceAndOnlyOnce() {
        Set<Long> came = new HashSet<>();
        long latest = 0;
        for (int i = 0; i < 200_000; i++) {
            long back = random.nextInt(random.nextInt(4) == 0 ? 3 * ReplayWindow.REACH : 64);
            long sequence = Math.max(0, latest + random.nextInt(random.nextInt(500) == 0 ? 10_000 : 4) - back);
            boolean isNew = window.isNew(sequence);
            boolean taken = window.take(sequence);
            assertThat(taken).as("the look says what the taking does").isEqualTo(isNew);
            if (came.contains(sequence)) {
                assertThat(taken)
                        .as("%d came, %s", sequence, Seeds.description())
                        .isFalse();
            } else if (latest - sequence <= ReplayWindow.REACH) {
                assertThat(taken)
                        .as("%d of %d, %s", sequence, latest, Seeds.description())
                        .isTrue();
            }
            if (taken) {
                came.add(sequence);
                latest = Math.max(latest, sequence);
            }
        }
    }

    @Test
    void V13_atTheEdgesOfTheWindow() {
        assertThat(window.take(0)).isTrue();
        assertThat(window.take(0)).isFalse();
        assertThat(window.take(ReplayWindow.REACH + 1)).isTrue();
        assertThat(window.take(1)).isTrue();
        // Its word is that of 0 to 31, one round later.
        assertThat(window.take(ReplayWindow.REACH + 32)).isTrue();
        assertThat(window.isNew(2)).isFalse();
        assertThat(window.take(2)).isFalse();
        assertThat(window.take(32)).isTrue();
    }

    @Test
    void V13_aSequenceThatNobodyReachesIsRefusedAndMovesNothing() {
        assertThat(window.isNew(1L << 44)).isFalse();
        assertThat(window.take(1L << 44)).isFalse();
        assertThat(window.take((1L << 56) - 1)).isFalse();
        assertThat(window.take(0)).isTrue();
        assertThat(window.take((1L << 44) - 1)).isTrue();
        assertThat(window.take((1L << 44) - 1)).isFalse();
    }

    @Test
    void V13_whoGoesOnTakesNothingThatCame_andAllThatIsNew() {
        assertThat(window.next()).isZero();
        for (long sequence : new long[] {0, 31, 32, 4095, 4096, 5000, 1L << 40}) {
            window.take(sequence);
            window.take(0);
            assertThat(window.next()).isEqualTo(sequence + 1);
            ReplayWindow anew = new ReplayWindow(window.next());
            assertThat(anew.isNew(sequence)).isFalse();
            assertThat(anew.take(sequence)).isFalse();
            assertThat(anew.next()).isEqualTo(sequence + 1);
            assertThat(anew.take(sequence + 1)).isTrue();
        }
    }

    @RepeatedTest(5)
    void V13_ofSeveralWorkersOneTakesIt() throws InterruptedException {
        int sequences = 20_000;
        AtomicIntegerArray taken = new AtomicIntegerArray(sequences);
        try (ExecutorService workers = Executors.newFixedThreadPool(3)) {
            for (int worker = 0; worker < 3; worker++) {
                workers.execute(() -> {
                    for (int i = 0; i < sequences; i++) {
                        taken.addAndGet(i ^ 5, window.take(i ^ 5) ? 1 : 0);
                    }
                });
            }
            workers.shutdown();
            assertThat(workers.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        }
        // Who is first at a sequence is never more than the window's reach behind.
        for (int i = 0; i < sequences; i++) {
            assertThat(taken.get(i)).as("sequence %d", i).isEqualTo(1);
        }
    }
}
