package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.B;
import static io.tapswitch.nat.NatWorld.UDP;
import static io.tapswitch.nat.NatWorld.udp;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Very many flows that end with a version: frames do not wait for all of them, and no packet finds one. */
class LeftOversTest {
    private static final String PEER = "198.51.100.7";
    private static final int MANY = 5_000;

    private final NatWorld world = new NatWorld(new FlowLimits(1 << 14, 64, 8, MANY + 10));

    private long flows() {
        return world.engine.count(NatCounter.FLOWS);
    }

    private void begin() {
        world.take();
        for (int i = 0; i < MANY; i++) {
            world.sent(A, udp(A.ipv4, 6000 + i, PEER, 53));
        }
        world.sent(B, udp(B.ipv4, 5000, PEER, 53));
    }

    /** {@return how many duty cycles it took} */
    private int tickToTheEnd() {
        int ticks = 1;
        while (world.engine.tick(world.nowMs, 128)) {
            ticks++;
        }
        return ticks;
    }

    @Test
    void N29_anEndpointWithManyFlowsLeavesSomeBehind_whichNoPacketFinds() {
        begin();
        world.endpoints.removeFirst();
        world.take();
        assertThat(flows()).isEqualTo(MANY - LeftOvers.AT_ONCE + 1);
        assertThat(world.dropped(world.in(udp(PEER, 53, "192.0.2.1", 6000 + MANY - 1))))
                .isEqualTo(NatDrop.NO_MAPPING);
        Packet quoted = udp("192.0.2.1", 6000 + MANY - 2, PEER, 53);
        byte[] quote = new byte[28];
        quoted.buffer.getBytes(Packet.AT, quote);
        Packet error = Packets.icmp(3, 3, NatWorld.address("203.0.113.1"), NatWorld.address("192.0.2.1"), 0, quote);
        assertThat(world.dropped(world.in(error))).isEqualTo(NatDrop.ICMP_UNKNOWN_FLOW);
        world.arrives(B, udp(PEER, 53, "192.0.2.1", 5000));
        assertThat(tickToTheEnd()).isBetween(20, 100);
        assertThat(flows()).isEqualTo(1);
        assertThat(world.owned).containsExactly("0/17/5000");
    }

    @Test
    void N29_whoComesWithTheAddressOfOneThatLeftFlowsBehindFindsNoneOfThem() {
        begin();
        NatVersion.InsideEndpoint first = world.endpoints.removeFirst();
        world.take();
        world.endpoints.add(new NatVersion.InsideEndpoint(9, first.network(), first.ipv4(), null));
        world.take();
        assertThat(flows()).isEqualTo(1);
        assertThat(world.owned).containsExactly("0/17/5000");
        // Together in one version.
        world.endpoints.removeLast();
        world.endpoints.add(first);
        world.take();
        for (int i = 0; i < MANY; i++) {
            world.sent(A, udp(A.ipv4, 20_000 + i, PEER, 53));
        }
        world.endpoints.removeLast();
        world.endpoints.add(new NatVersion.InsideEndpoint(9, first.network(), first.ipv4(), null));
        world.take();
        assertThat(flows()).isEqualTo(1);
    }

    @Test
    void N29_aRuleWithManyFlowsLeavesSomeBehind_andTheNextOneAtItsPortIsNotInTheirWay() {
        world.publish(1, NatWorld.HOST, UDP, 8053, A, 53);
        world.take();
        for (int i = 0; i < MANY; i++) {
            world.arrives(A, udp(PEER, 10_000 + i, "192.0.2.1", 8053));
        }
        world.rules.clear();
        world.publish(2, NatWorld.HOST, UDP, 8053, B, 53);
        world.take();
        assertThat(flows()).isEqualTo(MANY - LeftOvers.AT_ONCE);
        for (int i = 0; i < MANY; i += 7) {
            world.arrives(B, udp(PEER, 10_000 + i, "192.0.2.1", 8053));
        }
        // Who was asked by the old one has nothing to say to these peers any more.
        Packet answer = udp(A.ipv4, 53, PEER, 10_001);
        world.sent(A, answer);
        assertThat(NatWorld.source(answer)).isNotEqualTo("192.0.2.1 8053");
        tickToTheEnd();
        assertThat(flows()).isEqualTo((MANY + 6) / 7 + 1);
    }

    @Test
    void N29_anAllowListThatGrowsNarrowerHoldsAtOnceForAllOfManyFlows() {
        world.publish(1, NatWorld.HOST, UDP, 8053, A, 53);
        world.take();
        for (int i = 0; i < MANY; i++) {
            world.arrives(A, udp(i % 2 == 0 ? PEER : "203.0.113.9", 10_000 + i, "192.0.2.1", 8053));
        }
        world.rules.clear();
        world.publish(1, NatWorld.HOST, UDP, 8053, A, 53, PEER + "/32");
        world.take();
        assertThat(world.dropped(world.in(udp("203.0.113.9", 10_000 + MANY - 1, "192.0.2.1", 8053))))
                .isEqualTo(NatDrop.NOT_ALLOWED);
        assertThat(world.dropped(world.in(udp("203.0.113.9", 10_001, "192.0.2.1", 8053))))
                .isEqualTo(NatDrop.NOT_ALLOWED);
        tickToTheEnd();
        assertThat(flows()).isEqualTo(MANY / 2);
    }
}
