package io.tapswitch.nat;

import io.tapswitch.bench.PerCall;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.UdpHeader;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** A packet of a known flow, in an order that no cache guesses, against the same translation out of a JDK HashMap. */
public class TranslationBenchmark extends PerCall {
    private static final int QUESTIONS = 1 << 16;

    /** Flows in the table. */
    @Param({"64", "65536", "943718"})
    int flows;

    private record Key(int protocol, int network, long inside, int insidePort, long peer, int peerPort) {}

    private record Value(long outside, int port) {}

    private static final Value NOWHERE = new Value(0, 0);

    private final int[] questions = new int[QUESTIONS];
    private final Map<Key, Value> map = new HashMap<>();
    private BenchmarkNat nat = new BenchmarkNat(2);
    private int next;

    /** The same flows in both. */
    @Setup
    public void setup() {
        nat = new BenchmarkNat(flows < 1000 ? 1024 : flows < 100_000 ? 1 << 17 : 1 << 20);
        nat.fill(flows);
        Value value = new Value(FlowTuple.v4(0xC000_0201), BenchmarkNat.FIRST_PORT);
        for (int flow = 0; flow < flows; flow++) {
            map.put(key(flow), value);
        }
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        for (int i = 0; i < QUESTIONS; i++) {
            questions[i] = random.nextInt(flows);
        }
    }

    private int question() {
        return questions[next++ & (QUESTIONS - 1)];
    }

    private static Key key(int flow) {
        return new Key(
                17,
                0,
                FlowTuple.v4(BenchmarkNat.CONTAINER),
                BenchmarkNat.FIRST_PORT + flow % BenchmarkNat.PORTS,
                FlowTuple.v4(BenchmarkNat.PEERS + flow / BenchmarkNat.PORTS),
                53);
    }

    /** A container's packet. */
    @Benchmark
    public int outbound() {
        int flow = question();
        nat.outbound(BenchmarkNat.FIRST_PORT + flow % BenchmarkNat.PORTS, flow / BenchmarkNat.PORTS);
        return nat.send();
    }

    /** Its peer's answer. */
    @Benchmark
    public int inbound() {
        int flow = question();
        nat.inbound(BenchmarkNat.FIRST_PORT + flow % BenchmarkNat.PORTS, flow / BenchmarkNat.PORTS);
        return nat.receive();
    }

    /** Baseline: found in a HashMap, and translated; no timers, counters or states. */
    @Benchmark
    public boolean hashMap() {
        int flow = question();
        nat.outbound(BenchmarkNat.FIRST_PORT + flow % BenchmarkNat.PORTS, flow / BenchmarkNat.PORTS);
        var packet = nat.packet;
        Key asked = new Key(
                17,
                0,
                FlowTuple.v4(Ipv4Header.sourceAddress(packet, 0)),
                UdpHeader.sourcePort(packet, Ipv4Header.MIN_LENGTH),
                FlowTuple.v4(Ipv4Header.destinationAddress(packet, 0)),
                UdpHeader.destinationPort(packet, Ipv4Header.MIN_LENGTH));
        Value found = map.getOrDefault(asked, NOWHERE);
        Translator.source(packet, 0, nat.classified, 0, found.outside, found.port);
        return Translator.hop(packet, 0, nat.classified);
    }
}
