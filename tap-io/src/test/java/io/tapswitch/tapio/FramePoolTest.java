package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FramePoolTest {
    private static final int FIRST = 100;

    @Test
    void givesEachSlotOnceAndThenNone() {
        FramePool pool = new FramePool(FIRST, 4);
        Set<Integer> slots = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            slots.add(pool.allocate());
        }
        assertThat(slots).containsExactlyInAnyOrder(100, 101, 102, 103);
        assertThat(pool.allocate()).isEqualTo(FramePool.NONE);
        assertThat(pool.inUse()).isEqualTo(4);
    }

    @Test
    void aSlotIsReleasedWhenItsLastReferenceGoes() {
        FramePool pool = new FramePool(FIRST, 4);
        int slot = pool.allocate();
        pool.retain(slot, 2);
        assertThat(pool.release(slot)).isFalse();
        assertThat(pool.release(slot)).isFalse();
        assertThat(pool.release(slot)).isTrue();
        assertThat(pool.inUse()).isZero();
    }

    @Test
    void aSlotThatNobodyHoldsCannotBeReleasedOrRetained() {
        FramePool pool = new FramePool(FIRST, 4);
        int slot = pool.allocate();
        pool.release(slot);
        assertThatThrownBy(() -> pool.release(slot)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.retain(slot, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anEndedOwnerLosesWaitingSlotsAtOnceAndOthersWhenReleased() {
        try (FrameMemory memory = FrameMemory.map(8L * FrameMemory.SLOT_LENGTH)) {
            FramePool pool = new FramePool(0, 8);
            int waiting = pool.take(7);
            int used = pool.take(7);
            int others = pool.take(8);
            pool.filled(used);
            pool.disown(7, memory);
            assertThat(pool.available()).isEqualTo(6);
            assertThat(pool.owner(waiting)).isEqualTo(FramePool.NONE);
            assertThat(pool.owner(used)).isEqualTo(FramePool.NONE);
            assertThat(pool.owner(others)).isEqualTo(8);
            assertThat(pool.release(used)).isTrue();
            pool.free(used);
            assertThat(pool.available()).isEqualTo(7);
        }
    }

    @Test
    void theMemoryOfAnEndedOwnerReadsAsZeroAgain() {
        try (FrameMemory memory = FrameMemory.map(8L * FrameMemory.SLOT_LENGTH)) {
            FramePool pool = new FramePool(0, 8);
            for (int i = 0; i < 8; i++) {
                int slot = pool.take(i % 2);
                pool.filled(slot);
                memory.buffer().setMemory(slot * FrameMemory.SLOT_LENGTH, FrameMemory.SLOT_LENGTH, (byte) 1);
                pool.release(slot);
            }
            pool.disown(1, memory);
            // Pages that two slots share keep what the neighbour wrote.
            int middle = FrameMemory.SLOT_LENGTH / 2;
            for (int slot = 0; slot < 8; slot++) {
                byte expected = (byte) (slot % 2 == 0 ? 1 : 0);
                assertThat(memory.buffer().getByte(slot * FrameMemory.SLOT_LENGTH + middle))
                        .isEqualTo(expected);
                assertThat(memory.buffer().getByte(slot * FrameMemory.SLOT_LENGTH))
                        .isIn((byte) 1, expected);
            }
        }
    }

    @Test
    @DisplayName("R7 random use keeps every slot in exactly one state")
    void randomUseKeepsTheBalance() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        int slots = 64;
        int owners = 5;
        try (FrameMemory memory = FrameMemory.map((long) slots * FrameMemory.SLOT_LENGTH)) {
            FramePool pool = new FramePool(0, slots);
            Map<Integer, Integer> waiting = new HashMap<>();
            Map<Integer, Integer> held = new HashMap<>();
            for (int step = 0; step < 100_000; step++) {
                int owner = random.nextInt(owners);
                switch (random.nextInt(6)) {
                    case 0 -> {
                        int slot = pool.take(owner);
                        assertThat(slot == FramePool.NONE).isEqualTo(waiting.size() + held.size() == slots);
                        if (slot != FramePool.NONE) {
                            assertThat(waiting.put(slot, owner))
                                    .as("seed %d", seed)
                                    .isNull();
                        }
                    }
                    case 1 ->
                        any(random, waiting).ifPresent(slot -> {
                            pool.filled(slot);
                            waiting.remove(slot);
                            held.put(slot, 1);
                        });
                    case 2 ->
                        any(random, held).ifPresent(slot -> {
                            pool.retain(slot, 2);
                            held.merge(slot, 2, Integer::sum);
                        });
                    case 3, 4 ->
                        any(random, held).ifPresent(slot -> {
                            boolean last = held.getOrDefault(slot, 0) == 1;
                            assertThat(pool.release(slot)).as("seed %d", seed).isEqualTo(last);
                            held.merge(slot, -1, Integer::sum);
                            if (last) {
                                held.remove(slot);
                                pool.free(slot);
                            }
                        });
                    default -> {
                        if (random.nextInt(50) == 0) {
                            pool.disown(owner, memory);
                            waiting.values().removeIf(o -> o == owner);
                        }
                    }
                }
                assertThat(pool.inUse()).as("seed %d", seed).isEqualTo(held.size());
                assertThat(pool.available()).as("seed %d", seed).isEqualTo(slots - waiting.size() - held.size());
            }
        }
    }

    private static Optional<Integer> any(Random random, Map<Integer, Integer> slots) {
        return slots.keySet().stream()
                .skip(slots.isEmpty() ? 0 : random.nextInt(slots.size()))
                .findFirst();
    }
}
