package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a file says of names reaches the answers, and so does what the host's resolv.conf says: C1, C10, D3, D14. */
@Tag("netns")
@Timeout(60)
final class NamesConfigIT {
    private static final String RESOLVER = "169.254.77.1";
    private static final String CONFIGURATION = """
            dns:
              address: 169.254.77.1
              ttl: %ds
              negative-ttl: 44s
              suffix-in-ptr: false
              generated-names: true
              records: {printer.lan: [10.66.0.200, "fd00::200"]}
            networks:
              dev: {subnet: 10.66.0.0/16}
            """;

    private static final World WORLD = World.withOutside();
    private static final List<Background> UPSTREAMS = new ArrayList<>();
    /** What the daemon sees as /etc/resolv.conf, as everybody does who runs in a named namespace. */
    private static Path resolvConf;

    @BeforeAll
    static void start() throws IOException {
        resolvConf = Path.of("/etc/netns", WORLD.host().name(), "resolv.conf");
        Files.createDirectories(resolvConf.getParent());
        Files.writeString(resolvConf, "nameserver " + Outside.ONE + "\n");
        upstream(Outside.ONE, "198.51.100.7");
        upstream(Outside.TWO, "198.51.100.8");
        WORLD.start(
                "--uplink",
                "shared",
                "--config",
                WORLD.file("tapswitch.yaml", CONFIGURATION.formatted(33)).toString());
    }

    private static void upstream(String address, String answer) {
        UPSTREAMS.add(WORLD.outside().dnsmasq(address, "--host-record=www.example.org," + answer));
    }

    @AfterAll
    static void close() throws IOException {
        UPSTREAMS.forEach(Background::terminate);
        WORLD.assertNoTrouble();
        WORLD.close();
        Files.deleteIfExists(resolvConf);
        Files.deleteIfExists(resolvConf.getParent());
    }

    private static String dig(LabNamespace from, String... words) {
        List<String> all = new ArrayList<>(List.of("dig", "+tries=1", "+time=3", "@" + RESOLVER, "+noall"));
        all.addAll(List.of("+answer", "+authority"));
        all.addAll(List.of(words));
        return from.exec(all.toArray(String[]::new)).ok().text().replaceAll("\\s+", " ");
    }

    @Test
    void C1_D3_whatTheFileSaysIsInTheAnswers() {
        LabContainer asker = WORLD.attached("asker", "--network", "dev", "--ip", "10.66.0.10");
        assertThat(dig(asker, "asker")).isEqualTo("asker. 33 IN A 10.66.0.10");
        assertThat(dig(asker, "nobody.dev")).contains("dev. 44 IN SOA").endsWith(" 44");
        assertThat(dig(asker, "-x", "10.66.0.10")).endsWith("IN PTR asker.");
        assertThat(dig(asker, "printer.lan")).isEqualTo("printer.lan. 33 IN A 10.66.0.200");
        assertThat(dig(asker, "printer.lan", "AAAA")).isEqualTo("printer.lan. 33 IN AAAA fd00::200");
        String id = WORLD.cli("run", "-d", "--network", "dev", "--ip", "10.66.0.11", "--", "sleep", "60");
        String generated = WORLD.inspected("inspect", id).text("Name").replace("/", "");
        assertThat(dig(asker, generated)).isEqualTo(generated + ". 33 IN A 10.66.0.11");
        assertThat(WORLD.cli("run", "--rm", "--network", "dev", "--", "cat", "/etc/resolv.conf"))
                .startsWith("nameserver " + RESOLVER + "\n");
        WORLD.file("tapswitch.yaml", CONFIGURATION.formatted(34));
        Eventually.until("the new file is in force", () -> dig(asker, "asker").equals("asker. 34 IN A 10.66.0.10"));
        WORLD.cli("rm", "-f", id);
    }

    @Test
    void C10_D14_theHostsResolvConfIsFollowedAndBridgeForwardsByUdpAndTcp() throws IOException {
        LabContainer onBridge = WORLD.attached("on-bridge");
        LabContainer onDev = WORLD.attached("on-dev", "--network", "dev");
        for (LabContainer asker : List.of(onBridge, onDev)) {
            assertThat(dig(asker, "www.example.org", "+notcp")).endsWith("IN A 198.51.100.7");
            assertThat(dig(asker, "www.example.org", "+tcp")).endsWith("IN A 198.51.100.7");
        }
        assertThat(dig(onDev, "host.docker.internal")).endsWith("IN A 10.66.0.1");
        assertThat(dig(onBridge, "host.docker.internal"))
                .as("nobody has a name there")
                .isEmpty();
        // In place: the daemon has this file, not this name.
        Files.writeString(resolvConf, "nameserver " + Outside.TWO + "\n");
        for (LabContainer asker : List.of(onBridge, onDev)) {
            for (String way : List.of("+notcp", "+tcp")) {
                Eventually.until(
                        "the other is asked",
                        () -> dig(asker, "www.example.org", way).endsWith("IN A 198.51.100.8"));
            }
        }
    }
}
