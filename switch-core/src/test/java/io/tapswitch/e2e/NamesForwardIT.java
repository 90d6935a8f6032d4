package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
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

/** Names of the outside, asked of dnsmasq there: A-DNS-18, C10, D8, D13, D14, D15, D18. */
@Tag("netns")
@Timeout(180)
final class NamesForwardIT {
    private static final String RESOLVER = "@169.254.53.53";
    private static final String DEAD = "192.0.2.99";
    private static final String CONFIGURATION = """
            dns: {upstream: ["%s", "%s"]}
            networks:
              dev: {subnet: 10.66.0.0/16}
              inner: {subnet: 10.67.0.0/16, internal: true}
              loop: {subnet: 10.68.0.0/16, dns: {upstream: ["169.254.53.53", "10.68.0.1"]}}
              other: {subnet: 10.69.0.0/16, dns: {upstream: ["192.0.2.10"]}}
            """.formatted(DEAD, Outside.ONE);

    private static final World WORLD = World.withOutside();
    private static final List<Background> UPSTREAMS = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        Path file = WORLD.file("tapswitch.yaml", CONFIGURATION);
        for (String address : List.of(Outside.ONE, Outside.TWO)) {
            UPSTREAMS.add(WORLD.outside()
                    .router()
                    .start(
                            "dnsmasq",
                            "--keep-in-foreground",
                            "--conf-file=/dev/null",
                            "--no-resolv",
                            "--no-hosts",
                            "--user=root",
                            "--pid-file",
                            "--bind-interfaces",
                            "--except-interface=lo",
                            "--listen-address=" + address,
                            "--local-ttl=100",
                            "--log-facility=-",
                            "--host-record=www.example.org,198.51.100.7,2001:db8::7",
                            "--host-record=wire.example.org,198.51.100.8",
                            "--txt-record=who.example.org,I am " + address,
                            "--txt-record=long.example.org," + "x".repeat(250) + "," + "y".repeat(250) + ","
                                    + "z".repeat(250) + "," + "a".repeat(250) + "," + "b".repeat(250) + ","
                                    + "c".repeat(250),
                            "--log-queries"));
        }
        WORLD.start("--uplink", "shared", "--config", file.toString());
    }

    @AfterAll
    static void close() {
        UPSTREAMS.forEach(Background::terminate);
        WORLD.assertNoTrouble();
        WORLD.close();
    }

    private static String dig(LabContainer from, String... words) {
        List<String> all = new ArrayList<>(List.of("dig", "+tries=1", "+time=7", RESOLVER));
        all.addAll(List.of(words));
        return from.exec(all.toArray(String[]::new)).text().strip();
    }

    @Test
    void A_DNS_18_D13_D14_namesOfTheOutsideAreAnsweredAlthoughTheFirstUpstreamIsDead() {
        LabContainer asker = WORLD.attached("asker", "--network", "dev");
        long begin = System.nanoTime();
        assertThat(dig(asker, "+short", "www.example.org")).isEqualTo("198.51.100.7");
        assertThat((System.nanoTime() - begin) / 1e6).as("ms").isLessThan(2_500);
        assertThat(dig(asker, "+short", "AAAA", "WWW.example.ORG")).isEqualTo("2001:db8::7");
        assertThat(dig(asker, "nothing.example.org")).contains("status: REFUSED");
        assertThat(dig(asker, "+short", "TXT", "who.example.org")).contains("I am " + Outside.ONE);
        assertThat(dig(asker, "+ignore", "+noedns", "TXT", "long.example.org")).contains("flags: qr", " tc");
        assertThat(dig(asker, "+tcp", "TXT", "long.example.org"))
                .contains("ANSWER: 1")
                .contains("c".repeat(250));
        assertThat(dig(asker, "+short", "asker"))
                .isEqualTo(asker.addressOf("eth0").split("/", 2)[0]);
        Json found = Json.parse(WORLD.cli("dns", "lookup", "www.example.org", "--from", "asker", "--format", "json"));
        assertThat(found.at("records").at(0).text("data")).isEqualTo("198.51.100.7");
        assertThat(found.text("result")).isEqualTo("forward");
        asker.close();
    }

    @Test
    void D8_D18_whatIsLocalOrOfAnInternalNetworkNeverLeavesTheHost() {
        LabContainer inside = WORLD.attached("inside", "--network", "inner");
        LabContainer dev = WORLD.attached("dev1", "--network", "dev");
        try (Capture wire = Capture.in(WORLD.outside().router(), "port 53")) {
            for (String type : List.of("A", "TXT", "MX", "HTTPS", "ANY", "TYPE999")) {
                assertThat(dig(inside, type, "secret.example.org")).contains("status: NXDOMAIN");
                assertThat(dig(dev, type, "dev1")).contains("status: NOERROR");
                assertThat(dig(dev, type, "dev1.dev")).contains("status: NOERROR");
                assertThat(dig(dev, type, "nobody.dev")).contains("status: NXDOMAIN");
            }
            assertThat(dig(inside, "+tcp", "secret.example.org")).contains("status: NXDOMAIN");
            assertThat(dig(dev, "+short", "wire.example.org")).isEqualTo("198.51.100.8");
            wire.awaitLine("wire.example.org");
            assertThat(wire.lines().stream()
                            .filter(line ->
                                    line.contains("dev1") || line.contains("nobody") || line.contains("secret")))
                    .isEmpty();
        }
    }

    @Test
    void D15_whoseUpstreamsAreTheSwitchItselfIsToldSoAtOnce() {
        LabContainer asker = WORLD.attached("looped", "--network", "loop");
        long begin = System.nanoTime();
        assertThat(dig(asker, "www.example.org")).containsPattern("status: (REFUSED|SERVFAIL)");
        assertThat((System.nanoTime() - begin) / 1e6).as("ms").isLessThan(2_000);
        assertThat(dig(asker, "+short", "looped"))
                .isEqualTo(asker.addressOf("eth0").split("/", 2)[0]);
    }

    @Test
    void C10_onBridgeAndWithServersOfItsOwn() {
        LabContainer plain = WORLD.attached("plain");
        WORLD.attached("plain2");
        assertThat(plain.exec("dig", "+short", "+tries=1", "+time=7", "@172.17.0.1", "www.example.org")
                        .text()
                        .strip())
                .isEqualTo("198.51.100.7");
        assertThat(dig(plain, "plain2")).doesNotContain("172.17.0.3");
        LabContainer of = WORLD.attached("of", "--network", "other");
        assertThat(dig(of, "+short", "TXT", "who.example.org")).contains("I am " + Outside.TWO);
        LabContainer own = WORLD.attached("own", "--network", "dev", "--dns", Outside.TWO);
        assertThat(dig(own, "+short", "TXT", "who.example.org")).contains("I am " + Outside.TWO);
    }

    @Test
    void D22_aKilledDaemonsSuccessorAsksAgain() throws IOException {
        LabContainer asker = WORLD.attached("again", "--network", "dev");
        assertThat(dig(asker, "+short", "www.example.org")).isEqualTo("198.51.100.7");
        Path file = WORLD.directory().resolve("tapswitch.yaml");
        if (!Files.exists(file)) {
            file = WORLD.file("tapswitch.yaml", CONFIGURATION);
        }
        WORLD.daemon().process().kill();
        WORLD.start("--uplink", "shared", "--config", file.toString());
        Eventually.until(
                "it is answered", () -> dig(asker, "+short", "www.example.org").equals("198.51.100.7"));
    }
}
