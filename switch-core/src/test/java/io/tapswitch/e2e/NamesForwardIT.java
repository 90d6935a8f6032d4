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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
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
            dns: {upstream: ["%s", "%s"], search: [example.org]}
            networks:
              dev: {subnet: 10.66.0.0/16}
              inner: {subnet: 10.67.0.0/16, internal: true}
              loop: {subnet: 10.68.0.0/16}
              other: {subnet: 10.69.0.0/16, dns: {upstream: ["192.0.2.10"]}}
              odd: {subnet: 10.70.0.0/16, dns: {upstream: ["%s"]}}
            """.formatted(DEAD, Outside.ONE, Outside.SECOND);

    /** Answers what is asked with the right answer, behind many wrong ones; what is held, when it is told to. */
    private static final String ODD_UPSTREAM = """
            import socket, sys, threading
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('%s', 53))
            stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); stranger.bind(('%s', 5353))
            held = []
            def answer(q, last, i=0, name=b''):
                end = q.index(b'\\0', 12) + 5
                return (bytes([q[0], q[1] ^ i]) + b'\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0' + q[12:end].replace(b'www', name or b'www')
                    + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4' + bytes([198, 51, 100, last]))
            def release():
                for line in sys.stdin:
                    for q, a in held: s.sendto(answer(q, 77), a)
                    held.clear()
            threading.Thread(target=release, daemon=True).start()
            print('ready', flush=True)
            while True:
                q, a = s.recvfrom(2000)
                if b'held' in q:
                    held.append((q, a))
                    print('held', flush=True)
                    continue
                stranger.sendto(answer(q, 66), a)
                for m in (b'', q[:2], q, answer(q, 66, 1), answer(q, 66, name=b'vvv'), answer(q, 7), answer(q, 66)):
                    s.sendto(m, a)
            """.formatted(Outside.SECOND, Outside.SECOND);

    private static final List<String> TYPES = List.of("A", "TXT", "MX", "HTTPS", "ANY", "TYPE999");
    private static final Pattern STATUS = Pattern.compile("status: (\\w+)");

    private static final World WORLD = World.withOutside();
    private static final List<Background> UPSTREAMS = new ArrayList<>();
    private static Background odd;

    @BeforeAll
    static void start() throws IOException {
        Path file = WORLD.file("tapswitch.yaml", CONFIGURATION);
        for (String address : List.of(Outside.ONE, Outside.TWO)) {
            UPSTREAMS.add(WORLD.outside()
                    .dnsmasq(
                            address,
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
        odd = WORLD.outside().second().start("python3", "-uc", ODD_UPSTREAM).awaitWords("ready");
        UPSTREAMS.add(odd);
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

    /** {@return the codes of the answers that a name has, whatever it is asked for} */
    private static Set<String> codes(LabContainer from, String name) {
        List<String> words = new ArrayList<>(List.of("+noall", "+comments"));
        for (String type : TYPES) {
            words.addAll(List.of("-t", type, "-q", name));
        }
        List<String> said = STATUS.matcher(dig(from, words.toArray(String[]::new)))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(said).as(name).hasSameSizeAs(TYPES);
        return Set.copyOf(said);
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
            assertThat(codes(inside, "secret.example.org")).containsExactly("NXDOMAIN");
            assertThat(codes(dev, "dev1")).containsExactly("NOERROR");
            assertThat(codes(dev, "dev1.dev")).containsExactly("NOERROR");
            assertThat(codes(dev, "nobody.dev")).containsExactly("NXDOMAIN");
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
        for (String own : new String[] {"169.254.53.53", "10.68.0.1"}) {
            assertThat(WORLD.refused("run", "--rm", "--network", "loop", "--dns", own, "--", "true"))
                    .contains("invalid DNS server: " + own);
        }
        // What nobody can know yet.
        LabContainer asker = WORLD.attached("looped", "--network", "loop", "--dns", "10.99.0.1");
        WORLD.cli("network", "create", "--subnet", "10.99.0.0/24", "later");
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
    void D13_row72_onlyTheRightReplyPassesAndNoneReachesTheNextContainer() {
        LabContainer first = WORLD.attached("first", "--network", "odd", "--ip", "10.70.0.9");
        assertThat(dig(first, "+short", "www.example.net")).isEqualTo("198.51.100.7");
        assertThat(dig(first, "+short", "+tries=1", "www2.example.net")).isEqualTo("198.51.100.7");
        String listening = """
                import socket, sys
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 4000)); s.settimeout(10)
                name = b'\\4' + sys.argv[1].encode() + b'\\7example\\3net\\0\\0\\1\\0\\1'
                s.sendto(b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + name, ('%s', 53))
                if sys.argv[2] == 'stay': print(s.recv(2000)[12:].startswith(name))
                """.formatted("169.254.53.53");
        first.exec("python3", "-c", listening, "held", "leave").ok();
        odd.awaitWords("held");
        WORLD.cli("rm", "-f", "first");
        LabContainer second = WORLD.attached("second", "--network", "odd", "--ip", "10.70.0.9");
        try (Background own = second.start("python3", "-uc", listening, "host", "stay")) {
            odd.write("now\n");
            assertThat(own.await(Duration.ofSeconds(15)).ok().text())
                    .as("the first that it hears is what it asked for itself")
                    .isEqualTo("True");
        }
    }

    @Test
    void D20_aNameOfOneLabelThatNobodyHasIsLookedForWithTheSearchList() {
        String file = WORLD.cli("run", "--rm", "--network", "dev", "--", "cat", "/etc/resolv.conf");
        assertThat(file).contains("search example.org").contains("options ndots:0");
        assertThat(WORLD.cli("run", "--rm", "--network", "dev", "--", "getent", "ahostsv4", "wire"))
                .contains("198.51.100.8");
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
                "it is answered",
                () -> dig(asker, "+time=1", "+short", "www.example.org").equals("198.51.100.7"));
    }
}
