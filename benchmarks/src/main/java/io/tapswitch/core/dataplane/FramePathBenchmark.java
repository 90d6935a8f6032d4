package io.tapswitch.core.dataplane;

import io.tapswitch.bench.PerCall;
import io.tapswitch.tapio.FrameHandler;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import io.tapswitch.wire.Ipv4Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * A worker's whole duty cycle on in-memory ports, in batches of 32 frames; figures are nanoseconds per frame, and with
 * {@code -prof gc} bytes per frame. The baseline moves the same frames through the same ports and decides nothing, so
 * the difference is what validation, learning, look-up and counting cost. It lives in this package because a worker is
 * not for others to drive.
 */
public class FramePathBenchmark extends PerCall {
    private static final int BATCH = 32;
    private static final int SLOTS = 64;

    /** Ports of the network: how many copies a flooded frame has. */
    @Param({"2", "16"})
    int ports;

    /** Whether sources are checked, as they are unless a person switches it off. */
    @Param({"true", "false"})
    boolean guard;

    private final MemoryFrameIo small = io(false, BenchmarkFrames.mac(1));
    private final MemoryFrameIo large = io(true, BenchmarkFrames.mac(1));
    private final MemoryFrameIo unknown = io(false, 0x0200_0000_0099L);
    private final MemoryFrameIo bare = io(false, BenchmarkFrames.mac(1));
    private final Worker unicastWorker = worker(small);
    private final Worker superWorker = worker(large);
    private final Worker floodWorker = worker(unknown);
    private final FrameHandler forward = new FrameHandler() {
        @Override
        public void onFrame(int port, int slot, int offset, int length) {
            bare.write(1 - port, slot, offset, length);
        }

        @Override
        public void onWritten(int port, int slot, int result) {
            bare.release(slot);
        }

        @Override
        public void onPortGone(int port, int errno) {
            throw new IllegalStateException("no port goes");
        }

        @Override
        public void onPortRemoved(int port) {
            throw new IllegalStateException("no port is removed");
        }
    };

    /** Every slot holds the frame already, so that no round has to copy it there. */
    private static MemoryFrameIo io(boolean superFrame, long destination) {
        FrameMemory memory = FrameMemory.onHeap(SLOTS);
        MutableDirectBuffer buffer = memory.buffer();
        for (int slot = 0; slot < SLOTS; slot++) {
            if (superFrame) {
                BenchmarkFrames.superFrame(buffer, FrameMemory.readOffset(slot), destination);
            } else {
                BenchmarkFrames.small(buffer, FrameMemory.readOffset(slot), destination);
            }
        }
        return new MemoryFrameIo(memory, 0, SLOTS);
    }

    private static Worker worker(MemoryFrameIo io) {
        HandoffRing[][] rings = {{new HandoffRing(2)}};
        Doorbell[] doorbells = {new Doorbell(() -> {})};
        DataplaneListener silent = new DataplaneListener() {
            @Override
            public void onPortGone(int port, int errno) {}

            @Override
            public void onAddressFlapping(int network, long mac, int port) {}

            @Override
            public void onFault(int worker, RuntimeException fault) {
                throw fault;
            }
        };
        return new Worker(0, SystemNanoClock.INSTANCE, () -> io, rings, doorbells, SLOTS, null, silent);
    }

    /** Networks and ports, and a round of each kind that has to end as it should. */
    @Setup
    public void setup() {
        bare.addPort(0, 0, true);
        bare.addPort(1, 1, true);
        TableChanges everything = TableChanges.between(SwitchTables.EMPTY, tables());
        for (Worker worker : new Worker[] {unicastWorker, superWorker, floodWorker}) {
            worker.onStart();
            worker.onTake(everything, () -> {});
            worker.onBegin(everything, TableChanges.SoleFiles.ADDED);
        }
        unicast();
        superFrames();
        flood();
        requireSent(unicastWorker, BATCH);
        requireSent(superWorker, BATCH);
        requireSent(floodWorker, BATCH * (ports - 1L));
    }

    private SwitchTables tables() {
        Map<Integer, PortSettings> members = new HashMap<>();
        List<NeighbourTable.Neighbour> neighbours = new ArrayList<>();
        for (int port = 0; port < ports; port++) {
            long mac = BenchmarkFrames.mac(port);
            Ipv4Address address = Ipv4Address.fromBits(0x0a00_0002 + port);
            members.put(port, new PortSettings(port, 0, 0, List.of(port), mac, address, null, guard));
            neighbours.add(new NeighbourTable.Neighbour(address, mac, port, 0));
        }
        return new SwitchTables(
                1, Map.of(0, BenchmarkFrames.NETWORK), Map.of(0, new NeighbourTable(neighbours)), members, null);
    }

    private static void requireSent(Worker worker, long frames) {
        long sent = DatapathCounters.sum(DatapathCounters.Term.TX_DONE, new DatapathCounters[] {worker.counters()});
        if (sent != frames) {
            throw new IllegalStateException("the frames to be measured were not forwarded: " + sent);
        }
    }

    private static void arrive(MemoryFrameIo io, int length) {
        for (int i = 0; i < BATCH; i++) {
            io.arrive(0, io.allocate(), length);
        }
    }

    /** Two polls: one reads, the next performs the writes. */
    private static int cycle(Worker worker) {
        return worker.doWork() + worker.doWork();
    }

    /** 64-byte datagrams to a known address. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int unicast() {
        arrive(small, BenchmarkFrames.SMALL_LENGTH);
        return cycle(unicastWorker);
    }

    /** Super-frames of 64 KiB to a known address. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int superFrames() {
        arrive(large, BenchmarkFrames.SUPER_LENGTH);
        return cycle(superWorker);
    }

    /** 64-byte datagrams to an unknown address: a copy for every other port, per frame received. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int flood() {
        arrive(unknown, BenchmarkFrames.SMALL_LENGTH);
        return cycle(floodWorker);
    }

    /** Baseline: the same ports without a switch between them. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int portsAlone() {
        arrive(bare, BenchmarkFrames.SMALL_LENGTH);
        return bare.poll(forward, 0) + bare.poll(forward, 0);
    }
}
