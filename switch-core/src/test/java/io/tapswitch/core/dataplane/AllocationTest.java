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
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** R11: the frame's way allocates nothing, whatever the frame: bridged, flooded, dropped, answered, learned, aged. */
class AllocationTest {
    private static final int ROUNDS = 20_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int HOST = 10;

    private final TestSwitch tested = Frames6.withPorts(1, Frames6.network(false, true), 4);

    private final Frame[] frames = {
        Frames.udp(mac(1), mac(0), address(0), address(1), 64),
        Frames.udp(Frames.BROADCAST, mac(0), address(0), address(1), 64),
        Frames.udp(0x0200_0000_0001L, 0x0200_0000_0002L, address(0), address(1), 64),
        Frames.echoRequest(GATEWAY_MAC, mac(0), address(0), GATEWAY, 56),
        Frames.arp(1, Frames.BROADCAST, mac(0), address(0), 0, GATEWAY),
        Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0102_0304, 8),
        Frames.udp(mac(1), mac(2), address(0), address(1), 8),
        Frames.udp(mac(1), mac(0), address(0), address(1), 8).cut(10),
        Frames.ethernet(mac(1), mac(0), 0x8100, 46),
        Frames.arp(1, Frames.BROADCAST, mac(0), address(0), 0, address(1)),
        Frames6.solicitation(mac(0), Frames6.address(0), Frames6.address(1), mac(0)),
        Frames6.udp(mac(1), mac(0), Frames6.address(0), Frames6.address(1), 64),
        Frames6.echoRequest(GATEWAY_MAC, mac(0), Frames6.address(0), Frames6.GATEWAY, 56),
        Frames6.udp(GATEWAY_MAC, mac(0), Frames6.address(0), Ipv6Address.parse("2001:db8::1"), 64),
        Frames6.advertisement(mac(0), Frames6.address(0), Frames6.address(1), mac(0)),
        Frames.udp(0x0200_0000_0055L, mac(0), address(0), 0x0a00_0063, 64),
        Frames.udp(GATEWAY_MAC, mac(0), address(0), GATEWAY, 64),
        Frames.udp(TestSwitch.PEER_MAC, TestSwitch.HOST_MAC, GATEWAY, address(1), 64),
        Frames.udp(TestSwitch.PEER_MAC, TestSwitch.HOST_MAC, GATEWAY, 0x0a00_0063, 64),
        Frames.arp(1, Frames.BROADCAST, TestSwitch.HOST_MAC, GATEWAY, 0, address(1))
    };

    /** Which port a frame arrives at. */
    private static int ingress(Frame frame) {
        if (frame.bytes.length < VirtioNetHeader.LENGTH + EthernetHeader.LENGTH) {
            return 0;
        }
        long source = EthernetHeader.source(frame.ethernet(), 0);
        if (source == TestSwitch.HOST_MAC) {
            return HOST;
        }
        return source == 0x0200_0000_0002L ? 3 : 0;
    }

    private final int[] ingress =
            Arrays.stream(frames).mapToInt(AllocationTest::ingress).toArray();

    @Test
    void R11_noFrameAllocates() {
        tested.put(Frames6.port(3, 0, false));
        tested.host(HOST, Set.of(Ipv4Address.fromBits(GATEWAY)));
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
        assertThat(tested.drops(0, DropReason.NO_ROUTE)).isPositive();
        assertThat(tested.drops(HOST, DropReason.HOST_UNKNOWN)).isPositive();
        assertThat(tested.counters(HOST).txFrames()).isPositive();
        tested.assertConserved();
    }

    private void run(int rounds) {
        MemoryFrameIo io = tested.ios[0];
        Worker worker = tested.workers[0];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < frames.length; i++) {
                int slot = io.allocate();
                io.buffer().putBytes(FrameMemory.readOffset(slot), frames[i].bytes);
                io.arrive(ingress[i], slot, frames[i].bytes.length);
            }
            tested.clock.update(tested.clock.nanoTime() + 50_000_000L);
            worker.doWork();
            worker.doWork();
        }
    }
}
