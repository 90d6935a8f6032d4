package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.LO;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** R11: nothing is allocated on the way out and in either: flows begun and ended, refusals, fragments, captures. */
class OutsideAllocationTest {
    private static final int ROUNDS = 4_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final End PEER = End.of("198.51.100.9", 53);
    private static final End PEER6 = End.of("2001:db8:9::9", 53);

    private final OutsideWorld world = new OutsideWorld(1);
    private final List<Frame> frames = new ArrayList<>();
    private final List<Integer> ingress = new ArrayList<>();

    private void add(int port, Frame frame) {
        frames.add(frame);
        ingress.add(port);
    }

    private void addAll() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.routes.quiet = true;
        add(0, container(0).udp(end(0, false, 4000), PEER, 64));
        add(0, container(0).udp(end(0, true, 4000), PEER6, 64));
        add(0, NatFrames.partial(container(0).tcp(end(0, false, 4000), PEER, TcpHeader.SYN, 1, 0, 0)));
        add(0, container(0).echo(end(0, false, 0), PEER, true, 7, 64));
        add(ETH0, outside().udp(PEER, End.of(HOST4, 8080), 64));
        add(ETH0, outside().udp(PEER6, End.of(HOST6, 8080), 64));
        add(1, container(1).udp(end(1, false, 80), PEER, 64));
        add(LO, OutsideWorld.local().udp(End.of("127.0.0.1", 40_000), End.of("127.0.0.1", 8080), 64));
        add(2, container(2).udp(end(2, false, 4000), End.of(HOST4, 8080), 64));
        add(0, NatFrames.ttl(container(0).udp(end(0, false, 4000), PEER, 64), 1));
        add(0, container(0).tcp(end(0, false, 4001), PEER, TcpHeader.ACK, 1, 1, 10));
        add(0, container(0).udp(end(0, false, 4000), End.of("198.51.100.8", 9), 1400));
        add(0, container(0).udp(end(0, false, 4000), End.of(HOST4, 22), 64));
        add(ETH0, outside().udp(PEER, End.of(HOST4, 9999), 64));
        for (boolean ipv6 : new boolean[] {false, true}) {
            for (Frame fragment :
                    NatFrames.fragments(container(3).udp(end(3, ipv6, 4000), ipv6 ? PEER6 : PEER, 3000), 1016)) {
                add(3, fragment);
            }
        }
    }

    @Test
    void R11_noFrameAllocatesOnItsWayOutOrIn() {
        addAll();
        CaptureTap tap = new CaptureTap(64);
        world.tested.workers[0].onCapture(Set.of(0, ETH0), tap);
        world.tested.ios[0].egress(MemoryFrameIo.ACCEPT);
        run(ROUNDS);
        long leastBytes = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 8 && leastBytes != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(ROUNDS);
            leastBytes = Math.min(leastBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(leastBytes).as("bytes for %d frames", ROUNDS * frames.size()).isZero();
        assertThat(tap.lost()).isPositive();
        assertThat(world.tested.counters(ETH0).txFrames()).isGreaterThan(ROUNDS);
        assertThat(world.tested.counters(1).txFrames()).isGreaterThan(ROUNDS);
        assertThat(world.tested.term(DatapathCounters.Term.MERGED)).isGreaterThan(ROUNDS);
        assertThat(world.tested.news).isEmpty();
    }

    private void run(int rounds) {
        MemoryFrameIo io = world.tested.ios[0];
        Worker worker = world.tested.workers[0];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < frames.size(); i++) {
                int slot = io.allocate();
                io.buffer().putBytes(FrameMemory.readOffset(slot), frames.get(i).bytes);
                io.arrive(ingress.get(i), slot, frames.get(i).bytes.length);
            }
            world.tested.clock.update(world.tested.clock.nanoTime() + 50_000_000L);
            worker.doWork();
            worker.doWork();
        }
    }
}
