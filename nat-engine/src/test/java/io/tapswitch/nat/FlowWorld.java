package io.tapswitch.nat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A flow table in plain memory, that can be opened again by a later process. */
final class FlowWorld implements FlowListener {
    static final long SEED = Long.getLong("seed", System.nanoTime());

    static final int TCP = 6;
    static final int UDP = 17;

    /** Timer classes of these tests, by their index. */
    static final long[] TIMEOUTS_MS = {30_000, 120_000, 300_000, 7_440_000, 432_000_000};

    static final int SHORT = 0;
    static final int MEDIUM = 1;
    static final int LONG = 3;
    static final int BEYOND_THE_WHEEL = 4;

    static {
        System.out.println("flow table tests: -Dseed=" + SEED);
    }

    final FlowLimits limits;
    final AtomicBuffer kept;
    final List<String> told = new ArrayList<>();
    private final AtomicBuffer derived;
    FlowTable table;
    FlowListener listener = this;
    long nowMs = 1_000_000;

    FlowWorld(FlowLimits limits) {
        this(limits, memory(limits.keptLength()));
    }

    FlowWorld(FlowLimits limits, AtomicBuffer kept) {
        this.limits = limits;
        this.kept = kept;
        this.derived = memory(limits.derivedLength());
        this.table = open(kept, 1);
    }

    static FlowWorld ofCapacity(int capacity) {
        return new FlowWorld(new FlowLimits(capacity, 64, 2, capacity));
    }

    /** The process dies; a later one opens the table again. The table before it is of no use any more. */
    void reopen() {
        table = open(kept, 1);
    }

    /** Opens a memory with this world's derived memory; the table before it is of no use any more. */
    FlowTable open(AtomicBuffer memory, long bootLo) {
        derived.setMemory(0, derived.capacity(), (byte) 0);
        return new FlowTable(memory, derived, limits, TIMEOUTS_MS, 7, bootLo, nowMs, listener, keys());
    }

    /** The same hash key in each run: what a check does not notice, once in 65 536 times, it never notices then. */
    static RandomGenerator keys() {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(42);
    }

    static RandomGenerator random(int repetition) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + repetition);
    }

    static UnsafeBuffer memory(long length) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(Math.toIntExact(length)));
    }

    /** From 10.9.0.x:port of network 0 to 192.0.2.9:peerPort, behind outside slot 0. */
    static FlowTuple outbound(int protocol, int inside, int insidePort, int peerPort, int outsidePort) {
        return new FlowTuple()
                .outbound(protocol)
                .inside(0, 0, FlowTuple.v4(0x0A09_0000 | inside), insidePort)
                .peer(0, FlowTuple.v4(0xC000_0209), peerPort)
                .outside(0, outsidePort)
                .endpoint(inside & 63);
    }

    /** From a peer to port 80 of outside slot 0, for 10.9.0.x:8080 of network 0. */
    static FlowTuple inbound(int protocol, int inside, int peer, int peerPort, int rule) {
        return new FlowTuple()
                .inbound(protocol)
                .inside(0, 0, FlowTuple.v4(0x0A09_0000 | inside), 8080)
                .peer(0, FlowTuple.v4(peer), peerPort)
                .outside(0, 80)
                .endpoint(inside & 63)
                .rule(rule);
    }

    int insert(FlowTuple t) {
        return table.insert(t, MEDIUM, nowMs);
    }

    void expireAll() {
        while (table.expire(nowMs, 100) == 100) {
            // There may be more.
        }
    }

    @Override
    public void onEnd(int slot, FlowEnd why) {
        told.add(why + " " + table.entries().insidePort(slot));
    }

    @Override
    public void onPortFree(int protocol, int outsideSlot, int port) {
        told.add("free " + protocol + " " + outsideSlot + " " + port);
    }
}
