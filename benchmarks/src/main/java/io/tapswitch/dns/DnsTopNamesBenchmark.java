package io.tapswitch.dns;

import io.tapswitch.bench.PerCall;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** What it costs to remember which names are asked for most: an answer with it, against one without. */
public class DnsTopNamesBenchmark extends PerCall {
    /** Names that are asked for: all have a place, most have one, few have one (which is what a flood costs). */
    @Param({"100", "1000", "10000"})
    int names;

    private final TopNames top = new TopNames();
    private DnsContenders c = contenders(1);

    private static DnsContenders contenders(int names) {
        try {
            return new DnsContenders(names, 1);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes the names. */
    @Setup
    public void setup() {
        c = contenders(names);
    }

    /** Baseline. */
    @Benchmark
    public int answer() {
        return c.answer();
    }

    /** The same, counted. */
    @Benchmark
    public int answerAndCount() {
        int length = c.answer();
        top.add(c.asked(), 1);
        return length;
    }
}
