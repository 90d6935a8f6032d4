package io.tapswitch.nat;

import io.tapswitch.bench.PerCall;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Which rule a packet is for, against a JDK HashMap keyed by protocol and port. */
public class DnatLookupBenchmark extends PerCall {
    private static final int QUESTIONS = 1 << 16;

    /** Rules of one port each. */
    @Param({"1", "1000", "60000"})
    int rules;

    private record Key(int slot, int protocol, int port) {}

    private record Target(long inside, int port) {}

    private final int[] questions = new int[QUESTIONS];
    private final Map<Key, Target> map = new HashMap<>();
    private DnatRules table = DnatRules.EMPTY;
    private int next;

    /** The same rules in both. */
    @Setup
    public void setup() {
        List<DnatRule> list = new ArrayList<>();
        IpAddress inside = IpAddress.parse("10.9.0.2");
        for (int i = 0; i < rules; i++) {
            int port = 1024 + i;
            list.add(new DnatRule(i, DnatRule.ANY, IpProtocol.TCP, port, port, 0, 1, inside, port, List.of()));
            map.put(new Key(0, IpProtocol.TCP, port), new Target(1, port));
        }
        table = DnatRules.compile(list);
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        for (int i = 0; i < QUESTIONS; i++) {
            questions[i] = 1024 + random.nextInt(rules);
        }
    }

    private int question() {
        return questions[next++ & (QUESTIONS - 1)];
    }

    /** The rule of a port that is published. */
    @Benchmark
    public long find() {
        int port = question();
        int entry = table.find(0, false, IpProtocol.TCP, port);
        return table.insideLo(entry) + table.insidePort(entry, port);
    }

    /** Baseline. */
    @Benchmark
    public int hashMap() {
        return map.getOrDefault(new Key(0, IpProtocol.TCP, question()), NOWHERE).port;
    }

    private static final Target NOWHERE = new Target(0, 0);
}
