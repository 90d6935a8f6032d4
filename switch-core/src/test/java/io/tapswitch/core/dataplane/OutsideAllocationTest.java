package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST4;
import static io.tapswitch.core.dataplane.OutsideWorld.HOST6;
import static io.tapswitch.core.dataplane.OutsideWorld.LO;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static io.tapswitch.core.dataplane.OutsideWorld.outside;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** R11: nothing is allocated on the way out and in either: flows begun and ended, refusals, fragments, captures. */
class OutsideAllocationTest {
    private static final int ROUNDS = 4_000;
    private static final int ALL = Integer.MAX_VALUE;
    private static final End PEER = End.of("198.51.100.9", 53);
    private static final End PEER6 = End.of("2001:db8:9::9", 53);

    private final OutsideWorld world = new OutsideWorld(1);
    private final FrameRounds rounds = new FrameRounds(world.tested, ALL);

    private void addAll() {
        world.publish(9, IpProtocol.UDP, 8080, 1, 80);
        world.routes.quiet = true;
        rounds.add(0, container(0).udp(end(0, false, 4000), PEER, 64));
        rounds.add(0, container(0).udp(end(0, true, 4000), PEER6, 64));
        rounds.add(0, NatFrames.partial(container(0).tcp(end(0, false, 4000), PEER, TcpHeader.SYN, 1, 0, 0)));
        rounds.add(0, container(0).echo(end(0, false, 0), PEER, true, 7, 64));
        rounds.add(ETH0, outside().udp(PEER, End.of(HOST4, 8080), 64));
        rounds.add(ETH0, outside().udp(PEER6, End.of(HOST6, 8080), 64));
        rounds.add(1, container(1).udp(end(1, false, 80), PEER, 64));
        rounds.add(LO, OutsideWorld.local().udp(End.of("127.0.0.1", 40_000), End.of("127.0.0.1", 8080), 64));
        rounds.add(2, container(2).udp(end(2, false, 4000), End.of(HOST4, 8080), 64));
        rounds.add(0, NatFrames.ttl(container(0).udp(end(0, false, 4000), PEER, 64), 1));
        rounds.add(0, container(0).tcp(end(0, false, 4001), PEER, TcpHeader.ACK, 1, 1, 10));
        rounds.add(0, container(0).udp(end(0, false, 4000), End.of("198.51.100.8", 9), 1400));
        rounds.add(0, container(0).udp(end(0, false, 4000), End.of(HOST4, 22), 64));
        rounds.add(ETH0, outside().udp(PEER, End.of(HOST4, 9999), 64));
        for (boolean ipv6 : new boolean[] {false, true}) {
            for (Frame fragment :
                    NatFrames.fragments(container(3).udp(end(3, ipv6, 4000), ipv6 ? PEER6 : PEER, 3000), 1016)) {
                rounds.add(3, fragment);
            }
        }
    }

    @Test
    void R11_noFrameAllocatesOnItsWayOutOrIn() {
        addAll();
        CaptureTap tap = new CaptureTap(64);
        world.tested.workers[0].onCapture(Set.of(0, ETH0), tap);
        assertThat(rounds.leastBytes(ROUNDS))
                .as("bytes for %d frames", ROUNDS * rounds.frames())
                .isZero();
        assertThat(tap.lost()).isPositive();
        assertThat(world.tested.counters(ETH0).txFrames()).isGreaterThan(ROUNDS);
        assertThat(world.tested.counters(1).txFrames()).isGreaterThan(ROUNDS);
        assertThat(world.tested.term(DatapathCounters.Term.MERGED)).isGreaterThan(ROUNDS);
        assertThat(world.tested.news).isEmpty();
    }
}
