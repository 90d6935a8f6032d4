package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TunnelMtuTest.TUNNEL;
import static io.tapswitch.core.dataplane.TunnelMtuTest.datagram;
import static io.tapswitch.core.dataplane.TunnelMtuTest.datagram6;
import static io.tapswitch.core.dataplane.TunnelMtuTest.superFrame;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import io.tapswitch.wire.Ipv4Address;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** R11: nor does a frame allocate that is for another host, comes from one, or does not fit the way there. */
class TunnelMtuAllocationTest {
    private static final int ROUNDS = 5_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final TestSwitch tested = TestSwitch.withPorts(2, TestSwitch.NETWORK, 2);

    @Test
    void R11_O11_O12_noFrameOfATunnelAllocates() {
        tested.overlay(TunnelMtuTest.overlay(
                1500, Ipv4Address.parse("192.0.2.1"), Ipv4Address.parse("192.0.2.2"), Ipv4Address.parse("192.0.2.3")));
        tested.send(0, datagram(2, 1450, true));
        byte[] sent = tested.written.getFirst().bytes();
        Frame[] frames = {
            datagram(2, 1350, true),
            datagram(2, 1450, true),
            datagram(2, 1450, false),
            datagram(3, 1450, true),
            datagram6(1450),
            superFrame(1350, true),
            superFrame(1450, true),
            superFrame(1450, false),
            TunnelMtuTest.tooBig(sent, 1400, 548, b -> {}),
            TunnelMtuTest.tooBig(sent, 1600, 548, b -> {})
        };
        tested.ios[0].egress(MemoryFrameIo.ACCEPT);
        tested.ios[1].egress(MemoryFrameIo.ACCEPT);
        run(frames, ROUNDS);
        long leastBytes = Long.MAX_VALUE;
        // The compiler may still replace code in the first measured runs, and deoptimisation allocates.
        for (int attempt = 0; attempt < 5 && leastBytes != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(frames, ROUNDS);
            leastBytes = Math.min(leastBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes).as("bytes for %d frames", ROUNDS * frames.length).isZero();
        assertThat(tested.drops(0, DropReason.TUNNEL_TOO_BIG)).isPositive();
        assertThat(tested.drops(TUNNEL, DropReason.TUNNEL_ICMP)).isPositive();
        assertThat(tested.counters(0).txFrames()).as("messages to the sender").isPositive();
        tested.assertConserved();
    }

    private void run(Frame[] frames, int rounds) {
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < frames.length; i++) {
                MemoryFrameIo io = tested.ios[0];
                int slot = io.allocate();
                io.buffer().putBytes(FrameMemory.readOffset(slot), frames[i].bytes);
                io.arrive(i < frames.length - 2 ? 0 : TUNNEL, slot, frames[i].bytes.length);
                tested.workers[0].doWork();
                tested.workers[0].doWork();
            }
        }
    }
}
