package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.TCP;
import static io.tapswitch.nat.FlowWorld.UDP;
import static io.tapswitch.nat.FlowWorld.inbound;
import static io.tapswitch.nat.FlowWorld.outbound;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.concurrent.AtomicBuffer;
import org.junit.jupiter.api.Test;

/** R5, catalogue row 82: what a later process finds, whenever the earlier one died. */
class FlowRecoveryTest {
    private static final FlowLimits LIMITS = new FlowLimits(8, 64, 1, 8);

    /** What {@code kill -9} is to a store that was not made yet. */
    private static final class Killed extends RuntimeException {}

    private record Value(int standing, int timerClass, long seenMs, boolean dependent, int state, long packets) {}

    private interface Step {
        void run(FlowWorld world);
    }

    /** A life in which each kind of change happens, evictions and re-used entries included. */
    private static final List<Step> LIFE = List.of(
            w -> w.insert(outbound(UDP, 1, 5000, 1, 40_000)),
            w -> w.insert(outbound(UDP, 1, 5000, 2, 40_000)),
            w -> w.insert(inbound(TCP, 1, 0xC000_0205, 9, 1)),
            w -> w.table.standing(1, FlowEntries.FIRM),
            w -> w.table.touch(1, w.nowMs + 500, FlowWorld.LONG),
            w -> w.table.entries().protocolState(1, 200),
            w -> w.table.entries().window(1, FlowEntries.TO_PEER, -1),
            w -> w.table.remove(0),
            w -> w.insert(outbound(TCP, 2, 6000, 1, 41_000)),
            w -> w.table.retirePort(UDP, 0, 40_000),
            w -> w.insert(outbound(TCP, 3, 6000, 2, 41_000).dependent()),
            w -> w.table.removeEndpoint(2, 10),
            w -> w.insert(outbound(TCP, 4, 1, 1, 42_001)),
            w -> w.insert(outbound(TCP, 4, 2, 1, 42_002)),
            w -> w.insert(outbound(TCP, 4, 3, 1, 42_003)),
            w -> w.insert(outbound(TCP, 4, 4, 1, 42_004)),
            w -> w.insert(outbound(TCP, 4, 5, 1, 42_005)),
            w -> w.insert(outbound(TCP, 4, 6, 1, 42_006)),
            w -> w.table.removeRule(1, 10),
            w -> w.insert(inbound(TCP, 1, 0xC000_0205, 9, 2).outside(0, 81).seenPort(1024)),
            w -> w.table.header.outside(1, 0, FlowTuple.v4(0xC000_0201)),
            w -> w.table.expire(w.nowMs + 130_000, 100));

    /** Opens what another world left. */
    private final FlowWorld later = new FlowWorld(LIMITS);

    @Test
    void R5_killedAtAnyStoreNoFlowIsLostAndNoneIsHalf() {
        List<Map<FlowModel.Key, Value>> whole = undisturbed();
        FlowWorld world = new FlowWorld(LIMITS);
        boolean killed = true;
        int stores = 0;
        for (; killed; stores++) {
            AtomicBuffer kept = FlowWorld.memory(LIMITS.keptLength());
            int done = -1;
            killed = false;
            try {
                world.table = world.open(killedAfter(kept, stores), 1);
                for (done = 0; done < LIFE.size(); done++) {
                    LIFE.get(done).run(world);
                }
            } catch (Killed e) {
                killed = true;
            }
            FlowTable table = reopened(kept);
            assertThat(table.torn()).as("torn after store %d", stores).isZero();
            assertBetween(whole.get(Math.max(done, 0)), flows(table), whole.get(Math.min(done + 1, LIFE.size())));
            assertUsable(table);
        }
        assertThat(stores).isGreaterThan(300);
    }

    @Test
    void R5_killedAtAnyStoreOfARecoveryTheNextOneFindsTheSame() {
        FlowWorld world = new FlowWorld(LIMITS);
        LIFE.subList(0, 11).forEach(step -> step.run(world));
        world.nowMs += 500;
        Map<FlowModel.Key, Value> all = flows(world.table);
        int damaged = world.table.findOutside(outbound(TCP, 2, 6000, 1, 41_000));
        AtomicBuffer kept = world.kept;
        kept.putLong(at(damaged) + FlowEntries.INSIDE_OFFSET, 99);
        all.remove(FlowModel.Key.of(outbound(TCP, 2, 6000, 1, 41_000)));
        boolean killed = true;
        for (int allowed = 0; killed; allowed++) {
            AtomicBuffer copy = FlowWorld.memory(LIMITS.keptLength());
            copy.putBytes(0, kept, 0, kept.capacity());
            killed = false;
            try {
                world.open(killedAfter(copy, allowed), 1);
            } catch (Killed e) {
                killed = true;
            }
            assertThat(flows(reopened(copy))).isEqualTo(all);
        }
    }

    @Test
    void R5_anEntryOfWhichSomeWordsAreOlderIsDropped() {
        FlowWorld world = new FlowWorld(LIMITS);
        FlowTuple older = outbound(TCP, 1, 5000, 1, 40_000)
                .peer(5, 6, 7)
                .rule(3)
                .seenPeer(9)
                .seenPort(8);
        int slot = world.insert(older);
        byte[] old = entry(world.kept, slot);
        world.table.remove(slot);
        assertThat(world.insert(inbound(UDP, 2, 0xC000_0205, 9, 1).inside(3, 4, 5, 6)))
                .isEqualTo(slot);
        byte[] whole = entry(world.kept, slot);
        for (int lost = 0; lost < 1 << 7; lost++) {
            byte[] mixed = whole.clone();
            for (int word = 0; word < 7; word++) {
                if ((lost & 1 << word) != 0) {
                    System.arraycopy(old, 8 + word * 8, mixed, 8 + word * 8, 8);
                }
            }
            world.kept.putBytes(at(slot), mixed);
            FlowTable table = reopened(copy(world.kept));
            assertThat(table.torn())
                    .as("words lost: %s", Integer.toBinaryString(lost))
                    .isEqualTo(lost == 0 ? 0 : 1);
            assertThat(table.size()).isEqualTo(lost == 0 ? 1 : 0);
        }
    }

    @Test
    void R5_aSingleBitThatFlipsInATupleIsNoticed() {
        FlowWorld world = new FlowWorld(LIMITS);
        int slot = world.insert(inbound(TCP, 1, 0xC000_0205, 9, 1));
        for (int bit = 0; bit < FlowEntries.SEEN_OFFSET * 8; bit++) {
            int index = bit / 8;
            boolean flags = index >= FlowEntries.FLAGS_OFFSET && index < FlowEntries.INSIDE_OFFSET;
            boolean protocolState = index >= 1 && index < 4;
            if (flags || protocolState) {
                continue;
            }
            AtomicBuffer copy = copy(world.kept);
            copy.putByte(at(slot) + index, (byte) (copy.getByte(at(slot) + index) ^ 1 << bit % 8));
            FlowTable table = reopened(copy);
            assertThat(table.size()).as("bit %d", bit).isZero();
            assertUsable(table);
        }
    }

    @Test
    void R5_noDamageOfTheWholeMemoryMakesARecoveryFail() {
        FlowWorld world = new FlowWorld(LIMITS);
        LIFE.subList(0, 17).forEach(step -> step.run(world));
        var random = FlowWorld.random(0);
        for (int round = 0; round < 2_000; round++) {
            AtomicBuffer copy = copy(world.kept);
            for (int i = random.nextInt(20); i >= 0; i--) {
                int from = random.nextInt(10) == 0 ? 0 : FlowHeader.LENGTH;
                int index = from + random.nextInt(copy.capacity() - from);
                copy.putByte(index, (byte) random.nextInt());
            }
            FlowTable table = reopened(copy);
            table.expire(world.nowMs + 1_000_000_000_000L, 100);
            assertThat(table.size())
                    .as("-Dseed=%d, round %d", FlowWorld.SEED, round)
                    .isZero();
            assertUsable(table);
        }
    }

    @Test
    void R5_anotherBootLayoutOrSizeBeginsEmpty() {
        FlowWorld world = new FlowWorld(LIMITS);
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        world.table.header.outside(1, 0, FlowTuple.v4(0xC000_0201));
        assertThat(reopened(copy(world.kept)).header.outsideLo(1)).isEqualTo(FlowTuple.v4(0xC000_0201));
        FlowTable rebooted = later.open(copy(world.kept), 2);
        assertThat(rebooted.size()).isZero();
        assertThat(rebooted.header.outsideLo(1)).isZero();
        assertThat(rebooted.insert(outbound(UDP, 1, 5000, 1, 40_000), 0, 0)).isZero();
        FlowWorld smaller = new FlowWorld(new FlowLimits(4, 64, 1, 4));
        assertThat(smaller.open(copy(world.kept), 1).size()).isZero();
        for (int offset : new int[] {0, 8, 12, 40, 56}) {
            AtomicBuffer other = copy(world.kept);
            other.putInt(offset, other.getInt(offset) + 1);
            FlowTable table = reopened(other);
            assertThat(table.size()).as("offset %d", offset).isZero();
            assertThat(table.torn()).isZero();
        }
    }

    @Test
    void R5_theWholeMemoryOfAnOlderVersionBeginsEmptyAndIsKeptFromThenOn() {
        FlowWorld world = new FlowWorld(LIMITS);
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        int version = world.kept.getInt(8);
        world.kept.putInt(8, version - 1);
        long sum = world.kept.getLong(0);
        for (int offset = 8; offset < 56; offset += 8) {
            sum = FlowEntries.mix(sum, world.kept.getLong(offset));
        }
        world.kept.putLong(56, sum);
        FlowTable table = reopened(world.kept);
        assertThat(table.header.kept()).isFalse();
        assertThat(table.size() + table.torn()).isZero();
        assertThat(world.kept.getInt(8)).isEqualTo(version);
        assertThat(table.insert(outbound(UDP, 1, 5001, 1, 40_001), FlowWorld.MEDIUM, later.nowMs))
                .isZero();
        table = reopened(world.kept);
        assertThat(table.header.kept()).isTrue();
        assertThat(table.recovered()).isOne();
    }

    @Test
    void R5_windowsAreDoubtedUntilBothSidesWereSeen() {
        FlowWorld world = new FlowWorld(LIMITS);
        int slot = world.insert(outbound(TCP, 1, 5000, 1, 40_000));
        assertThat(world.table.entries().recovered(slot)).isFalse();
        world.reopen();
        assertThat(world.table.entries().recovered(slot)).isTrue();
        world.table.entries().trusted(slot);
        assertThat(world.table.entries().recovered(slot)).isFalse();
    }

    @Test
    void R12_whatWasDueWhileNobodyRanEndsAtOnceAndATimeToComeIsNow() {
        FlowWorld world = new FlowWorld(LIMITS);
        world.insert(outbound(UDP, 1, 5000, 1, 40_000));
        int ahead = world.insert(outbound(UDP, 1, 5001, 1, 40_001));
        world.table.touch(ahead, world.nowMs + 1_000_000_000);
        world.nowMs += 125_000;
        world.reopen();
        assertThat(world.table.recovered()).isEqualTo(2);
        world.expireAll();
        assertThat(world.told).containsExactly("EXPIRED 5000", "free 17 0 40000");
        assertThat(world.table.entries().seenMs(ahead)).isEqualTo(world.nowMs);
    }

    @Test
    void derivedMemoryMustBeFresh() {
        AtomicBuffer derived = FlowWorld.memory(LIMITS.derivedLength());
        AtomicBuffer kept = FlowWorld.memory(LIMITS.keptLength());
        FlowListener listener = new FlowWorld(LIMITS);
        new FlowTable(kept, derived, LIMITS, FlowWorld.TIMEOUTS_MS, 1, 1, 0, listener);
        assertThatThrownBy(() -> new FlowTable(kept, derived, LIMITS, FlowWorld.TIMEOUTS_MS, 1, 1, 0, listener))
                .hasMessageContaining("must be all zeros");
    }

    /** {@return what there is before the first step, and after each} */
    private static List<Map<FlowModel.Key, Value>> undisturbed() {
        FlowWorld world = new FlowWorld(LIMITS);
        List<Map<FlowModel.Key, Value>> whole = new ArrayList<>();
        whole.add(flows(world.table));
        for (Step step : LIFE) {
            step.run(world);
            whole.add(flows(world.table));
        }
        return whole;
    }

    private static Map<FlowModel.Key, Value> flows(FlowTable table) {
        Map<FlowModel.Key, Value> flows = new HashMap<>();
        FlowEntries entries = table.entries();
        FlowTuple t = new FlowTuple();
        for (int slot = table.next(0); slot != FlowTable.ABSENT; slot = table.next(slot + 1)) {
            entries.read(slot, t);
            flows.put(
                    FlowModel.Key.of(t),
                    new Value(
                            entries.standing(slot),
                            entries.timerClass(slot),
                            entries.seenMs(slot),
                            entries.dependent(slot),
                            entries.protocolState(slot),
                            entries.packets(slot, FlowEntries.TO_PEER)));
        }
        return flows;
    }

    /** What was there before and after a step is there within it; each flow is as before it or as after it. */
    private static void assertBetween(
            Map<FlowModel.Key, Value> before, Map<FlowModel.Key, Value> found, Map<FlowModel.Key, Value> after) {
        Set<FlowModel.Key> both = new HashSet<>(before.keySet());
        both.retainAll(after.keySet());
        assertThat(found).containsKeys(both.toArray(new FlowModel.Key[0]));
        found.forEach((key, value) -> {
            List<Value> allowed = new ArrayList<>();
            allowed.add(before.get(key));
            allowed.add(after.get(key));
            assertThat(allowed).contains(value);
        });
    }

    /** Whatever was found, the table can be filled and emptied. */
    private static void assertUsable(FlowTable table) {
        for (int i = 0; i < 10; i++) {
            FlowTuple t = outbound(UDP, 50, 1 + i, 77, 50_000 + i);
            int slot = table.insert(t, FlowWorld.MEDIUM, 1_000_000);
            if (slot < 0) {
                assertThat(slot).isEqualTo(FlowRefusal.QUOTA);
                continue;
            }
            assertThat(table.findInside(t)).isEqualTo(slot);
        }
        for (int slot = table.next(0); slot != FlowTable.ABSENT; slot = table.next(slot + 1)) {
            table.remove(slot);
        }
        assertThat(table.size()).isZero();
        assertThat(table.longestProbe()).isZero();
    }

    private FlowTable reopened(AtomicBuffer kept) {
        later.nowMs = 1_000_500;
        return later.open(kept, 1);
    }

    private static int at(int slot) {
        return FlowHeader.LENGTH + slot * FlowEntries.ENTRY_LENGTH;
    }

    private static byte[] entry(AtomicBuffer kept, int slot) {
        byte[] bytes = new byte[FlowEntries.ENTRY_LENGTH];
        kept.getBytes(at(slot), bytes);
        return bytes;
    }

    private static AtomicBuffer copy(AtomicBuffer kept) {
        AtomicBuffer copy = FlowWorld.memory(kept.capacity());
        copy.putBytes(0, kept, 0, kept.capacity());
        return copy;
    }

    /** A buffer that passes so many stores on and kills the process at the next one. */
    private static AtomicBuffer killedAfter(AtomicBuffer buffer, int stores) {
        int[] left = {stores};
        return (AtomicBuffer) Proxy.newProxyInstance(
                AtomicBuffer.class.getClassLoader(), new Class<?>[] {AtomicBuffer.class}, (_, method, arguments) -> {
                    boolean reads = method.getName().matches("get\\w+|capacity|verifyAlignment|getClass");
                    if (!reads && left[0]-- <= 0) {
                        throw new Killed();
                    }
                    try {
                        return method.invoke(buffer, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
