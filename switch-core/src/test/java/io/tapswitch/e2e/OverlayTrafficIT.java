package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.LabContainer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What goes between containers of two and three tapswitch hosts: V8 to V10, B12, B13. */
@Tag("netns")
@Timeout(150)
final class OverlayTrafficIT {
    private @Nullable ClusterLab made;

    private ClusterLab lab(int hosts) {
        made = new ClusterLab(hosts);
        return made;
    }

    @AfterEach
    void close() {
        if (made != null) {
            made.close();
        }
    }

    /** Where tunnels end, workers, and the way; {@code -Dsoak=true} has all that there are. */
    static List<Arguments> ways() {
        List<Arguments> ways = new ArrayList<>(List.of(
                arguments("wire0", "1", "tap"),
                arguments("[2001:db8:18::%d]:2376", "2", "tap"),
                arguments("2001:db8:18::%d", "2", "socket")));
        if (Boolean.getBoolean("soak")) {
            ways.addAll(List.of(
                    arguments("2001:db8:18::%d", "1", "tap"),
                    arguments("198.18.0.%d", "2", "tap"),
                    arguments("wire0", "1", "socket")));
        }
        return ways;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void V10_tapswitchWithTapswitch_smallAndLargeInBothFamilies(String advertise, String workers, String way) {
        ClusterLab lab = lab(2);
        for (int i = 1; i <= 2; i++) {
            String own = advertise.replace("%d", Integer.toString(i));
            ClusterLab.awaitJoined(lab.join(i, "--cluster-advertise", own, "--workers", workers, "--tunnel", way));
        }
        lab.host(1)
                .cli("network", "create", "-d=overlay", "--ipv6", "--subnet=10.66.0.0/24", "--subnet=fd66::/64", "m");
        ClusterLab.awaitNetwork(lab.host(2), "m");
        LabContainer a = lab.host(1).attached("a", "--network", "m");
        LabContainer b = lab.host(2).attached("b", "--network", "m");
        ClusterLab.awaitName(a, "b");
        ClusterLab.awaitName(b, "a");
        TunnelTraffic.bothWays(
                a,
                a.endpoint("m").text("IPAddress"),
                a.endpoint("m").text("GlobalIPv6Address"),
                b,
                b.endpoint("m").text("IPAddress"),
                b.endpoint("m").text("GlobalIPv6Address"),
                30_000_000);
        lab.host(1).assertNoTrouble();
        lab.host(2).assertNoTrouble();
    }

    @Test
    void V8_V9_broadcastAndMulticastReachEachMemberOnceOnAllHosts() throws Exception {
        ClusterLab lab = lab(3).joined();
        lab.host(1).cli("network", "create", "-d", "overlay", "mesh");
        ClusterLab.awaitNetwork(lab.host(2), "mesh");
        ClusterLab.awaitNetwork(lab.host(3), "mesh");
        LabContainer a = lab.host(1).attached("a", "--network", "mesh");
        List<LabContainer> members = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            members.add(lab.host(2 + i % 2).attached("m" + i, "--network", "mesh"));
            ClusterLab.awaitName(a, "m" + i);
        }
        List<Background> listeners = new ArrayList<>();
        try {
            for (LabContainer member : members) {
                listeners.add(member.start("tcpdump", "-lni", "eth0", "udp dst port 7000")
                        .awaitWords("listening on"));
            }
            a.ip("route add 239.0.0.0/8 dev eth0");
            a.exec("python3", "-c", """
                            import socket
                            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                            for to in ('10.0.0.255', '255.255.255.255', '239.1.2.3'):
                                s.sendto(b'once', (to, 7000))
                            """).ok();
            for (Background listener : listeners) {
                listener.awaitWords("239.1.2.3.7000");
            }
            Thread.sleep(300);
            for (Background listener : listeners) {
                assertThat(listener.out().lines().filter(line -> line.contains(".7000: ")))
                        .as(listener.out())
                        .hasSize(3);
            }
        } finally {
            listeners.forEach(Background::close);
        }
    }

    /** The wire is looked at where the other host has it. */
    @Test
    void B12_B13_whatNobodyKnowsIsAskedOnThisHostAlone_andAnnouncementsGoToTheOthers() {
        ClusterLab lab = lab(2).joined();
        lab.host(1)
                .cli("network", "create", "-d=overlay", "--ipv6", "--subnet=10.66.0.0/24", "--subnet=fd66::/64", "m");
        ClusterLab.awaitNetwork(lab.host(2), "m");
        LabContainer a = lab.host(1).attached("a", "--network", "m");
        LabContainer beside = lab.host(1).attached("beside", "--network", "m");
        LabContainer b = lab.host(2).attached("b", "--network", "m");
        ClusterLab.awaitName(a, "b");
        String own = a.endpoint("m").text("IPAddress");
        String own6 = a.endpoint("m").text("GlobalIPv6Address");
        try (Capture wire = Capture.in(lab.host(2).host(), "wire0", "udp dst port 4789");
                Capture here = Capture.in(beside, "arp or icmp6")) {
            assertThat(a.reaches("10.66.0.99")).isFalse();
            assertThat(a.reaches("fd66::99")).isFalse();
            here.awaitLine("who-has 10.66.0.99 ");
            here.awaitLine("who has fd66::99,");
            a.scapy("""
                    mac = get_if_hwaddr(IF)
                    sendp(Ether(src=mac, dst='ff:ff:ff:ff:ff:ff')/ARP(op=1, hwsrc=mac, psrc='%s', pdst='%s'), iface=IF)
                    sendp(Ether(src=mac, dst='33:33:ff:00:00:01')/IPv6(src='::', dst='ff02::1:ff00:1', hlim=255)/ICMPv6ND_NS(tgt='%s'), iface=IF)
                    """.formatted(own, own, own6));
            wire.awaitLine("who-has " + own + " ");
            wire.awaitLine("who has " + own6 + ",");
            // Of link-local addresses only their MAC addresses are known.
            String linkLocal = b.ip("-6 addr show dev eth0 scope link").replaceAll("(?s).*inet6 ([^/]*)/.*", "$1");
            assertThat(a.exec("ping", "-c1", "-W2", linkLocal + "%eth0").exit()).isZero();
            assertThat(wire.lines()).noneMatch(line -> line.contains("10.66.0.99") || line.contains("fd66::99"));
        }
        lab.host(1).assertNoTrouble();
        lab.host(2).assertNoTrouble();
    }
}
