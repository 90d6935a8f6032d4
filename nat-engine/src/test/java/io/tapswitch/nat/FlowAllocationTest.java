package io.tapswitch.nat;

import static io.tapswitch.nat.FlowWorld.TCP;
import static io.tapswitch.nat.FlowWorld.UDP;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** R11: nothing that a packet or the clock causes in the flow table allocates, refusals and evictions included. */
class FlowAllocationTest {
    private static final int ROUNDS = 400;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Counts; the lists of other tests would allocate. */
    private static final class Counting implements FlowListener {
        long ends;
        long freePorts;

        @Override
        public void onEnd(int slot, FlowEnd why) {
            ends++;
        }

        @Override
        public void onPortFree(int protocol, int outsideSlot, int port) {
            freePorts++;
        }
    }

    private final Counting counting = new Counting();
    private final FlowWorld world = new FlowWorld(new FlowLimits(256, 8, 2, 200));
    private final FlowTuple t = new FlowTuple();
    private long refused;

    @Test
    void R11_noCallAllocates() {
        world.listener = counting;
        world.reopen();
        run();
        long leastBytes = Long.MAX_VALUE;
        // The compiler may still replace code in the first measured runs, and deoptimisation allocates.
        for (int attempt = 0; attempt < 5 && leastBytes != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run();
            leastBytes = Math.min(leastBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes).as("bytes for %d rounds", ROUNDS).isZero();
        assertThat(refused).isPositive();
        assertThat(counting.ends).isPositive();
        assertThat(counting.freePorts).isPositive();
        assertThat(world.table.ended(FlowEnd.EVICTED)).isPositive();
        assertThat(world.table.ended(FlowEnd.EXPIRED)).isPositive();
    }

    private void run() {
        FlowTable table = world.table;
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 100; i++) {
                packet(table, i, round);
            }
            world.nowMs += 1_500;
            table.expire(world.nowMs, 50);
            if (round % 16 == 0) {
                table.retirePort(UDP, 0, 2000 + round % 64);
                table.removeEndpoint(round & 7, 20);
                table.removeRule(1, 20);
            }
        }
    }

    private void packet(FlowTable table, int i, int round) {
        boolean inbound = i % 5 == 0;
        long hi = i % 3 == 0 ? 0x2001_0db8L << 32 : 0;
        int protocol = i % 2 == 0 ? UDP : TCP;
        if (inbound) {
            t.inbound(protocol).rule(i & 1).outside(i % 3 == 0 ? 1 : 0, 80);
        } else {
            t.outbound(protocol).outside(i % 3 == 0 ? 1 : 0, 2000 + (i + round) % 64);
        }
        t.inside(0, hi, FlowTuple.v4(i % 8), 1000 + (i + round) % 64)
                .peer(hi, FlowTuple.v4(0xC000_0200 + i), round & 255)
                .endpoint(i & 7);
        if (i % 7 == 0 && !inbound) {
            t.dependent();
        }
        int slot = table.findInside(t);
        if (slot == FlowTable.ABSENT) {
            int mapped = table.mappedPort(t);
            if (mapped != FlowTable.ABSENT && !inbound) {
                t.outside(t.outsideSlot(), mapped);
            }
            slot = table.insert(t, i & 3, world.nowMs);
        }
        if (slot < 0) {
            refused++;
            return;
        }
        table.touch(slot, world.nowMs);
        table.touch(slot, world.nowMs, round & 3);
        table.standing(slot, i % 3);
        table.entries().count(slot, FlowEntries.TO_PEER, 64);
        table.entries().protocolState(slot, round);
        if (i % 11 == 0) {
            table.remove(slot);
        }
    }
}
