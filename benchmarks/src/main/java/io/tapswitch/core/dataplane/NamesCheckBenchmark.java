package io.tapswitch.core.dataplane;

import io.tapswitch.bench.PerCall;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.wire.Ipv4Address;
import org.agrona.MutableDirectBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/**
 * What names cost a frame that has nothing to do with them: one that leaves a network, and so has the gateway's MAC
 * address, is asked whether it is for an address of the switch itself; frames between containers are not asked.
 */
public class NamesCheckBenchmark extends PerCall {
    private final MutableDirectBuffer buffer = FrameMemory.onHeap(1).buffer();
    private final Bridge bridge = new Bridge(BenchmarkFrames.NETWORK, 1);
    private int offset;

    /** A frame to somebody outside, and proof that one to the gateway is told from it. */
    @Setup
    public void setup() {
        offset = FrameMemory.readOffset(0);
        BenchmarkFrames.small(buffer, offset, BenchmarkFrames.NETWORK.gatewayMac());
        Ipv4Address gateway = Ipv4Address.fromBits(0x0a00_0001);
        if (!bridge.gateways.isOwn(gateway.bits()) || Names.isOwn(buffer, offset, bridge)) {
            throw new IllegalStateException("the frame is not one that leaves the network");
        }
    }

    /** The question that each frame that leaves is asked. */
    @Benchmark
    public boolean leaving() {
        return Names.isOwn(buffer, offset, bridge);
    }
}
