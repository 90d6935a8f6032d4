package io.tapswitch.nat;

import io.tapswitch.bench.PerCall;
import java.util.HashMap;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** A flow with a mapping of its own is made and ends again, in a table of a million that is filled so far. */
public class MappingBenchmark extends PerCall {
    private static final int CAPACITY = 1 << 20;
    /** Beyond those of the flows that fill the table, and within the range. */
    private static final int FIRST_PORT = 4096;

    private static final int PORTS = 16_384;

    /** Percent. */
    @Param({"0", "50", "90"})
    int fill;

    private record Key(int protocol, int network, long inside, int insidePort, long peer, int peerPort) {}

    private record Value(long outside, int port) {}

    private final Map<Key, Value> inside = new HashMap<>();
    private final Map<Key, Value> outside = new HashMap<>();
    private BenchmarkNat nat = new BenchmarkNat(2);
    private int next;

    /** Flows that stay. */
    @Setup
    public void setup() {
        nat = new BenchmarkNat(CAPACITY);
        int flows = (int) (CAPACITY / 100L * fill);
        nat.fill(flows);
        for (int flow = 0; flow < flows; flow++) {
            put(BenchmarkNat.FIRST_PORT + flow % BenchmarkNat.PORTS, flow / BenchmarkNat.PORTS);
        }
    }

    /** The source port is kept. */
    @Benchmark
    public int createAndEnd() {
        return create(FIRST_PORT + (next++ & (PORTS - 1)));
    }

    /** The source port is the host's, so that one is chosen; what was given rests for two minutes of this clock. */
    @Benchmark
    public int createWithAnotherPortAndEnd() {
        return create(40_000 + (next++ & (PORTS - 1)));
    }

    private int create(int port) {
        nat.nowMs += 8;
        nat.outbound(port, 0x0F00_0000);
        int verdict = nat.send();
        FlowTable table = nat.engine.table();
        table.remove(table.findInside(asked(port)));
        return verdict;
    }

    /** Baseline: two maps, a port that nobody had to look for. */
    @Benchmark
    public int hashMapPutAndRemove() {
        int port = FIRST_PORT + (next++ & (PORTS - 1));
        put(port, 0x0F00_0000);
        inside.remove(key(port, 0x0F00_0000));
        outside.remove(key(port, 0x0F00_0000));
        return inside.size();
    }

    private final FlowTuple tuple = new FlowTuple();

    private FlowTuple asked(int port) {
        return tuple.lookup(17)
                .inside(0, 0, FlowTuple.v4(BenchmarkNat.CONTAINER), port)
                .peer(0, FlowTuple.v4(BenchmarkNat.PEERS + 0x0F00_0000), 53);
    }

    private void put(int port, int peer) {
        inside.put(key(port, peer), new Value(1, port));
        outside.put(key(port, peer), new Value(2, port));
    }

    private static Key key(int port, int peer) {
        return new Key(17, 0, FlowTuple.v4(BenchmarkNat.CONTAINER), port, FlowTuple.v4(BenchmarkNat.PEERS + peer), 53);
    }
}
