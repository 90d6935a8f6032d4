package io.tapswitch.bench;

import io.tapswitch.wire.InternetChecksum;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The Internet checksum over a header, a full frame and a super-frame, against the loop of RFC 1071 §4.1. */
public class ChecksumBenchmark extends PerCall {
    /** An IPv4 header, a small segment, a frame, a super-frame. */
    @Param({"20", "64", "1460", "65226"})
    int length;

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[65_536]);
    private int checksum;
    private int address;

    /** Random bytes, at the odd alignment that an IP header has behind an Ethernet header. */
    @Setup
    public void setup() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        random.nextBytes(buffer.byteArray());
        checksum = random.nextInt(0x1_0000);
        address = random.nextInt();
    }

    /** Eight bytes at a time. */
    @Benchmark
    public int wordwise() {
        return InternetChecksum.compute(buffer, 14, length);
    }

    /** Baseline: two bytes at a time. */
    @Benchmark
    public int naive() {
        int sum = 0;
        int end = 14 + length;
        for (int i = 14; i < end; i += 2) {
            sum += (buffer.getByte(i) & 0xFF) << 8 | (buffer.getByte(i + 1) & 0xFF);
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return ~sum & 0xFFFF;
    }

    /** What a rewritten address costs instead, whatever the length. */
    @Benchmark
    public int incremental() {
        return InternetChecksum.update32(checksum, address, address ^ length);
    }
}
