package io.tapswitch.dns;

import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.tapswitch.bench.PerCall;
import java.io.IOException;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.xbill.DNS.Message;

/** A query read, against dnsjava and Netty's codec; {@code -prof gc} shows the bytes. */
public class DnsParseBenchmark extends PerCall {
    private final DnsQuery query = new DnsQuery();
    private DnsContenders c = contenders();

    private static DnsContenders contenders() {
        try {
            return new DnsContenders(1000, 1);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same queries for all. */
    @Setup
    public void setup() {
        c = contenders();
    }

    /** With the name folded and hashed. */
    @Benchmark
    public long parse() {
        UnsafeBuffer message = c.queries.get(c.next());
        query.read(message, 0, message.capacity());
        return query.name().hash();
    }

    /** Baseline. */
    @Benchmark
    public Message dnsjava() throws IOException {
        return new Message(c.queries.get(c.next()).byteArray());
    }

    /** Baseline. */
    @Benchmark
    public DatagramDnsQuery netty() throws Exception {
        return c.readNetty();
    }
}
