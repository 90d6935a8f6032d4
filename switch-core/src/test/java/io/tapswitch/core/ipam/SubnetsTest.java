package io.tapswitch.core.ipam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetsTest {
    private static final Ipv6Prefix LOCAL = DefaultPools.localPool("test");

    private final List<Taken> taken = new ArrayList<>();

    private void take(String prefix, String by) {
        taken.add(new Taken(IpPrefix.parse(prefix), by, false));
    }

    private List<Subnet> choose(SubnetRequest request) {
        return Subnets.choose(request, taken, LOCAL);
    }

    private static SubnetRequest subnets(String... subnets) {
        boolean ipv6 = List.of(subnets).stream().anyMatch(subnet -> subnet.contains(":"));
        return new SubnetRequest(List.of(subnets), List.of(), List.of(), Map.of(), ipv6, false);
    }

    private static SubnetRequest with(List<String> subnets, List<String> gateways, List<String> ranges) {
        return new SubnetRequest(subnets, gateways, ranges, Map.of(), true, false);
    }

    private static SubnetRequest aux(String subnet, String... namesAndAddresses) {
        Map<String, String> aux = new LinkedHashMap<>();
        for (int i = 0; i < namesAndAddresses.length; i += 2) {
            aux.put(namesAndAddresses[i], namesAndAddresses[i + 1]);
        }
        return new SubnetRequest(List.of(subnet), List.of(), List.of(), aux, true, false);
    }

    @Test
    @DisplayName("A-IPAM-01 default pools: 172.17 to 172.31 in /16, then 192.168 in /20, then a clear end")
    void A_IPAM_01_defaultPoolsComeInDockersOrder() {
        List<String> given = new ArrayList<>();
        for (int i = 0; i < 31; i++) {
            Subnet subnet = choose(SubnetRequest.defaults(false, false)).getFirst();
            assertThat(subnet.configured()).isFalse();
            given.add(subnet.prefix().toString());
            take(subnet.prefix().toString(), "network " + i);
        }
        assertThat(given).startsWith("172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16");
        assertThat(given.get(14)).isEqualTo("172.31.0.0/16");
        assertThat(given.get(15)).isEqualTo("192.168.0.0/20");
        assertThat(given.get(16)).isEqualTo("192.168.16.0/20");
        assertThat(given.get(30)).isEqualTo("192.168.240.0/20");
        assertThatThrownBy(() -> choose(SubnetRequest.defaults(false, false)))
                .hasMessage("could not find an available, non-overlapping IPv4 address pool among the defaults"
                        + " to assign to the network: give one with --subnet");
    }

    @Test
    void A_IPAM_01_defaultPoolsAvoidWhatTheHostReachesAndInternalNetworks() {
        take("172.16.0.0/14", "the host's route by eth0");
        taken.add(new Taken(IpPrefix.parse("172.20.5.0/24"), "network lab", true));
        assertThat(choose(SubnetRequest.defaults(false, false)).getFirst().prefix())
                .hasToString("172.21.0.0/16");
        assertThat(choose(SubnetRequest.defaults(false, true)).getFirst().prefix())
                .hasToString("172.21.0.0/16");
    }

    @Test
    void A_IPAM_02_theGatewayIsTheFirstAddressUnlessChosen() {
        assertThat(choose(subnets("10.66.0.0/16")).getFirst().gateway()).hasToString("10.66.0.1");
        assertThat(choose(with(List.of("10.66.0.0/16"), List.of("10.66.128.7"), List.of()))
                        .getFirst()
                        .gateway())
                .hasToString("10.66.128.7");
        assertThat(choose(subnets("fd00:1::/64")).get(1).gateway()).hasToString("fd00:1::1");
    }

    @Test
    void A_IPAM_08_gatewaysAndRangesGoToTheSubnetThatContainsThem() {
        List<Subnet> chosen = choose(with(
                List.of("fd00:1::/64", "10.1.0.0/16", "10.2.0.0/16"),
                List.of("10.2.0.9", "fd00:1::9"),
                List.of("10.1.4.0/24", "fd00:1::100/120")));
        assertThat(chosen)
                .containsExactly(
                        subnet("10.1.0.0/16", "10.1.0.1", "10.1.4.0/24"),
                        subnet("10.2.0.0/16", "10.2.0.9", null),
                        subnet("fd00:1::/64", "fd00:1::9", "fd00:1::100/120"));
    }

    private static Subnet subnet(String prefix, String gateway, @org.jspecify.annotations.Nullable String range) {
        return new Subnet(
                IpPrefix.parse(prefix),
                IpAddress.parse(gateway),
                range == null ? null : IpPrefix.parse(range),
                Map.of(),
                true);
    }

    @Test
    void A_IPAM_08_whatIsInNoSubnetIsRefusedInDockersWords() {
        List<String> one = List.of("10.1.0.0/16");
        refused(with(one, List.of("10.2.0.1"), List.of()), "no matching subnet for gateway 10.2.0.1");
        refused(with(one, List.of(), List.of("10.2.0.0/24")), "no matching subnet for range 10.2.0.0/24");
        refused(with(one, List.of(), List.of("10.0.0.0/8")), "no matching subnet for range 10.0.0.0/8");
        refused(aux("10.1.0.0/16", "r", "10.2.0.5"), "no matching subnet for aux-address 10.2.0.5");
        refused(
                with(List.of(), List.of("10.1.0.1"), List.of()),
                "every ip-range or gateway must have a corresponding subnet");
        refused(
                with(one, List.of("10.1.0.3", "10.1.0.4"), List.of()),
                "cannot configure multiple gateways (10.1.0.4, 10.1.0.3) for the same subnet (10.1.0.0/16)");
        refused(
                with(one, List.of(), List.of("10.1.1.0/24", "10.1.2.0/24")),
                "cannot configure multiple ranges (10.1.2.0/24, 10.1.1.0/24) on the same subnet (10.1.0.0/16)");
        refused(
                with(List.of("10.1.0.0/16", "10.2.0.0/16"), List.of("10.1.0.3", "10.1.0.4"), List.of()),
                "cannot configure multiple gateways (10.1.0.4, 10.1.0.3) for the same subnet (10.1.0.0/16)");
        refused(
                with(List.of("10.1.0.0/16", "10.2.0.0/16"), List.of(), List.of("10.1.1.0/24", "10.1.2.0/24")),
                "cannot configure multiple ranges (10.1.2.0/24, 10.1.1.0/24) on the same subnet (10.1.0.0/16)");
    }

    @Test
    void A_IPAM_08_aRangeThatCanNeverGiveAnAddressIsRefused() {
        List<String> one = List.of("10.1.0.0/24");
        String never = ": none of its addresses can be given out, since they are the network's own, the broadcast"
                + " address, the gateway's, or reserved";
        refused(with(one, List.of(), List.of("10.1.0.0/31")), "invalid ip-range 10.1.0.0/31" + never);
        refused(with(one, List.of(), List.of("10.1.0.255/32")), "invalid ip-range 10.1.0.255/32" + never);
        refused(with(one, List.of("10.1.0.9"), List.of("10.1.0.9/32")), "invalid ip-range 10.1.0.9/32" + never);
        assertThat(choose(with(one, List.of("10.1.0.9"), List.of("10.1.0.0/31"))))
                .contains(subnet("10.1.0.0/24", "10.1.0.9", "10.1.0.0/31"));
    }

    @Test
    void A_IPAM_09_auxiliaryAddressesAreReservedByName() {
        SubnetRequest request = new SubnetRequest(
                List.of("10.1.0.0/16", "fd00:1::/64"),
                List.of(),
                List.of(),
                Map.of("router", "10.1.0.5", "nas", "fd00:1::5"),
                true,
                false);
        assertThat(choose(request).get(0).reserved()).isEqualTo(Map.of("router", IpAddress.parse("10.1.0.5")));
        assertThat(choose(request).get(1).reserved()).isEqualTo(Map.of("nas", IpAddress.parse("fd00:1::5")));
        refused(
                aux("10.1.0.0/16", "router", "10.1.0.1"),
                "failed to allocate secondary ip address (router:10.1.0.1): Address already in use: it is the gateway"
                        + " of 10.1.0.0/16; choose another gateway with --gateway");
        refused(
                aux("10.1.0.0/16", "a", "10.1.0.5", "b", "10.1.0.5"),
                "invalid auxiliary address b (10.1.0.5): it is that of a already");
        refused(
                aux("10.1.0.0/16", "a", "10.1.255.255"),
                "invalid auxiliary address a (10.1.255.255): it is the broadcast address of 10.1.0.0/16");
    }

    @Test
    void A_IPAM_12_anOverlapIsRefusedAndNamesWhatCollides() {
        take("10.1.0.0/16", "network web");
        refused(
                subnets("10.1.2.0/24"),
                "invalid pool request: Pool overlaps with other one on this address space: 10.1.2.0/24 overlaps"
                        + " 10.1.0.0/16 of network web");
        refused(
                subnets("10.0.0.0/8"),
                "invalid pool request: Pool overlaps with other one on this address space:"
                        + " 10.0.0.0/8 overlaps 10.1.0.0/16 of network web");
        assertThat(choose(subnets("10.2.0.0/24"))).hasSize(1);
        assertThatThrownBy(() -> choose(subnets("10.1.2.0/24")))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("subnet_overlap"));
    }

    @Test
    void A_IPAM_12_internalNetworksMayLieOverOthersButNotOverThemselves() {
        take("10.1.0.0/16", "network web");
        taken.add(new Taken(IpPrefix.parse("10.3.0.0/16"), "network lab", true));
        SubnetRequest internal = new SubnetRequest(List.of("10.1.0.0/16"), List.of(), List.of(), Map.of(), false, true);
        assertThat(choose(internal)).hasSize(1);
        assertThat(choose(subnets("10.3.0.0/16"))).hasSize(1);
        refused(
                new SubnetRequest(List.of("10.5.0.0/16", "10.5.7.0/24"), List.of(), List.of(), Map.of(), false, true),
                "multiple overlapping subnet configuration is not supported: 10.5.7.0/24 overlaps 10.5.0.0/16");
    }

    @Test
    void A_IPAM_14_ipv6WithoutASubnetComesFromTheInstallationsOwnPool() {
        Subnet first = choose(SubnetRequest.defaults(true, false)).get(1);
        assertThat(LOCAL.network().hi() >>> 56).isEqualTo(0xfd);
        assertThat(first.prefix()).isEqualTo(new Ipv6Prefix(LOCAL.network(), 64));
        assertThat(DefaultPools.localPool("test")).isEqualTo(LOCAL);
        assertThat(DefaultPools.localPool("other")).isNotEqualTo(LOCAL);
        take(first.prefix().toString(), "network a");
        Subnet second = choose(SubnetRequest.defaults(true, false)).get(1);
        assertThat(second.prefix().length()).isEqualTo(64);
        assertThat(second.prefix().intersects(first.prefix())).isFalse();
    }

    @Test
    void A_IPAM_14_anIpv6SubnetWithoutIpv6IsRefusedAndSaysWhatIsMissing() {
        refused(
                new SubnetRequest(List.of("fd00:1::/64"), List.of(), List.of(), Map.of(), false, false),
                "invalid subnet fd00:1::/64: IPv6 is not enabled on this network; enable it with --ipv6");
    }

    @Test
    void A_IPAM_14_anIpv6SubnetAloneIsAccompaniedByADefaultIpv4Pool() {
        assertThat(choose(subnets("fd00:1::/64")))
                .extracting(subnet -> subnet.prefix().toString())
                .containsExactly("172.17.0.0/16", "fd00:1::/64");
    }

    @ParameterizedTest
    @DisplayName("Row 78: subnets in which no container can live are refused with the reason")
    @CsvSource({
        "10.0.0.0/31, must be 8 to 30",
        "10.0.0.1/32, must be 8 to 30",
        "10.0.0.0/7, must be 8 to 30",
        "0.0.0.0/0, must be 8 to 30",
        "127.0.0.0/16, addresses of 127.0.0.0/8",
        "224.0.0.0/8, addresses of 224.0.0.0/3",
        "0.0.0.0/8, addresses of 0.0.0.0/8",
        "240.0.0.0/8, addresses of 224.0.0.0/3",
        "10.0.0.1/16, the network is 10.0.0.0/16",
        "fd00::/127, must be 32 to 126",
        "fd00::/128, must be 32 to 126",
        "fd00::/8, must be 32 to 126",
        "fe80::/64, addresses of fe80::/10",
        "ff05::/64, addresses of ff00::/8",
        "::/64, addresses of ::/8",
        "fd00::1/64, the network is fd00::/64",
        "10.0.0.0, is not an IPv4 prefix",
        "10.0.0.0/33, is not between 0 and 32",
        "010.0.0.0/8, is not an IPv4 address",
        "web, is not an IPv4 prefix",
    })
    void A_IPAM_12_subnetsNobodyCanLiveInAreRefused(String subnet, String reason) {
        assertThatThrownBy(() -> choose(subnets(subnet)))
                .isInstanceOf(Refusal.class)
                .hasMessageStartingWith("invalid subnet")
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.0.0", "10.1.255.255"})
    void A_IPAM_07_theGatewayIsAnAddressForHosts(String gateway) {
        assertThatThrownBy(() -> choose(with(List.of("10.1.0.0/16"), List.of(gateway), List.of())))
                .hasMessageMatching("invalid gateway .*: it is the (network|broadcast) address of 10.1.0.0/16");
    }

    @Test
    void A_IPAM_12_aRequestOfThousandsOfSubnetsIsRefused() {
        refused(
                new SubnetRequest(
                        Collections.nCopies(1000, "10.0.0.0/24"), List.of(), List.of(), Map.of(), false, false),
                "too many subnets: 1000, the most is 64");
    }

    private void refused(SubnetRequest request, String sentence) {
        assertThatThrownBy(() -> choose(request)).isInstanceOf(Refusal.class).hasMessage(sentence);
    }
}
