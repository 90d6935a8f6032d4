package io.tapswitch.nat;

import io.tapswitch.bench.PerCall;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A million flows are due at once: all of them, in portions of {@value #PORTION}, and the longest portion. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(1)
public class ExpiryBenchmark extends PerCall {
    private static final int FLOWS = 1_000_000;
    private static final int PORTION = 256;

    private BenchmarkNat nat = new BenchmarkNat(2);
    private long longestNs;

    /** A million flows that nobody answered. */
    @Setup(Level.Iteration)
    public void setup() {
        nat = new BenchmarkNat(1 << 20);
        nat.fill(FLOWS);
        nat.nowMs += 200_000;
        longestNs = 0;
    }

    /** All of them. */
    @Benchmark
    public long expireAMillion() {
        boolean more = true;
        while (more) {
            long begin = System.nanoTime();
            more = nat.engine.tick(nat.nowMs, PORTION);
            longestNs = Math.max(longestNs, System.nanoTime() - begin);
        }
        return nat.engine.count(NatCounter.EXPIRED);
    }

    /** What a packet may have to wait. */
    @TearDown(Level.Iteration)
    public void report() {
        System.out.println("longest portion: " + longestNs / 1000 + " us");
    }
}
