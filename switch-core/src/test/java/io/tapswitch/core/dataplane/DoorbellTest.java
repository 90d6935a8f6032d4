package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DoorbellTest {
    private int wakes;
    private final Doorbell doorbell = new Doorbell(() -> wakes++);

    @Test
    void aWorkerThatIsAwakeIsNotWoken() {
        doorbell.ring();
        doorbell.beginSleep();
        doorbell.endSleep();
        doorbell.ring();
        assertThat(wakes).isZero();
    }

    @Test
    void aSleepCostsOneWakeUpHoweverManyRing() {
        doorbell.beginSleep();
        doorbell.ring();
        doorbell.ring();
        assertThat(wakes).isEqualTo(1);
        doorbell.endSleep();
        doorbell.beginSleep();
        doorbell.ring();
        assertThat(wakes).isEqualTo(2);
    }
}
