package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** V13 on two daemons, a real etcd and a wire that is looked at. */
@Tag("netns")
@Timeout(150)
final class OverlayEncryptionIT {
    private static final String SECRET = "a secret on wire";
    /** What just fits, and what does not, over IPv4 and over IPv6. */
    private static final String SIZES = "1,500,1374,1375,1394,1395,8000,65000";

    private final ClusterLab lab = new ClusterLab(2);
    private final World one = lab.host(1);
    private final World two = lab.host(2);

    @AfterEach
    void close() {
        lab.close();
    }

    private void network(String name, String subnet, String... options) {
        List<String> command = new ArrayList<>(List.of("network", "create", "-d", "overlay", "--subnet=" + subnet));
        command.addAll(List.of(options));
        command.add(name);
        one.cli(command.toArray(String[]::new));
        Eventually.until(
                name,
                () -> two.cli("network", "ls", "-q", "--filter", "name=^" + name + "$")
                                .length()
                        > 1);
    }

    private static String ip(LabContainer container, String network) {
        return container.endpoint(network).text("IPAddress");
    }

    /** The host's key is made when the first encrypted network is there, and goes round by the store. */
    private static void awaitPing(LabContainer from, String address) {
        Eventually.until("keys are known", () -> from.reaches(address));
    }

    @Test
    void V13_O10_containersTalk_andNobodyOnTheWireReadsIt() throws IOException {
        lab.joined();
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        network("open", "10.72.0.0/24");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        LabContainer c = one.attached("c", "--network", "open");
        LabContainer d = two.attached("d", "--network", "open");
        awaitPing(a, ip(b, "safe"));
        awaitPing(c, ip(d, "open"));
        assertThat(a.exec("ip", "link", "show", "eth0").ok().out()).contains("mtu 1422");
        assertThat(c.exec("ip", "link", "show", "eth0").ok().out()).contains("mtu 1450");

        assertThat(wireDuring(a, ip(b, "safe"))).doesNotContain(SECRET);
        assertThat(wireDuring(c, ip(d, "open")))
                .as("what is in clear would be seen")
                .contains(SECRET);

        assertThat(a.exec("ip", "-d", "link", "show", "eth0").ok().out()).contains("gso_max_size 60601 ");
        long before = split();
        a.transferTcp(b, ip(b, "safe"), 30_000_000);
        assertThat(split() - before)
                .as("super-frames of 500 or more whose pieces took more than one write")
                .isLessThan(100);
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    private long split() {
        return Json.parse(one.cli("stats", "--format", "json"))
                .at("conservation")
                .number("split");
    }

    /** {@return what is on the wire, as characters, while one container asks for another with the secret as payload} */
    private String wireDuring(LabContainer from, String to) {
        try (Background tcpdump = lab.wire()
                .start("tcpdump", "-i", "p1", "-A", "-l", "--immediate-mode", "udp port 4789")
                .awaitWords("listening on")) {
            String pattern = HexFormat.of().formatHex(SECRET.getBytes(StandardCharsets.US_ASCII));
            from.exec("ping", "-c", "3", "-i", "0.2", "-W", "2", "-p", pattern, to)
                    .ok();
            Eventually.until("three there and three back", () -> tcpdump.out().split("\\.4789: ", -1).length > 6);
            return tcpdump.out();
        }
    }

    /** Where tunnels end, workers, and the way; {@code -Dsoak=true} has all that there are. */
    static List<Arguments> ways() {
        List<Arguments> ways = new ArrayList<>(List.of(
                arguments("198.18.0.%d", "2", "tap", "1422"), arguments("2001:db8:18::%d", "1", "socket", "1402")));
        if (Boolean.getBoolean("soak")) {
            ways.addAll(List.of(
                    arguments("wire0", "1", "tap", "1422"),
                    arguments("2001:db8:18::%d", "1", "tap", "1402"),
                    arguments("wire0", "2", "socket", "1422")));
        }
        return ways;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void V13_O6_streamsAndDatagramsOfAllSizesBothWays_andWhatIsInClearIsDroppedBothWays(
            String advertise, String workers, String way, String mtu) throws IOException {
        for (int i = 1; i <= 2; i++) {
            String own = advertise.replace("%d", Integer.toString(i));
            ClusterLab.awaitJoined(lab.join(i, "--cluster-advertise", own, "--workers", workers, "--tunnel", way));
        }
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        awaitPing(a, ip(b, "safe"));
        assertThat(a.exec("ip", "link", "show", "eth0").ok().out()).contains("mtu " + mtu);
        a.transferTcp(b, ip(b, "safe"), 30_000_000);
        b.transferTcp(a, ip(a, "safe"), 30_000_000);
        a.exchangeUdp(b, ip(b, "safe"), SIZES);
        b.exchangeUdp(a, ip(a, "safe"), SIZES);
        assertThat(wireDuring(a, ip(b, "safe"))).doesNotContain(SECRET);

        boolean six = advertise.contains(":");
        inClear(1, a, b, six);
        inClear(2, b, a, six);
        Eventually.until("of host 1", () -> dropped(two, "tunnel_clear") == 3);
        Eventually.until("of host 2", () -> dropped(one, "tunnel_clear") == 3);
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    /** Three packets that a host would send if its container's network were not encrypted. */
    private void inClear(int host, LabContainer from, LabContainer to, boolean six) {
        String vni = one.inspected("network", "inspect", "safe")
                .at("Options")
                .text("com.docker.network.driver.overlay.vxlanid_list");
        LabNamespace there = lab.host(host).host();
        String mac = lab.host(3 - host).host().ip("-o link show wire0").replaceAll("(?s).*link/ether (\\S+).*", "$1");
        there.scapy("""
                from scapy.layers.vxlan import VXLAN
                inner = Ether(dst='%s', src='%s')/IP(src='%s', dst='%s')/UDP(dport=7)/b'%s'
                for i in range(3):
                    outer = Ether(dst='%s')/%s/UDP(sport=5555, dport=4789)/VXLAN(flags='Instance', vni=%s)/inner
                    sendp(outer, iface='wire0', verbose=0)
                """.formatted(
                to.endpoint("safe").text("MacAddress"),
                from.endpoint("safe").text("MacAddress"),
                ip(from, "safe"),
                ip(to, "safe"),
                SECRET,
                mac,
                six
                        ? "IPv6(src='%s', dst='%s')".formatted(ClusterLab.address6(host), ClusterLab.address6(3 - host))
                        : "IP(src='%s', dst='%s')".formatted(ClusterLab.address(host), ClusterLab.address(3 - host)),
                vni));
    }

    private static long dropped(World host, String reason) {
        return host.daemon().api().get("/drops").elements().stream()
                .filter(drop -> drop.text("reason").equals(reason))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void V13_whatWasRecordedIsNotTakenAgain_alsoByADaemonThatStartedAnew(boolean killed) throws Exception {
        lab.joined();
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        awaitPing(a, ip(b, "safe"));
        Path file = one.directory().resolve("recorded.pcap");
        String program = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                + "for i in range(100): s.sendto(b'pay', ('" + ip(b, "safe") + "', 7777))\n";
        try (Background got = payee(b);
                Background tcpdump = lab.wire()
                        .start(
                                "tcpdump",
                                "-i",
                                "p1",
                                "-U",
                                "-w",
                                file.toString(),
                                "udp port 4789 and src host " + ClusterLab.address(1))
                        .awaitWords("listening on")) {
            a.exec("python3", "-c", program).ok();
            Eventually.until("all came", () -> payments(got) == 100);
            Eventually.until("recorded", () -> file.toFile().length() > 100 * 100);
            tcpdump.terminate();
        }
        long before = dropped(two, "tunnel_seal_replay");
        assertThat(replay(file)).isGreaterThanOrEqualTo(100);
        Eventually.until("by the same daemon", () -> dropped(two, "tunnel_seal_replay") >= before + 100);

        if (killed) {
            // How far the others got is on the disk a second later.
            Thread.sleep(2_500);
            two.daemon().process().kill();
        } else {
            two.stop();
        }
        lab.join(2);
        try (Background got = payee(b)) {
            awaitPing(a, ip(b, "safe"));
            replay(file);
            Eventually.until("by the next one", () -> dropped(two, "tunnel_seal_replay") >= 100);
            a.exec("python3", "-c", program).ok();
            Eventually.until("what is new comes", () -> payments(got) >= 100);
            assertThat(payments(got)).isEqualTo(100);
        }
        ClusterLab.awaitJoined(two);
        two.assertNoTrouble();
    }

    /** A receiver that prints a line for each datagram. */
    private static Background payee(LabContainer container) {
        return container.start("python3", "-uc", """
                        import socket
                        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        s.bind(('', 7777))
                        print('ready')
                        while True: print(s.recv(9).decode())
                        """).awaitWords("ready");
    }

    private static long payments(Background payee) {
        return payee.out().lines().filter("pay"::equals).count();
    }

    /** Sends to host 2 again what was recorded. {@return how many packets} */
    private int replay(Path file) {
        return Integer.parseInt(lab.wire().scapy("""
                packets = rdpcap('%s')
                sendp(packets, iface='p2', verbose=0)
                print(len(packets))
                """.formatted(file)).strip());
    }

    @Test
    void V13_nothingIsSentWithAKeyThatTheOthersDoNotKnow_andItIsItsOwnersAlone() throws IOException {
        lab.joined();
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        awaitPing(a, ip(b, "safe"));
        assertThat(dropped(one, "tunnel_seal_key") + dropped(two, "tunnel_seal_key"))
                .isZero();
        // A daemon that starts anew goes on with its key, which the others go on knowing.
        one.daemon().process().kill();
        lab.join(1);
        assertThat(a.exec("ping", "-c", "60", "-i", "0.05", "-W", "2", ip(b, "safe"))
                        .ok()
                        .out())
                .contains(" 0% packet loss");
        assertThat(dropped(one, "tunnel_seal_key") + dropped(two, "tunnel_seal_key"))
                .isZero();
        for (World host : new World[] {one, two}) {
            Path keys = host.state().resolve("tunnel-keys.json");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
                    .isEqualTo("rw-------");
        }
    }
}
