package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.TCP;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.AtomicBuffer;
import org.junit.jupiter.api.Test;

/** Catalogue row 53: somebody chooses the packets so that their flows collide. */
class HostileFlowsTest {
    private static final FlowLimits LIMITS = new FlowLimits(4096, 4, 1, 4096);
    private static final int FLOWS = 2_000;
    private static final int NEIGHBOURING_HOMES = 8;

    private final FlowWorld world = new FlowWorld(LIMITS);

    @Test
    void row53_whoKnowsTheHashButNotTheKeyDoesNoHarm() {
        for (FlowTuple t : colliding(new FlowHash(1, 2))) {
            assertThat(world.insert(t)).isNotNegative();
        }
        assertThat(world.table.size()).isEqualTo(FLOWS);
        assertThat(world.table.longestProbe()).isLessThan(40);
    }

    @Test
    void row53_whoKnewTheKeyWouldBeRefusedAfterABoundedSearch() {
        long[] key = {1};
        RandomGenerator known = () -> key[0]++;
        AtomicBuffer kept = FlowWorld.memory(LIMITS.keptLength());
        AtomicBuffer derived = FlowWorld.memory(LIMITS.derivedLength());
        FlowTable table = new FlowTable(kept, derived, LIMITS, FlowWorld.TIMEOUTS_MS, 1, 1, 0, world, known);
        List<FlowTuple> hostile = colliding(new FlowHash(1, 2));
        int admitted = 0;
        for (FlowTuple t : hostile) {
            int slot = table.insert(t, FlowWorld.MEDIUM, 0);
            if (slot < 0) {
                assertThat(slot).isEqualTo(FlowRefusal.CROWDED);
                assertThat(table.findInside(t)).isEqualTo(FlowTable.ABSENT);
                assertThat(table.findOutside(t)).isEqualTo(FlowTable.ABSENT);
            } else {
                admitted++;
            }
        }
        assertThat(admitted)
                .isBetween(FlowIndex.MAX_PROBES, FlowIndex.MAX_PROBES + NEIGHBOURING_HOMES)
                .isEqualTo(table.size());
        assertThat(table.longestProbe()).isLessThanOrEqualTo(FlowIndex.MAX_PROBES);
        assertThat(table.insert(FlowWorld.outbound(TCP, 2, 77, 1, 50_000), FlowWorld.MEDIUM, 0))
                .isNotNegative();
        for (FlowTuple t : hostile) {
            int slot = table.findInside(t);
            if (slot != FlowTable.ABSENT) {
                table.remove(slot);
            }
        }
        assertThat(table.size()).isOne();
        assertThat(table.longestProbe()).isLessThan(4);
    }

    @Test
    void row50_aScanOfAllPortsInOrderIsSpreadOut() {
        for (int port = 0; port < 4_095; port++) {
            assertThat(world.insert(FlowWorld.outbound(TCP, 1, 1000, port, 40_000)))
                    .isNotNegative();
        }
        assertThat(world.table.longestProbe()).isLessThan(100);
    }

    /** Flows of one inside endpoint, to peers chosen so that their homes are next to each other under this key. */
    private static List<FlowTuple> colliding(FlowHash hash) {
        int shift = Integer.numberOfLeadingZeros(2 * LIMITS.capacity() - 1);
        List<FlowTuple> found = new ArrayList<>();
        for (int i = 0; found.size() < FLOWS; i++) {
            FlowTuple t = FlowWorld.outbound(TCP, 1, 1000, i & 0xFFFF, 40_000)
                    .peer(0, FlowTuple.v4(0x0B00_0000 + (i >>> 16)), i & 0xFFFF);
            if (hash.inside(t) >>> shift < NEIGHBOURING_HOMES) {
                found.add(t);
            }
        }
        return found;
    }
}
