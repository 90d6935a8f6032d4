package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** V13 on two daemons, a real etcd and a wire that is looked at. */
@Tag("netns")
@Timeout(150)
final class OverlayEncryptionIT {
    private static final String SECRET = "a secret on wire";
    private static final String SIZES = "1,500,1394,1395,8000,65000";

    private ClusterLab lab;
    private World one;
    private World two;

    @BeforeEach
    void start() {
        lab = new ClusterLab(2).joined();
        one = lab.host(1);
        two = lab.host(2);
    }

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
        one.assertNoTrouble();
        two.assertNoTrouble();
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

    @Test
    void V13_O6_streamsAndDatagramsOfAllSizesBothWays() {
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        awaitPing(a, ip(b, "safe"));
        a.transferTcp(b, ip(b, "safe"), 30_000_000);
        b.transferTcp(a, ip(a, "safe"), 30_000_000);
        a.exchangeUdp(b, ip(b, "safe"), SIZES);
        b.exchangeUdp(a, ip(a, "safe"), SIZES);
        one.assertNoTrouble();
        two.assertNoTrouble();
    }

    @Test
    void V13_whatIsForgedInClearIsDroppedAndCounted_andTheKeysAreTheirOwnersAlone() throws IOException {
        network("safe", "10.71.0.0/24", "-o", "encrypted");
        LabContainer a = one.attached("a", "--network", "safe");
        LabContainer b = two.attached("b", "--network", "safe");
        awaitPing(a, ip(b, "safe"));
        String vni = one.inspected("network", "inspect", "safe")
                .at("Options")
                .text("com.docker.network.driver.overlay.vxlanid_list");
        one.host().scapy("""
                from scapy.layers.vxlan import VXLAN
                inner = Ether(dst='%s', src='%s')/IP(src='%s', dst='%s')/UDP(dport=7)/b'%s'
                for i in range(3):
                    send(IP(src='%s', dst='%s')/UDP(sport=5555, dport=4789)/VXLAN(flags='Instance', vni=%s)/inner, verbose=0)
                """.formatted(
                        b.endpoint("safe").text("MacAddress"),
                        a.endpoint("safe").text("MacAddress"),
                        ip(a, "safe"),
                        ip(b, "safe"),
                        SECRET,
                        ClusterLab.address(1),
                        ClusterLab.address(2),
                        vni));
        Eventually.until("tunnel_clear", () -> two.cli("drops").contains("tunnel_clear"));
        a.ping(ip(b, "safe"));
        Path keys = one.state().resolve("tunnel-keys.json");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
                .isEqualTo("rw-------");
    }
}
