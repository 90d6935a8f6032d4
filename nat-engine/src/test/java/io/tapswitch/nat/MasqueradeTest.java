package io.tapswitch.nat;

import static io.tapswitch.nat.NatWorld.A;
import static io.tapswitch.nat.NatWorld.ACK;
import static io.tapswitch.nat.NatWorld.B;
import static io.tapswitch.nat.NatWorld.C;
import static io.tapswitch.nat.NatWorld.FIN;
import static io.tapswitch.nat.NatWorld.RST;
import static io.tapswitch.nat.NatWorld.SYN;
import static io.tapswitch.nat.NatWorld.TCP;
import static io.tapswitch.nat.NatWorld.UDP;
import static io.tapswitch.nat.NatWorld.destination;
import static io.tapswitch.nat.NatWorld.echo;
import static io.tapswitch.nat.NatWorld.segment;
import static io.tapswitch.nat.NatWorld.source;
import static io.tapswitch.nat.NatWorld.syn;
import static io.tapswitch.nat.NatWorld.udp;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Header;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Containers reach the outside under the host's address. */
class MasqueradeTest {
    private static final String PEER = "198.51.100.7";
    private static final String PEER6 = "2001:db8:7::7";

    private final NatWorld world = new NatWorld().take();

    @Test
    void N1_threePeersSeeOneInsideEndpointUnderOneOutsidePort() {
        int first = world.sent(A, udp(A.ipv4, 6000, "198.51.100.1", 53));
        int other = world.sent(B, udp(B.ipv4, 6000, "198.51.100.2", 53));
        int second = world.sent(A, udp(A.ipv4, 6000, "198.51.100.2", 53));
        int third = world.sent(A, udp(A.ipv4, 6000, "198.51.100.3", 4444));

        assertThat(first).isEqualTo(6000).isEqualTo(second).isEqualTo(third).isNotEqualTo(other);
    }

    @Test
    void N2_noTwoInsideEndpointsOwnOneOutsidePort() {
        int a = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        int b = world.sent(B, udp(B.ipv4, 6000, PEER, 53));
        assertThat(a).isNotEqualTo(b);
        assertThat(world.owned).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 17, 132})
    void AnswersComeBackToTheOneWhoAsked(int protocol) {
        Packet out = Packets.of(protocol, Packets.address(A.ipv4), 6000, Packets.address(PEER), 80, NatWorld.DATA);
        if (protocol == TCP) {
            out = syn(A.ipv4, 6000, PEER, 80);
        }
        int port = world.sent(A, out);
        assertThat(source(out)).isEqualTo("192.0.2.1 " + port);
        assertThat(destination(out)).isEqualTo(PEER + " 80");
        Packet back =
                Packets.of(protocol, Packets.address(PEER), 80, Packets.address("192.0.2.1"), port, NatWorld.DATA);
        if (protocol == TCP) {
            back = segment(PEER, 80, "192.0.2.1", port, SYN | ACK, 5000, 1001, 0);
        }
        world.arrives(A, back);
        assertThat(destination(back)).isEqualTo("10.9.0.2 6000");
        assertThat(source(back)).isEqualTo(PEER + " 80");
    }

    @Test
    void Ipv6IsMasqueradedByTheSameRules() {
        Packet out = udp(A.ipv6, 6000, PEER6, 53);
        int port = world.sent(A, out);
        assertThat(source(out)).isEqualTo("2001:db8::1 6000");
        Packet back = udp(PEER6, 53, "2001:db8::1", port);
        world.arrives(A, back);
        assertThat(destination(back)).isEqualTo("fd09::2 6000");
    }

    @Test
    void N4_whoWasNotContactedIsNotHeard() {
        int port = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        assertThat(world.dropped(world.in(udp("198.51.100.8", 53, "192.0.2.1", port))))
                .isEqualTo(NatDrop.NO_MAPPING);
        assertThat(world.dropped(world.in(udp(PEER, 54, "192.0.2.1", port)))).isEqualTo(NatDrop.NO_MAPPING);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
    }

    @Test
    void N4_aNetworkMayOpenItsMappingsToAll() {
        world.networks.set(
                0, new NatVersion.InsideNetwork(0, IpAddress.parse("10.9.0.1"), IpAddress.parse("fd09::1"), true));
        world.take();
        int port = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        Packet stranger = udp("198.51.100.8", 999, "192.0.2.1", port);
        world.arrives(A, stranger);
        assertThat(destination(stranger)).isEqualTo("10.9.0.2 6000");
        assertThat(world.sent(A, udp(A.ipv4, 6000, "198.51.100.8", 999))).isEqualTo(port);

        int tcp = world.sent(A, syn(A.ipv4, 7000, PEER, 80));
        world.arrives(A, syn("198.51.100.9", 5, "192.0.2.1", tcp));
        assertThat(world.sent(A, segment(A.ipv4, 7000, "198.51.100.9", 5, SYN | ACK, 1, 1001, 0)))
                .isEqualTo(tcp);
        world.arrives(A, segment("198.51.100.9", 5, "192.0.2.1", tcp, ACK, 1001, 2, 0));
    }

    @Test
    void N7_reservedPortsAreNeverChosen() {
        world.reserved.add(new NatVersion.PortRange(DnatRule.ANY, UDP, 6000, 6001));
        world.publish(1, DnatRule.ANY, UDP, 6002, B, 53);
        world.take();
        for (int port = 6000; port <= 6002; port++) {
            assertThat(world.sent(A, udp(A.ipv4, port, PEER, 53))).isNotIn(6000, 6001, 6002);
        }
        assertThat(world.sent(A, udp(A.ipv4, 6003, PEER, 53))).isEqualTo(6003);
        assertThat(world.sent(A, syn(A.ipv4, 6000, PEER, 53))).isEqualTo(6000);
    }

    @Test
    void N7_thePortsOfTheHostsOwnRangeAreNotNats() {
        int port = world.sent(A, udp(A.ipv4, 40_000, PEER, 53));
        assertThat(port).matches(p -> (p >= 1024 && p < 32_768) || p > 60_999);
    }

    @Test
    void N8_aFreedPortIsNotAnothersForTwoMinutes() {
        world.sent(A, echo(true, A.ipv4, PEER, 77));
        world.nowMs += 62_000;
        world.engine.tick(world.nowMs, 100);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        assertThat(world.owned).isEmpty();
        assertThat(world.sent(B, echo(true, B.ipv4, PEER, 77))).isNotEqualTo(77);
        assertThat(world.sent(A, echo(true, A.ipv4, PEER, 77))).isEqualTo(77);
    }

    @Test
    void N8_aSynThatIsAheadReusesAConnectionThatIsOver() {
        int port = open(A, 6000);
        close(A, 6000, port);
        assertThat(world.sent(A, segment(A.ipv4, 6000, PEER, 80, SYN, 90_000, 0, 0)))
                .isEqualTo(port);
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, SYN | ACK, 7000, 90_001, 0));
    }

    @Test
    void N9_anUnansweredFlowLivesTwoMinutesAndAnAnsweredOneFive() {
        int port = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        world.sent(A, udp(A.ipv4, 6001, PEER, 53));
        world.arrives(A, udp(PEER, 53, "192.0.2.1", port));
        expireAfter(119_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(2);
        expireAfter(3_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
        expireAfter(170_000);
        assertThat(world.sent(A, udp(A.ipv4, 6000, PEER, 53))).isEqualTo(port);
        expireAfter(299_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
        expireAfter(3_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        assertThat(world.engine.count(NatCounter.EXPIRED)).isEqualTo(2);
    }

    @Test
    void N9_theTimeCanBeSetForLaterPackets() {
        world.options = new NatVersion.NatOptions(600_000, 1024, 65_535, 32_768, 60_999, true);
        world.take();
        int port = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        world.arrives(A, udp(PEER, 53, "192.0.2.1", port));
        expireAfter(599_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
        expireAfter(3_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void N10_anEstablishedConnectionMayBeIdleForTwoHours() {
        int port = open(A, 6000);
        expireAfter(7_439_000);
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, ACK, 5001, 1001, 1));
        expireAfter(7_442_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void N12_aResetOutsideTheWindowIsNotDelivered() {
        int port = open(A, 6000);
        assertThat(world.dropped(world.in(segment(PEER, 80, "192.0.2.1", port, RST, 900_000_000, 0, 0))))
                .isEqualTo(NatDrop.TCP_RESET_WINDOW);
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, RST, 5001, 0, 0));
    }

    @Test
    void N13_dataOutsideTheWindowIsNotDelivered() {
        int port = open(A, 6000);
        assertThat(world.dropped(world.in(segment(PEER, 80, "192.0.2.1", port, ACK, 75_000_000, 1001, 9))))
                .isEqualTo(NatDrop.TCP_WINDOW);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(1);
    }

    @Test
    void N14_aSegmentOfAnUnknownConnectionIsAnsweredWithAReset() {
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6000, PEER, 80, ACK, 1, 1, 10))))
                .isEqualTo(NatDrop.TCP_STRAY);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.RESET);
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6000, PEER, 80, FIN | ACK, 1, 1, 0))))
                .isEqualTo(NatDrop.TCP_STRAY_FIN);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.RESET);
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6000, PEER, 80, RST, 1, 0, 0))))
                .isEqualTo(NatDrop.TCP_STRAY_RST);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6000, PEER, 80, SYN | ACK, 1, 1, 0))))
                .isEqualTo(NatDrop.TCP_STRAY);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void N14_forATimeItIsTakenUp() {
        world.engine.looseUntil(world.nowMs + 1000);
        int port = world.sent(A, segment(A.ipv4, 6000, PEER, 80, ACK, 1, 1, 10));
        world.arrives(A, segment(PEER, 80, "192.0.2.1", port, ACK, 1, 11, 10));
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6001, PEER, 80, SYN | ACK, 1, 1, 10))))
                .isEqualTo(NatDrop.TCP_STRAY);
        world.nowMs += 1000;
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 6001, PEER, 80, ACK, 1, 1, 10))))
                .isEqualTo(NatDrop.TCP_STRAY);
    }

    @Test
    void N18_twoContainersPingWithOneIdentifier() {
        Packet a = echo(true, A.ipv4, PEER, 4711);
        Packet b = echo(true, B.ipv4, PEER, 4711);
        int idA = world.sent(A, a);
        int idB = world.sent(B, b);
        assertThat(idA).isNotEqualTo(idB);
        Packet replyB = echo(false, PEER, "192.0.2.1", idB);
        Packet replyA = echo(false, PEER, "192.0.2.1", idA);
        world.arrives(B, replyB);
        world.arrives(A, replyA);
        assertThat(destination(replyA)).isEqualTo("10.9.0.2 4711");
        assertThat(destination(replyB)).isEqualTo("10.9.0.3 4711");
        assertThat(world.sent(A, echo(true, A.ipv4, "198.51.100.99", 4711))).isEqualTo(idA);
        expireAfter(59_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(3);
        expireAfter(3_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        assertThat(world.dropped(world.out(A, echo(false, A.ipv4, PEER, 1)))).isEqualTo(NatDrop.ICMP_STRAY_REPLY);
    }

    @Test
    void N23_aHopIsCountedAndTheLastOneAnswered() {
        Packet packet = udp(A.ipv4, 6000, PEER, 53);
        Ipv4Header.ttl(packet.buffer, Packet.AT, 1);
        Ipv4Header.updateChecksum(packet.buffer, Packet.AT);
        assertThat(world.dropped(world.out(A, packet))).isEqualTo(NatDrop.TTL_EXPIRED);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.TIME_EXCEEDED);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        Packet next = udp(A.ipv4, 6000, PEER, 53);
        world.sent(A, next);
        assertThat(Ipv4Header.ttl(next.buffer, Packet.AT)).isEqualTo(63);
    }

    @Test
    void N26_noMappingCatchesPortZero() {
        Packet packet = udp(A.ipv4, 0, PEER, 53);
        assertThat(packet.classified()).isEqualTo(NatDrop.PORT_ZERO.code());
        assertThat(world.dropped(world.in(echo(true, PEER, "192.0.2.1", 9)))).isEqualTo(NatDrop.NO_MAPPING);
    }

    @Test
    void N30_oneAddressOnTwoNetworksIsTwoEndpoints() {
        int a = world.sent(A, udp(A.ipv4, 6000, PEER, 53));
        int c = world.sent(C, udp(C.ipv4, 6000, PEER, 53));
        assertThat(a).isNotEqualTo(c);
        world.arrives(C, udp(PEER, 53, "192.0.2.1", c));
        world.arrives(A, udp(PEER, 53, "192.0.2.1", a));
    }

    @Test
    void N32_aProtocolWithoutPortsIsOneContainersForEachPeer() {
        Packet out = Packets.opaque(47, Packets.address(A.ipv4), Packets.address(PEER), NatWorld.DATA);
        assertThat(world.out(A, out)).isEqualTo(NatEngine.FORWARD);
        assertThat(source(out)).isEqualTo("192.0.2.1 0");
        Packet other = Packets.opaque(47, Packets.address(B.ipv4), Packets.address(PEER), NatWorld.DATA);
        assertThat(world.dropped(world.out(B, other))).isEqualTo(NatDrop.PROTOCOL_BUSY);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.PROHIBITED);
        assertThat(world.engine.count(NatCounter.REFUSED_BUSY)).isEqualTo(1);
        Packet elsewhere = Packets.opaque(47, Packets.address(B.ipv4), Packets.address("198.51.100.8"), NatWorld.DATA);
        assertThat(world.out(B, elsewhere)).isEqualTo(NatEngine.FORWARD);
        Packet back = Packets.opaque(47, Packets.address(PEER), Packets.address("192.0.2.1"), NatWorld.DATA);
        world.arrives(A, back);
        assertThat(destination(back)).isEqualTo("10.9.0.2 0");
        expireAfter(599_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(2);
        expireAfter(3_000);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void whatBelongsToNoFlowIsLeftAloneWhenNoneMayBegin() {
        Packet packet = udp(A.ipv4, 6000, "192.0.2.1", 53);
        byte[] before = packet.bytes();
        assertThat(world.out(A, packet, false)).isEqualTo(NatEngine.NO_FLOW);
        assertThat(packet.bytes()).isEqualTo(before);
    }

    @Test
    void aRefusalOfTheRouteIsTheVerdict() {
        world.routes = (hi, lo, nowMs) -> NatDrop.NO_ROUTE.code();
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 6000, PEER, 53)))).isEqualTo(NatDrop.NO_ROUTE);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.UNREACHABLE);
        world.routes = (hi, lo, nowMs) -> NatWorld.HOST6;
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 6000, PEER, 53)))).isEqualTo(NatDrop.NO_OUTSIDE_ADDRESS);
        world.routes = (hi, lo, nowMs) -> 7;
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 6000, PEER, 53)))).isEqualTo(NatDrop.NO_OUTSIDE_ADDRESS);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void N21_whoIsNoEndpointOfTheVersionHasNoWayOut() {
        assertThat(world.dropped(world.out(A, udp("10.9.0.77", 6000, PEER, 53))))
                .isEqualTo(NatDrop.UNKNOWN_ENDPOINT);
        assertThat(world.dropped(world.out(A, udp(A.ipv4, 6000, "127.0.0.1", 53))))
                .isEqualTo(NatDrop.LOOPBACK_ONLY);
    }

    private int open(NatWorld.Container from, int port) {
        int outside = world.sent(from, syn(from.ipv4, port, PEER, 80));
        world.arrives(from, segment(PEER, 80, "192.0.2.1", outside, SYN | ACK, 5000, 1001, 0));
        world.sent(from, segment(from.ipv4, port, PEER, 80, ACK, 1001, 5001, 0));
        return outside;
    }

    private void close(NatWorld.Container from, int port, int outside) {
        world.sent(from, segment(from.ipv4, port, PEER, 80, FIN | ACK, 1001, 5001, 0));
        world.arrives(from, segment(PEER, 80, "192.0.2.1", outside, FIN | ACK, 5001, 1002, 0));
        world.sent(from, segment(from.ipv4, port, PEER, 80, ACK, 1002, 5002, 0));
    }

    private void expireAfter(long ms) {
        world.nowMs += ms;
        while (world.engine.tick(world.nowMs, 100)) {
            // There may be more.
        }
    }
}
