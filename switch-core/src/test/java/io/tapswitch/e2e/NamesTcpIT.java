package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Outcome;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Names by TCP: D11, D12. */
@Tag("netns")
@Timeout(120)
final class NamesTcpIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon("--workers", "2");

    private static final String RESOLVER = "169.254.53.53";

    /** What the programs below have in common. */
    private static final String TALK = """
            import socket, struct, sys, threading, time
            def query(i, name, more=b''):
                labels = b''.join(bytes([len(p)]) + p.encode() for p in name.split('.'))
                return struct.pack('!6H', i, 0x100, 1, 0, 0, 0) + labels + b'\\0' + struct.pack('!2H', 1, 1) + more
            def framed(q):
                return struct.pack('!H', len(q)) + q
            def connect():
                s = socket.create_connection(('%s', 53), 5)
                s.settimeout(15)
                return s
            def read(s):
                def exactly(n):
                    got = b''
                    while len(got) < n:
                        more = s.recv(n - len(got))
                        if not more: raise EOFError
                        got += more
                    return got
                return exactly(struct.unpack('!H', exactly(2))[0])
            def header(a):
                return struct.unpack('!6H', a[:12])
            """.formatted(RESOLVER);

    private static String talk(LabContainer from, String program) {
        return from.exec("python3", "-c", TALK + program).ok().text();
    }

    @Test
    void D11_eachAddressOfTheSwitchAnswersByTcpWhatItAnswersByUdp() {
        LAB.dual("net1", 51);
        LabContainer one = LAB.attached("one", "--network", "net1");
        LabContainer web = LAB.attached("web", "--network", "net1", "--network-alias", "www");
        String linkLocal = "fe80::42:aff:fe33:1%eth0";
        for (String address : List.of(RESOLVER, "10.51.0.1", "fd00:51::1", linkLocal)) {
            for (String name : List.of("web", "www.net1")) {
                assertThat(dig(one, address, name, "A")).isEqualTo(addressOf(web));
            }
            assertThat(dig(one, address, "nobody.net1", "A")).isEmpty();
        }
        assertThat(one.exec(
                                "kdig",
                                "+tcp",
                                "+keepopen",
                                "+short",
                                "@" + RESOLVER,
                                "web",
                                "A",
                                "one",
                                "A",
                                "www",
                                "AAAA")
                        .ok()
                        .out()
                        .lines())
                .hasSize(3);
        assertThat(one.exec("drill", "-t", "@10.51.0.1", "web").ok().out()).contains("NOERROR", "10.51.0.");
    }

    private static String addressOf(LabContainer container) {
        return container.addressOf("eth0").split("/", -1)[0];
    }

    private static String dig(LabContainer from, String address, String name, String type) {
        return from.exec("dig", "+tcp", "+short", "+timeout=3", "+tries=1", "@" + address, name, type)
                .ok()
                .text();
    }

    @Test
    void D11_row71_aConnectionCarriesManyQueriesInAnyPieces() {
        LAB.cli("network", "create", "--internal", "--subnet", "10.52.0.0/24", "net1");
        LabContainer one = LAB.attached("one", "--network", "net1");
        LAB.attached("web", "--network", "net1");
        // On an internal network, where nothing else is reached.
        assertThat(talk(one, """
                s = connect()
                many = b''.join(framed(query(i, 'web')) for i in range(10000))
                threading.Thread(target=s.sendall, args=(many,)).start()
                ids = set()
                for i in range(10000):
                    h = header(read(s))
                    assert h[3] == 1, h
                    ids.add(h[0])
                for octet in framed(query(10000, 'web')):
                    s.sendall(bytes([octet]))
                ids.add(header(read(s))[0])
                print(len(ids))
                """)).isEqualTo("10001");
        assertThat(talk(one, """
                s = connect()
                s.sendall(framed(query(1, 'web')) + framed(query(2, 'web')))
                s.shutdown(socket.SHUT_WR)
                print(header(read(s))[0], header(read(s))[0], s.recv(1))
                """)).isEqualTo("1 2 b''");
        assertThat(talk(one, """
                s = connect()
                s.sendall(framed(query(7, 'web', b'\\0' * (65535 - 21))))
                print(header(read(s))[0])
                s.sendall(b'\\0\\0')
                print(s.recv(1))
                """)).isEqualTo("7\nb''");
    }

    @Test
    void D11_aConnectionThatAsksNothingEndsAfterTenSeconds() {
        LAB.cli("network", "create", "--subnet", "10.53.0.0/24", "net1");
        LabContainer one = LAB.attached("one", "--network", "net1");
        assertThat(talk(one, """
                s = connect()
                begun = time.monotonic()
                s.sendall(b'\\0')
                time.sleep(3)
                s.sendall(b'\\x20')
                print(s.recv(1), 9 < time.monotonic() - begun < 12)
                """)).isEqualTo("b'' True");
    }

    @Test
    void D11_row71_whoHoldsAThousandConnectionsHarmsNobody() {
        LAB.cli("network", "create", "--subnet", "10.54.0.0/24", "net1");
        LabContainer one = LAB.attached("one", "--network", "net1");
        LabContainer bad = LAB.attached("bad", "--network", "net1");
        try (Background slow = bad.start("python3", "-uc", TALK + """
                held = []
                for i in range(1000):
                    s = connect()
                    s.sendall(b'\\0')
                    held.append(s)
                print('held')
                sys.stdin.read()
                """).awaitWords("held")) {
            for (LabContainer asking : List.of(one, bad)) {
                assertThat(dig(asking, RESOLVER, "bad", "A")).isEqualTo(addressOf(bad));
                assertThat(asking.exec("dig", "+short", "+time=1", "+tries=1", "@" + RESOLVER, "bad")
                                .ok()
                                .text())
                        .as("by UDP")
                        .isEqualTo(addressOf(bad));
            }
            assertThat(slow.alive()).isTrue();
        }
    }

    @Test
    void D12_aHundredAddressesAreCutByUdpAndWholeByTcpForEveryClient() {
        LabNetwork network = LAB.network();
        IntStream.range(0, 99).forEach(i -> LAB.container(network, ",\"aliases\":[\"all\"]"));
        LabContainer one = LAB.attached("one", "--network", network.name(), "--network-alias", "all");
        for (String size : List.of("+noedns", "+bufsize=512", "+bufsize=1232", "+bufsize=65535")) {
            Outcome cut =
                    one.exec("dig", "+ignore", size, "@" + RESOLVER, "all").ok();
            assertThat(cut.out()).as(size).contains("flags: qr aa tc").contains("status: NOERROR");
            assertThat(number(cut, "MSG SIZE  rcvd: (\\d+)"))
                    .as(size)
                    .isLessThanOrEqualTo(size.matches(".*(noedns|512)") ? 512 : 1232);
            Outcome whole =
                    one.exec("dig", size, "+short", "@" + RESOLVER, "all").ok();
            assertThat(whole.out().lines().filter(line -> !line.startsWith(";;")))
                    .as(size)
                    .doesNotHaveDuplicates()
                    .hasSize(100);
        }
        for (String[] client :
                new String[][] {{"kdig", "+short", "@" + RESOLVER, "all"}, {"drill", "-a", "-Q", "all", "@" + RESOLVER}
                }) {
            assertThat(one.exec(client).ok().out().lines().filter(line -> line.matches("[0-9.]+")))
                    .as(client[0])
                    .doesNotHaveDuplicates()
                    .hasSize(100);
        }
        String inside = LAB.cli("run", "--rm", "--network", network.name(), "--", "getent", "ahostsv4", "all");
        assertThat(inside.lines().map(line -> line.split(" ", 2)[0]).distinct()).hasSize(100);
    }

    private static int number(Outcome outcome, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(outcome.out());
        assertThat(found.find()).as("%s", outcome).isTrue();
        return Integer.parseInt(found.group(1));
    }

    @Test
    void theNextContainerHearsNothingOfTheConnectionsOfOneThatIsGone() {
        LAB.cli("network", "create", "--subnet", "10.56.0.0/24", "net1");
        LabContainer one = LAB.attached("one", "--network", "net1");
        try (Background held = one.start("python3", "-uc", TALK + """
                s = connect()
                s.sendall(framed(query(1, 'one')))
                read(s)
                print('held')
                sys.stdin.read()
                """).awaitWords("held")) {
            LAB.cli("rm", "-f", "one");
            LabContainer two = LAB.attached("two", "--network", "net1");
            assertThat(dig(two, RESOLVER, "two", "A")).isEqualTo(addressOf(two));
            assertThat(dig(two, RESOLVER, "one", "A")).isEmpty();
            assertThat(held.alive()).isTrue();
        }
    }

    @Test
    void theListenerIsMadeAgainWhenSomebodyDeletesItsDevice() {
        LAB.cli("network", "create", "--subnet", "10.57.0.0/24", "net1");
        LabContainer one = LAB.attached("one", "--network", "net1");
        assertThat(dig(one, RESOLVER, "one", "A")).isEqualTo(addressOf(one));
        String gone = """
                for fd in /proc/%d/fd/*; do
                    case $(readlink $fd) in net:*) nsenter --net=$fd ip link delete tap0 2>/dev/null && echo gone ;; esac
                done""".formatted(LAB.daemon().process().pid());
        assertThat(LAB.host().exec("sh", "-c", gone).out()).contains("gone");
        Eventually.until(
                "names by TCP again",
                () -> one.exec("dig", "+tcp", "+short", "+timeout=1", "+tries=1", "@" + RESOLVER, "one", "A")
                        .out()
                        .strip()
                        .equals(addressOf(one)));
    }
}
