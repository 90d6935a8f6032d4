package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.Wire;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The way out of containers, on the host's own address: A-OUT and the N requirements about what leaves. */
@Tag("netns")
@Timeout(120)
final class OutboundIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private static LabContainer one() {
        LAB.dual("dual", 9);
        return LAB.attached("one", "--network", "dual");
    }

    private static OutsideChecks checks() {
        return new OutsideChecks(one(), LAB.outside());
    }

    @Test
    void A_OUT_01_tcpUdpAndPingLeaveWithTheHostsAddressAndAnswersComeBack() {
        checks().leavesWithTheHostsAddress();
        LAB.outside().assertNothingInTheKernel();
    }

    @Test
    void A_OUT_02_theDefaultNetworkHasAWayOut() {
        LabContainer one = LAB.attached("one");
        try (Background server = Talk.answer(LAB.outside().router())) {
            Talk.ask(one, "tcp", Outside.ONE, Talk.PORT).as(Outside.HOST);
            Talk.ask(one, "udp", Outside.TWO, Talk.PORT).as(Outside.HOST);
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void A_OUT_02_N2_containersWithOneSourcePortShareTheAddressWithoutCollision() {
        LabContainer one = one();
        LabContainer two = LAB.attached("two", "--network", "dual");
        LabContainer three = LAB.attached("three");
        String first = Talk.target(Outside.ONE, Talk.PORT);
        String second = Talk.target(Outside.TWO, Talk.PORT);
        try (Background server = Talk.answer(LAB.outside().router())) {
            for (String protocol : List.of("tcp", "udp")) {
                List<Talk.Seen> all = Stream.of(
                                Talk.ask(one, protocol, 6000, first),
                                Talk.ask(two, protocol, 6000, second),
                                Talk.ask(three, protocol, 6000, first, second),
                                Talk.ask(one, protocol, 6000, second))
                        .flatMap(List::stream)
                        .toList();
                assertThat(all)
                        .allSatisfy(row -> row.as(Outside.HOST))
                        .allSatisfy(row -> assertThat(row.own()).isEqualTo(6000));
                assertThat(all.stream().map(Talk.Seen::port).distinct())
                        .as("%s: one outside port for each container: %s", protocol, all)
                        .hasSize(3);
            }
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N1_aSocketHasOneOutsidePortForAllItsPeers() {
        LabContainer one = one();
        LabContainer other = LAB.attached("other", "--network", "dual");
        try (Background near = Talk.answer(LAB.outside().router(), "9000", "9000,9001");
                Background far = Talk.answer(LAB.outside().far())) {
            Talk.ask(other, "udp", 6000, Talk.target(Outside.TWO, 9000));
            List<Talk.Seen> four = Talk.ask(
                    one,
                    "udp",
                    6000,
                    Talk.target(Outside.ONE, 9000),
                    Talk.target(Outside.TWO, 9000),
                    Talk.target(Outside.ONE, 9001),
                    Talk.target(Outside.FAR, 9000));
            assertThat(four).allSatisfy(row -> row.as(Outside.HOST));
            assertThat(four.stream().map(Talk.Seen::port).distinct())
                    .as("%s", four)
                    .hasSize(1);
            List<Talk.Seen> six = Talk.ask(
                    one,
                    "udp",
                    6000,
                    Talk.target(Outside.ONE_6, 9001),
                    Talk.target(Outside.TWO_6, 9000),
                    Talk.target(Outside.FAR_6, 9000));
            assertThat(six).allSatisfy(row -> row.as(Outside.HOST_6));
            assertThat(six.stream().map(Talk.Seen::port).distinct())
                    .as("%s", six)
                    .hasSize(1);
            assertThat(near.alive() && far.alive()).isTrue();
        }
    }

    @Test
    void N4_N15_strangersGetNothingInAndNoAnswer() {
        LabContainer one = one();
        try (Background server = Talk.answerOn(LAB.outside().router(), Outside.ONE, "9000", "9000");
                Held held = Held.open(one, 1, Talk.target(Outside.ONE, Talk.PORT));
                UdpSocket inside = UdpSocket.bind(one, "0.0.0.0", 6001);
                UdpSocket friend = UdpSocket.bind(LAB.outside().router(), Outside.ONE, 7001);
                UdpSocket stranger = UdpSocket.bind(LAB.outside().router(), Outside.TWO, 7001);
                Wire wire = Wire.on(LAB.outside().router(), "eth0", "host " + Outside.TWO + " and not arp")) {
            inside.send(Outside.ONE, 7001, "hello");
            int port = friend.hears("hello").port();
            stranger.send(Outside.HOST, port, "let me in");
            friend.send(Outside.HOST, port, "welcome");
            assertThat(inside.hears("welcome").address()).isEqualTo(Outside.ONE);
            inside.hearsNothing();
            stranger.hearsNothing();
            int tcp = held.all(1).outsidePorts().getFirst();
            LAB.outside().router().scapy("""
                    for s in [40001, 40001, 40002]:
                        send(IP(src='192.0.2.10', dst='192.0.2.1')/TCP(sport=s, dport=%d, flags='S', seq=1))
                    send(IP(src='192.0.2.10', dst='192.0.2.1')/UDP(sport=7002, dport=%d)/b'again')
                    """.formatted(tcp, port));
            Eventually.measureFor(Duration.ofSeconds(6));
            assertThat(wire.packets("ip.src == " + Outside.HOST + " && !(icmp.type == 0)", "frame.protocols"))
                    .as("nothing is said to a stranger for 6 s")
                    .isEmpty();
            assertThat(wire.packets("ip.src == " + Outside.TWO)).hasSizeGreaterThanOrEqualTo(5);
            held.assertAlive();
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N4_anybodyMaySendToAMappingWhereTheNetworkSaysSo() {
        LAB.dual("open", 10, "-o", "tapswitch.filtering=endpoint-independent");
        LabContainer one = LAB.attached("one", "--network", "open");
        for (String[] family : new String[][] {
            {"0.0.0.0", Outside.ONE, Outside.TWO, Outside.HOST}, {"::", Outside.ONE_6, Outside.TWO_6, Outside.HOST_6}
        }) {
            try (UdpSocket inside = UdpSocket.bind(one, family[0], 6001);
                    UdpSocket friend = UdpSocket.bind(LAB.outside().router(), family[1], 7001);
                    UdpSocket stranger = UdpSocket.bind(LAB.outside().router(), family[2], 7002)) {
                inside.send(family[1], 7001, "hello");
                int port = friend.hears("hello").port();
                stranger.send(family[3], port, "a stranger");
                UdpSocket.Heard heard = inside.hears("a stranger");
                assertThat(heard.address()).isEqualTo(family[2]);
                inside.send(family[2], heard.port(), "welcome");
                assertThat(stranger.hears("welcome").port())
                        .as("the same mapping")
                        .isEqualTo(port);
            }
        }
    }

    @Test
    void N18_pingsOfTwoContainersWithOneIdGetTheirOwnReplies() {
        LabContainer one = one();
        LabContainer two = LAB.attached("two", "--network", "dual");
        for (String address : List.of(Outside.ONE, Outside.ONE_6)) {
            String echo = address.contains(":") ? "icmpv6.type == 128" : "icmp.type == 8";
            String id = address.contains(":") ? "icmpv6.echo.identifier" : "icmp.ident";
            try (Wire wire = Wire.on(LAB.outside().router(), "eth0", "icmp or icmp6");
                    Background first = one.start("ping", "-e77", "-c10", "-i0.05", "-W2", address);
                    Background second = two.start("ping", "-e77", "-c10", "-i0.05", "-W2", address)) {
                assertThat(first.await(Duration.ofSeconds(10)).ok().out())
                        .contains(" 10 received, 0% packet loss")
                        .doesNotContain("DUP!");
                assertThat(second.await(Duration.ofSeconds(10)).ok().out())
                        .contains(" 10 received, 0% packet loss")
                        .doesNotContain("DUP!");
                assertThat(wire.packets(echo, id).stream().distinct())
                        .as("ids that left")
                        .hasSize(2);
            }
        }
        // The host's own ping is its own, also with an id that NAT has given away.
        LAB.host().exec("ping", "-e77", "-c3", "-i0.05", "-W2", Outside.ONE).ok();
    }

    @Test
    void N19_errorsOfRoutersReachTheSocketThatTheyAreAbout() {
        OutsideChecks checks = checks();
        checks.errorsReachTheSocket();
        checks.pathMtuReachesTheContainer();
    }

    @Test
    void N19_forgedErrorsAreDroppedAndHarmNoMapping() {
        LabContainer one = one();
        try (UdpSocket inside = UdpSocket.bind(one, "0.0.0.0", 6001);
                UdpSocket friend = UdpSocket.bind(LAB.outside().router(), Outside.ONE, 7001);
                Capture errors = Capture.in(one, "icmp")) {
            inside.send(Outside.ONE, 7001, "hello");
            int port = friend.hears("hello").port();
            LAB.outside().router().scapy("""
                    def error(chksum, sport, dport, **kw):
                        quote = IP(src='192.0.2.1', dst='192.0.2.9', proto=17)/UDP(sport=sport, dport=dport)/b'hello'
                        return IP(src='192.0.2.9', dst='192.0.2.1')/ICMP(type=3, code=3, chksum=chksum)/quote
                    good = %d
                    send(error(0x1234, good, 7001))
                    send(error(None, good, 7999))
                    send(error(None, good ^ 1, 7001))
                    send(IP(src='192.0.2.9', dst='192.0.2.1')/ICMP(type=5, code=1, gw='192.0.2.10')
                         /IP(src='192.0.2.1', dst='192.0.2.9')/UDP(sport=good, dport=7001)/b'hello')
                    send(IP(src='192.0.2.9', dst='192.0.2.1')/ICMP(type=3, code=3)
                         /Raw(bytes(IP(src='192.0.2.1', dst='192.0.2.9', len=60)/UDP(sport=good, dport=7001))[:20]))
                    """.formatted(port));
            friend.send(Outside.HOST, port, "still here");
            assertThat(inside.hears("still here").address()).isEqualTo(Outside.ONE);
            assertThat(errors.lines()).isEmpty();
        }
    }

    @Test
    void N22_O9_fragmentsArriveInAnyOrderAndOverlapsDoNot() {
        LabContainer one = one();
        new OutsideChecks(one, LAB.outside()).fragmentsArrive();
        try (UdpSocket hearer = UdpSocket.bind(LAB.outside().router(), Outside.ONE, 7100);
                Wire wire = Wire.on(LAB.outside().router(), "eth0", "ip[4:2] = 703 or ip[4:2] = 704")) {
            one.scapy("""
                    p = fragment(IP(dst='192.0.2.9', id=703)/UDP(sport=7000, dport=7100)/('abc' * 1000), fragsize=1000)
                    bad = IP(dst='192.0.2.9', id=703, proto=17, frag=100, flags='MF')/(b'Z' * 1000)
                    for f in [p[0], bad, p[1], p[2], p[3]]:
                        send(f)
                    send(IP(dst='192.0.2.9', id=704)/UDP(sport=7000, dport=7100)/b'whole')
                    """);
            hearer.hears("whole");
            assertThat(wire.packets("ip.id == 703"))
                    .as("nothing of the datagram left")
                    .isEmpty();
        }
    }

    @Test
    void N23_ttlIsTakenDownByOneAndTheGatewaySaysWhenNoneIsLeft() {
        checks().ttlIsTakenDownByOne("10.9.0.1", "fd00:9::1");
    }

    @Test
    void N33_dfDscpEcnAndIdStay() {
        checks().headerBitsStay();
    }

    @Test
    void O3_O4_largeTransfersArriveUnchangedAlsoPastALinkWithoutOffloads() {
        checks().largeTransfersArriveUnchanged(60_000_000);
    }

    @Test
    void O11_aSmallerWireIsToldAndSuperFramesArrive() {
        checks().smallerWireIsTold(LAB.host());
    }

    @Test
    void theHostsRoutesAreFollowed() {
        LabContainer one = one();
        LabNamespace second = LAB.outside().second();
        second.ip("addr add " + Outside.FAR + "/32 dev lo");
        try (Background near = Talk.answer(LAB.outside().far());
                Background other = Talk.answer(second)) {
            Talk.ask(one, "tcp", Outside.SECOND, Talk.PORT).as(Outside.SECOND_HOST);
            Talk.ask(one, "udp", Outside.SECOND_6, Talk.PORT).as(Outside.SECOND_HOST_6);
            Talk.ask(one, "udp", Outside.FAR, Talk.PORT).as(Outside.HOST);
            // A rule that a VPN or an administrator adds while containers run holds for what begins then.
            LAB.host().ip("route add default via " + Outside.SECOND + " dev uplink1 table 77");
            LAB.host().ip("rule add to " + Outside.FAR + " lookup 77");
            try {
                Eventually.until("a new rule", () -> seen(one, Outside.FAR).equals(Outside.SECOND_HOST));
            } finally {
                LAB.host().ip("rule del to " + Outside.FAR + " lookup 77");
                LAB.host().ip("route flush table 77");
            }
            Eventually.until("the rule went", () -> seen(one, Outside.FAR).equals(Outside.HOST));
            LAB.host().ip("route add blackhole " + Outside.FAR);
            Eventually.until(
                    "no way",
                    () -> !Talk.ask(one, "udp", Outside.FAR, Talk.PORT).answered());
            LAB.host().ip("route del blackhole " + Outside.FAR);
            Eventually.until("a way again", () -> seen(one, Outside.FAR).equals(Outside.HOST));
            assertThat(near.alive() && other.alive()).isTrue();
        } finally {
            second.ip("addr del " + Outside.FAR + "/32 dev lo");
        }
    }

    @Test
    void aTunnelWithoutEthernetHeadersIsAWayOut() {
        LabContainer one = one();
        LabNamespace office = LAB.namespace("office");
        LAB.closing(LAB.host().tunnel(office));
        try (Background server = Talk.answer(office)) {
            Eventually.until(
                    Duration.ofSeconds(10),
                    "the tunnel is a way out",
                    () -> seen(one, "10.200.0.2").equals("10.200.0.1"));
            Talk.ask(one, "tcp", "10.50.0.1", Talk.PORT).as("10.200.0.1");
            one.transferTcp(office, "10.50.0.1", 5_000_000);
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void A_INT_03_aContainerOnInternalAndBridgeGoesOutByTheBridge() {
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        LabContainer both = LAB.attached("both", "--network", "quiet");
        both.connect("bridge");
        try (Background server = Talk.answer(LAB.outside().router())) {
            Talk.ask(both, "tcp", Outside.ONE, Talk.PORT).as(Outside.HOST);
            one.ip("route add default via 172.18.0.1");
            assertThat(Talk.ask(one, "udp", Outside.ONE, Talk.PORT).answered()).isFalse();
            assertThat(server.alive()).isTrue();
        }
    }

    private static String seen(LabNamespace from, String address) {
        return Talk.ask(from, "udp", address, Talk.PORT).seen();
    }
}
