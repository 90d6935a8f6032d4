package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.TCP;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
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
    void row53_whoSharesAPlaceInTheCacheOfTheFlowsFoundLastIsFoundAllTheSame() {
        List<FlowTuple> hostile = sharingOnePlace(500);
        for (FlowTuple t : hostile) {
            assertThat(FlowLookup.mixInside(t)).isEqualTo(FlowLookup.mixInside(hostile.getFirst()));
            assertThat(FlowLookup.mixOutside(t)).isEqualTo(FlowLookup.mixOutside(hostile.getFirst()));
            assertThat(world.table.findInside(t)).isEqualTo(FlowTable.ABSENT);
            int slot = world.insert(t);
            assertThat(world.table.findInside(t)).isEqualTo(slot);
            assertThat(world.table.findOutside(t)).isEqualTo(slot);
        }
        for (int i = 0; i < hostile.size(); i += 2) {
            world.table.remove(world.table.findInside(hostile.get(i)));
            assertThat(world.table.findInside(hostile.get(i))).isEqualTo(FlowTable.ABSENT);
            assertThat(world.table.findOutside(hostile.get(i))).isEqualTo(FlowTable.ABSENT);
        }
        FlowTuple kept = new FlowTuple();
        for (int i = 1; i < hostile.size(); i += 2) {
            int slot = world.table.findOutside(hostile.get(i));
            world.table.entries().read(slot, kept);
            assertThat(kept.peerPort()).isEqualTo(hostile.get(i).peerPort());
            // The next entry is that of the one before, which ended: another flow has it now.
            assertThat(world.insert(hostile.get(i - 1))).isNotNegative();
            assertThat(world.table.findInside(hostile.get(i))).isEqualTo(slot);
            assertThat(world.table.findInside(hostile.get(i - 1))).isNotEqualTo(slot);
        }
    }

    /** Flows of one inside endpoint, whose IPv6 peers make up in their addresses for what differs in their ports. */
    private static List<FlowTuple> sharingOnePlace(int count) {
        long inverse = BigInteger.valueOf(FlowCache.MIX_2)
                .modInverse(BigInteger.TWO.pow(Long.SIZE))
                .longValue();
        List<FlowTuple> flows = new ArrayList<>();
        for (int port = 1; port <= count; port++) {
            long low = 0x1234_5678L - ((long) port << 16) * FlowCache.MIX_3 * inverse;
            flows.add(new FlowTuple()
                    .outbound(TCP)
                    .inside(0, 0xFD00L << 48, 2, 1000)
                    .peer(0x2001_0DB8L << 32, low ^ 0x2001_0DB8L << 32, port)
                    .outside(0, 40_000)
                    .endpoint(1));
        }
        return flows;
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
