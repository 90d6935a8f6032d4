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

import io.tapswitch.wire.Ipv4Header;
import org.junit.jupiter.api.Test;

/** The outside reaches published ports, and only those. */
class PublishedPortTest {
    private static final String PEER = "198.51.100.7";

    private final NatWorld world = new NatWorld();

    @Test
    void N28_theServerSeesItsTrueClient() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        Packet question = udp(PEER, 6002, "192.0.2.1", 8053);
        world.arrives(A, question);
        assertThat(source(question)).isEqualTo(PEER + " 6002");
        assertThat(destination(question)).isEqualTo("10.9.0.2 53");
        Packet answer = udp(A.ipv4, 53, PEER, 6002);
        assertThat(world.sent(A, answer)).isEqualTo(8053);
        assertThat(source(answer)).isEqualTo("192.0.2.1 8053");
        assertThat(destination(answer)).isEqualTo(PEER + " 6002");
        assertThat(world.owned).isEmpty();
    }

    @Test
    void N28_overTcpAndIpv6() {
        world.publish6(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.take();
        Packet syn = syn("2001:db8:7::7", 6002, "2001:db8::1", 8080);
        world.arrives(A, syn);
        assertThat(destination(syn)).isEqualTo("fd09::2 80");
        Packet synAck = segment(A.ipv6, 80, "2001:db8:7::7", 6002, SYN | ACK, 5, 1001, 0);
        world.sent(A, synAck);
        assertThat(source(synAck)).isEqualTo("2001:db8::1 8080");
        world.arrives(A, segment("2001:db8:7::7", 6002, "2001:db8::1", 8080, ACK, 1001, 6, 40));
    }

    @Test
    void aRangeLeadsToAsManyPortsInOrder() {
        world.publish(1, NatWorld.HOST, UDP, 8000, 8009, A.ipv4, A, 80);
        world.take();
        Packet packet = udp(PEER, 6002, "192.0.2.1", 8007);
        world.arrives(A, packet);
        assertThat(destination(packet)).isEqualTo("10.9.0.2 87");
        assertThat(world.dropped(world.in(udp(PEER, 6002, "192.0.2.1", 8010)))).isEqualTo(NatDrop.NO_MAPPING);
        assertThat(world.dropped(world.in(udp(PEER, 6002, "10.9.0.1", 8007)))).isEqualTo(NatDrop.NO_MAPPING);
    }

    @Test
    void N15_whatNobodyPublishedHearsNothing() {
        world.take();
        assertThat(world.dropped(world.in(syn(PEER, 6002, "192.0.2.1", 8080)))).isEqualTo(NatDrop.NO_MAPPING);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
        assertThat(world.engine.endpoint()).isNegative();
    }

    @Test
    void onlyASynBeginsAConnection() {
        world.publish(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.take();
        assertThat(world.dropped(world.in(segment(PEER, 6002, "192.0.2.1", 8080, ACK, 1, 1, 5))))
                .isEqualTo(NatDrop.TCP_STRAY);
        assertThat(world.dropped(world.in(segment(PEER, 6002, "192.0.2.1", 8080, SYN | ACK, 1, 1, 0))))
                .isEqualTo(NatDrop.TCP_STRAY);
        assertThat(world.dropped(world.in(segment(PEER, 6002, "192.0.2.1", 8080, RST, 1, 1, 0))))
                .isEqualTo(NatDrop.TCP_STRAY_RST);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        world.engine.looseUntil(world.nowMs + 1);
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8080, ACK, 1, 1, 5));
        world.sent(A, segment(A.ipv4, 80, PEER, 6002, ACK, 1, 6, 5));
    }

    @Test
    void N14_whatAPublishedPortSaysOnAnUnknownConnectionComesFromThePortThatItsPeerKnows() {
        world.publish(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.publish(2, NatWorld.LOOPBACK, TCP, 9090, A, 90);
        world.take();
        world.engine.looseUntil(world.nowMs + 1000);
        assertThat(world.sent(A, segment(A.ipv4, 80, PEER, 6002, ACK, 100, 1, 5)))
                .isEqualTo(8080);
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8080, ACK, 1, 105, 5));
        assertThat(world.sent(A, segment(A.ipv4, 80, PEER, 6002, ACK, 105, 6, 5)))
                .isEqualTo(8080);
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 80, PEER, 6002, ACK, 0x7000_0000, 6, 5))))
                .isEqualTo(NatDrop.TCP_WINDOW);
        assertThat(world.sent(A, segment(A.ipv4, 90, PEER, 6002, ACK, 100, 1, 5)))
                .as("nobody out there came by a port of 127.0.0.1")
                .isNotEqualTo(9090);
        RuleTotals totals = new RuleTotals();
        assertThat(world.engine.ruleTotals(0, 5000, totals)).isNegative();
        assertThat(totals.of(1).connections).isEqualTo(1);
    }

    @Test
    void N14_whereThePeerMayHaveComeByTwoPortsItSpeaksFirst() {
        world.publish(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.publish(2, DnatRule.ANY, TCP, 8081, A, 80);
        world.take();
        world.engine.looseUntil(world.nowMs + 1000);
        assertThat(world.dropped(world.out(A, segment(A.ipv4, 80, PEER, 6002, ACK, 100, 1, 5))))
                .isEqualTo(NatDrop.TCP_STRAY);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.SILENCE);
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8081, ACK, 1, 100, 5));
        assertThat(world.sent(A, segment(A.ipv4, 80, PEER, 6002, ACK, 100, 6, 5)))
                .isEqualTo(8081);
    }

    @Test
    void anAllowListRefusesTheOthersAndCountsThem() {
        world.publish(7, DnatRule.ANY, UDP, 8053, A, 53, "198.51.100.0/25");
        world.take();
        world.arrives(A, udp(PEER, 6002, "192.0.2.1", 8053));
        assertThat(world.dropped(world.in(udp("198.51.100.200", 6002, "192.0.2.1", 8053))))
                .isEqualTo(NatDrop.NOT_ALLOWED);
        RuleTotals totals = new RuleTotals();
        assertThat(world.engine.ruleTotals(0, 5000, totals)).isNegative();
        assertThat(totals.of(7).refused).isEqualTo(1);
        assertThat(totals.of(7).connections).isEqualTo(1);
        assertThat(totals.of(7).packetsIn).isEqualTo(1);
        assertThat(totals.of(7).bytesIn).isEqualTo(33);
    }

    @Test
    void P6_aLoopbackPortIsForTheHostItself() {
        world.publish(1, NatWorld.LOOPBACK, TCP, 8080, A, 80);
        world.take();
        assertThat(world.dropped(world.in(syn(PEER, 6002, "127.0.0.1", 8080)))).isEqualTo(NatDrop.LOOPBACK_ONLY);
        assertThat(world.dropped(world.in(syn("127.0.0.1", 6002, "192.0.2.1", 8080))))
                .isEqualTo(NatDrop.LOOPBACK_ONLY);
        assertThat(world.dropped(world.in(syn("::1", 6002, "2001:db8::1", 8080))))
                .isEqualTo(NatDrop.LOOPBACK_ONLY);
        assertThat(world.dropped(world.hairpin(syn("192.0.2.1", 6002, "127.0.0.1", 8080))))
                .isEqualTo(NatDrop.LOOPBACK_ONLY);
        assertThat(world.dropped(world.in(syn(PEER, 6002, "192.0.2.1", 8080)))).isEqualTo(NatDrop.NO_MAPPING);
        assertThat(world.fromHost(syn("127.0.0.1", 6002, "127.0.0.1", 8080))).isEqualTo(NatEngine.FORWARD);
    }

    @Test
    void P10_theHostsClientsOfLoopbackAreShownAsTheGateway() {
        world.publish(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.publish6(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.take();
        Packet syn = syn("127.0.0.1", 6002, "127.0.0.1", 8080);
        assertThat(world.fromHost(syn)).isEqualTo(NatEngine.FORWARD);
        assertThat(syn.isValid()).isTrue();
        assertThat(source(syn)).isEqualTo("10.9.0.1 6002");
        assertThat(destination(syn)).isEqualTo("10.9.0.2 80");
        Packet answer = segment(A.ipv4, 80, "10.9.0.1", 6002, SYN | ACK, 5, 1001, 0);
        assertThat(world.out(A, answer, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(answer.isValid()).isTrue();
        assertThat(source(answer)).isEqualTo("127.0.0.1 8080");
        assertThat(destination(answer)).isEqualTo("127.0.0.1 6002");

        Packet six = syn("::1", 6002, "::1", 8080);
        assertThat(world.fromHost(six)).isEqualTo(NatEngine.FORWARD);
        assertThat(six.isValid()).isTrue();
        assertThat(source(six)).isEqualTo("fd09::1 6002");
        Packet answerSix = segment(A.ipv6, 80, "fd09::1", 6002, SYN | ACK, 5, 1001, 0);
        assertThat(world.out(A, answerSix, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(answerSix.isValid()).isTrue();
        assertThat(source(answerSix)).isEqualTo("::1 8080");
        assertThat(destination(answerSix)).isEqualTo("::1 6002");

        Packet own = syn("192.0.2.1", 6002, "192.0.2.1", 8080);
        assertThat(world.fromHost(own)).isEqualTo(NatEngine.FORWARD);
        assertThat(source(own)).isEqualTo("192.0.2.1 6002");
    }

    @Test
    void N27_aContainerReachesAPublishedPortOfItsNeighbour() {
        hairpin(A, B);
    }

    @Test
    void N27_aContainerReachesItsOwnPublishedPort() {
        hairpin(A, A);
    }

    @Test
    void N27_aContainerReachesAPublishedPortOfAnotherNetwork() {
        hairpin(A, C);
    }

    private void hairpin(NatWorld.Container client, NatWorld.Container server) {
        world.publish(1, DnatRule.ANY, UDP, 8053, server, 53);
        world.take();
        Packet question = udp(client.ipv4, 6001, "192.0.2.1", 8053);
        assertThat(world.out(client, question, false)).isEqualTo(NatEngine.NO_FLOW);
        int port = world.sent(client, question);
        assertThat(world.hairpin(question)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.engine.endpoint()).isEqualTo(server.id);
        assertThat(question.isValid()).isTrue();
        assertThat(source(question)).isEqualTo("192.0.2.1 " + port);
        assertThat(destination(question)).isEqualTo(server.ipv4 + " 53");
        assertThat(Ipv4Header.ttl(question.buffer, Packet.AT)).isEqualTo(63);

        Packet answer = udp(server.ipv4, 53, "192.0.2.1", port);
        assertThat(world.out(server, answer, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.hairpin(answer)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.engine.endpoint()).isEqualTo(client.id);
        assertThat(answer.isValid()).isTrue();
        assertThat(source(answer)).isEqualTo("192.0.2.1 8053");
        assertThat(destination(answer)).isEqualTo(client.ipv4 + " 6001");
    }

    @Test
    void N23_aHopIsCountedOnce() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        Packet question = udp(PEER, 6001, "192.0.2.1", 8053);
        Ipv4Header.ttl(question.buffer, Packet.AT, 1);
        Ipv4Header.updateChecksum(question.buffer, Packet.AT);
        assertThat(world.dropped(world.in(question))).isEqualTo(NatDrop.TTL_EXPIRED);
        assertThat(world.engine.answer()).isEqualTo(NatEngine.TIME_EXCEEDED);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
    }

    @Test
    void aConnectionThatReusesAFlowIsCountedAgain() {
        world.publish(1, DnatRule.ANY, TCP, 8080, A, 80);
        world.take();
        world.arrives(A, syn(PEER, 6002, "192.0.2.1", 8080));
        world.sent(A, segment(A.ipv4, 80, PEER, 6002, SYN | ACK, 5, 1001, 0));
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8080, FIN | ACK, 1001, 6, 0));
        world.sent(A, segment(A.ipv4, 80, PEER, 6002, FIN | ACK, 6, 1002, 0));
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8080, ACK, 1002, 7, 0));
        world.arrives(A, segment(PEER, 6002, "192.0.2.1", 8080, SYN, 90_000, 0, 0));
        RuleTotals totals = new RuleTotals();
        world.engine.ruleTotals(0, 5000, totals);
        assertThat(totals.of(1).connections).isEqualTo(2);
        assertThat(totals.of(1).packetsIn).isEqualTo(4);
        assertThat(totals.of(1).packetsOut).isEqualTo(2);
    }

    @Test
    void aReadingHasEachPacketOnce() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        for (int port = 1; port <= 10; port++) {
            world.arrives(A, udp(PEER, port, "192.0.2.1", 8053));
        }
        RuleTotals totals = new RuleTotals();
        int next = world.engine.ruleTotals(0, 5, totals);
        assertThat(next).isEqualTo(5);
        world.nowMs += 200_000;
        world.engine.tick(world.nowMs, 100);
        assertThat(world.engine.count(NatCounter.FLOWS)).isZero();
        next = world.engine.ruleTotals(next, 5, totals);
        assertThat(next).isNegative();
        assertThat(totals.of(1).packetsIn).isEqualTo(10);
        RuleTotals later = new RuleTotals();
        assertThat(world.engine.ruleTotals(0, 1000, later)).isNegative();
        assertThat(later.of(1).packetsIn).isEqualTo(10);
        assertThat(later.of(1).connections).isEqualTo(10);
    }

    @Test
    void flowsAreShownInSteps() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        for (int port = 1; port <= 10; port++) {
            world.arrives(A, udp(PEER, port, "192.0.2.1", 8053));
        }
        var seen = new java.util.ArrayList<Integer>();
        int calls = 0;
        for (int from = 0; from >= 0; calls++) {
            from = world.engine.flows(from, 4, (flows, slot, endsMs) -> {
                assertThat(endsMs).isEqualTo(world.nowMs + 120_000);
                seen.add(flows.peerPort(slot));
            });
        }
        assertThat(seen).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(calls).isEqualTo(3);
    }

    @Test
    void N19_errorsCrossBothWays() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        Packet question = udp(PEER, 6002, "192.0.2.1", 8053);
        world.arrives(A, question);
        Packet complaint = Packets.icmp(3, 3, Packets.address(A.ipv4), Packets.address(PEER), 0, question.bytes());
        assertThat(world.out(A, complaint)).isEqualTo(NatEngine.FORWARD);
        assertThat(complaint.isValid()).isTrue();
        assertThat(source(complaint)).isEqualTo("192.0.2.1 0");
        assertThat(quoted(complaint)).isEqualTo(PEER + " 6002 > 192.0.2.1 8053");
        long seen = world.engine.table().entries().seenMs(0);

        Packet answer = udp(A.ipv4, 53, PEER, 6002);
        world.sent(A, answer);
        Packet unreachable =
                Packets.icmp(3, 1, Packets.address("203.0.113.1"), Packets.address("192.0.2.1"), 0, answer.bytes());
        world.nowMs += 5;
        world.arrives(A, unreachable);
        assertThat(source(unreachable)).isEqualTo("203.0.113.1 0");
        assertThat(destination(unreachable)).isEqualTo("10.9.0.2 0");
        assertThat(quoted(unreachable)).isEqualTo("10.9.0.2 53 > " + PEER + " 6002");
        assertThat(world.engine.table().entries().seenMs(0)).isEqualTo(seen);
    }

    @Test
    void N19_errorsAboutAContainersRequestFindIt() {
        world.take();
        Packet request = udp(A.ipv4, 7004, PEER, 9000);
        world.sent(A, request);
        Packet tooBig =
                Packets.icmp(3, 4, Packets.address("192.0.2.77"), Packets.address("192.0.2.1"), 1280, request.bytes());
        world.arrives(A, tooBig);
        assertThat(quoted(tooBig)).isEqualTo("10.9.0.2 7004 > " + PEER + " 9000");
        Packet ping = echo(true, A.ipv4, PEER, 55);
        int identifier = world.sent(A, ping);
        Packet exceeded =
                Packets.icmp(11, 0, Packets.address("192.0.2.77"), Packets.address("192.0.2.1"), 0, ping.bytes());
        world.arrives(A, exceeded);
        assertThat(identifier).isEqualTo(55);
        assertThat(quoted(exceeded)).isEqualTo("10.9.0.2 55 > " + PEER + " 0");

        Packet unknown = udp("192.0.2.1", 7005, PEER, 9000);
        assertThat(world.dropped(world.in(
                        Packets.icmp(3, 3, Packets.address(PEER), Packets.address("192.0.2.1"), 0, unknown.bytes()))))
                .isEqualTo(NatDrop.ICMP_UNKNOWN_FLOW);
    }

    @Test
    void N19_aContainerComplainsAboutItsOwnFlowsOnly() {
        world.take();
        Packet request = udp(A.ipv4, 7004, PEER, 9000);
        int port = world.sent(A, request);
        Packet answer = udp(PEER, 9000, "192.0.2.1", port);
        world.arrives(A, answer);
        Packet forged = Packets.icmp(3, 3, Packets.address(B.ipv4), Packets.address(PEER), 0, answer.bytes());
        assertThat(world.dropped(world.out(B, forged.copy()))).isEqualTo(NatDrop.ICMP_UNKNOWN_FLOW);
        assertThat(world.out(B, forged, false)).isEqualTo(NatEngine.NO_FLOW);
        Packet honest = Packets.icmp(3, 3, Packets.address(A.ipv4), Packets.address(PEER), 0, answer.bytes());
        assertThat(world.out(A, honest)).isEqualTo(NatEngine.FORWARD);
        assertThat(quoted(honest)).isEqualTo(PEER + " 9000 > 192.0.2.1 7004");
    }

    @Test
    void N19_theGatewayStandsForTheHostInErrorsToo() {
        world.publish(1, DnatRule.ANY, UDP, 8053, A, 53);
        world.take();
        Packet question = udp("127.0.0.1", 6002, "127.0.0.1", 8053);
        assertThat(world.fromHost(question)).isEqualTo(NatEngine.FORWARD);
        Packet complaint =
                Packets.icmp(3, 3, Packets.address(A.ipv4), Packets.address("10.9.0.1"), 0, question.bytes());
        assertThat(world.out(A, complaint, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(complaint.isValid()).isTrue();
        assertThat(source(complaint)).isEqualTo("127.0.0.1 0");
        assertThat(destination(complaint)).isEqualTo("127.0.0.1 0");
        assertThat(quoted(complaint)).isEqualTo("127.0.0.1 6002 > 127.0.0.1 8053");

        Packet answer = udp(A.ipv4, 53, "10.9.0.1", 6002);
        assertThat(world.out(A, answer, false)).isEqualTo(NatEngine.FORWARD);
        Packet refused =
                Packets.icmp(3, 3, Packets.address("127.0.0.1"), Packets.address("127.0.0.1"), 0, answer.bytes());
        assertThat(world.fromHost(refused)).isEqualTo(NatEngine.FORWARD);
        assertThat(refused.isValid()).isTrue();
        assertThat(source(refused)).isEqualTo("10.9.0.1 0");
        assertThat(destination(refused)).isEqualTo("10.9.0.2 0");
        assertThat(quoted(refused)).isEqualTo("10.9.0.2 53 > 10.9.0.1 6002");
    }

    @Test
    void N27_errorsCrossAHairpin() {
        world.publish(1, DnatRule.ANY, UDP, 8053, B, 53);
        world.take();
        Packet question = udp(A.ipv4, 6001, "192.0.2.1", 8053);
        world.sent(A, question);
        assertThat(world.hairpin(question)).isEqualTo(NatEngine.FORWARD);
        Packet complaint =
                Packets.icmp(3, 3, Packets.address(B.ipv4), Packets.address("192.0.2.1"), 0, question.bytes());
        assertThat(world.out(B, complaint, false)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.hairpin(complaint)).isEqualTo(NatEngine.FORWARD);
        assertThat(world.engine.endpoint()).isEqualTo(A.id);
        assertThat(complaint.isValid()).isTrue();
        assertThat(source(complaint)).isEqualTo("192.0.2.1 0");
        assertThat(destination(complaint)).isEqualTo("10.9.0.2 0");
        assertThat(quoted(complaint)).isEqualTo("10.9.0.2 6001 > 192.0.2.1 8053");
    }

    /** {@return "address port > address port" of the packet that an error quotes} */
    static String quoted(Packet error) {
        long quote = IcmpErrors.quote(error.buffer, Packet.AT, error.classified());
        assertThat(quote).isPositive();
        int at = IcmpErrors.quoted(Packet.AT, error.classified());
        var b = error.buffer;
        return NatWorld.text(PacketClass.sourceHi(b, at, quote), PacketClass.sourceLo(b, at, quote)) + " "
                + PacketClass.sourcePort(b, at, quote) + " > "
                + NatWorld.text(PacketClass.destinationHi(b, at, quote), PacketClass.destinationLo(b, at, quote)) + " "
                + PacketClass.destinationPort(b, at, quote);
    }
}
