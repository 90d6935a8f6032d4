package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ways to another host that let less pass than Ethernet does, and one that lets more: O10 to O12, V10, row 99. */
@Tag("netns")
@Timeout(120)
final class OverlayMtuIT {
    private static final String FILE = """
            networks:
              mesh: {driver: overlay, subnet: [10.66.0.0/16, "fd66::/64"], gateway: [10.66.255.254, "fd66::fffe"], ipv6: true}
            overlay:
              peers:
                - {network: mesh, vni: 4096, remote: "%s"}
            """;
    private static final String THERE = "10.66.0.100";
    private static final String THERE_6 = "fd66::100";

    private final World world = World.withOutside();

    @AfterEach
    void close() {
        world.close();
    }

    private void start(String remote, String way) {
        world.start(
                "--uplink",
                "shared",
                "--tunnel",
                way,
                "--config",
                world.file("tapswitch.yaml", FILE.formatted(remote)).toString());
    }

    /** The kernel's own vxlan device at the other end. */
    private static void vxlan(LabNamespace there, String end, String otherEnd) {
        there.ip("link add vx0 address 02:00:00:00:00:64 type vxlan id 4096 dstport 4789 local " + end + " remote "
                + otherEnd);
        there.ip("link set vx0 mtu 1430 up");
        there.ip("addr add " + THERE + "/16 dev vx0");
        there.ip("addr add " + THERE_6 + "/64 dev vx0 nodad");
    }

    private LabContainer container(int number) {
        return world.attached(
                "c" + number, "--network", "mesh", "--ip", "10.66.0." + number, "--ip6", "fd66::" + number);
    }

    /** The other end, this end, bytes around a frame, and the way; {@code -Dsoak=true} has all that there are. */
    static List<Arguments> ways() {
        List<Arguments> ways = new ArrayList<>(List.of(
                arguments("203.0.113.9", "192.0.2.1", 50, "tap"),
                arguments("2001:db8:f::9", "2001:db8::1", 70, "socket")));
        if (Boolean.getBoolean("soak")) {
            ways.add(arguments("2001:db8:f::9", "2001:db8::1", 70, "tap"));
            ways.add(arguments("203.0.113.9", "192.0.2.1", 50, "socket"));
        }
        return ways;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void O12_O11_aConnectionRecoversWhenARouterOnTheWayLetsLessPass(
            String remote, String local, int overhead, String way) {
        LabNamespace far = world.outside().far();
        vxlan(far, remote, local);
        start(remote, way);
        LabContainer one = container(10);
        LabContainer two = container(11);
        one.ping(THERE);
        assertThat(world.cli("status")).doesNotContain("path MTU");
        world.outside().router().ip("link set far0 mtu 1400");
        far.ip("link set eth0 mtu 1400");
        one.transferTcp(far, THERE, 5_000_000);
        Eventually.until("a router's word", () -> world.cli("status").contains("path MTU 1400"));
        int fits = 1400 - overhead;
        // The kernel at the other end loses the first large packet of each flow until it knows of it.
        far.ip("link set vx0 mtu " + fits);
        Outcome ping = two.exec("ping", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1372", THERE);
        assertThat(ping.out()).contains("Frag needed and DF set (mtu = " + fits + ")");
        assertThat(two.exec("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "" + (fits - 28), THERE)
                        .ok()
                        .out())
                .contains("1 received");
        Outcome ping6 = two.exec("ping", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1352", THERE_6);
        assertThat(ping6.out()).contains("Packet too big: mtu=" + fits);
        two.transferTcp(far, THERE_6, 2_000_000);
        one.exchangeUdp(far, THERE, "1,1300,1402,8000,65000");
        far.transferTcp(one, "10.66.0.10", 5_000_000);
        assertThat(world.cli("drops")).contains("tunnel_too_big");
        world.assertNoTrouble();
    }

    @ParameterizedTest
    @MethodSource("otherWay")
    void O11_row99_theUnderlayIsNarrowedTakenDownAndTakenAway_andComesBack(String way) {
        LabNamespace router = world.outside().router();
        vxlan(router, Outside.ONE, Outside.HOST);
        start(Outside.ONE, way);
        LabContainer one = container(10);
        one.ping(THERE);
        world.host().ip("link set uplink0 mtu 1280");
        router.ip("link set eth0 mtu 1280");
        router.ip("link set vx0 mtu 1230");
        Eventually.until(
                "said",
                () -> world.cli("status")
                        .contains("the 1280 of uplink0 leave 1230: its larger IPv6 packets do not get to other hosts"));
        one.transferTcp(router, THERE, 5_000_000);
        one.exchangeUdp(router, THERE, "1,1202,8000");
        assertThat(one.exec("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1300", THERE)
                        .out())
                .contains("Frag needed and DF set (mtu = 1230)");
        world.host().ip("link set uplink0 mtu 1500");
        router.ip("link set eth0 mtu 1500");
        // This is about the way between the hosts: the kernels at both ends ask for a neighbour once a second only.
        one.ip("neigh replace " + THERE + " lladdr 02:00:00:00:00:64 dev eth0 nud permanent");
        String mac = one.endpoint("mesh").text("MacAddress");
        router.ip("neigh replace 10.66.0.10 lladdr " + mac + " dev vx0 nud permanent");
        comesBack(one, "link set uplink0 down", "link set uplink0 up");
        comesBack(one, "addr del 192.0.2.1/24 dev uplink0", "addr add 192.0.2.1/24 dev uplink0");
        assertThat(world.host().ip("route show default"))
                .as("gone with the device")
                .isEmpty();
        String route = "192.0.2.0/24 dev uplink0 src 192.0.2.1";
        if (way.equals("tap")) {
            // The kernel takes whom it has no route to for a neighbour on the tunnel's device, and the peer is one.
            world.host().ip("route del " + route);
            one.ping(THERE);
            world.host().ip("route add " + route);
        } else {
            comesBack(one, "route del " + route, "route add " + route);
        }
        one.ping(THERE);
        one.transferTcp(router, THERE, 5_000_000);
    }

    private void comesBack(LabContainer one, String away, String back) {
        world.host().ip(away);
        Eventually.until("noticed: " + away, () -> !one.reaches(THERE));
        world.host().ip(back);
        Eventually.until(
                Duration.ofSeconds(1),
                "there again after: " + back,
                () -> one.exec("ping", "-c1", "-W0.2", THERE).exit() == 0);
    }

    /** The one of which less is the kernel's; {@code -Dsoak=true} has both ways. */
    static List<String> otherWay() {
        return Boolean.getBoolean("soak") ? List.of("tap", "socket") : List.of("socket");
    }

    /** {@code -Dsoak=true} has both ways. */
    static List<String> jumboWays() {
        return Boolean.getBoolean("soak") ? List.of("tap", "socket") : List.of("tap");
    }

    @ParameterizedTest
    @MethodSource("jumboWays")
    void V10_jumboFramesOnAWireThatTakesThem(String way) {
        LabNamespace router = world.outside().router();
        world.host().ip("link set uplink0 mtu 9050");
        router.ip("link set eth0 mtu 9050");
        vxlan(router, Outside.ONE, Outside.HOST);
        router.ip("link set vx0 mtu 9000");
        start(Outside.ONE, way);
        LabContainer one = container(10);
        assertThat(one.ip("link show eth0")).contains("mtu 9000 ");
        TunnelTraffic.bothWays(one, "10.66.0.10", "fd66::10", router, THERE, THERE_6, 10_000_000);
        one.exchangeUdp(router, THERE, "8972,8973");
        one.exec("ping", "-c1", "-W2", "-M", "do", "-s", "8972", THERE).ok();
        assertThat(one.exec("ping", "-c1", "-W2", "-M", "do", "-s", "8973", THERE)
                        .exit())
                .isNotZero();
        world.assertNoTrouble();
    }

    @Test
    void O10_anOverlayIsMadeWithTheMtuThatItsTunnelsHave_andKeepsIt() {
        world.host().ip("link set uplink0 mtu 1400");
        start(Outside.ONE, "tap");
        assertThat(container(10).ip("link show eth0")).contains("mtu 1350 ");
        world.cli("network", "create", "-d", "overlay", "late");
        world.cli("network", "create", "-d", "overlay", "-o", "com.docker.network.driver.mtu=1300", "chosen");
        assertThat(world.attached("late1", "--network", "late").ip("link show eth0"))
                .contains("mtu 1350 ");
        assertThat(world.attached("chosen1", "--network", "chosen").ip("link show eth0"))
                .contains("mtu 1300 ");
        assertThat(world.cli("status")).doesNotContain("headers of a tunnel");
        assertThat(world.refused("network", "create", "-d", "overlay", "-o", "tapswitch.underlay-mtu=1", "x"))
                .contains("unknown network option tapswitch.underlay-mtu");
        world.host().ip("link set uplink0 mtu 1500");
        world.file("tapswitch.yaml", FILE.formatted(Outside.TWO));
        Eventually.until("the file is in force", () -> world.cli("status").contains("to " + Outside.TWO));
        assertThat(container(11).ip("link show eth0"))
                .as("the same file is no change")
                .contains("mtu 1350 ");
        assertThat(world.attached("late2", "--network", "late").ip("link show eth0"))
                .contains("mtu 1350 ");
        world.cli("network", "create", "-d", "overlay", "later");
        assertThat(world.attached("later1", "--network", "later").ip("link show eth0"))
                .contains("mtu 1450 ");
        world.assertNoTrouble();
    }
}
