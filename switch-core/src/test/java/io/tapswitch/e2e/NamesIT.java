package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Names by UDP as containers ask for them: A-DNS, D1 to D12 and D19 to D21, with dig, kdig, drill and getent. */
@Tag("netns")
@Timeout(90)
final class NamesIT {
    private static final String RESOLVER = "169.254.53.53";

    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private static String dig(LabNamespace from, String... words) {
        List<String> command = new ArrayList<>(List.of("dig", "+tries=1", "+time=3", "+noidnout"));
        if (List.of(words).stream().noneMatch(word -> word.startsWith("@"))) {
            command.add("@" + RESOLVER);
        }
        command.addAll(List.of(words));
        return from.exec(command.toArray(String[]::new)).ok().out();
    }

    private static List<String> addresses(LabNamespace from, String... words) {
        List<String> all = new ArrayList<>(List.of("+short"));
        all.addAll(List.of(words));
        return dig(from, all.toArray(String[]::new)).lines().sorted().toList();
    }

    private static String address(LabContainer container) {
        return container.addressOf("eth0").replaceFirst("/.*", "");
    }

    private static void networks() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LAB.cli("network", "create", "--subnet", "10.67.0.0/16", "prod");
    }

    @Test
    void A_DNS_01_A_DNS_04_A_DNS_19_aNameIsAnsweredByTheResolverAndTheGatewayToAllClients() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        LabContainer web = LAB.attached("web", "--network", "dev");
        String address = address(web);
        assertThat(addresses(asker, "web")).containsExactly(address);
        assertThat(addresses(asker, "@10.66.0.1", "WEB.dev.")).containsExactly(address);
        assertThat(dig(asker, "wEb"))
                .contains("wEb.")
                .contains("status: NOERROR")
                .contains("flags: qr aa rd ra;");
        assertThat(asker.exec("kdig", "+short", "@" + RESOLVER, "web").ok().text())
                .isEqualTo(address);
        assertThat(asker.exec("drill", "-Q", "web", "@" + RESOLVER).ok().text()).isEqualTo(address);
        assertThat(asker.exec("ping", "-c1", "-W2", RESOLVER).ok().out()).contains("1 received");
    }

    @Test
    void A_DNS_02_13_C10_theDefaultNetworkHasNoNames() {
        LabContainer asker = LAB.attached("asker");
        LAB.attached("web");
        assertThat(dig(asker, "web")).contains("status: ").doesNotContain("status: NOERROR");
        assertThat(dig(asker, "-x", "172.17.0.3")).doesNotContain("web");
        assertThat(addresses(asker, "localhost")).containsExactly("127.0.0.1");
    }

    @Test
    void A_DNS_03_A_DNS_05_A_DNS_06_namesAndAliasesAreOfTheirNetworkOnly() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev", "--network-alias", "es", "--network-alias", "x");
        LabContainer two = LAB.attached("two", "--network", "dev", "--network-alias", "es");
        LAB.attached("far", "--network", "prod", "--network-alias", "es");
        assertThat(addresses(asker, "es")).containsExactly(address(one), address(two));
        assertThat(addresses(asker, "x.dev")).containsExactly(address(one));
        assertThat(dig(asker, "far.dev")).contains("status: NXDOMAIN").contains("SOA");
        assertThat(dig(asker, "far")).doesNotContain("10.67.");
        assertThat(dig(asker, "es", "AAAA")).contains("status: NOERROR").contains("ANSWER: 0");
        assertThat(dig(asker, "es", "TXT")).contains("status: NOERROR").contains("ANSWER: 0");
    }

    @Test
    void A_DNS_07_addressesAreShuffled() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        LAB.attached("one", "--network", "dev", "--network-alias", "es");
        LAB.attached("two", "--network", "dev", "--network-alias", "es");
        long firsts = IntStream.range(0, 30)
                .mapToObj(i -> dig(asker, "+short", "es").lines().findFirst().orElse(""))
                .distinct()
                .count();
        assertThat(firsts).isEqualTo(2);
    }

    @Test
    void A_DNS_08_A_DNS_09_A_DNS_15_A_DNS_16_changesAreSeenByTheNextQuestion() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        assertThat(dig(asker, "web.dev")).contains("status: NXDOMAIN");
        LabContainer web = LAB.attached("web", "--network", "dev", "--ip", "10.66.0.10", "--network-alias", "redis");
        assertThat(addresses(asker, "web.dev")).containsExactly("10.66.0.10");
        web.disconnect("dev");
        assertThat(dig(asker, "web.dev")).contains("status: NXDOMAIN");
        web.connect("dev", "--ip", "10.66.0.20", "--alias", "again");
        assertThat(addresses(asker, "web")).containsExactly("10.66.0.20");
        assertThat(addresses(asker, "again")).containsExactly("10.66.0.20");
        LAB.cli("rename", "web", "www");
        assertThat(addresses(asker, "www")).containsExactly("10.66.0.20");
        assertThat(dig(asker, "web.dev")).contains("status: NXDOMAIN");
        LabContainer redis = LAB.attached("redis", "--network", "dev");
        String before = address(redis);
        assertThat(addresses(asker, "redis")).containsExactly(before);
        LAB.cli("rm", "-f", "redis");
        assertThat(dig(asker, "redis.dev")).contains("status: NXDOMAIN");
        LAB.attached("redis2", "--network", "dev", "--ip", "10.66.0.30", "--network-alias", "redis");
        assertThat(addresses(asker, "redis")).containsExactly("10.66.0.30");
        assertThat(addresses(asker, "-x", before)).doesNotContain("redis.dev.");
    }

    @Test
    void A_DNS_10_C7_theFirstNetworkThatKnowsANameAnswersAndTheResolverStaysWhenItIsLost() {
        networks();
        LAB.cli("network", "create", "--subnet", "10.68.0.0/16", "--internal", "vault");
        LabContainer dev = LAB.attached("one", "--network", "dev", "--network-alias", "es");
        LabContainer prod = LAB.attached("two", "--network", "prod", "--network-alias", "es");
        LabContainer safe = LAB.attached("safe", "--network", "vault");
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        asker.connect("prod");
        asker.connect("vault");
        assertThat(addresses(asker, "es")).containsExactly(address(dev));
        assertThat(addresses(asker, "es.prod")).containsExactly(address(prod));
        assertThat(asker.ip("route get " + RESOLVER)).contains("via 10.66.0.1");
        asker.disconnect("dev");
        assertThat(asker.ip("route get " + RESOLVER)).contains("via 10.67.0.1");
        assertThat(addresses(asker, "es")).containsExactly(address(prod));
        asker.disconnect("prod");
        assertThat(asker.ip("route get " + RESOLVER)).contains("via 10.68.0.1");
        assertThat(addresses(asker, "safe")).containsExactly(address(safe));
        assertThat(dig(asker, "example.com")).contains("status: NXDOMAIN");
    }

    @Test
    void A_DNS_11_A_DNS_12_D7_namesOfAddressesAreForwardConfirmed() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        LabContainer web = LAB.attached("web", "--network", "dev");
        assertThat(addresses(asker, "-x", address(web))).containsExactly("web.dev.");
        assertThat(addresses(asker, "web.dev.")).containsExactly(address(web));
        assertThat(dig(asker, "-x", "10.66.9.9")).contains("status: NXDOMAIN");
    }

    @Test
    void D1_D2_D7_aClientThatHasOnlyIpv6IsAnsweredByTheGatewaysAddresses() {
        LAB.dual("six", 61);
        LabContainer asker = LAB.attached("asker", "--network", "six");
        LabContainer web = LAB.attached("web", "--network", "six");
        String four = address(web);
        String six = web.endpoint("six").text("GlobalIPv6Address");
        asker.ip("-4 addr flush dev eth0");
        for (String gateway : List.of("@fd00:61::1", "@fe80::42:aff:fe3d:1%eth0")) {
            assertThat(addresses(asker, gateway, "web", "AAAA")).containsExactly(six);
            assertThat(addresses(asker, gateway, "WEB.six", "A")).containsExactly(four);
            assertThat(addresses(asker, gateway, "-x", six)).containsExactly("web.six.");
            assertThat(addresses(asker, gateway, "-x", four)).containsExactly("web.six.");
            assertThat(addresses(asker, gateway, "+tcp", "web", "AAAA")).containsExactly(six);
            assertThat(dig(asker, gateway, "nobody.six", "AAAA")).contains("status: NXDOMAIN");
        }
        assertThat(asker.exec("kdig", "-6", "+short", "@fd00:61::1", "web", "AAAA")
                        .ok()
                        .text())
                .isEqualTo(six);
        assertThat(asker.exec("drill", "-6", "-Q", "AAAA", "web", "@fd00:61::1")
                        .ok()
                        .text())
                .isEqualTo(six);
    }

    @Test
    void A_DNS_14_C1_aGeneratedNameIsNotFoundButAliasAndShortIdAre() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        String id = LAB.cli("run", "-d", "--network", "dev", "--network-alias", "hello", "--", "sleep", "60");
        String name = LAB.inspected("inspect", id).text("Name").replace("/", "");
        assertThat(dig(asker, name + ".dev")).contains("status: NXDOMAIN");
        assertThat(addresses(asker, "hello")).hasSize(1).isEqualTo(addresses(asker, id.substring(0, 12)));
        assertThat(addresses(asker, "-x", addresses(asker, "hello").getFirst())).containsExactly("hello.dev.");
    }

    @Test
    void D1_D19_D20_runFindsNamesByGetentAndPythonWithItsResolvConf() {
        networks();
        LabContainer web = LAB.attached("web", "--network", "dev");
        Outcome shown = LAB.daemon()
                .cli("run", "--rm", "--network", "dev", "--", "sh", "-c", "cat /etc/resolv.conf; getent hosts web");
        assertThat(shown.ok().out())
                .contains("nameserver " + RESOLVER + "\n")
                .contains("options ndots:0\n")
                .contains(address(web));
        Outcome python = LAB.daemon()
                .cli(
                        "run",
                        "--rm",
                        "--network",
                        "dev",
                        "--",
                        "python3",
                        "-c",
                        "import socket; print(sorted({a[4][0] for a in socket.getaddrinfo('web', 80)}))");
        assertThat(python.ok().text()).isEqualTo("['" + address(web) + "']");
    }

    @Test
    void attachPrintsTheResolvConf() {
        LabNamespace named = LAB.bareContainer();
        Outcome attached = LAB.daemon().cli("attach", "--netns", named.name(), "--name", "printed");
        assertThat(attached.ok().err())
                .isEqualTo("# resolv.conf of printed:\nnameserver " + RESOLVER + "\noptions ndots:0\n");
    }

    @Test
    void writeResolvConfNamesTheResolver() throws Exception {
        LabNamespace named = LAB.bareContainer();
        Path file = Path.of("/etc/netns", named.name(), "resolv.conf");
        try {
            LAB.cli("attach", "--netns", named.name(), "--write-resolv-conf");
            assertThat(file).hasContent("nameserver " + RESOLVER + "\noptions ndots:0\n");
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.getParent());
        }
    }

    @Test
    void D2_D12_parallelQueriesForBothFamiliesFromOneSocketAreAnswered() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        LabContainer web = LAB.attached("web", "--network", "dev");
        String program = """
                import socket, struct
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
                def q(i, t): return struct.pack('>6H', i, 0x100, 1, 0, 0, 0) + b'\\x03web\\x00' + struct.pack('>2H', t, 1)
                s.sendto(q(1, 1), ('%s', 53)); s.sendto(q(2, 28), ('%s', 53))
                for _ in range(2):
                    a, peer = s.recvfrom(2000)
                    h = struct.unpack('>6H', a[:12])
                    print(h[0], h[1] & 15, h[3], peer[0], socket.inet_ntoa(a[-4:]) if h[3] else '')
                """.formatted(RESOLVER, RESOLVER);
        assertThat(asker.exec("python3", "-c", program).ok().out().lines())
                .containsExactlyInAnyOrder("1 0 1 " + RESOLVER + " " + address(web), "2 0 0 " + RESOLVER + " ");
    }

    @Test
    void D8_D9_D10_versionsClassesAndOperationsThatAreNoneAreRefused() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        assertThat(dig(asker, "+ednsopt=65001:00", "+edns=1", "+noednsneg", "asker"))
                .contains("status: BADVERS");
        assertThat(dig(asker, "asker", "CH", "TXT")).contains("status: REFUSED");
        assertThat(dig(asker, "+opcode=notify", "asker")).contains("status: NOTIMP");
        assertThat(dig(asker, "asker", "ANY", "+notcp"))
                .contains("status: NOERROR")
                .contains("ANSWER: 0");
    }

    @Test
    void row70_operationsAndOtherClassesAreNotDone() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        assertThat(dig(asker, "version.bind", "CH", "TXT")).contains("status: REFUSED");
        assertThat(dig(asker, "+opcode=update", "dev")).contains("status: NOTIMP");
        for (String[] client : new String[][] {{"dig", "+tcp"}, {"kdig", "+tcp"}}) {
            for (String type : List.of("AXFR", "IXFR=1")) {
                String said = asker.exec(client[0], client[1], "@" + RESOLVER, "dev", type)
                        .text();
                assertThat(said)
                        .as(client[0] + " " + type)
                        .doesNotContain("10.66.")
                        .doesNotContainIgnoringCase("timed out");
            }
        }
    }

    @Test
    void D21_oddNamesAreNamesLikeAnyOther() {
        networks();
        LabContainer asker = LAB.attached("asker", "--network", "dev");
        List<String> names =
                List.of("under_score", "12345", "xn--bcher-kva", "l" + "o".repeat(61) + "g", "a.b", "0x7f.1");
        List<String> flags = new ArrayList<>(List.of("--network", "dev"));
        names.forEach(name -> flags.addAll(List.of("--network-alias", name)));
        String address = address(LAB.attached("odd", flags.toArray(String[]::new)));
        for (String name : names) {
            assertThat(addresses(asker, name, name.toUpperCase(Locale.ROOT) + ".dev."))
                    .as(name)
                    .containsExactly(address, address);
        }
        assertThat(dig(asker, "b.dev")).as("what is above a name").contains("status: NOERROR", "ANSWER: 0");
        for (String name : List.of("nul\\000byte", "sp\\032ace", "a\\.b", "*", "\\255", "x".repeat(63), "under")) {
            assertThat(dig(asker, name + ".dev.")).as(name).contains("status: NXDOMAIN");
        }
    }

    @Test
    void D9_row65_row66_row67_row68_whatIsNoQueryHasAFormatErrorOrNothing() {
        networks();
        LabContainer asker = LAB.attached("web", "--network", "dev");
        String program = """
                import socket, struct
                def head(i, flags=0x100, qd=1, an=0): return struct.pack('>6H', i, flags, qd, an, 0, 0)
                end, web = struct.pack('>2H', 1, 1), b'\\x03web\\0'
                names = dict(self=b'\\xc0\\x0c', loop=b'\\xc0\\x0e\\xc0\\x0c', forward=b'\\xc0\\x40' + bytes(60) + web,
                    chain=b''.join(b'\\xc0' + bytes([12 + 2 * i]) for i in range(1, 121)) + web,
                    toWeb=b'\\x01a\\xc0\\x12' + end + web, type01=b'\\x40' + b'a' * 64 + b'\\0', type10=b'\\x80' + b'a' * 128 + b'\\0',
                    label191=b'\\xbf' + b'a' * 191 + b'\\0', long=(b'\\x3f' + b'a' * 63) * 4 + b'\\0', rootless=b'\\x03web', beyond=b'\\x0aweb',
                    octets128=b'\\x01a' * 128 + b'\\0')
                sent = [head(0) + web + end]
                labels = ['good']
                def add(label, message):
                    labels.append(label)
                    sent.append(struct.pack('>H', len(labels) - 1)[:len(message)] + message[2:])
                for label, name in names.items(): add(label, head(0) + name + (b'' if label in ('rootless', 'beyond') else end))
                add('half', head(0) + web + end[:3])
                add('header', head(0))
                add('none', head(0, qd=0))
                add('two', head(0, qd=2) + web + end + web + end)
                add('many', head(0, qd=65535) + web + end)
                add('lies', head(0, an=5) + web + end)
                add('response', head(0, 0x8180) + web + end)
                for n in range(12): add('short', head(0)[:n])
                add('last', head(0) + web + end)
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.settimeout(3)
                for m in sent: s.sendto(m, ('%s', 53))
                said = {}
                while len(labels) - 1 not in said:
                    a = s.recv(2000)
                    i, flags = struct.unpack('>2H', a[:4])
                    assert i not in said and flags & 0x8000, labels[i]
                    said[i] = flags & 15
                print(' '.join(labels[i] for i in said if said[i] == 1))
                print(' '.join(labels[i] for i in said if said[i] == 0))
                """.formatted(RESOLVER);
        assertThat(asker.exec("python3", "-c", program).ok().out().lines())
                .containsExactly(
                        "self loop forward chain toWeb type01 type10 label191 long rootless beyond octets128 half header"
                                + " none two many lies",
                        "good last");
        assertThat(asker.drops("dns_not_a_query"))
                .as("a response, and 12 of less than a header")
                .isEqualTo(13);
    }

    @Test
    void row68_row74_aQuestionInTheNameOfAnotherIsNotAnsweredToAnybody() {
        networks();
        LabContainer bad = LAB.attached("bad", "--network", "dev");
        LabContainer victim = LAB.attached("victim", "--network", "dev");
        String gatewayMac = bad.mac("10.66.0.1");
        String own = bad.ip("-br link show dev eth0").split(" +", 4)[2];
        String others = victim.ip("-br link show dev eth0").split(" +", 4)[2];
        String query = "\22\22\1\0\0\1\0\0\0\0\0\0\6victim\0\0\1\0\1";
        List<String> spoofed = new ArrayList<>();
        for (String asked : List.of("10.66.0.1", RESOLVER)) {
            for (String source : List.of(address(victim), "10.66.0.1", RESOLVER, "10.66.0.99", "127.0.0.1")) {
                for (int port : List.of(53, 4_000)) {
                    String packet = Frames.ipv4(source, asked, 17, Frames.udp(port, 53, query));
                    spoofed.add(Frames.ethernet(gatewayMac, own, "0800", packet));
                }
            }
        }
        String reflected = Frames.ipv4(address(bad), "10.66.0.1", 17, Frames.udp(53, 53, query));
        String stolen = Frames.ipv4(address(victim), "10.66.0.1", 17, Frames.udp(4_000, 53, query));
        try (Capture heard = Capture.in(victim, "udp port 53 or udp port 4000");
                Capture back = Capture.in(bad, "udp and src port 53")) {
            bad.send(spoofed);
            bad.send(Frames.ethernet(gatewayMac, others, "0800", stolen), 3);
            bad.send(Frames.ethernet(gatewayMac, own, "0800", reflected), 1);
            back.awaitLine("10.66.0.1.53 > " + address(bad) + ".53");
            assertThat(addresses(victim, "victim")).containsExactly(address(victim));
            heard.awaitLine(" A " + address(victim));
            assertThat(back.lines().stream().filter(line -> line.contains(" > " + address(bad) + ".53")))
                    .as("answered once, and no loop")
                    .hasSize(1);
            assertThat(heard.lines().stream().filter(line -> line.contains("10.66.0.1.53") || line.contains(".4000")))
                    .isEmpty();
        }
        assertThat(bad.drops("spoof_mac")).isEqualTo(3);
        assertThat(bad.drops("spoof_ip") + bad.drops("martian")).isEqualTo(spoofed.size());
    }

    @Test
    void hostNamesLeadToTheGatewayAndIccDoesNotMatter() {
        LAB.cli(
                "network",
                "create",
                "--subnet",
                "10.69.0.0/16",
                "-o",
                "com.docker.network.bridge.enable_icc=false",
                "shy");
        LabContainer asker = LAB.attached("asker", "--network", "shy");
        LabContainer web = LAB.attached("web", "--network", "shy");
        assertThat(addresses(asker, "host.docker.internal")).containsExactly("10.69.0.1");
        assertThat(addresses(asker, "host.containers.internal")).containsExactly("10.69.0.1");
        assertThat(addresses(asker, "web")).containsExactly(address(web));
        Eventually.until(Duration.ofSeconds(5), "frames are conserved", () -> {
            LAB.assertConservation();
            return true;
        });
    }
}
