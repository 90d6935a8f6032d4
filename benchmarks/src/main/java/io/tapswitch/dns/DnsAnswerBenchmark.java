package io.tapswitch.dns;

import io.tapswitch.bench.PerCall;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** From the octets of a query to those of its answer, against dnsjava, and Netty's codec around a HashMap. */
public class DnsAnswerBenchmark extends PerCall {
    private static final int CONTAINERS = 1000;

    /** Addresses of a name: a container's, and an alias of many. */
    @Param({"1", "10"})
    int addresses;

    private DnsContenders c = contenders(1);

    private static DnsContenders contenders(int addresses) {
        try {
            return new DnsContenders(CONTAINERS, addresses);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same names in all; each must answer, and with as much. */
    @Setup
    public void setup() throws Exception {
        c = contenders(addresses);
        int ours = c.answer();
        int dnsjava = c.answerDnsjava().length;
        int netty = c.answerNetty();
        int least = DnsHeader.LENGTH + addresses * DnsRecord.A_LENGTH;
        if (ours < least || dnsjava < least || netty < least) {
            throw new IllegalStateException("answers of " + ours + ", " + dnsjava + " and " + netty + " octets");
        }
    }

    /** With shuffled addresses. */
    @Benchmark
    public int answer() {
        return c.answer();
    }

    /** Baseline; in the order of the zone. */
    @Benchmark
    public byte[] dnsjava() throws IOException {
        return c.answerDnsjava();
    }

    /** Baseline; in the order of the map. */
    @Benchmark
    public int netty() throws Exception {
        return c.answerNetty();
    }
}
