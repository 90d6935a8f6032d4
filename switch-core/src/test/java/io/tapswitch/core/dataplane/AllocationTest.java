package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** R11: the frame's way allocates nothing, whatever the frame: bridged, flooded, dropped, answered, learned, aged. */
class AllocationTest {
    private static final int ROUNDS = 40_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final TestSwitch tested = TestSwitch.withPorts(4);

    private final Frame[] frames = {
        Frames.udp(mac(1), mac(0), address(0), address(1), 64),
        Frames.udp(Frames.BROADCAST, mac(0), address(0), address(1), 64),
        Frames.udp(0x0200_0000_0001L, 0x0200_0000_0002L, address(0), address(1), 64),
        Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56),
        Frames.arp(1, Frames.BROADCAST, mac(0), address(0), 0, GATEWAY),
        Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0102_0304, 8),
        Frames.udp(mac(1), mac(2), address(0), address(1), 8),
        Frames.udp(mac(1), mac(0), address(0), address(1), 8).cut(10),
        Frames.ethernet(mac(1), mac(0), 0x8100, 46)
    };

    @Test
    void R11_noFrameAllocates() {
        tested.ios[0].egress(MemoryFrameIo.ACCEPT);
        run(ROUNDS);
        long leastBytes = Long.MAX_VALUE;
        // The compiler may still replace code in the first measured runs, and deoptimisation allocates.
        for (int attempt = 0; attempt < 5 && leastBytes != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(ROUNDS);
            leastBytes = Math.min(leastBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes).as("bytes for %d frames", ROUNDS * frames.length).isZero();
        assertThat(tested.drops(0, DropReason.RUNT)).isPositive();
        tested.assertConserved();
    }

    private void run(int rounds) {
        MemoryFrameIo io = tested.ios[0];
        Worker worker = tested.workers[0];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < frames.length; i++) {
                int slot = io.allocate();
                io.buffer().putBytes(FrameMemory.readOffset(slot), frames[i].bytes);
                io.arrive(i == 2 ? 3 : 0, slot, frames[i].bytes.length);
            }
            tested.clock.update(tested.clock.nanoTime() + 50_000_000L);
            worker.doWork();
            worker.doWork();
        }
    }
}
