package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.UDP;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Part (d) of the requirements: a million mappings fit in 256 MiB, are all found, and all end. */
class FlowMemoryTest {
    private static final int MILLION = 1_000_000;
    private static final int PORTS = 62_500;
    private static final long MIB = 1 << 20;

    /** 16 addresses of the host, because a mapping needs a port of its own. */
    private static final FlowLimits LIMITS = new FlowLimits(1 << 20, 1024, 16, 1 << 20);

    @Test
    void aMillionMappingsFitIn256MiB() {
        assertThat(LIMITS.keptLength() + LIMITS.derivedLength()).isLessThanOrEqualTo(256 * MIB);
        long[] counts = new long[2];
        FlowListener counting = new FlowListener() {
            @Override
            public void onEnd(int slot, FlowEnd why) {
                counts[0]++;
            }

            @Override
            public void onPortFree(int protocol, int outsideSlot, int port) {
                counts[1]++;
            }
        };
        FlowTable table = new FlowTable(
                FlowWorld.memory(LIMITS.keptLength()),
                FlowWorld.memory(LIMITS.derivedLength()),
                LIMITS,
                FlowWorld.TIMEOUTS_MS,
                1,
                1,
                0,
                counting);
        FlowTuple t = new FlowTuple();
        for (int i = 0; i < MILLION; i++) {
            if (table.insert(mapping(t, i), FlowWorld.MEDIUM, i / 1000) < 0) {
                throw new AssertionError("refused: " + i);
            }
        }
        assertThat(table.size()).isEqualTo(MILLION);
        assertThat(table.longestProbe()).isLessThan(FlowIndex.MAX_PROBES / 2);
        for (int i = 0; i < MILLION; i += 7) {
            mapping(t, i);
            int slot = table.findInside(t);
            if (slot == FlowTable.ABSENT || table.findOutside(t) != slot || table.mappedPort(t) != t.outsidePort()) {
                throw new AssertionError("not found: " + i);
            }
        }
        int calls = 0;
        while (table.expire(200_000, 1_000) == 1_000) {
            calls++;
        }
        assertThat(calls).isEqualTo(MILLION / 1_000);
        assertThat(table.size()).isZero();
        assertThat(counts).containsExactly(MILLION, MILLION);
        assertThat(table.longestProbe()).isZero();
    }

    /** An inside endpoint, port and outside port of its own for each; the peer is always the same. */
    private static FlowTuple mapping(FlowTuple t, int i) {
        return t.outbound(UDP)
                .inside(i & 1023, 0, FlowTuple.v4(0x0A00_0000 + i), i & 0xFFFF)
                .peer(0, FlowTuple.v4(0xC000_0209), 53)
                .outside(i / PORTS, 1024 + i % PORTS)
                .endpoint(i & 1023);
    }
}
