package io.tapswitch.core.dataplane;

import io.tapswitch.nat.FlowEntries;
import io.tapswitch.nat.NatCounter;
import io.tapswitch.nat.NatEngine;
import io.tapswitch.nat.RuleTotals;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Reads what the workers' NAT knows: a few entries of a worker at a time, so that its frames wait for none of it.
 * Called on threads of the control plane, which wait for the workers.
 */
final class NatReadings {
    /** Entries that a worker looks at in one command: some 50 us. */
    private static final int ENTRIES_PER_COMMAND = 1024;

    private final Worker[] workers;
    private final Rollout.Teller teller;

    NatReadings(Worker[] workers, Rollout.Teller teller) {
        this.workers = workers;
        this.teller = teller;
    }

    /** Reads a part. */
    @FunctionalInterface
    private interface Part {
        /** {@return where the next begins, below 0 at the end} */
        int read(Nat nat, int from);
    }

    /** Shows all flows. */
    void flows(Consumer<FlowEntry> visitor) {
        for (int i = 0; i < workers.length; i++) {
            int worker = i;
            List<FlowEntry> part = new ArrayList<>();
            long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
            readAll(
                    worker,
                    (nat, from) -> {
                        part.clear();
                        return nat.engine.flows(
                                from,
                                ENTRIES_PER_COMMAND,
                                (flows, slot, endsMs) -> part.add(entry(worker, nat.engine, flows, slot, nowMs)));
                    },
                    () -> part.forEach(visitor));
        }
    }

    private static FlowEntry entry(int worker, NatEngine engine, FlowEntries flows, int slot, long nowMs) {
        int outside = flows.outsideSlot(slot);
        boolean inbound = flows.kind(slot) == FlowEntries.INBOUND;
        return new FlowEntry(
                worker,
                inbound,
                flows.protocol(slot),
                flows.network(slot),
                flows.endpoint(slot),
                inbound ? flows.rule(slot) : 0,
                address(flows.insideHi(slot), flows.insideLo(slot)),
                flows.insidePort(slot),
                address(engine.outsideHi(outside), engine.outsideLo(outside)),
                flows.outsidePort(slot),
                address(flows.peerHi(slot), flows.peerLo(slot)),
                flows.peerPort(slot),
                flows.protocolState(slot),
                flows.packets(slot, FlowEntries.TO_PEER),
                flows.bytes(slot, FlowEntries.TO_PEER),
                flows.packets(slot, FlowEntries.TO_INSIDE),
                flows.bytes(slot, FlowEntries.TO_INSIDE),
                Math.max(0, nowMs - flows.seenMs(slot)));
    }

    private static IpAddress address(long hi, long lo) {
        return NeighbourTable.isMapped(hi, lo) ? Ipv4Address.fromBits((int) lo) : new Ipv6Address(hi, lo);
    }

    /** {@return what went through each rule} One reading at a time: a worker's ledger knows how far one is, not two. */
    Map<Integer, RuleCounts> rules() {
        RuleTotals totals = new RuleTotals();
        for (int i = 0; i < workers.length; i++) {
            readAll(i, (nat, from) -> nat.engine.ruleTotals(from, ENTRIES_PER_COMMAND, totals), () -> {});
        }
        Map<Integer, RuleCounts> counts = new TreeMap<>();
        for (int rule : totals.rules()) {
            RuleTotals.Total of = totals.of(rule);
            counts.put(
                    rule,
                    new RuleCounts(of.connections, of.refused, of.packetsIn, of.bytesIn, of.packetsOut, of.bytesOut));
        }
        return counts;
    }

    /** {@return what is counted, summed over workers} */
    Map<String, Long> counters() {
        Map<String, Long> sums = new TreeMap<>();
        for (Worker worker : workers) {
            Nat nat = worker.nat();
            if (nat != null) {
                for (NatCounter counter : NatCounter.values()) {
                    sums.merge(counter.word(), nat.engine.count(counter), Long::sum);
                }
            }
        }
        return sums;
    }

    private void readAll(int worker, Part part, Runnable afterEach) {
        int[] next = {0};
        while (next[0] >= 0) {
            teller.tell(worker, w -> {
                        Nat nat = w.nat();
                        next[0] = nat == null ? -1 : part.read(nat, next[0]);
                    })
                    .join();
            afterEach.run();
        }
    }
}
