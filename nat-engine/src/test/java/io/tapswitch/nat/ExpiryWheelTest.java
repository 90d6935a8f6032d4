package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** When the wheel asks to look at a flow: never later than a tick after its deadline, and only if somebody turns it. */
class ExpiryWheelTest {
    private static final int CAPACITY = 1024;
    private static final long BEGIN_MS = 5_000_000_123L;

    private final ExpiryWheel wheel =
            new ExpiryWheel(FlowWorld.memory(ExpiryWheel.length(CAPACITY)), 0, CAPACITY, BEGIN_MS);

    @Test
    void looksAtEachWithinATickOfItsDeadline() {
        RandomGenerator random = FlowWorld.random(1);
        long[] deadlineMs = new long[CAPACITY];
        for (int slot = 0; slot < CAPACITY; slot++) {
            deadlineMs[slot] = BEGIN_MS + random.nextInt(1, 8_000_000);
            wheel.schedule(slot, deadlineMs[slot]);
        }
        long nowMs = BEGIN_MS;
        int seen = 0;
        while (seen < CAPACITY) {
            nowMs += 100;
            for (int slot = wheel.due(nowMs); slot != ExpiryWheel.ABSENT; slot = wheel.due(nowMs)) {
                wheel.cancel(slot);
                assertThat(deadlineMs[slot])
                        .as("-Dseed=%d", FlowWorld.SEED)
                        .isBetween(nowMs - 2 * ExpiryWheel.TICK_MS, nowMs);
                seen++;
            }
        }
    }

    @Test
    void looksInBetweenAtWhatIsBeyondItsEnd() {
        wheel.schedule(5, BEGIN_MS + 1_000_000_000L);
        long endMs = BEGIN_MS + (long) ExpiryWheel.BUCKETS * ExpiryWheel.TICK_MS;
        assertThat(wheel.due(endMs - 3 * ExpiryWheel.TICK_MS)).isEqualTo(ExpiryWheel.ABSENT);
        assertThat(wheel.due(endMs)).isEqualTo(5);
    }

    @Test
    void row100_afterAPauseOfYearsEachBucketIsVisitedOnce() {
        for (int slot = 0; slot < CAPACITY; slot++) {
            wheel.schedule(slot, BEGIN_MS + slot * 8_000L);
        }
        long nowMs = BEGIN_MS + 300_000_000_000L;
        for (int i = 0; i < CAPACITY; i++) {
            wheel.cancel(wheel.due(nowMs));
        }
        assertThat(wheel.due(nowMs)).isEqualTo(ExpiryWheel.ABSENT);
    }

    @Test
    void givesTheSlotThatBecameFreeLast() {
        assertThat(wheel.takeFree()).isEqualTo(ExpiryWheel.ABSENT);
        wheel.putFree(3);
        wheel.putFree(4);
        assertThat(wheel.takeFree()).isEqualTo(4);
        assertThat(wheel.takeFree()).isEqualTo(3);
        assertThat(wheel.takeFree()).isEqualTo(ExpiryWheel.ABSENT);
    }
}
