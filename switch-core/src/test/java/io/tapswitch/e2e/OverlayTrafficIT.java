package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tapswitch.lab.Background;
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

/** What goes between containers of two and three tapswitch hosts: V9, V10. */
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
        String four = b.endpoint("m").text("IPAddress");
        String own = a.endpoint("m").text("IPAddress");
        String six = lab.host(2)
                .inspected("inspect", "b")
                .at("NetworkSettings")
                .at("Networks")
                .at("m")
                .text("GlobalIPv6Address");
        for (String size : new String[] {"1", "1400", "20000"}) {
            for (String address : new String[] {four, six}) {
                a.exec("ping", "-c", "2", "-i", "0.2", "-W", "2", "-s", size, address)
                        .ok();
            }
        }
        a.transferTcp(b, four, 30_000_000);
        b.transferTcp(a, own, 30_000_000);
        a.transferTcp(b, six, 3_000_000);
        a.exchangeUdp(b, four, TunnelTraffic.SIZES);
        b.exchangeUdp(a, own, TunnelTraffic.SIZES);
        lab.host(1).assertNoTrouble();
        lab.host(2).assertNoTrouble();
    }

    @Test
    void V9_broadcastAndMulticastReachEachMemberOnceOnAllHosts() throws Exception {
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
}
