package io.tapswitch.core.dataplane;

import io.tapswitch.bench.PerCall;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/**
 * What it costs to check the headers of a frame, against copying the same small frame once: the copy is what a switch
 * that takes frames out of their buffers pays before it has read anything.
 */
public class HeaderValidationBenchmark extends PerCall {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
    private static final int IPV6_LENGTH = 128;

    private final Bridge bridge = new Bridge(BenchmarkFrames.NETWORK, 1);
    private final UnsafeBuffer small = new UnsafeBuffer(new byte[BenchmarkFrames.SMALL_LENGTH]);
    private final UnsafeBuffer large = new UnsafeBuffer(new byte[BenchmarkFrames.SUPER_LENGTH]);
    private final UnsafeBuffer ipv6 = new UnsafeBuffer(new byte[IPV6_LENGTH]);
    private final UnsafeBuffer target = new UnsafeBuffer(new byte[BenchmarkFrames.SMALL_LENGTH]);

    /** A small frame, a super-frame, and an IPv6 packet with two extension headers; all of them valid. */
    @Setup
    public void setup() {
        BenchmarkFrames.small(small, 0, BenchmarkFrames.mac(1));
        BenchmarkFrames.superFrame(large, 0, BenchmarkFrames.mac(1));
        Ipv6Header.trafficClassAndFlowLabel(ipv6, 0, 0, 0);
        Ipv6Header.payloadLength(ipv6, 0, IPV6_LENGTH - Ipv6Header.LENGTH);
        Ipv6Header.nextHeader(ipv6, 0, IpProtocol.HOP_BY_HOP);
        ipv6.putByte(Ipv6Header.LENGTH, (byte) IpProtocol.DESTINATION_OPTIONS);
        ipv6.putByte(Ipv6Header.LENGTH + 8, (byte) IpProtocol.TCP);
        boolean framesPass = smallFrame() == Verdict.PASS && superFrame() == Verdict.PASS;
        boolean packetsPass =
                gatewayPacket() == Verdict.PASS && Ipv6Extensions.protocol(ipv6Extensions()) == IpProtocol.TCP;
        if (!framesPass || !packetsPass) {
            throw new IllegalStateException("what is to be measured is not valid");
        }
    }

    /** Step 2 of the frame's way for a datagram of 64 bytes. */
    @Benchmark
    public int smallFrame() {
        return FrameValidator.validate(small, 0, BenchmarkFrames.SMALL_LENGTH, bridge);
    }

    /** The same for a super-frame with its offload header. */
    @Benchmark
    public int superFrame() {
        return FrameValidator.validate(large, 0, BenchmarkFrames.SUPER_LENGTH, bridge);
    }

    /** What a packet for the gateway is checked for besides, header checksum included. */
    @Benchmark
    public int gatewayPacket() {
        return PacketValidator.ipv4(small, L3, Ipv4Header.totalLength(small, L3), bridge.gateways);
    }

    /** The walk over two IPv6 extension headers. */
    @Benchmark
    public long ipv6Extensions() {
        return Ipv6Extensions.walk(ipv6, 0, IPV6_LENGTH);
    }

    /** Baseline: the small frame copied. */
    @Benchmark
    public UnsafeBuffer copy() {
        target.putBytes(0, small, 0, BenchmarkFrames.SMALL_LENGTH);
        return target;
    }
}
