package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    void D4_D10_largeAnswersAreCutAndQuestionsThatAreNoneAreRefused() {
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
