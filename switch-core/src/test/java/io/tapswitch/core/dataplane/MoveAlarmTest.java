package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MoveAlarmTest {
    private static final long A = 0x0242_ac12_0002L;

    private final MoveAlarm alarm = new MoveAlarm();

    @Test
    void B2_theSixthMoveWithin180SecondsRaisesAnAlarm() {
        for (int i = 0; i < 5; i++) {
            assertThat(alarm.moved(1, A, i * 30_000L)).isFalse();
        }
        assertThat(alarm.moved(1, A, 179_999)).isTrue();
    }

    @Test
    void B2_movesThatAreFurtherApartRaiseNone() {
        for (int i = 0; i < 1000; i++) {
            assertThat(alarm.moved(1, A, i * 36_000L)).as("move %d", i).isFalse();
        }
    }

    @Test
    void B2_anAddressThatNeverStopsIsToldOnceEach180Seconds() {
        int alarms = 0;
        for (long nowMs = -900_000; nowMs < 900_000; nowMs += 10) {
            alarms += alarm.moved(1, A, nowMs) ? 1 : 0;
        }
        assertThat(alarms).isEqualTo(10);
    }

    @Test
    void addressesAndNetworksAreCountedApart() {
        for (int i = 0; i < 5; i++) {
            assertThat(alarm.moved(1, A, i)).isFalse();
            assertThat(alarm.moved(2, A, i)).isFalse();
            assertThat(alarm.moved(1, A + 1, i)).isFalse();
        }
        assertThat(alarm.moved(2, A, 5)).isTrue();
    }

    @Test
    void anAddressThatMovesMoreOftenThanTheCrowdIsStillFound() {
        int alarms = 0;
        for (int i = 0; i < 100_000; i++) {
            alarm.moved(1, 0x1_0000 + i, i);
            if (i % 10 == 0) {
                alarms += alarm.moved(1, A, i) ? 1 : 0;
            }
        }
        assertThat(alarms).isEqualTo(1);
    }
}
