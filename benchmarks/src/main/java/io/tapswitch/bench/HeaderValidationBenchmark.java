package io.tapswitch.bench;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv4Options;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/**
 * What it costs to read and check the headers of a frame, against copying the same bytes once: the copy is what a
 * switch that takes frames out of their buffers pays before it has read anything.
 */
public class HeaderValidationBenchmark extends PerCall {
    private static final int L3 = EthernetHeader.LENGTH;
    private static final int LENGTH = 128;

    private final UnsafeBuffer plain = new UnsafeBuffer(new byte[LENGTH]);
    private final UnsafeBuffer withOptions = new UnsafeBuffer(new byte[LENGTH]);
    private final UnsafeBuffer ipv6 = new UnsafeBuffer(new byte[LENGTH]);
    private final UnsafeBuffer target = new UnsafeBuffer(new byte[LENGTH]);

    /** A TCP segment in IPv4, the same behind 40 bytes of options, and one in IPv6 behind two extension headers. */
    @Setup
    public void setup() {
        ipv4(plain, Ipv4Header.MIN_LENGTH);
        ipv4(withOptions, Ipv4Header.MAX_LENGTH);
        // Router alert (RFC 2113) and no-operations: the walk has many steps.
        withOptions.putInt(L3 + Ipv4Header.MIN_LENGTH, 0x0000_0494);
        withOptions.setMemory(L3 + Ipv4Header.MIN_LENGTH + 4, 36, (byte) 1);
        Ipv4Header.updateChecksum(withOptions, L3);

        EthernetHeader.etherType(ipv6, 0, EtherType.IPV6);
        Ipv6Header.trafficClassAndFlowLabel(ipv6, L3, 0, 0);
        Ipv6Header.payloadLength(ipv6, L3, LENGTH - L3 - Ipv6Header.LENGTH);
        Ipv6Header.nextHeader(ipv6, L3, IpProtocol.HOP_BY_HOP);
        ipv6.putByte(L3 + Ipv6Header.LENGTH, (byte) IpProtocol.DESTINATION_OPTIONS);
        ipv6.putByte(L3 + Ipv6Header.LENGTH + 8, (byte) IpProtocol.TCP);
        if (!valid4(plain) || !valid4(withOptions) || Ipv6Extensions.protocol(walk6()) != IpProtocol.TCP) {
            throw new IllegalStateException("the frames to be measured are not valid");
        }
    }

    private static void ipv4(UnsafeBuffer frame, int headerLength) {
        EthernetHeader.etherType(frame, 0, EtherType.IPV4);
        Ipv4Header.headerLength(frame, L3, headerLength);
        Ipv4Header.totalLength(frame, L3, LENGTH - L3);
        Ipv4Header.protocol(frame, L3, IpProtocol.TCP);
        Ipv4Header.updateChecksum(frame, L3);
        TcpHeader.dataOffset(frame, L3 + headerLength, TcpHeader.MIN_LENGTH);
    }

    private static boolean valid4(UnsafeBuffer frame) {
        int headerLength = Ipv4Header.headerLength(frame, L3);
        int totalLength = Ipv4Header.totalLength(frame, L3);
        return EthernetHeader.etherType(frame, 0) == EtherType.IPV4
                && Ipv4Header.version(frame, L3) == 4
                && headerLength >= Ipv4Header.MIN_LENGTH
                && totalLength >= headerLength
                && totalLength <= frame.capacity() - L3
                && Ipv4Header.checksumValid(frame, L3)
                && Ipv4Options.verdict(frame, L3) == Ipv4Options.PLAIN
                && TcpHeader.dataOffset(frame, L3 + headerLength) >= TcpHeader.MIN_LENGTH;
    }

    private long walk6() {
        return Ipv6Extensions.walk(ipv6, L3, ipv6.capacity() - L3);
    }

    /** Ethernet, IPv4 with its checksum, TCP. */
    @Benchmark
    public boolean ipv4() {
        return valid4(plain);
    }

    /** The same with 40 bytes of options in between. */
    @Benchmark
    public boolean ipv4WithOptions() {
        return valid4(withOptions);
    }

    /** IPv6 with two extension headers. */
    @Benchmark
    public long ipv6WithExtensions() {
        return walk6();
    }

    /** Baseline: the frame's 128 bytes copied. */
    @Benchmark
    public UnsafeBuffer copy() {
        target.putBytes(0, plain, 0, LENGTH);
        return target;
    }
}
