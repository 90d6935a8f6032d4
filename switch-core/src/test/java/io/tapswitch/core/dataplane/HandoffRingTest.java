package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HandoffRingTest {
    private final List<String> arrived = new ArrayList<>();
    private final List<Integer> returned = new ArrayList<>();
    private final HandoffRing ring = new HandoffRing(4);

    /** Writes down what arrives; gives slots back when told to. */
    private final HandoffRing.HandoffHandler consumer = new HandoffRing.HandoffHandler() {
        @Override
        public void onFrame(
                HandoffRing from,
                int purpose,
                int slot,
                int offset,
                int length,
                int ingressPort,
                int network,
                long shape) {
            assertThat(from).isSameAs(ring);
            arrived.add("frame " + purpose + " " + slot + " " + offset + " " + length + " " + ingressPort + " "
                    + network + " " + shape);
        }

        @Override
        public void onLearned(int network, long mac, int port, long seenMs) {
            arrived.add("learned " + network + " " + mac + " " + port + " " + seenMs);
        }

        @Override
        public void onForgotten(int network, long mac, int port) {
            arrived.add("forgotten " + network + " " + mac + " " + port);
        }
    };

    @Test
    void B15_everythingArrivesOnceWholeAndInOrder() {
        assertThat(ring.offerFrame(6, 1, 2, 3, 4, 5, 7)).isTrue();
        assertThat(ring.offerLearned(6, 7, 8, 9)).isTrue();
        assertThat(ring.offerForgotten(10, 11, 12)).isTrue();
        assertThat(ring.drain(consumer, 2)).isEqualTo(2);
        assertThat(ring.drain(consumer, 100)).isEqualTo(1);
        assertThat(ring.drain(consumer, 100)).isZero();
        assertThat(arrived).containsExactly("frame 6 1 2 3 4 5 7", "learned 6 7 8 9", "forgotten 10 11 12");
    }

    @Test
    void aFullRingRefusesUntilSomethingCameBack() {
        for (int slot = 0; slot < 4; slot++) {
            assertThat(ring.offerFrame(0, slot, 0, 0, 0, 0, 0)).isTrue();
        }
        assertThat(ring.offerFrame(0, 9, 0, 0, 0, 0, 0)).isFalse();
        assertThat(ring.offerLearned(0, 0, 0, 0)).isFalse();
        assertThat(ring.offerForgotten(0, 0, 0)).isFalse();
        ring.drain(consumer, 100);
        assertThat(ring.drainReturned(returned::add))
                .as("the consumer still holds the slots")
                .isZero();
        assertThat(ring.offerFrame(0, 9, 0, 0, 0, 0, 0)).isFalse();
        ring.giveBack(2);
        assertThat(ring.drainReturned(returned::add)).isEqualTo(1);
        assertThat(returned).containsExactly(2);
        assertThat(ring.offerFrame(0, 9, 0, 0, 0, 0, 0)).isTrue();
        assertThat(arrived).hasSize(4);
    }

    @Test
    void aFrameIsInFlightUntilItsSlotIsBackWithTheProducer() {
        ring.offerFrame(0, 1, 0, 0, 0, 0, 0);
        ring.offerLearned(0, 0, 0, 0);
        assertThat(ring.inFlight()).isEqualTo(1);
        ring.drain(consumer, 100);
        ring.giveBack(1);
        assertThat(ring.inFlight()).isEqualTo(1);
        assertThat(ring.drainReturned(returned::add)).as("descriptors").isEqualTo(2);
        assertThat(ring.inFlight()).isZero();
        assertThat(returned).containsExactly(1);
    }

    @Test
    void addressesFreeTheirPlaceAsSoonAsTheyAreHandled() {
        for (int i = 0; i < 1000; i++) {
            assertThat(ring.offerLearned(1, i, 2, 3)).isTrue();
            assertThat(ring.offerForgotten(1, i, 2)).isTrue();
            assertThat(ring.drain(consumer, 100)).isEqualTo(2);
            assertThat(ring.drainReturned(returned::add)).isEqualTo(2);
        }
        assertThat(returned).isEmpty();
    }

    @Test
    void aHandlerMayGiveTheSlotBackAtOnce() {
        ring.offerFrame(0, 7, 0, 0, 0, 0, 0);
        ring.drain(givingBack(), 100);
        ring.drainReturned(returned::add);
        assertThat(returned).containsExactly(7);
    }

    @Test
    void slotsMayComeBackInAnyOrderAndNoneIsLostOrDoubled() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        HandoffRing large = new HandoffRing(37);
        Deque<Integer> owned = new ArrayDeque<>();
        for (int slot = 0; slot < 50; slot++) {
            owned.add(slot);
        }
        List<Integer> held = new ArrayList<>();
        for (int step = 0; step < 200_000; step++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    if (!owned.isEmpty() && large.offerFrame(0, owned.peek(), 0, 0, 0, 0, 0)) {
                        owned.remove();
                    }
                }
                case 1 -> large.drain(collecting(held), random.nextInt(5));
                case 2 -> {
                    if (!held.isEmpty()) {
                        large.giveBack(held.remove(random.nextInt(held.size())));
                    }
                }
                default ->
                    large.drainReturned(slot -> {
                        assertThat(owned).as("seed %d", seed).doesNotContain(slot);
                        owned.add(slot);
                    });
            }
            assertThat(owned.size() + large.inFlight())
                    .as("seed %d, step %d", seed, step)
                    .isEqualTo(50);
        }
    }

    private HandoffRing.HandoffHandler givingBack() {
        return new Frames() {
            @Override
            public void onFrame(
                    HandoffRing from,
                    int purpose,
                    int slot,
                    int offset,
                    int length,
                    int ingressPort,
                    int network,
                    long shape) {
                from.giveBack(slot);
            }
        };
    }

    private static HandoffRing.HandoffHandler collecting(List<Integer> held) {
        return new Frames() {
            @Override
            public void onFrame(
                    HandoffRing from,
                    int purpose,
                    int slot,
                    int offset,
                    int length,
                    int ingressPort,
                    int network,
                    long shape) {
                held.add(slot);
            }
        };
    }

    /** A consumer that expects frames only. */
    private abstract static class Frames implements HandoffRing.HandoffHandler {
        @Override
        public void onLearned(int network, long mac, int port, long seenMs) {
            throw new AssertionError("nobody offered an address");
        }

        @Override
        public void onForgotten(int network, long mac, int port) {
            throw new AssertionError("nobody offered an address");
        }
    }
}
