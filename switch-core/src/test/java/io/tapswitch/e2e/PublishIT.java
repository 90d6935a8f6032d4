package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What can be published and how it is said: A-PORT and the P requirements. */
@Tag("netns")
@Timeout(120)
final class PublishIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    private static final Pattern PORT = Pattern.compile("0\\.0\\.0\\.0:(\\d+)");

    private static LabNamespace remote() {
        return LAB.outside().router();
    }

    private static Talk.Seen tcp(String address, int l4Port) {
        return Talk.ask(remote(), "tcp", address, l4Port);
    }

    private static Talk.Seen udp(String address, int l4Port) {
        return Talk.ask(remote(), "udp", address, l4Port);
    }

    private static int onlyPort(String printed) {
        Matcher matcher = PORT.matcher(printed);
        assertThat(matcher.find()).as(printed).isTrue();
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void A_PORT_01_21_publishedOnAllAddressesAlsoThoseThatComeLater() {
        LAB.dual("dual", 9);
        LabContainer web = LAB.attached("web", "--network", "dual", "-p", "8080:80", "-p", "8080:80/udp");
        try (Background server = Talk.answer(web, "80", "80")) {
            tcp(Outside.HOST, 8080).as(Outside.ONE);
            udp(Outside.HOST_6, 8080).as(Outside.ONE_6);
            Talk.ask(LAB.outside().second(), "tcp", Outside.SECOND_HOST, 8080).as(Outside.SECOND);
            Talk.ask(LAB.outside().second(), "udp", Outside.SECOND_HOST_6, 8080).as(Outside.SECOND_6);
            LAB.host().ip("addr add 192.0.2.77/24 dev uplink0");
            LAB.host().ip("addr add 2001:db8::77/64 dev uplink0 nodad");
            try {
                Eventually.until(
                        "an address that came later",
                        () -> tcp("192.0.2.77", 8080).answered());
                udp("192.0.2.77", 8080).as(Outside.ONE);
                Eventually.until(
                        "an IPv6 address that came later",
                        () -> udp("2001:db8::77", 8080).answered());
            } finally {
                LAB.host().ip("addr del 192.0.2.77/24 dev uplink0");
                LAB.host().ip("addr del 2001:db8::77/64 dev uplink0");
            }
            tcp(Outside.HOST_6, 8080).as(Outside.ONE_6);
            assertThat(server.alive()).isTrue();
        }
        try (Background web80 = web.serve(80)) {
            assertThat(remote().fetch("http://192.0.2.1:8080/")).contains("I see you as 192.0.2.9");
            assertThat(web80.alive()).isTrue();
        }
        LAB.outside().assertNothingInTheKernel();
    }

    @Test
    void A_PORT_02_12_twoContainersEachHaveTheirOwnAndProtocolsAreApart() {
        LabContainer one = LAB.attached("one", "-p", "80:80", "-p", "53:53/udp");
        LabContainer two = LAB.attached("two", "-p", "8000:80", "-p", "53:53/tcp");
        try (Background first = one.serve(80);
                Background second = Talk.answer(two, "80,53", "");
                Background names = Talk.answer(one, "", "53")) {
            assertThat(remote().fetch("http://192.0.2.1/")).contains("I see you");
            tcp(Outside.HOST, 8000).as(Outside.ONE);
            tcp(Outside.HOST, 53).as(Outside.ONE);
            udp(Outside.HOST, 53).as(Outside.ONE);
            assertThat(udp(Outside.HOST, 8000).error()).isEqualTo("refused");
            assertThat(first.alive() && second.alive() && names.alive()).isTrue();
        }
    }

    @Test
    void A_PORT_03_P2_whatIsTakenIsRefusedInDockersWordsAndTheFirstGoesOn() {
        LabContainer one = LAB.attached("one", "-p", "443:443");
        LabContainer two = LAB.attached("two");
        LAB.cli("publish", "two", "192.0.2.1:7000:70");
        try (Background server = Talk.answer(one, "443", "")) {
            assertThat(LAB.refused("publish", "two", "443:443"))
                    .contains("Bind for 0.0.0.0:443 failed: port is already allocated");
            assertThat(LAB.refused("publish", "two", "192.0.2.1:443:443"))
                    .contains("Bind for 192.0.2.1:443 failed: port is already allocated");
            assertThat(LAB.refused("publish", "two", "192.0.2.255:444:443"))
                    .contains("cannot assign requested address: 192.0.2.255 is the broadcast address of one");
            assertThat(LAB.refused("publish", "one", "7000:70"))
                    .contains("Bind for 0.0.0.0:7000 failed: port is already allocated");
            LAB.cli("publish", "one", "198.51.100.1:7000:70");
            LAB.cli("publish", "two", "443:443/udp");
            tcp(Outside.HOST, 443).as(Outside.ONE);
            assertThat(server.alive()).isTrue();
        }
        assertThat(LAB.cli("port", "two").lines()).noneMatch(line -> line.contains("443/tcp"));
        assertThat(two.reaches("172.17.0.2")).isTrue();
    }

    @Test
    void P2_aPortOfAHostsProcessIsNotTakenAndNobodyElseGetsOurs() {
        LAB.attached("one", "-p", "8080:80", "-p", "8081:81/udp");
        try (Background service = LAB.host().serve(8000)) {
            assertThat(LAB.refused("publish", "one", "8000:80"))
                    .contains("8000")
                    .contains("in use");
            assertThat(remote().fetch("http://192.0.2.1:8000/")).contains("I see you as 192.0.2.9");
            assertThat(service.alive()).isTrue();
        }
        LAB.cli("publish", "one", "8000:80");
        for (String socket : List.of("SOCK_STREAM', 8080", "SOCK_DGRAM', 8081", "SOCK_STREAM', 8000")) {
            assertThat(LAB.host()
                            .exec("/usr/bin/python3", "-c", """
                            import socket, sys
                            kind, port = '%s
                            s = socket.socket(socket.AF_INET, getattr(socket, kind))
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                            s.bind(('0.0.0.0', port))
                            """.formatted(socket))
                            .err())
                    .contains("Address already in use");
        }
        LAB.cli("unpublish", "one", "8000:80");
        try (Background service = LAB.host().serve(8000)) {
            assertThat(remote().fetch("http://192.0.2.1:8000/")).contains("I see you as 192.0.2.9");
            assertThat(service.alive()).isTrue();
        }
    }

    @Test
    void A_PORT_04_08_C12_P4_randomPorts() {
        LabContainer one = LAB.attached("one", "-p", "443", "-p", "127.0.0.1::80");
        int random = onlyPort(LAB.cli("port", "one", "443/tcp"));
        assertThat(random).isBetween(32_768, 60_999);
        String local = LAB.cli("port", "one", "80/tcp");
        assertThat(local).matches("127\\.0\\.0\\.1:\\d+");
        int localPort = Integer.parseInt(local.substring(local.indexOf(':') + 1));
        try (Background server = Talk.answer(one, "443,80", "")) {
            tcp(Outside.HOST, random).as(Outside.ONE);
            Talk.ask(LAB.host(), "tcp", "127.0.0.1", localPort).as("172.17.0.1");
            assertThat(tcp(Outside.HOST, localPort).error()).isEqualTo("refused");
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void A_PORT_05_P_publishesAllThatIsExposed() {
        LabContainer one = LAB.attached("one", "-P", "--expose", "80", "--expose", "443/udp");
        int tcp = onlyPort(LAB.cli("port", "one", "80/tcp"));
        int udp = onlyPort(LAB.cli("port", "one", "443/udp"));
        try (Background server = Talk.answer(one, "80", "443")) {
            tcp(Outside.HOST, tcp).as(Outside.ONE);
            udp(Outside.HOST, udp).as(Outside.ONE);
            assertThat(server.alive()).isTrue();
        }
        assertThat(LAB.cli("ps")).contains("0.0.0.0:" + tcp + "->80/tcp").contains("0.0.0.0:" + udp + "->443/udp");
    }

    @Test
    void A_PORT_06_13_P6_loopbackIsForTheHostAlone() {
        LAB.dual("dual", 9);
        LabContainer one =
                LAB.attached("one", "--network", "dual", "-p", "127.0.0.1:5432:5432", "-p", "[::1]:5433:5432");
        LAB.cli("publish", "one", "127.9.8.7:5434:5432");
        try (Background server = Talk.answer(one, "5432", "");
                Capture atOne = Capture.in(one, "tcp port 5432")) {
            assertThat(tcp(Outside.HOST, 5432).error()).isEqualTo("refused");
            assertThat(tcp(Outside.HOST_6, 5433).error()).isEqualTo("refused");
            // A neighbour that writes the loopback address on the wire, and one that routes to it.
            String mac = remote().mac(Outside.HOST);
            remote().scapy("""
                    h = '%s'
                    for s in ['192.0.2.9', '127.0.0.1', '192.0.2.1']:
                        sendp(Ether(dst=h)/IP(src=s, dst='127.0.0.1')/TCP(sport=4000, dport=5432, flags='S'), iface=IF)
                    sendp(Ether(dst=h)/IPv6(src='2001:db8::9', dst='::1')/TCP(sport=4000, dport=5433, flags='S'), iface=IF)
                    """.formatted(mac));
            assertThat(atOne.lines()).isEmpty();
            Talk.ask(LAB.host(), "tcp", "127.0.0.1", 5432).as("10.9.0.1");
            Talk.ask(LAB.host(), "tcp", "::1", 5433).as("fd00:9::1");
            Talk.ask(LAB.host(), "tcp", "127.9.8.7", 5434).as("10.9.0.1");
            atOne.awaitLine("10.9.0.1");
            assertThat(atOne.lines()).noneMatch(line -> line.contains("192.0.2.") || line.contains("2001:db8"));
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void A_PORT_07_13_17_eachAddressForItself() {
        LAB.dual("dual", 9);
        LabContainer one = LAB.attached(
                "one",
                "--network",
                "dual",
                "-p",
                "192.0.2.1:8080:80",
                "-p",
                "198.51.100.1:8081:80",
                "-p",
                "[2001:db8::1]:8082:80");
        LabNamespace second = LAB.outside().second();
        try (Background server = Talk.answer(one, "80", "")) {
            tcp(Outside.HOST, 8080).as(Outside.ONE);
            Talk.ask(second, "tcp", Outside.SECOND_HOST, 8081).as(Outside.SECOND);
            tcp(Outside.HOST_6, 8082).as(Outside.ONE_6);
            assertThat(tcp(Outside.HOST, 8081).error()).isEqualTo("refused");
            assertThat(tcp(Outside.HOST, 8082).error()).isEqualTo("refused");
            assertThat(Talk.ask(second, "tcp", Outside.SECOND_HOST, 8080).error())
                    .isEqualTo("refused");
            assertThat(Talk.ask(second, "tcp", Outside.SECOND_HOST_6, 8082).error())
                    .isEqualTo("refused");
            assertThat(Talk.ask(LAB.host(), "tcp", "127.0.0.1", 8080).error()).isEqualTo("refused");
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void A_PORT_09_14_15_rangesKeepTheirOffset() {
        LabContainer one = LAB.attached("one", "-p", "5000-5100:2000-2100", "-p", "5000-5100:2000-2100/udp");
        try (Background server = Talk.answer(one, "2000,2016,2100", "2000,2016,2100")) {
            for (int offset : new int[] {0, 16, 100}) {
                tcp(Outside.HOST, 5_000 + offset).as(Outside.ONE);
                udp(Outside.HOST, 5_000 + offset).as(Outside.ONE);
            }
            assertThat(tcp(Outside.HOST, 5_101).error()).isEqualTo("refused");
            assertThat(tcp(Outside.HOST, 5_001).error())
                    .as("nobody listens: the container refuses")
                    .isEqualTo("refused");
            assertThat(udp(Outside.HOST, 5_001).error())
                    .as("an error of the container, about a published port (N19)")
                    .isEqualTo("refused");
            assertThat(server.alive()).isTrue();
        }
        assertThat(LAB.cli("port", "one", "2000/tcp").lines()).contains("0.0.0.0:5000");
        assertThat(LAB.cli("port", "one", "2016/udp").lines()).contains("0.0.0.0:5016");
        List<String> all = LAB.cli("port", "one")
                .lines()
                .filter(line -> line.contains("/tcp -> 0.0.0.0:"))
                .toList();
        assertThat(all)
                .hasSize(101)
                .startsWith("2000/tcp -> 0.0.0.0:5000", "2001/tcp -> 0.0.0.0:5001")
                .endsWith("2100/tcp -> 0.0.0.0:5100");
        assertThat(LAB.refused("port", "one", "7890/udp")).contains("No public port '7890/udp' published for one");
        assertThat(LAB.cli("ps")).contains("0.0.0.0:5000-5100->2000-2100/tcp");
    }

    @Test
    void A_PORT_10_11_C4_unequalRangesAreRefusedAndAPoolGivesTheFirstFree() {
        LabContainer one = LAB.attached("one", "-p", "8000-8010:80");
        LabContainer two = LAB.attached("two", "-p", "8000-8010:80");
        try (Background server = Talk.answer(two, "80", "")) {
            assertThat(LAB.cli("port", "one", "80/tcp")).contains("0.0.0.0:8000");
            assertThat(LAB.cli("port", "two", "80/tcp")).contains("0.0.0.0:8001");
            tcp(Outside.HOST, 8001).as(Outside.ONE);
            assertThat(server.alive()).isTrue();
        }
        assertThat(LAB.refused("publish", "one", "5000-5010:2000-2005"))
                .contains("invalid ranges specified for container and host Ports");
        for (String wrong : List.of("", "0-1:80-81", "80:65536", "80:80/icmp", "x:80", "90-80:90-80", "1.2.3:80:80")) {
            assertThat(LAB.daemon().cli("publish", "one", wrong).exit())
                    .as("`%s`", wrong)
                    .isNotZero();
        }
        assertThat(one.reaches(Outside.ONE)).isTrue();
    }

    @Test
    void P5_aLargeRangeIsNotGivenToTheHostsOwnClients() {
        LabContainer one = LAB.attached("one");
        String setting = "/proc/sys/net/ipv4/ip_local_reserved_ports";
        LAB.host()
                .exec("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=50123")
                .ok();
        LAB.cli("publish", "one", "34000-60999:34000-60999/udp");
        assertThat(LAB.host().exec("cat", setting).ok().out()).isEqualTo("34000-60999\n");
        assertThat(LAB.refused("publish", "one", "127.0.0.1:1024-60999:1024-60999"))
                .contains("would leave the host's own clients")
                .contains("publish fewer");
        try (Background outside = Talk.answer(remote())) {
            for (int i = 0; i < 20; i++) {
                Talk.Seen seen =
                        Talk.ask(LAB.host(), "udp", Outside.ONE, Talk.PORT).as(Outside.HOST);
                assertThat(seen.port()).isBetween(32_768, 33_999);
            }
            assertThat(outside.alive()).isTrue();
        }
        LAB.cli("unpublish", "one", "34000-60999:34000-60999/udp");
        assertThat(LAB.host().exec("cat", setting).ok().out()).isEqualTo("50123\n");
        LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=").ok();
        assertThat(one.reaches(Outside.ONE)).isTrue();
    }

    @Test
    void A_PORT_12_sctpIsPublished() {
        LabContainer one = LAB.attached("one", "-p", "3868:3868/sctp");
        try (Capture atOne = Capture.in(one, "ip proto 132")) {
            remote().scapy("""
                    send(IP(dst='192.0.2.1')/SCTP(sport=4000, dport=3868)/SCTPChunkInit(init_tag=7))
                    send(IP(dst='192.0.2.1')/SCTP(sport=4000, dport=3869)/SCTPChunkInit(init_tag=8))
                    """);
            atOne.awaitLine("192.0.2.9.4000 > 172.17.0.2.3868: sctp");
            assertThat(atOne.lines()).hasSize(1);
        }
    }

    @Test
    void P7_containersAreNotReachedByTheirOwnAddress() {
        LabContainer one = LAB.attached("one", "-p", "8080:80");
        remote().ip("route add 172.17.0.0/16 via " + Outside.HOST);
        LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=1").ok();
        try (Background server = Talk.answer(one, "80,81", "80");
                Capture atOne = Capture.in(one, "host " + Outside.ONE + " and not port 8080")) {
            for (int l4Port : new int[] {80, 81}) {
                assertThat(Talk.silent(remote(), "tcp", "172.17.0.2", l4Port)).isTrue();
            }
            assertThat(Talk.silent(remote(), "udp", "172.17.0.2", 80)).isTrue();
            assertThat(atOne.lines()).isEmpty();
            tcp(Outside.HOST, 8080).as(Outside.ONE);
            assertThat(server.alive()).isTrue();
        } finally {
            LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=0").ok();
            remote().ip("route del 172.17.0.0/16");
        }
    }

    @Test
    void N7_natNeverGivesAwayAPublishedPort() {
        LabContainer server = LAB.attached("server", "-p", "4000:4000/udp");
        List<LabContainer> clients = List.of(LAB.attached("a"), LAB.attached("b"), LAB.attached("c"));
        try (Background inside = Talk.answer(server, "", "4000");
                Background outside = Talk.answer(remote())) {
            for (LabContainer client : clients) {
                Talk.Seen row = Talk.ask(client, "udp", 4000, Talk.target(Outside.ONE, Talk.PORT))
                        .getFirst();
                assertThat(row.as(Outside.HOST).port()).isNotEqualTo(4000);
            }
            Talk.Seen own = Talk.ask(clients.getFirst(), "udp", 4000, Talk.target(Outside.HOST, 4000))
                    .getFirst();
            assertThat(own.as(Outside.HOST).port()).isNotEqualTo(4000);
            udp(Outside.HOST, 4000).as(Outside.ONE);
            assertThat(inside.alive() && outside.alive()).isTrue();
        }
    }

    @Test
    void largeTransfersComeInUnchangedByTcpAndInFragments() {
        LAB.dual("dual", 9);
        LabContainer one = LAB.attached("one", "--network", "dual", "-p", "5000:5000", "-p", "5001:5001/udp");
        remote().transferTcp(one, Outside.HOST, 40_000_000);
        remote().transferTcp(one, Outside.HOST_6, 40_000_000);
        LAB.outside().far().transferTcp(one, Outside.HOST, 5_000_000);
        LAB.host().transferTcp(one, "127.0.0.1", 20_000_000);
        try (Background server = Talk.answer(one, "", "5001")) {
            for (String address : List.of(Outside.HOST, Outside.HOST_6)) {
                for (int size : new int[] {1_473, 9_000, 60_000}) {
                    assertThat(Talk.askLarge(remote(), address, 5001, size).error())
                            .as("%s, %d bytes", address, size)
                            .isEmpty();
                }
            }
            assertThat(Talk.askLarge(LAB.host(), "127.0.0.1", 5001, 9_000).error())
                    .isEmpty();
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N26_noMappingEverCatchesPortZero() {
        LabContainer one = LAB.attached("one", "-p", "8080:80/udp");
        try (UdpSocket inside = UdpSocket.bind(one, "0.0.0.0", 80);
                Capture atOne = Capture.in(one, "udp")) {
            one.scapy("send(IP(dst='192.0.2.9')/UDP(sport=0, dport=7800)/b'no reply wanted')");
            remote().scapy("""
                    send(IP(dst='192.0.2.1')/UDP(sport=7800, dport=0)/b'to nobody')
                    send(IP(dst='192.0.2.1')/UDP(sport=0, dport=8080)/b'from nobody')
                    send(IP(dst='192.0.2.1')/UDP(sport=7800, dport=8080)/b'fence')
                    """);
            inside.hears("fence");
            assertThat(atOne.lines()).noneMatch(line -> line.contains(".0: UDP"));
        }
    }

    @Test
    void A_INT_02_publishingFromAnInternalNetworkHasNoEffectAndSaysSo() {
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        try (Background server = Talk.answer(one, "80", "")) {
            assertThat(LAB.daemon().cli("publish", "one", "8080:80").err()).contains("not in force");
            assertThat(tcp(Outside.HOST, 8080).answered()).isFalse();
            one.connect("bridge");
            Eventually.until(
                    "in force with a network that leads out",
                    () -> tcp(Outside.HOST, 8080).answered());
            assertThat(server.alive()).isTrue();
        }
    }
}
