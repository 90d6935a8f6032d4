package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BusyPollTest {
    private static final long US = 1_000;
    private static final long MS = 1_000 * US;

    private final BusyPoll busyPoll = new BusyPoll(100 * US);

    @Test
    void sleepsAtOnceUntilWaitsTurnOutShort() {
        assertThat(busyPoll.windowNs(0)).isZero();
        busyPoll.waited(30 * US);
        assertThat(busyPoll.windowNs(0)).isEqualTo(10 * US);
        busyPoll.waited(30 * US);
        busyPoll.waited(30 * US);
        assertThat(busyPoll.windowNs(0)).isEqualTo(40 * US);
        busyPoll.waited(30 * US);
        assertThat(busyPoll.windowNs(0)).as("long enough").isEqualTo(40 * US);
    }

    @Test
    void neverLooksLongerThanAllowed() {
        for (int i = 0; i < 20; i++) {
            busyPoll.waited(99 * US);
        }
        assertThat(busyPoll.windowNs(0)).isEqualTo(100 * US);
    }

    @Test
    void forgetsItWhereFramesComeSeldom() {
        for (int i = 0; i < 20; i++) {
            busyPoll.waited(99 * US);
        }
        busyPoll.waited(MS);
        assertThat(busyPoll.windowNs(0)).isEqualTo(50 * US);
        busyPoll.waited(MS);
        busyPoll.waited(MS);
        busyPoll.waited(MS);
        assertThat(busyPoll.windowNs(0)).isZero();
    }

    @Test
    void sleepsForAWhileWhereSomebodyElseComputes() {
        for (int i = 0; i < 20; i++) {
            busyPoll.waited(50 * US);
        }
        assertThat(busyPoll.yielded(5 * MS, 5 * MS + 2 * US)).isTrue();
        assertThat(busyPoll.yielded(5 * MS, 8 * MS)).isFalse();
        busyPoll.waited(20 * US);
        busyPoll.waited(20 * US);
        assertThat(busyPoll.windowNs(100 * MS)).isZero();
        assertThat(busyPoll.windowNs(108 * MS)).isEqualTo(20 * US);
        assertThat(busyPoll.windowNs(109 * MS)).isEqualTo(20 * US);
    }

    @Test
    void isOffWhenToldSo() {
        BusyPoll off = new BusyPoll(0);
        for (int i = 0; i < 20; i++) {
            off.waited(5 * US);
        }
        assertThat(off.windowNs(0)).isZero();
    }
}
