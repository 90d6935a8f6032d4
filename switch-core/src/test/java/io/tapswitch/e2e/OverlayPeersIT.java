package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tunnels to peers that the configuration file names, the kernel's own vxlan device at the other end: V1 to V10, O11.
 * By the TAP, and by the socket of older kernels.
 */
@ParameterizedClass
@ValueSource(strings = {"tap", "socket"})
@Tag("netns")
@Timeout(120)
final class OverlayPeersIT {
    private static final String FILE = """
            networks:
              mesh: {driver: overlay, subnet: [10.66.0.0/16, "fd66::/64"], gateway: [10.66.255.254, "fd66::fffe"], ipv6: true}
            overlay:
              peers:
                - {network: mesh, vni: 4096, remote: %s}
            """;
    private static final String VNI = "com.docker.network.driver.overlay.vxlanid_list";
    private static final String KERNEL = "10.66.0.100";
    private static final String SOCKET = "tunnels +by socket: --tunnel socket\n";
    private static final String SIZES = TunnelTraffic.SIZES;
    private static final String KERNEL_6 = "fd66::100";

    private final String way;
    private final World world = World.withOutside();
    private LabNamespace router;

    OverlayPeersIT(String way) {
        this.way = way;
    }

    @BeforeEach
    void start() {
        router = world.outside().router();
        vxlan("local " + Outside.ONE + " remote " + Outside.HOST);
        world.file("tapswitch.yaml", FILE.formatted(Outside.ONE));
        startDaemon(way);
    }

    private void startDaemon(String tunnel) {
        startDaemon(tunnel, 1);
    }

    private void startDaemon(String tunnel, int workers) {
        String file = world.directory().resolve("tapswitch.yaml").toString();
        world.start("--uplink", "shared", "--tunnel", tunnel, "--workers", "" + workers, "--config", file);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void vxlan(String ends) {
        router.ip("link add vx0 address 02:00:00:00:00:64 type vxlan id 4096 dstport 4789 " + ends);
        router.ip("link set vx0 mtu 1450 up");
        router.ip("addr add " + KERNEL + "/16 dev vx0");
        router.ip("addr add " + KERNEL_6 + "/64 dev vx0 nodad");
    }

    private LabContainer one() {
        return world.attached("one", "--network", "mesh", "--ip", "10.66.0.10", "--ip6", "fd66::10");
    }

    @Test
    void V10_theKernelsVxlanDeviceAndAContainerTalk_smallAndLargeInBothFamilies() {
        LabContainer one = one();
        TunnelTraffic.bothWays(one, "10.66.0.10", "fd66::10", router, KERNEL, KERNEL_6, 30_000_000);
        world.assertNoTrouble();
    }

    @Test
    void V3_O4_itIsRightOnAnUnderlayWithoutOffloadsToo() {
        world.host()
                .exec("ethtool", "-K", "uplink0", "tx", "off", "tso", "off", "gso", "off")
                .ok();
        router.exec("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")
                .ok();
        LabContainer one = one();
        one.transferTcp(router, KERNEL, 10_000_000);
        router.transferTcp(one, "10.66.0.10", 10_000_000);
        one.exchangeUdp(router, KERNEL, SIZES);
        for (String errors : new String[] {"TcpInCsumErrors", "UdpInCsumErrors"}) {
            assertThat(router.exec("nstat", "-asz", errors).ok().out()).containsPattern(errors + " +0 ");
        }
    }

    @Test
    void V10_overAnIpv6Underlay() {
        LabContainer one = one();
        one.ping(KERNEL);
        router.ip("link del vx0");
        router.ip("link set eth0 mtu 1520");
        world.host().ip("link set uplink0 mtu 1520");
        vxlan("local " + Outside.ONE_6 + " remote " + Outside.HOST_6);
        world.file("tapswitch.yaml", FILE.formatted("\"" + Outside.ONE_6 + "\""));
        Eventually.until("the peer over IPv6", () -> one.reaches(KERNEL));
        assertThat(world.cli("status")).contains("2001:db8::1 on uplink0 to 2001:db8::9, VXLAN 4096");
        one.transferTcp(router, KERNEL, 10_000_000);
        router.transferTcp(one, "10.66.0.10", 10_000_000);
        one.transferTcp(router, KERNEL_6, 3_000_000);
        router.exchangeUdp(one, "10.66.0.10", SIZES);
        world.assertNoTrouble();
    }

    @Test
    void twoWorkersHaveTheTunnelsPort() {
        LabContainer one = one();
        world.stop();
        startDaemon(way, 2);
        LabContainer two = world.attached("two", "--network", "mesh", "--ip", "10.66.0.11", "--ip6", "fd66::11");
        one.ping(KERNEL);
        two.ping(KERNEL_6);
        router.transferTcp(one, "10.66.0.10", 5_000_000);
        router.transferTcp(two, "10.66.0.11", 5_000_000);
        two.transferTcp(router, KERNEL, 5_000_000);
        router.exchangeUdp(two, "10.66.0.11", SIZES);
        assertThat(world.host().exec("ss", "-Huan").out().lines().filter(line -> line.contains(":4789")))
                .hasSize(way.equals("socket") ? 2 : 1);
        world.assertNoTrouble();
    }

    @Test
    void statusSaysWhichWayItIs_andADaemonThatGoesTheOtherWayIsHeardAtOnce() {
        LabContainer one = one();
        one.ping(KERNEL);
        assertThat(world.cli("status")).containsPattern(way.equals("tap") ? "tunnels +by tap\n" : SOCKET);
        boolean steered = way.equals("tap");
        assertThat(world.host().ip("-o link").contains("tapswitch-t0")).isEqualTo(steered);
        world.daemon().process().kill();
        startDaemon(steered ? "socket" : "tap");
        one.ping(KERNEL);
        router.transferTcp(one, "10.66.0.10", 3_000_000);
        assertThat(world.cli("status")).containsPattern(steered ? SOCKET : "tunnels +by tap\n");
        assertThat(world.host().ip("-o link").contains("tapswitch-t0")).isEqualTo(!steered);
        world.daemon().process().kill();
        startDaemon(way);
        one.ping(KERNEL);
        world.assertNoTrouble();
    }

    @Test
    void V7_V15_rows55to58_strangersForgersAndNoiseAreDroppedAndCounted() {
        LabContainer one = one();
        one.ping(KERNEL);
        String frame =
                "Ether(dst='%s', src='02:42:0a:42:00:77')/IP(src='10.66.0.119', dst='10.66.0.10')/UDP(dport=7)/('x'*40)"
                        .formatted(one.endpoint("mesh").text("MacAddress"));
        String forged = "Ether(dst='ff:ff:ff:ff:ff:ff', src='%s')/IP(src='10.66.0.10', dst='10.66.0.99')/UDP(dport=7)"
                .formatted(one.endpoint("mesh").text("MacAddress"));
        router.scapy("""
                from scapy.layers.vxlan import VXLAN
                def vx(inner, **k): return IP(src=k.pop('src', '%s'), dst='%s')/UDP(sport=5555, dport=4789)/VXLAN(**dict(dict(flags='Instance', vni=4096), **k))/inner
                frame = %s
                forged = %s
                for packet in [vx(frame, src='%s'), vx(frame, vni=4097), vx(frame, vni=0), vx(frame, flags=0), vx(forged),
                               IP(src='%s', dst='%s')/UDP(sport=5555, dport=4789)/b'noise', vx(Ether(src='01:00:5e:00:00:01')/IP())]:
                    send(packet, verbose=0)
                """.formatted(Outside.ONE, Outside.HOST, frame, forged, Outside.TWO, Outside.ONE, Outside.HOST));
        Map<String, Integer> sent = Map.of(
                "tunnel_unknown_peer", 1,
                "tunnel_unknown_vni", 2,
                "tunnel_vxlan_no_vni", 1,
                "spoof_mac", 1,
                "tunnel_vxlan_truncated", 1,
                "tunnel_inner_source", 1);
        sent.forEach((reason, frames) ->
                Eventually.until(reason, () -> world.daemon().drops(reason) >= frames));
        sent.forEach((reason, frames) ->
                assertThat(world.daemon().drops(reason)).as(reason).isEqualTo(frames.longValue()));
        assertThat(world.cli("fdb", "mesh")).doesNotContain("02:42:0a:42:00:77");
        one.ping(KERNEL);
        world.assertNoTrouble();
    }

    @Test
    void aPeerIsAddedByReload_andWithoutPeersTheHostHasItsPortAgain() {
        LabContainer one = one();
        assertThat(world.cli("status")).contains("192.0.2.1 on uplink0 to 192.0.2.9, VXLAN 4096");
        assertThat(world.cli("network", "ls")).containsPattern("mesh +overlay +local");
        String own = "peers:\n    - {network: mesh, vni: 4096, remote: " + Outside.HOST + "}\n";
        world.file("tapswitch.yaml", FILE.formatted(Outside.TWO).replace("peers:\n", own));
        Eventually.until("the old peer is not heard any more", () -> !one.reaches(KERNEL));
        router.ip("link del vx0");
        vxlan("local " + Outside.TWO + " remote " + Outside.HOST);
        Eventually.until("the new peer", () -> one.reaches(KERNEL));
        assertThat(world.cli("status")).contains("192.0.2.1 is this host's own address: name the other hosts alone");
        assertThat(world.cli("fdb", "mesh")).contains("(peer 192.0.2.10)");
        String[] create = {"network", "create", "-d", "overlay", "-o", VNI + "=7", "first"};
        world.cli(create);
        create[create.length - 1] = "second";
        assertThat(world.refused(create)).contains("VNI 7 is that of network first: each network needs its own");
        world.host().ip("link set uplink0 mtu 1499");
        Eventually.until(
                "O10",
                () -> world.cli("status").contains("network mesh has MTU 1450, and with the headers of a tunnel 1500"));
        world.host().ip("link set uplink0 mtu 1500");
        Eventually.until("all is well", () -> !world.cli("status").contains("headers of a tunnel"));
        assertThat(world.host().exec("ss", "-uan").out()).contains(":4789");
        world.file(
                "tapswitch.yaml",
                "networks: {mesh: {driver: overlay, subnet: [10.66.0.0/16, \"fd66::/64\"],"
                        + " gateway: [10.66.255.254, \"fd66::fffe\"], ipv6: true}}\n");
        Eventually.until(
                "the port is the host's",
                () -> !world.host().exec("ss", "-uan").out().contains(":4789"));
    }
}
