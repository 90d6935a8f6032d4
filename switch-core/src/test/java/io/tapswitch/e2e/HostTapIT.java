package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.World;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The host as a neighbour of its containers, and nobody behind it: rule C8, requirement P7, uplink.md section 2. */
@Tag("netns")
@Timeout(120)
final class HostTapIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void C8_hostReachesContainersOfAllItsNetworksByAddress() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LAB.host().ping("172.17.0.2");
        LAB.host().ping("172.18.0.2");
        try (Background web = one.serve(80);
                Background other = two.serve(80)) {
            assertThat(LAB.host().fetch("http://172.17.0.2/"))
                    .contains("I see you as")
                    .contains("172.17.0.1");
            assertThat(LAB.host().fetch("http://172.18.0.2/"))
                    .contains("I see you as")
                    .contains("172.18.0.1");
            assertThat(web.alive() && other.alive()).isTrue();
        }
    }

    @Test
    void C8_containerReachesServicesOfTheHostOnAllItsAddresses() {
        LabContainer one = LAB.attached("one");
        try (Background service = LAB.host().serve(8000)) {
            for (String address : new String[] {"172.17.0.1", LabHost.ADDRESS}) {
                assertThat(one.fetch("http://" + address + ":8000/"))
                        .as("%s, un-NATed", address)
                        .contains("I see you as")
                        .contains("172.17.0.2");
            }
            LAB.host().ip("addr add 192.0.2.77/24 dev uplink0");
            try {
                Eventually.until(
                        Duration.ofSeconds(3),
                        "an address that came later",
                        () -> one.fetch("http://192.0.2.77:8000/").contains("172.17.0.2"));
            } finally {
                LAB.host().ip("addr del 192.0.2.77/24 dev uplink0");
            }
            Eventually.until(
                    "an address that went",
                    () -> one.exec("ping", "-c1", "-W1", "192.0.2.77").out().contains("Net Unreachable"));
            assertThat(service.alive()).isTrue();
        }
        one.ping(LabHost.ADDRESS);
        assertThat(one.exec("socat", "-u", "TCP:172.17.0.1:8000,connect-timeout=3", "-")
                        .err())
                .as("the host's own stack refuses")
                .contains("Connection refused");
    }

    @Test
    void largeTransfersBetweenHostAndContainerArriveUnchanged() {
        LabContainer one = LAB.attached("one");
        LAB.host().transferTcp(one, "172.17.0.2", 50_000_000);
        one.transferTcp(LAB.host(), "172.17.0.1", 50_000_000);
        one.transferTcp(LAB.host(), LabHost.ADDRESS, 5_000_000);
        one.exec("ping", "-c2", "-i0.1", "-W2", "-s", "20000", LabHost.ADDRESS).ok();
    }

    @Test
    void hostAndContainersSpeakIpv6() {
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dual");
        LabContainer one = LAB.attached("one", "--network", "dual");
        LAB.host().ping("fd00:9::2");
        one.ping("fd00:9::1");
        try (Background web = one.serve(80);
                Background service = LAB.host().serve(8000)) {
            assertThat(LAB.host().fetch("http://[fd00:9::2]/")).contains("I see you as");
            assertThat(one.fetch("http://[fd00:9::1]:8000/")).contains("I see you as");
            assertThat(web.alive() && service.alive()).isTrue();
        }
        LAB.host().transferTcp(one, "fd00:9::2", 5_000_000);
        one.transferTcp(LAB.host(), "fd00:9::1", 5_000_000);
    }

    @Test
    void P7_nobodyBehindTheHostGetsInAlsoWhenTheHostForwards() {
        LabContainer one = LAB.attached("one");
        LabNamespace outside = LAB.host().outside();
        LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=1").ok();
        outside.ip("route add 172.17.0.0/16 via " + LabHost.ADDRESS);
        try (Capture atOne = Capture.in(one, "not ip6 and not arp");
                Background web = one.serve(80)) {
            assertThat(outside.reaches("172.17.0.2")).isFalse();
            assertThat(outside.fetch("http://172.17.0.2/")).isEmpty();
            // A neighbour may also write the host's own address as the source.
            outside.scapy("""
                    h = getmacbyip('192.0.2.1')
                    for s in ['172.17.0.1', '172.17.0.2', '127.0.0.1', '8.8.8.8']:
                        sendp(Ether(dst=h)/IP(src=s, dst='172.17.0.2')/ICMP(), iface=IF, count=3)
                    """);
            LAB.host().exec("ping", "-c1", "-W2", "172.17.0.2").ok();
            atOne.awaitLine("172.17.0.1 > 172.17.0.2: ICMP echo request");
            assertThat(atOne.lines()).allMatch(line -> line.contains("172.17.0.1 > 172.17.0.2: ICMP echo request"));
            assertThat(web.alive()).isTrue();
        } finally {
            outside.ip("route del 172.17.0.0/16");
            LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=0").ok();
        }
        assertThat(hostDrops("host_source")).isPositive();
    }

    @Test
    void P7_nothingGetsOutByTheHostEither() {
        LabContainer one = LAB.attached("one");
        LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=1").ok();
        try (Capture outside = Capture.in(LAB.host().outside(), "net 172.16.0.0/12")) {
            assertThat(one.reaches(LabHost.OUTSIDE_ADDRESS)).isFalse();
            LAB.host().exec("ping", "-c1", "-W2", LabHost.OUTSIDE_ADDRESS).ok();
            assertThat(outside.lines()).isEmpty();
        } finally {
            LAB.host().exec("sysctl", "-qw", "net.ipv4.ip_forward=0").ok();
        }
    }

    @Test
    void hostHasNothingOfInternalNetworks() {
        LAB.cli("network", "create", "--internal", "quiet");
        LabContainer one = LAB.attached("one", "--network", "quiet");
        assertThat(LAB.host().ip("-o addr show") + LAB.host().ip("route show")).doesNotContain("172.18.");
        LAB.host().ip("route add 172.18.0.0/16 dev " + LabHost.TAP);
        one.ip("route add default via 172.18.0.1");
        try (Capture atOne = Capture.in(one, "ip and host 172.17.0.1 or ip and host " + LabHost.ADDRESS)) {
            assertThat(LAB.host().reaches("172.18.0.2")).isFalse();
            assertThat(one.reaches(LabHost.ADDRESS)).isFalse();
            one.ping("172.18.0.1");
            assertThat(atOne.lines()).isEmpty();
        } finally {
            LAB.host().ip("route del 172.18.0.0/16 dev " + LabHost.TAP);
        }
    }

    @Test
    void removingANetworkRemovesAddressAndRoute() {
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dev");
        assertThat(LAB.host().ip("-o addr show dev " + LabHost.TAP))
                .contains("inet 10.9.0.1/24")
                .contains("inet6 fd00:9::1/64")
                .contains("inet 172.17.0.1/16");
        assertThat(LAB.host().ip("route show 10.9.0.0/24"))
                .contains("dev " + LabHost.TAP)
                .contains("src 10.9.0.1");
        assertThat(LAB.host().ip("-6 route show fd00:9::/64")).contains("dev " + LabHost.TAP);
        LAB.cli("network", "rm", "dev");
        assertThat(LAB.host().ip("-o addr show")).doesNotContain("10.9.0.").doesNotContain("fd00:9:");
        assertThat(LAB.host().ip("route show table all")).doesNotContain("10.9.0.");
        assertThat(LAB.host().ip("-6 route show table all")).doesNotContain("fd00:9:");
        assertThat(LAB.host().ip("route show 172.17.0.0/16")).contains("src 172.17.0.1");
    }

    @Test
    void hostsOwnFramesOnTheTapMustBearItsAddresses() {
        LabContainer one = LAB.attached("one");
        long before = hostDrops("host_source");
        try (Capture atOne = Capture.in(one, "ip and not src host 172.17.0.1")) {
            LAB.host().scapy("""
                    IF = 'tapswitch0'
                    m = getmacbyip('172.17.0.2')
                    for s in ['8.8.8.8', '172.17.0.2', '172.17.0.9', '0.0.0.0', '224.0.0.1']:
                        sendp(Ether(dst=m)/IP(src=s, dst='172.17.0.2')/ICMP(), iface=IF)
                    """);
            LAB.host().ping("172.17.0.2");
            assertThat(atOne.lines()).isEmpty();
        }
        assertThat(hostDrops("host_source") - before).isBetween(3L, 5L);
    }

    @Test
    void whenSomebodyDeletesTheHostsInterfaceItIsMadeAgainAndNothingElseSuffers() {
        try (World world = World.withDaemon()) {
            world.attached("one");
            world.host().ping("172.17.0.2");
            for (int round = 1; round <= 2; round++) {
                String subnet = "10." + round + ".0.0/24";
                world.host().ip("link delete " + LabHost.TAP);
                // The daemon may not know it yet, and says that it cannot set up what is not there.
                world.daemon().expectLog("the host's interface tapswitch0 cannot be set up");
                world.cli("network", "create", "--subnet", subnet, "net" + round);
                Eventually.until(
                        "the host reaches its container and the new network",
                        () -> world.host().reaches("172.17.0.2")
                                && world.host().ip("route show").contains(subnet));
                world.attached("more" + round, "--network", "net" + round);
                world.host().ping("10." + round + ".0.2");
            }
            assertThat(world.cli("ps", "--format", "{{.Names}}").lines()).contains("one", "more1", "more2");
            assertThat(world.cli("status")).doesNotContain("the host cannot reach");
            world.assertNoTrouble();
            String before = world.host().ip("-4 address show dev " + LabHost.TAP);
            world.stop();
            world.start();
            assertThat(world.host().ip("-4 address show dev " + LabHost.TAP))
                    .as("the last one is kept")
                    .isEqualTo(before);
            world.host().ping("10.2.0.2");
            world.assertNoTrouble();
        }
    }

    @Test
    void whenSomebodyEmptiesTheHostsInterfaceOrMovesItAwayItIsMended() {
        try (World world = World.withDaemon();
                LabNamespace elsewhere = new LabNamespace("else")) {
            world.cli("network", "create", "--ipv6", "--subnet", "fd77::/64", "six");
            world.attached("one");
            world.attached("two", "--network", "six");
            world.host().ip("address flush dev " + LabHost.TAP + " scope global");
            Eventually.until("addresses and routes are back", () -> reachesBoth(world));
            world.host().ip("link set " + LabHost.TAP + " netns " + elsewhere.name());
            Eventually.until("another was made", () -> reachesBoth(world));
            assertThat(elsewhere.ip("-o link")).as("the old one went").doesNotContain("tapswitch");
            world.stop();
            world.host().ip("link set " + LabHost.TAP + " netns " + elsewhere.name());
            world.start();
            Eventually.until("another was made", () -> reachesBoth(world));
            assertThat(elsewhere.ip("-o link")).doesNotContain("tapswitch");
            assertThat(world.cli("status")).doesNotContain("cannot be set up", "the host cannot reach");
        }
    }

    private static boolean reachesBoth(World world) {
        return world.host().reaches("172.17.0.2") && world.host().reaches("fd77::2");
    }

    private static long hostDrops(String reason) {
        return LAB.daemon().api().get("/drops").elements().stream()
                .filter(drop -> drop.text("reason").equals(reason))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }
}
