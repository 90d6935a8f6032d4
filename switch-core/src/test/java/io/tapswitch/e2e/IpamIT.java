package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNamespace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Addresses: behaviours A-IPAM, and row 78 of the catalogue of hostile input. */
@Tag("netns")
@Timeout(120)
final class IpamIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_IPAM_01_poolsInTheOrderOfCreation() {
        assertThat(subnet("bridge")).isEqualTo("172.17.0.0/16");
        for (int i = 18; i <= 31; i++) {
            LAB.cli("network", "create", "n" + i);
            assertThat(subnet("n" + i)).isEqualTo("172." + i + ".0.0/16");
        }
        for (int i = 0; i < 3; i++) {
            LAB.cli("network", "create", "m" + i);
            assertThat(subnet("m" + i)).isEqualTo("192.168." + 16 * i + ".0/20");
        }
        LAB.cli("network", "rm", "n19");
        LAB.cli("network", "create", "again");
        assertThat(subnet("again")).as("the lowest free").isEqualTo("172.19.0.0/16");
        LabContainer one = LAB.attached("one", "--network", "m1");
        assertThat(one.addressOf("eth0")).isEqualTo("192.168.16.2/20");
    }

    @Test
    void A_IPAM_02_gatewayIsTheFirstAddressAndContainersFollow() {
        LAB.cli("network", "create", "dev");
        Json config = LAB.inspected("network", "inspect", "dev")
                .at("IPAM")
                .at("Config")
                .at(0);
        assertThat(config.text("Gateway")).isEqualTo("172.18.0.1");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        assertThat(one.addressOf("eth0")).isEqualTo("172.18.0.2/16");
        assertThat(two.addressOf("eth0")).isEqualTo("172.18.0.3/16");
        assertThat(one.ip("route show default")).contains("default via 172.18.0.1 dev eth0");
    }

    @Test
    void A_IPAM_03_lowestFreeAddressInTheOrderOfConnecting() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three");
        assertThat(two.addressOf("eth0")).isEqualTo("172.18.0.3/16");
        two.disconnect("dev");
        three.connect("dev");
        assertThat(three.addressOf("eth1")).isEqualTo("172.18.0.3/16");
        two.connect("dev");
        assertThat(two.addressOf("eth0")).isEqualTo("172.18.0.4/16");
        one.ping("172.18.0.3");
        one.ping("172.18.0.4");
    }

    @Test
    void A_IPAM_04_addressesFollowTheOrderOfReconnecting() {
        LAB.cli("network", "create", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev");
        LabContainer two = LAB.attached("two", "--network", "dev");
        LabContainer three = LAB.attached("three", "--network", "dev");
        two.disconnect("dev");
        one.disconnect("dev");
        three.disconnect("dev");
        three.connect("dev");
        one.connect("dev");
        assertThat(three.addressOf("eth0")).isEqualTo("172.18.0.2/16");
        assertThat(one.addressOf("eth0")).isEqualTo("172.18.0.3/16");
        three.ping("172.18.0.3");
    }

    @Test
    void A_IPAM_05_11_chosenAddressAndTheMacMadeOfIt() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LabContainer one = LAB.attached("one", "--network", "dev", "--ip", "10.66.66.66");
        assertThat(one.addressOf("eth0")).isEqualTo("10.66.66.66/16");
        assertThat(one.ip("link show eth0")).contains("link/ether 02:42:0a:42:42:42");
        assertThat(one.endpoint("dev").text("MacAddress")).isEqualTo("02:42:0a:42:42:42");
        LabContainer two = LAB.attached("two");
        two.connect("dev", "--ip", "10.66.1.1");
        assertThat(two.addressOf("eth1")).isEqualTo("10.66.1.1/16");
        LabContainer three = LAB.attached("three", "--network", "dev", "--mac-address", "02:00:5e:10:00:01");
        assertThat(three.ip("link show eth0")).contains("link/ether 02:00:5e:10:00:01");
        assertThat(three.endpoint("dev").text("MacAddress")).isEqualTo("02:00:5e:10:00:01");
        three.ping("10.66.66.66");
        three.ping("10.66.1.1");
    }

    @Test
    void A_IPAM_06_addressesThatCannotBeHadAreRefused() {
        LAB.cli(
                "network",
                "create",
                "--subnet",
                "10.66.0.0/16",
                "--gateway",
                "10.66.0.254",
                "--aux-address",
                "router=10.66.0.5",
                "dev");
        LAB.attached("one", "--network", "dev", "--ip", "10.66.66.66");
        LabNamespace two = LAB.namespace("n");
        for (String bad : List.of(
                "10.67.0.1", "10.66.66.66", "10.66.0.254", "10.66.0.0", "10.66.255.255", "10.66.0.5", "nonsense")) {
            assertThat(LAB.refused("attach", "--netns", two.name(), "--network", "dev", "--ip", bad))
                    .contains(bad);
        }
        assertThat(two.ip("-o link").lines())
                .as("nothing is left in the namespace")
                .hasSize(1);
        LabContainer three = LAB.attached("three");
        assertThat(LAB.refused("network", "connect", "--ip", "10.66.66.66", "dev", "three"))
                .contains("Address already in use");
        assertThat(LAB.refused("attach", "--netns", two.name(), "--network", "bridge", "--ip", "172.17.0.9"))
                .contains("user specified IP address is supported on user defined networks only");
        assertThat(three.links()).containsExactly("lo", "eth0");
        three.connect("dev");
        assertThat(three.addressOf("eth1")).as("the lowest free").isEqualTo("10.66.0.1/16");
    }

    @Test
    void A_IPAM_07_chosenGatewayIsTheDefaultRouteAndAnswers() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/29", "--gateway", "10.66.0.3", "dev");
        List<String> addresses = new ArrayList<>();
        LabContainer one = LAB.attached("c0", "--network", "dev");
        addresses.add(one.addressOf("eth0"));
        for (int i = 1; i < 5; i++) {
            addresses.add(LAB.attached("c" + i, "--network", "dev").addressOf("eth0"));
        }
        assertThat(addresses)
                .containsExactly("10.66.0.1/29", "10.66.0.2/29", "10.66.0.4/29", "10.66.0.5/29", "10.66.0.6/29");
        assertThat(one.ip("route show default")).contains("default via 10.66.0.3 dev eth0");
        assertThat(one.exec("arping", "-c1", "-w2", "-I", "eth0", "10.66.0.3")
                        .ok()
                        .out())
                .contains("Received 1 response");
        one.ping("10.66.0.3");
    }

    @Test
    void A_IPAM_08_rangeLimitsWhatIsGivenOutButNotWhatMayBeAskedFor() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "--ip-range", "10.66.1.0/30", "dev");
        assertThat(LAB.attached("a", "--network", "dev").addressOf("eth0")).isEqualTo("10.66.1.0/16");
        assertThat(LAB.attached("b", "--network", "dev").addressOf("eth0")).isEqualTo("10.66.1.1/16");
        assertThat(LAB.attached("c", "--network", "dev", "--ip", "10.66.7.7").addressOf("eth0"))
                .isEqualTo("10.66.7.7/16");
        LAB.attached("d", "--network", "dev");
        LabContainer last = LAB.attached("e", "--network", "dev");
        assertThat(last.addressOf("eth0")).isEqualTo("10.66.1.3/16");
        assertThat(LAB.refused("attach", "--netns", LAB.namespace("n").name(), "--network", "dev"))
                .contains("no available IPv4 addresses");
        last.ping("10.66.7.7");
    }

    @Test
    void A_IPAM_09_auxiliaryAddressesAreNeverGivenOut() {
        LAB.cli(
                "network",
                "create",
                "--subnet",
                "10.66.0.0/24",
                "--aux-address",
                "router=10.66.0.2",
                "--aux-address",
                "nas=10.66.0.4",
                "dev");
        assertThat(LAB.attached("a", "--network", "dev").addressOf("eth0")).isEqualTo("10.66.0.3/24");
        assertThat(LAB.attached("b", "--network", "dev").addressOf("eth0")).isEqualTo("10.66.0.5/24");
        assertThat(LAB.inspected("network", "inspect", "dev")
                        .at("IPAM")
                        .at("Config")
                        .at(0)
                        .at("AuxiliaryAddresses")
                        .text("nas"))
                .isEqualTo("10.66.0.4");
    }

    @Test
    void A_IPAM_10_prefixLengthIsTheSubnets() {
        for (String length : List.of("8", "20", "25", "30")) {
            LAB.cli("network", "create", "--subnet", "10.0.0.0/" + length, "n" + length);
            LabContainer one = LAB.attached("c" + length, "--network", "n" + length);
            assertThat(one.addressOf("eth0")).isEqualTo("10.0.0.2/" + length);
            assertThat(one.endpoint("n" + length).number("IPPrefixLen")).isEqualTo(Integer.parseInt(length));
            LAB.cli("rm", "-f", "c" + length);
            LAB.cli("network", "rm", "n" + length);
        }
    }

    @Test
    void A_IPAM_12_overlapIsRefusedAndNamed() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        for (String overlap : List.of("10.66.0.0/16", "10.66.4.0/24", "10.0.0.0/8")) {
            assertThat(LAB.refused("network", "create", "--subnet", overlap, "other"))
                    .containsIgnoringCase("overlap")
                    .contains("dev");
        }
        assertThat(LAB.refused("network", "create", "--subnet", "192.0.2.0/25", "other"))
                .as("a network of the host")
                .containsIgnoringCase("overlap")
                .contains("192.0.2.0/24");
        LAB.host().ip("route add 10.77.0.0/16 via " + LabHost.OUTSIDE_ADDRESS);
        assertThat(LAB.refused("network", "create", "--subnet", "10.77.5.0/24", "other"))
                .as("a route of the host")
                .containsIgnoringCase("overlap")
                .contains("10.77.0.0/16");
        LAB.host().ip("route del 10.77.0.0/16");
        assertThat(LAB.cli("network", "ls")).doesNotContain("other");
        LAB.cli("network", "create", "--internal", "--subnet", "10.66.0.0/16", "quiet");
        LabContainer inside = LAB.attached("inside", "--network", "quiet");
        LabContainer beside = LAB.attached("beside", "--network", "dev");
        assertThat(inside.addressOf("eth0")).isEqualTo(beside.addressOf("eth0")).isEqualTo("10.66.0.2/16");
    }

    @Test
    void A_IPAM_12_defaultPoolsChooseAroundTheHostsRoutes() {
        LAB.host().ip("route add 172.18.4.0/24 via " + LabHost.OUTSIDE_ADDRESS);
        LAB.cli("network", "create", "dev");
        LAB.host().ip("route del 172.18.4.0/24");
        assertThat(subnet("dev")).isEqualTo("172.19.0.0/16");
    }

    @Test
    void A_IPAM_13_exhaustedSubnetIsAClearErrorAndLeavesNoEndpoint() {
        LAB.cli("network", "create", "--subnet", "10.5.0.0/29", "tiny");
        for (int i = 0; i < 5; i++) {
            LAB.attached("c" + i, "--network", "tiny");
        }
        LabNamespace last = LAB.namespace("n");
        assertThat(LAB.refused("attach", "--netns", last.name(), "--network", "tiny"))
                .contains("no available IPv4 addresses");
        assertThat(last.ip("-o link").lines()).hasSize(1);
        assertThat(LAB.inspected("network", "inspect", "tiny").at("Containers").elements())
                .hasSize(5);
        LAB.cli("rm", "-f", "c3");
        assertThat(LAB.attached("next", "--network", "tiny").addressOf("eth0")).isEqualTo("10.5.0.5/29");
    }

    @Test
    void A_IPAM_14_ipv6NetworkGivesBothAndOthersOnlyTheKernelsLinkLocal() {
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dual");
        assertThat(LAB.inspected("network", "inspect", "dual").is("EnableIPv6")).isTrue();
        LabContainer four = LAB.attached("four", "--network", "dev");
        LabContainer both = LAB.attached("both", "--network", "dual");
        assertThat(both.ip("-o addr show eth0"))
                .contains("inet 10.9.0.2/24")
                .contains("inet6 fd00:9::2/64")
                .contains("inet6 fe80::42:aff:fe09:2/64");
        assertThat(both.endpoint("dual").text("GlobalIPv6Address")).isEqualTo("fd00:9::2");
        assertThat(both.endpoint("dual").number("GlobalIPv6PrefixLen")).isEqualTo(64);
        assertThat(four.endpoint("dev").text("GlobalIPv6Address")).isEmpty();
        assertThat(LAB.inspected("network", "inspect", "dev")
                        .at("Containers")
                        .at(four.id())
                        .text("IPv6Address"))
                .isEmpty();
        assertThat(four.ip("-o -6 addr show eth0").lines())
                .hasSize(1)
                .allMatch(line -> line.contains("inet6 fe80::42:acff:fe12:2/64"));
    }

    @Test
    void A_IPAM_15_chosenAddressSurvivesAStopAndAStartedOneKeepsIt() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LAB.cli("run", "-d", "--name", "fixed", "--network", "dev", "--ip", "10.66.0.9", "--", "sleep", "300");
        LAB.cli("run", "-d", "--name", "any", "--network", "dev", "--", "sleep", "300");
        LAB.cli("stop", "-t", "1", "fixed", "any");
        LAB.attached("thief", "--network", "dev");
        LAB.cli("start", "fixed", "any");
        assertThat(LAB.cli("exec", "fixed", "ip", "-4", "-o", "addr", "show", "eth0"))
                .contains("inet 10.66.0.9/16");
        assertThat(LAB.cli("exec", "any", "ip", "-4", "-o", "addr", "show", "eth0"))
                .as("its address was given to another")
                .contains("inet 10.66.0.3/16");
    }

    @Test
    void row78_impossibleSubnetsAreRefusedWithTheReason() {
        assertThat(create("--subnet", "10.1.0.0/24", "--gateway", "10.2.0.1")).contains("10.2.0.1");
        assertThat(create("--subnet", "10.1.0.0/24", "--ip-range", "10.2.0.0/24"))
                .contains("10.2.0.0/24");
        assertThat(create("--subnet", "10.1.0.0/24", "--aux-address", "x=10.2.0.9"))
                .contains("10.2.0.9");
        assertThat(create("--subnet", "10.1.0.0/32")).contains("10.1.0.0/32");
        assertThat(create("--subnet", "10.1.0.0/33")).contains("10.1.0.0/33");
        assertThat(create("--subnet", "10.1.0.5/24")).contains("10.1.0.0/24");
        assertThat(create("--subnet", "224.0.0.0/16")).contains("224.0.0.0/16");
        assertThat(create("--subnet", "127.0.0.0/8")).contains("127.0.0.0/8");
        assertThat(create("--gateway", "10.1.0.1")).containsIgnoringCase("subnet");
        assertThat(create("--subnet", "10.1.0.0/24", "--subnet", "10.1.0.128/25"))
                .containsIgnoringCase("overlap");
        assertThat(LAB.cli("network", "ls", "-q").lines()).hasSize(3);
    }

    @Test
    void row78_macAddressThatIsTakenOrImpossibleIsRefused() {
        LAB.cli("network", "create", "dev");
        LAB.attached("one", "--network", "dev", "--mac-address", "02:00:00:00:00:0a");
        LabNamespace two = LAB.namespace("n");
        for (String bad : List.of("02:00:00:00:00:0a", "01:00:5e:00:00:01", "00:00:00:00:00:00", "02:42:ac:12:00:01")) {
            assertThat(LAB.refused("attach", "--netns", two.name(), "--network", "dev", "--mac-address", bad))
                    .contains(bad);
        }
        assertThat(two.ip("-o link").lines()).hasSize(1);
    }

    private static String create(String... flags) {
        List<String> words = new ArrayList<>(List.of("network", "create"));
        words.addAll(List.of(flags));
        words.add("bad");
        return LAB.refused(words.toArray(String[]::new));
    }

    private static String subnet(String network) {
        return LAB.inspected("network", "inspect", network)
                .at("IPAM")
                .at("Config")
                .at(0)
                .text("Subnet");
    }
}
