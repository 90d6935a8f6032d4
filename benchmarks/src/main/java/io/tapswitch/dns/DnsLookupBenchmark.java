package io.tapswitch.dns;

import io.tapswitch.bench.PerCall;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.xbill.DNS.SetResponse;
import org.xbill.DNS.Type;

/** A name that was read, found: against dnsjava's zone, and a HashMap of lower-case strings. */
public class DnsLookupBenchmark extends PerCall {
    /** Containers. */
    @Param({"100", "10000"})
    int names;

    private DnsContenders c = contenders(1);

    private static DnsContenders contenders(int names) {
        try {
            return new DnsContenders(names, 1);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same names in all. */
    @Setup
    public void setup() {
        c = contenders(names);
    }

    /** In one zone. */
    @Benchmark
    public int lookup() {
        return c.zone.find(c.folded.get(c.next()));
    }

    /** Baseline. */
    @Benchmark
    public SetResponse dnsjava() {
        return c.dnsjava.findRecords(c.dnsjavaNames.get(c.next()), Type.A);
    }

    /** Baseline. */
    @Benchmark
    public @Nullable List<byte[]> hashMap() {
        return c.map.get(c.texts.get(c.next()).toLowerCase(Locale.ROOT));
    }
}
