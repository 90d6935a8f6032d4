package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.ACK;
import static io.tapswitch.nat.NatWorld.B;
import static io.tapswitch.nat.NatWorld.C;
import static io.tapswitch.nat.NatWorld.FIN;
import static io.tapswitch.nat.NatWorld.SYN;
import static io.tapswitch.nat.NatWorld.UDP;
import static io.tapswitch.nat.NatWorld.segment;
import static io.tapswitch.nat.NatWorld.syn;
import static io.tapswitch.nat.NatWorld.udp;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What happens when ports, the table or a quota run out. */
class PortPressureTest {
    private static final String PEER = "198.51.100.7";
    private static final String PEER2 = "198.51.100.8";

    private final NatWorld world = new NatWorld();

    private void tenPorts(boolean overload) {
        world.options = new NatVersion.NatOptions(300_000, 7000, 7009, 0, 0, overload);
        world.take();
    }

    private int connect(NatWorld.Container from, int port, String to) {
        int outside = world.sent(from, syn(from.ipv4, port, to, 80));
        world.arrives(from, segment(to, 80, "192.0.2.1", outside, SYN | ACK, 5000, 1001, 0));
        world.sent(from, segment(from.ipv4, port, to, 80, ACK, 1001, 5001, 0));
        return outside;
    }

    private void finish(NatWorld.Container from, int port, String to, int outside) {
        world.sent(from, segment(from.ipv4, port, to, 80, FIN | ACK, 1001, 5001, 0));
        world.arrives(from, segment(to, 80, "192.0.2.1", outside, FIN | ACK, 5001, 1002, 0));
        world.sent(from, segment(from.ipv4, port, to, 80, ACK, 1002, 5002, 0));
    }

    @Test
    void N3_aPortServesTwoContainersTowardsDifferentPeersWhenNoneIsFree() {
        tenPorts(true);
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            ports.add(connect(A, 2000 + i, PEER));
        }
        assertThat(ports).hasSize(10);
        assertThat(world.engine.count(NatCounter.PORT_OVERLOADED)).isZero();
        for (int i = 0; i < 10; i++) {
            int port = connect(B, 2000 + i, PEER2);
            assertThat(port).isBetween(7000, 7009);
        }
        assertThat(world.engine.count(NatCounter.PORT_OVERLOADED)).isEqualTo(10);
        assertThat(world.dropped(world.out(B, syn(B.ipv4, 3000, PEER, 80)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        for (int i = 0; i < 10; i++) {
            world.sent(A, segment(A.ipv4, 2000 + i, PEER, 80, ACK, 1001, 5001, 7));
            world.sent(B, segment(B.ipv4, 2000 + i, PEER2, 80, ACK, 1001, 5001, 7));
        }
    }

    @Test
    void N3_theOwnerOfAPortThatIsLentTowardsAPeerGetsAnotherThere() {
        tenPorts(true);
        for (int i = 0; i < 10; i++) {
            connect(A, 2000 + i, PEER);
        }
        int lent = connect(B, 3000, PEER2);
        for (int i = 0; i < 9; i++) {
            assertThat(connect(A, 2000 + i, PEER2)).isNotEqualTo(lent);
        }
    }

    @Test
    void N16_withoutOverloadTheSenderIsTold() {
        tenPorts(false);
        for (int i = 0; i < 10; i++) {
            connect(i < 5 ? A : B, 2000 + i, PEER);
        }
        assertThat(world.dropped(world.out(C, syn(C.ipv4, 2000, PEER2, 80)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.PROHIBITED);
        assertThat(world.engine.count(NatCounter.REFUSED_PORTS)).isEqualTo(1);
        for (int i = 0; i < 10; i++) {
            NatWorld.Container from = i < 5 ? A : B;
            world.sent(from, segment(from.ipv4, 2000 + i, PEER, 80, ACK, 1001, 5001, 7));
        }
    }

    @Test
    void N17_withoutOverloadHalfOfTheTcpPortsAreLeftToOthersToo() {
        tenPorts(false);
        int[] outside = new int[5];
        for (int i = 0; i < 5; i++) {
            outside[i] = connect(A, 2000 + i, PEER);
        }
        assertThat(world.dropped(world.out(A, syn(A.ipv4, 2005, PEER, 80)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        int others = connect(B, 2000, PEER);
        finish(B, 2000, PEER, others);
        assertThat(world.dropped(world.out(A, syn(A.ipv4, 2005, PEER2, 80)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        assertThat(world.engine.count(NatCounter.PORT_RECLAIMED)).isZero();
        finish(A, 2002, PEER, outside[2]);
        assertThat(connect(A, 2005, PEER2)).isBetween(7000, 7009);
    }

    @Test
    void N3_aSearchForAPortIsShortAndWhoTriesAgainFindsTheOnlyOneThereIs() {
        int refused = 0;
        for (int round = 0; round < 8; round++) {
            NatWorld large = new NatWorld(new FlowLimits(1 << 12, 64, 8, 1 << 11));
            large.options = new NatVersion.NatOptions(300_000, 7000, 7999, 0, 0, true);
            large.take();
            for (int i = 0; i < 1000; i++) {
                large.sent(A, syn(A.ipv4, 7000 + i, i == 500 ? PEER2 : PEER, 80));
            }
            int tries = 0;
            while (large.out(B, syn(B.ipv4, 2000, PEER, 80)) != NatEngine.FORWARD) {
                tries++;
                assertThat(tries).isLessThanOrEqualTo(16);
            }
            refused += tries;
        }
        assertThat(refused).isPositive();
    }

    @Test
    void N2_N17_udpPortsAreNeverLent_andHalfOfThemAreLeftToOthers() {
        tenPorts(true);
        for (int i = 0; i < 5; i++) {
            world.sent(A, udp(A.ipv4, 2000 + i, PEER, 53));
        }
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 2005, PEER, 53)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        for (int i = 0; i < 5; i++) {
            world.sent(B, udp(B.ipv4, 2000 + i, PEER2, 53));
        }
        assertThat(world.dropped(world.out(B, udp(B.ipv4, 2006, PEER2, 53)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
        assertThat(world.sent(A, udp(A.ipv4, 2003, PEER2, 53))).isBetween(7000, 7009);
    }

    @Test
    void N8_connectionsThatAreOverGiveUpTheirPortsWhenNoneIsLeft() {
        tenPorts(false);
        int[] outside = new int[10];
        for (int i = 0; i < 10; i++) {
            outside[i] = connect(i < 5 ? A : B, 2000 + i, PEER);
        }
        finish(A, 2003, PEER, outside[3]);
        finish(A, 2001, PEER, outside[1]);
        assertThat(connect(C, 2000, PEER2)).isIn(outside[1], outside[3]);
        assertThat(connect(C, 2001, PEER2)).isIn(outside[1], outside[3]);
        assertThat(world.engine.count(NatCounter.PORT_RECLAIMED)).isEqualTo(2);
        assertThat(world.dropped(world.out(C, syn(C.ipv4, 2002, PEER2, 80)))).isEqualTo(NatDrop.PORTS_EXHAUSTED);
    }

    @Test
    void N8_theOldestOfItsOwnGoesFirst() {
        tenPorts(false);
        int[] outside = new int[10];
        for (int i = 0; i < 10; i++) {
            outside[i] = connect(i < 5 ? A : B, 2000 + i, PEER);
        }
        finish(A, 2003, PEER, outside[3]);
        finish(A, 2001, PEER, outside[1]);
        assertThat(connect(A, 4000, PEER2)).isEqualTo(outside[3]);
    }

    @Test
    void N8_towardsTheSamePeerOnlyASynThatIsAheadDoes() {
        tenPorts(false);
        int[] outside = new int[10];
        for (int i = 0; i < 10; i++) {
            outside[i] = connect(i < 5 ? A : B, 2000 + i, PEER);
        }
        finish(A, 2003, PEER, outside[3]);
        assertThat(world.dropped(world.out(C, segment(C.ipv4, 2000, PEER, 80, SYN, 900, 0, 0))))
                .isEqualTo(NatDrop.PORTS_EXHAUSTED);
        assertThat(world.sent(C, segment(C.ipv4, 2000, PEER, 80, SYN, 9000, 0, 0)))
                .isEqualTo(outside[3]);
    }

    @Test
    void N16_aContainerAtItsQuotaIsToldAndWearsOutNoPorts() {
        NatWorld small = new NatWorld(new FlowLimits(1024, 64, 8, 20));
        small.take();
        for (int i = 0; i < 20; i++) {
            small.sent(A, udp(A.ipv4, 2000 + i, PEER, 53));
        }
        int free = small.engine.freePorts(UDP, NatWorld.HOST);
        for (int i = 0; i < 100; i++) {
            assertThat(small.dropped(small.out(A, udp(A.ipv4, 3000 + i, PEER, 53))))
                    .isEqualTo(NatDrop.QUOTA);
        }
        assertThat(small.engine.answer()).isEqualTo(NatEngine.PROHIBITED);
        assertThat(small.engine.freePorts(UDP, NatWorld.HOST)).isEqualTo(free);
        assertThat(small.engine.count(NatCounter.REFUSED_QUOTA)).isEqualTo(100);
        assertThat(small.sent(B, udp(B.ipv4, 3000, PEER, 53))).isEqualTo(3000);
    }

    @Test
    void N17_aFloodEvictsItselfAndNoAnsweredConnection() {
        NatWorld small = new NatWorld(new FlowLimits(128, 64, 8, 128));
        small.take();
        int port = 0;
        for (int i = 0; i < 10; i++) {
            world.nowMs = small.nowMs;
            port = small.sent(B, syn(B.ipv4, 2000 + i, PEER, 80));
            small.arrives(B, segment(PEER, 80, "192.0.2.1", port, SYN | ACK, 5000, 1001, 0));
            small.sent(B, segment(B.ipv4, 2000 + i, PEER, 80, ACK, 1001, 5001, 0));
        }
        for (int i = 0; i < 2000; i++) {
            small.out(A, syn(A.ipv4, 10_000 + i, PEER, 80));
            if (i % 100 == 0) {
                small.sent(B, udp(B.ipv4, 3000 + i, PEER, 53));
            }
        }
        assertThat(small.engine.count(NatCounter.EVICTED)).isPositive();
        for (int i = 0; i < 10; i++) {
            small.sent(B, segment(B.ipv4, 2000 + i, PEER, 80, ACK, 1001, 5001, 7));
        }
        small.arrives(B, segment(PEER, 80, "192.0.2.1", port, ACK, 5001, 1008, 7));
    }

    @Test
    void N17_aFloodOfQuestionsToAPublishedServiceThatAnswersThemLeavesRoomForOthers() {
        NatWorld small = new NatWorld(new FlowLimits(128, 64, 8, 64));
        small.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        small.take();
        for (int i = 1; i <= 500; i++) {
            small.arrives(A, udp(PEER, i, "192.0.2.1", 8053));
            small.sent(A, udp(A.ipv4, 53, PEER, i));
        }
        assertThat(small.engine.count(NatCounter.REFUSED_QUOTA)).isZero();
    }

    @Test
    void N3_seventyThousandConnectionsToTwoPeersAllSucceed() {
        NatWorld large = new NatWorld(new FlowLimits(1 << 17, 64, 1, 1 << 17));
        large.addresses.subList(1, large.addresses.size()).clear();
        large.take();
        Packet toFirst = syn(A.ipv4, 1, PEER, 80);
        Packet toSecond = syn(A.ipv4, 1, PEER2, 80);
        Packet packet = toFirst.copy();
        long classified = toFirst.classified(PacketClass.VERIFIED);
        Set<Integer> outside = new HashSet<>();
        for (int i = 0; i < 70_000; i++) {
            Packet template = i % 2 == 0 ? toFirst : toSecond;
            packet.buffer.putBytes(Packet.AT, template.buffer, Packet.AT, template.length);
            NatWorld.Container from = i % 4 < 2 ? A : B;
            io.tapswitch.wire.Ipv4Header.sourceAddress(packet.buffer, Packet.AT, from == A ? 0x0A09_0002 : 0x0A09_0003);
            TcpHeader.sourcePort(packet.buffer, packet.at(), 1024 + i / 4 * 2 + i % 2);
            int verdict = large.engine.outbound(packet.buffer, Packet.AT, classified, 0, from.id, true, large.nowMs);
            if (verdict != NatEngine.FORWARD) {
                throw new AssertionError("connection " + i + ": " + NatWorld.name(verdict));
            }
            outside.add(UdpHeader.sourcePort(packet.buffer, packet.at()) << 1 | i % 2);
        }
        assertThat(outside).hasSize(70_000);
        assertThat(large.engine.count(NatCounter.PORT_OVERLOADED)).isPositive();
        System.out.println("70 000 connections, overloaded: " + large.engine.count(NatCounter.PORT_OVERLOADED));
    }

    @Test
    void P4_eachWorkerGivesPortsOfItsOwnSlice() {
        NatWorld second = new NatWorld();
        second.worker = 1;
        second.workers = 2;
        second.open();
        second.take();
        for (int i = 0; i < 200; i++) {
            int port = second.sent(A, udp(A.ipv4, 2000 + i, PEER, 53));
            assertThat(PortAllocator.worker(port, 2)).isEqualTo(1);
        }
    }
}
