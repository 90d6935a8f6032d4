package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The lab's outside, tried on the kernel's own NAT instead of tapswitch: the checks pass where the kernel is right, and
 * see what it does wrong. A check that fails of tapswitch and passes here has found a fault of tapswitch.
 */
@Tag("netns")
@Timeout(120)
final class OutsideLabIT {
    private static LabHost host;
    private static Outside outside;
    private static LabNamespace container;

    @BeforeAll
    static void makeKernelNat() {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
        host = new LabHost();
        outside = new Outside(host);
        container = new LabNamespace("c");
        host.ip("link add br0 type bridge");
        host.ip("link set br0 up");
        host.ip("addr add 10.9.0.1/24 dev br0");
        host.ip("addr add fd00:9::1/64 dev br0 nodad");
        host.ip("link add name port0 type veth peer name eth0 netns " + container.name());
        host.ip("link set port0 master br0 up");
        container.ip("link set eth0 up");
        container.ip("addr add 10.9.0.2/24 dev eth0");
        container.ip("addr add fd00:9::2/64 dev eth0 nodad");
        container.ip("route add default via 10.9.0.1");
        container.ip("-6 route add default via fd00:9::1");
        host.exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
                .ok();
        host.exec(Duration.ofSeconds(10), """
                table inet lab {
                  chain out { type nat hook postrouting priority srcnat;
                    ip saddr 10.9.0.0/24 oifname != "br0" masquerade; ip6 saddr fd00:9::/64 oifname != "br0" masquerade; }
                  chain in { type nat hook prerouting priority dstnat;
                    ip daddr 192.0.2.1 meta l4proto {tcp, udp} th dport 8080 dnat ip to 10.9.0.2:80;
                    ip6 daddr 2001:db8::1 meta l4proto {tcp, udp} th dport 8080 dnat ip6 to [fd00:9::2]:80; }
                }
                """, List.of("nft", "-f", "-")).ok();
    }

    @AfterAll
    static void removeIt() {
        if (host != null) {
            container.close();
            outside.close();
            host.close();
        }
    }

    private static OutsideChecks checks() {
        return new OutsideChecks(container, outside);
    }

    @Test
    void whatLeavesHasTheHostsAddress() {
        checks().leavesWithTheHostsAddress();
    }

    @Test
    void largeTransfers() {
        checks().largeTransfersArriveUnchanged(20_000_000);
    }

    @Test
    void errorsOfRouters() {
        checks().errorsReachTheSocket();
        checks().pathMtuReachesTheContainer();
    }

    @Test
    void fragments() {
        checks().fragmentsArrive();
    }

    @Test
    void headerBitsAndTtl() {
        checks().ttlIsTakenDownByOne("10.9.0.1", "fd00:9::1");
        checks().headerBitsStay();
    }

    @Test
    void smallerWire() {
        checks().smallerWireIsTold(host);
    }

    @Test
    void clientsOfAPublishedPortAreSeenAsWhoTheyAre() {
        try (Background server = Talk.answer(container, "80", "80")) {
            for (String protocol : List.of("tcp", "udp")) {
                Talk.askAs(outside.router(), Outside.TWO, protocol, Outside.HOST, 8080)
                        .as(Outside.TWO);
                Talk.askAs(outside.router(), Outside.TWO_6, protocol, Outside.HOST_6, 8080)
                        .as(Outside.TWO_6);
            }
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void aTunnelLeadsToItsOtherEnd() {
        try (LabNamespace office = new LabNamespace("office");
                Background relay = host.tunnel(office);
                Background server = Talk.answer(office)) {
            Talk.ask(container, "tcp", "10.50.0.1", Talk.PORT).as("10.200.0.1");
            container.transferTcp(office, "10.50.0.1", 1_000_000);
            assertThat(server.alive() && relay.alive()).isTrue();
        }
    }

    @Test
    void heldConnectionsNoticeAReset() {
        try (Background server = Talk.answer(outside.router());
                Held held = Held.open(container, 5, Talk.target(Outside.ONE, Talk.PORT))) {
            held.all(5).assertAlive();
            assertThat(held.outsideAddresses()).containsExactly(Outside.HOST);
            server.kill();
            assertThatThrownBy(held::assertAlive)
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("reset");
        }
    }

    @Test
    void N20_theCaptureSeesWhatTheKernelLeaks() {
        try (Background server = Talk.answer(outside.router());
                Capture foreign = Capture.in(outside.router(), LeakIT.FOREIGN)) {
            container.scapy(LeakIT.TEN + LeakIT.MORE + "for p in list(ten.values()) + more:\n    send(p)\n");
            Talk.ask(container, "udp", Outside.ONE, Talk.PORT).as(Outside.HOST);
            foreign.awaitLine("10.9.0.2");
            assertThat(foreign.lines()).as("packets with an inside source").hasSizeGreaterThan(5);
            System.out.printf(
                    "N20: kernel NAT leaks %d of these packets%n",
                    foreign.lines().size());
            assertThat(server.alive()).isTrue();
        }
    }
}
