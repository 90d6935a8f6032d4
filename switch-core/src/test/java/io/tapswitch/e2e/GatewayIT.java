package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What the switch answers itself: as the gateway (B17, N23), for members whose addresses it knows (B12), and on behalf
 * of those that just came (B13). Ping, arping and tcpdump are the judges.
 */
@Tag("netns")
@Timeout(120)
final class GatewayIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void N23_expiredPacketIsAnsweredByTheGateway() {
        LabContainer one = LAB.attached("one");
        assertThat(one.exec("ping", "-c1", "-W2", "-t1", LabHost.OUTSIDE_ADDRESS)
                        .out())
                .contains("From 172.17.0.1 icmp_seq=1 Time to live exceeded");
        one.exec("ping", "-c1", "-W2", "-t1", "172.17.0.1").ok();
        assertThat(one.drops("ttl_expired")).isEqualTo(1);
    }

    @Test
    void B17_placesWithoutARouteAreUnreachable() {
        LabContainer one = LAB.attached("one");
        assertThat(one.exec("ping", "-c1", "-W2", LabHost.OUTSIDE_ADDRESS).out())
                .contains("From 172.17.0.1 icmp_seq=1 Destination Net Unreachable");
        assertThat(one.drops("no_route")).isEqualTo(1);
    }

    @Test
    void B10_otherNetworksAreProhibited() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one");
        LAB.attached("two", "--network", "dev");
        for (String address : List.of("172.18.0.2", "172.18.0.99", "172.19.0.1")) {
            assertThat(one.exec("ping", "-c1", "-W2", address).out())
                    .as(address)
                    .contains("From 172.17.0.1 icmp_seq=1 Packet filtered");
        }
        assertThat(one.drops("isolated")).isEqualTo(3);
        // The gateway of a network that is not internal is an address of the host, like any other of them.
        one.ping("172.18.0.1");
    }

    @Test
    void B17_gatewayOfAnInternalNetworkHasNoServices() {
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        Outcome udp = one.exec(Duration.ofSeconds(10), "hello", List.of("socat", "-t2", "-", "UDP:172.18.0.1:9"));
        assertThat(udp.err()).contains("Connection refused");
        Outcome tcp = one.exec("socat", "-u", "TCP:172.18.0.1:80,connect-timeout=3", "-");
        assertThat(tcp.err()).contains("Connection refused");
    }

    @Test
    void B17_errorsAreLimitedInRate() {
        LabContainer one = LAB.attached("one");
        one.ping("172.17.0.1");
        try (Capture errors = Capture.in(one, "icmp[0] = 3")) {
            one.traffic("udp-flow-send", "address", LabHost.OUTSIDE_ADDRESS, "rate", 5_000, "count", 5_000);
            one.exec("ping", "-c1", "-W2", "172.17.0.1").ok();
            assertThat(errors.lines()).hasSizeBetween(1, 1_500);
        }
        Eventually.until(
                "the bucket is full again",
                () -> one.exec("ping", "-c1", "-W1", LabHost.OUTSIDE_ADDRESS)
                        .out()
                        .contains("Net Unreachable"));
    }

    @Test
    void rfc1122_noErrorAboutWhatMustNotBeAnswered() {
        LabContainer one = LAB.attached("one", "--source-guard=false");
        String mac = one.mac("172.17.0.1");
        try (Capture errors = Capture.in(one, "icmp[0] = 3 or icmp[0] = 11")) {
            one.scapy("E = Ether(dst='" + mac + "')\n" + """
                    far = dict(src='172.17.0.2', dst='192.0.2.9')
                    inner = IP(src='192.0.2.9', dst='172.17.0.2')/UDP(sport=7, dport=7)
                    for p in [IP(**far)/ICMP(type=3, code=1)/inner, IP(ttl=1, **far)/ICMP(type=11)/inner,
                              IP(frag=100, **far)/Raw(b'x' * 64), IP(src='0.0.0.0', dst='192.0.2.9')/UDP(),
                              IP(src='127.0.0.1', dst='192.0.2.9')/UDP(), IP(src='224.0.0.5', dst='192.0.2.9')/UDP()]:
                        sendp(E/p, iface=IF)
                    sendp(Ether(dst='ff:ff:ff:ff:ff:ff')/IP(**far)/UDP(), iface=IF)
                    """);
            one.exec("ping", "-c1", "-W2", "-t1", LabHost.OUTSIDE_ADDRESS);
            errors.awaitLine("time exceeded");
            assertThat(errors.lines()).hasSize(1);
        }
    }

    @Test
    void B12_requestForAKnownAddressIsAnsweredByTheSwitchAndItsOwnerNeverSeesIt() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three", "--network", "dev");
        try (Capture atTwo = Capture.in(two, "arp");
                Capture atThree = Capture.in(three, "arp")) {
            Outcome known = one.exec("arping", "-b", "-c2", "-w3", "-I", "eth0", "172.18.0.3");
            assertThat(known.ok().out())
                    .contains("Unicast reply from 172.18.0.3 [02:42:AC:12:00:03]")
                    .contains("Received 2 response");
            Outcome unknown = one.exec("arping", "-b", "-c1", "-w1", "-I", "eth0", "172.18.0.77");
            assertThat(unknown.out()).contains("Received 0 response");
            atTwo.awaitLine("who-has 172.18.0.77");
            atThree.awaitLine("who-has 172.18.0.77");
            assertThat(atTwo.lines()).noneMatch(line -> line.contains("who-has 172.18.0.3"));
            assertThat(atThree.lines()).noneMatch(line -> line.contains("who-has 172.18.0.3"));
        }
        one.ping("172.18.0.3");
        assertThat(one.ip("neigh show 172.18.0.3")).contains("lladdr 02:42:ac:12:00:03");
    }

    @Test
    void C11_nobodyAnswersForTheAbsent() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three", "--network", "dev");
        assertThat(answers(one, "172.18.0.3")).isTrue();
        two.ip("link set eth0 down");
        Eventually.until("down is noticed", () -> !answers(one, "172.18.0.3"));
        two.ip("link set eth0 up");
        Eventually.until("up is noticed", () -> answers(one, "172.18.0.3"));
        two.disconnect("dev");
        assertThat(answers(one, "172.18.0.3")).isFalse();
        three.delete();
        Eventually.until("a dead namespace is noticed", () -> !answers(one, "172.18.0.4"));
    }

    @Test
    void B12_probeOfATakenAddressIsAnsweredAndOfTheOwnOneNot() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LAB.attached("two", "--network", "dev");
        // arping -D (RFC 5227) ends with 1 when somebody else has the address.
        assertThat(probe(one, "172.18.0.3").exit()).isEqualTo(1);
        assertThat(probe(one, "172.18.0.1").exit()).isEqualTo(1);
        assertThat(probe(one, "172.18.0.2").exit()).isZero();
        assertThat(probe(one, "172.18.0.99").exit()).isZero();
    }

    @Test
    void B13_arrivalIsAnnouncedAndPeersForgetWhoHadTheAddressBefore() {
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev", "--mac-address", "02:00:00:00:00:0b");
        one.ping("10.9.0.3");
        one.ping("fd00:9::3");
        assertThat(one.ip("neigh show 10.9.0.3")).contains("02:00:00:00:00:0b");
        two.disconnect("dev");
        // The kernel keeps an entry for a second against any announcement (locktime, arp(7)).
        Eventually.measureFor(Duration.ofMillis(1_100));
        try (Capture arp = Capture.in(one, "arp");
                Capture nd = Capture.in(one, "icmp6 and ip6[40] = 136")) {
            LAB.attached("three", "--network", "dev");
            arp.awaitLine("02:42:0a:09:00:03 > ff:ff:ff:ff:ff:ff");
            nd.awaitLine("02:42:0a:09:00:03 > 33:33:00:00:00:01");
            Eventually.until(
                    Duration.ofSeconds(1),
                    "the peer knows the new one",
                    () -> one.ip("neigh show 10.9.0.3").contains("02:42:0a:09:00:03")
                            && one.ip("neigh show fd00:9::3").contains("02:42:0a:09:00:03"));
        }
        one.ping("10.9.0.3");
        one.ping("fd00:9::3");
    }

    @Test
    void B17_gatewaysPingTakesAllSizesAndItsMacIsMadeOfItsAddress() {
        LabContainer one = LAB.attached("one");
        for (String size : List.of("0", "1472", "1473", "20000", "65507")) {
            one.exec("ping", "-c2", "-i0.05", "-W2", "-s", size, "172.17.0.1").ok();
        }
        assertThat(one.mac("172.17.0.1")).isEqualTo("02:42:ac:11:00:01");
        Json fdb = LAB.daemon().api().get("/fdb");
        assertThat(fdb.elements()).noneMatch(entry -> entry.text("type").equals("learned"));
    }

    private static boolean answers(LabContainer from, String address) {
        return from.exec("arping", "-f", "-c1", "-w1", "-I", "eth0", address).exit() == 0;
    }

    private static Outcome probe(LabContainer from, String address) {
        return from.exec("arping", "-D", "-c1", "-w1", "-I", "eth0", address);
    }
}
