package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** IPv6 in the networks that have it: addresses, neighbour discovery, errors, and rogue routers (rows 18 and 19). */
@Tag("netns")
@Timeout(120)
final class Ipv6IT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private static final String MAC_OF_ONE = "02:42:0a:09:00:02";

    private void makeNetwork() {
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dual");
    }

    @Test
    void A_IPAM_14_freshIpv6NetworkWorksWithoutFurtherSteps() {
        LAB.cli("network", "create", "--ipv6", "fresh");
        LabContainer one = LAB.attached("one", "--network", "fresh");
        LabContainer two = LAB.attached("two", "--network", "fresh");
        String address = two.endpoint("fresh").text("GlobalIPv6Address");
        String gateway = two.endpoint("fresh").text("IPv6Gateway");
        assertThat(address).startsWith("fd");
        assertThat(one.ip("-6 -o addr show scope global"))
                .as("usable at once: no duplicate address detection on what the switch gave out")
                .doesNotContain("tentative")
                .doesNotContain("dynamic");
        one.ping(address);
        one.ping(gateway);
        one.transferTcp(two, address, 5_000_000);
        assertThat(one.ip("-6 route show default")).contains("via " + gateway + " dev eth0");
        LAB.host().ping(address);
        LAB.cli("network", "create", "--ipv6", "second");
        assertThat(subnet("second")).as("another prefix").isNotEqualTo(subnet("fresh"));
    }

    private static String subnet(String network) {
        return LAB.inspected("network", "inspect", network).at("IPAM").at("Config").elements().stream()
                .map(config -> config.text("Subnet"))
                .filter(prefix -> prefix.contains(":"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void A_IPAM_05_chosenIpv6Address() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual", "--ip6", "fd00:9::66:66");
        assertThat(one.ip("-6 -o addr show eth0")).contains("inet6 fd00:9::66:66/64");
        assertThat(one.addressOf("eth0")).isEqualTo("10.9.0.2/24");
        LabContainer two = LAB.attached("two");
        two.connect("dual", "--ip6", "fd00:9::77");
        two.ping("fd00:9::66:66");
        for (String bad : List.of("fd00:9::77", "fd00:9::1", "fd00:8::5", "::1", "fd00:9::")) {
            assertThat(LAB.refused("attach", "--netns", LAB.namespace("n").name(), "--network", "dual", "--ip6", bad))
                    .contains(bad);
        }
        assertThat(LAB.refused("network", "create", "--subnet", "fd00:9::/48", "--ipv6", "other"))
                .containsIgnoringCase("overlap");
    }

    @Test
    void B12_solicitationOfAKnownAddressIsAnsweredByTheSwitch() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual");
        LabContainer two = LAB.attached("two", "--network", "dual");
        try (Capture atTwo = Capture.in(two, "icmp6 and ip6[40] = 135")) {
            assertThat(one.exec("ndisc6", "-1", "-w", "1000", "fd00:9::3", "eth0")
                            .ok()
                            .out())
                    .containsIgnoringCase("02:42:0a:09:00:03");
            assertThat(one.exec("ndisc6", "-1", "-w", "1000", "fd00:9::1", "eth0")
                            .ok()
                            .out())
                    .containsIgnoringCase(one.mac("fd00:9::1"));
            assertThat(one.exec("ndisc6", "-1", "-r", "1", "-w", "500", "fd00:9::99", "eth0")
                            .exit())
                    .isNotZero();
            atTwo.awaitLine("who has fd00:9::99");
            assertThat(atTwo.lines()).noneMatch(line -> line.contains("who has fd00:9::3"));
        }
    }

    @Test
    void C11_nobodyAnswersForTheAbsent() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual");
        LabContainer two = LAB.attached("two", "--network", "dual");
        one.ping("fd00:9::3");
        two.disconnect("dual");
        one.ip("-6 neigh flush dev eth0");
        Outcome ping = one.exec("ping", "-c1", "-W4", "fd00:9::3");
        assertThat(ping.exit()).isNotZero();
        assertThat(ping.out()).contains("Address unreachable");
    }

    @Test
    void row19_ownerStillCompletesItsOwnAddressCheck() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual");
        LAB.attached("two", "--network", "dual");
        one.ip("-6 addr del fd00:9::2/64 dev eth0");
        one.ip("-6 addr add fd00:9::2/64 dev eth0");
        Eventually.until(
                "the kernel is content with it",
                () -> !one.ip("-6 -o addr show dev eth0").contains("tentative"));
        assertThat(one.ip("-6 -o addr show dev eth0"))
                .doesNotContain("dadfailed")
                .contains("fe80::42:aff:fe09:2/64");
        one.ip("-6 addr add fd00:9::3/64 dev eth0");
        Eventually.until(
                "another's address is refused by the kernel",
                () -> one.ip("-6 -o addr show dev eth0").contains("dadfailed"));
        one.ping("fd00:9::1");
    }

    @Test
    void row18_routersAndRedirectsOfContainersAreDropped() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual", "--source-guard=false");
        LabContainer two = LAB.attached("two", "--network", "dual");
        String before = two.ip("-6 route show");
        try (Capture atTwo = Capture.in(two, "icmp6 and (ip6[40] = 134 or ip6[40] = 137)")) {
            one.scapy("""
                    ll = 'fe80::42:aff:fe09:2'
                    prefix = ICMPv6NDOptPrefixInfo(prefix='2001:db8::', prefixlen=64)
                    ra = IPv6(src=ll, dst='ff02::1', hlim=255)/ICMPv6ND_RA()/prefix
                    sendp(Ether(dst='33:33:00:00:00:01')/ra, iface=IF, count=5)
                    sendp(Ether(dst='02:42:0a:09:00:03')/ra, iface=IF, count=5)
                    red = IPv6(src=ll, dst='fd00:9::3', hlim=255)/ICMPv6ND_Redirect(tgt=ll, dst='fd00:9::1')
                    sendp(Ether(dst='02:42:0a:09:00:03')/red, iface=IF, count=5)
                    hidden = IPv6(src=ll, dst='ff02::1', hlim=255)/IPv6ExtHdrDestOpt()/ICMPv6ND_RA()
                    sendp(Ether(dst='33:33:00:00:00:01')/hidden, iface=IF, count=5)
                    """);
            one.ping("fd00:9::3");
            assertThat(atTwo.lines()).isEmpty();
        }
        assertThat(two.ip("-6 route show")).isEqualTo(before);
        assertThat(one.drops("rogue_ra") + one.drops("nd_hidden")).isEqualTo(15);
        assertThat(one.drops("rogue_redirect")).isEqualTo(5);
    }

    @Test
    void row18_B17_aPriorityTagHidesNothing() {
        LAB.cli(
                "network",
                "create",
                "--ipv6",
                "--subnet",
                "10.9.0.0/24",
                "--subnet",
                "fd00:9::/64",
                "-o",
                "tapswitch.vlan=transparent",
                "dual");
        LabContainer one = LAB.attached("one", "--network", "dual", "--source-guard=false");
        LabContainer two = LAB.attached("two", "--network", "dual");
        two.ping("10.9.0.1");
        String gateway = two.ip("neigh show 10.9.0.1").split(" ", -1)[4];
        String routes = two.ip("-6 route show");
        one.scapy("""
                ll = 'fe80::42:aff:fe09:2'
                two = '02:42:0a:09:00:03'
                echo = IP(src='10.9.0.2', dst='10.9.0.3')/ICMP()
                ra = IPv6(src=ll, dst='ff02::1', hlim=255)/ICMPv6ND_RA()/ICMPv6NDOptPrefixInfo(prefix='2001:db8::')
                na = IPv6(src=ll, dst='ff02::1', hlim=255)/ICMPv6ND_NA(R=1, S=0, O=1, tgt='fd00:9::1')
                arp = ARP(op=2, psrc='10.9.0.1', hwdst=two, pdst='10.9.0.3')
                for tags in [Dot1Q(vlan=0, prio=7), Dot1AD(vlan=0)/Dot1Q(vlan=0)]:
                    for packet in [echo, ra, na, arp]:
                        sendp(Ether(dst=two, src='02:42:0a:09:00:02')/tags/packet, iface=IF, count=5)
                """);
        one.ping("10.9.0.3");
        assertThat(two.ip("neigh show 10.9.0.1")).contains(gateway);
        assertThat(two.ip("-6 route show")).isEqualTo(routes);
        assertThat(one.drops("rogue_ra")).isEqualTo(10);
        assertThat(one.drops("spoof_nd")).isEqualTo(10);
        assertThat(one.drops("spoof_arp")).isEqualTo(10);
        assertThat(one.drops("guard_unreadable")).as("other packets pass").isZero();
    }

    @Test
    void row19_nobodyTakesAnAddressAwayFromWhoMakesSureOfIt() {
        makeNetwork();
        LabContainer hostile = LAB.attached("hostile", "--network", "dual");
        LabContainer two = LAB.attached("two", "--network", "dual");
        String own = "fe80::42:aff:fe09:3";
        Eventually.until("it is up", () -> two.ip("-6 -o addr show dev eth0").contains(own));
        // Long enough for scapy to come in between.
        two.exec("sysctl", "-qw", "net.ipv6.conf.eth0.dad_transmits=8").ok();
        two.ip("-6 addr del " + own + "/64 dev eth0");
        two.ip("-6 addr add " + own + "/64 dev eth0");
        hostile.scapy("""
                ns = IPv6(src='::', dst='ff02::1:ff09:3', hlim=255)/ICMPv6ND_NS(tgt='fe80::42:aff:fe09:3')
                sendp(Ether(dst='33:33:ff:09:00:03')/ns, iface=IF, count=20)
                """);
        assertThat(hostile.drops("spoof_nd")).isGreaterThanOrEqualTo(20);
        assertThat(two.ip("-6 -o addr show dev eth0")).as("still making sure").contains("tentative");
        Eventually.until(
                Duration.ofSeconds(15),
                "the kernel is content with it",
                () -> !two.ip("-6 -o addr show dev eth0").contains("tentative"));
        assertThat(two.ip("-6 -o addr show dev eth0"))
                .doesNotContain("dadfailed")
                .contains(own);
    }

    @Test
    void B12_advertisementsForOthersAreDroppedByTheGuard() {
        makeNetwork();
        LabContainer hostile = LAB.attached("hostile", "--network", "dual");
        LabContainer two = LAB.attached("two", "--network", "dual");
        LAB.attached("three", "--network", "dual");
        two.ping("fd00:9::4");
        String macOfGateway = two.mac("fd00:9::1");
        try (Capture atTwo = Capture.in(two, "icmp6 and ether src " + MAC_OF_ONE)) {
            hostile.scapy("""
                    for t in ['fd00:9::4', 'fd00:9::1']:
                        na = ICMPv6ND_NA(R=0, S=0, O=1, tgt=t)/ICMPv6NDOptDstLLAddr(lladdr='02:42:0a:09:00:02')
                        for s in [t, 'fd00:9::2']:
                            p = IPv6(src=s, dst='ff02::1', hlim=255)/na
                            sendp(Ether(dst='33:33:00:00:00:01')/p, iface=IF, count=5)
                    """);
            hostile.ping("fd00:9::3");
            assertThat(atTwo.lines())
                    .noneMatch(line ->
                            line.contains("neighbor advertisement, length") && line.contains("tgt is fd00:9::4"));
        }
        assertThat(two.ip("neigh show fd00:9::4")).contains("02:42:0a:09:00:04");
        assertThat(two.ip("neigh show fd00:9::1")).contains(macOfGateway);
        assertThat(hostile.drops("spoof_nd") + hostile.drops("spoof_ip")).isEqualTo(20);
    }

    @Test
    void N23_B17_errorsOfTheGateway() {
        makeNetwork();
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.10.0.0/24", "--subnet", "fd00:10::/64", "other");
        LabContainer one = LAB.attached("one", "--network", "dual");
        LAB.attached("two", "--network", "other");
        assertThat(one.exec("ping", "-c1", "-W2", "-t1", "2001:db8::9").out())
                .contains("From fd00:9::1")
                .contains("Time exceeded: Hop limit");
        assertThat(one.exec("ping", "-c1", "-W2", "2001:db8::9").out())
                .contains("From fd00:9::1")
                .contains("Destination unreachable: No route");
        assertThat(one.exec("ping", "-c1", "-W2", "fd00:10::2").out())
                .contains("From fd00:9::1")
                .contains("Destination unreachable: Administratively prohibited");
    }

    @Test
    void A_L2_01_linkLocalAddressesWorkBetweenMembers() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        for (LabContainer each : List.of(one, two)) {
            Eventually.until(
                    "its link-local address is usable",
                    () -> !each.ip("-6 -o addr show dev eth0").contains("tentative"));
        }
        one.ping("fe80::42:acff:fe12:3%eth0");
        assertThat(one.exec("ping", "-c2", "-i0.2", "-W2", "ff02::1%eth0").out())
                .as("multicast reaches the other member")
                .contains("fe80::42:acff:fe12:3");
    }

    @Test
    void P7_nobodyBehindTheHostGetsInByIpv6() {
        makeNetwork();
        LabContainer one = LAB.attached("one", "--network", "dual");
        LAB.host().ip("-6 addr add 2001:db8::1/64 dev uplink0 nodad");
        LAB.host().outside().ip("-6 addr add 2001:db8::9/64 dev eth0 nodad");
        LAB.host().outside().ip("-6 route add fd00:9::/64 via 2001:db8::1");
        LAB.host().exec("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1").ok();
        try (Capture atOne = Capture.in(one, "ip6 and src net 2001:db8::/64 and not src host 2001:db8::1")) {
            assertThat(LAB.host().outside().reaches("fd00:9::2")).isFalse();
            Eventually.until(
                    Duration.ofSeconds(3), "the host's new address is reached", () -> one.reaches("2001:db8::1"));
            assertThat(one.reaches("2001:db8::9")).isFalse();
            assertThat(atOne.lines()).isEmpty();
        } finally {
            LAB.host().exec("sysctl", "-qw", "net.ipv6.conf.all.forwarding=0").ok();
            LAB.host().outside().ip("-6 addr flush dev eth0 scope global");
            LAB.host().ip("-6 addr del 2001:db8::1/64 dev uplink0");
        }
        one.exec("ping", "-c1", "-W1", LabHost.ADDRESS).ok();
    }
}
