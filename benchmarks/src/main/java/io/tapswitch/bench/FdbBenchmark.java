package io.tapswitch.bench;

import io.tapswitch.core.dataplane.Fdb;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The forwarding database against a JDK HashMap with the same addresses, in an order that no cache guesses. */
public class FdbBenchmark extends PerCall {
    private static final int QUESTIONS = 1 << 16;
    private static final int PORTS = 64;

    /** Known addresses: a small network, and a full table of the default limit. */
    @Param({"64", "4096", "32768"})
    int addresses;

    private final long[] questions = new long[QUESTIONS];
    private final Map<Long, Integer> map = new HashMap<>();
    private Fdb fdb = new Fdb(1, 1, 1, false);
    private int next;

    /** The same random addresses in both. */
    @Setup
    public void setup() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        fdb = new Fdb(1 << 16, addresses, addresses, false);
        long[] macs = random.longs(addresses, 0, 1L << 40).toArray();
        for (int i = 0; i < addresses; i++) {
            fdb.learn(macs[i], i % PORTS, 0);
            map.put(macs[i], i % PORTS);
        }
        for (int i = 0; i < QUESTIONS; i++) {
            questions[i] = macs[random.nextInt(addresses)];
        }
    }

    private long question() {
        return questions[next++ & (QUESTIONS - 1)];
    }

    /** A known destination. */
    @Benchmark
    public int lookup() {
        return fdb.lookup(question());
    }

    /** An unknown destination, which is flooded. */
    @Benchmark
    public int lookupUnknown() {
        return fdb.lookup(question() ^ 1L << 41);
    }

    /** A known source at its port: what every frame does. */
    @Benchmark
    public int learnKnown() {
        long mac = question();
        return fdb.learn(mac, fdb.lookup(mac), 0);
    }

    /** Baseline of the lookup. */
    @Benchmark
    public Integer hashMapGet() {
        return map.getOrDefault(question(), Fdb.NONE);
    }

    /** Baseline of learning: the same two questions, the answer put back. */
    @Benchmark
    public int hashMapPut() {
        long mac = question();
        map.put(mac, map.getOrDefault(mac, Fdb.NONE));
        return map.size();
    }
}
