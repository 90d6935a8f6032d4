package io.tapswitch.core.ipam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AddressChoiceTest {
    private final Set<IpAddress> taken = new HashSet<>();

    static Network network(Origin origin, List<Subnet> subnets) {
        boolean ipv6 = subnets.stream().anyMatch(Subnet::isIpv6);
        return new Network(
                "0".repeat(64), 0, "web", "", Driver.BRIDGE, false, ipv6, false, subnets, Map.of(), Map.of(), origin);
    }

    private static Network network(SubnetRequest request) {
        return network(
                new Origin.Command(), Subnets.choose(request, List.of(), DefaultPools.localPool("address choice")));
    }

    private static Network network(List<String> subnets, List<String> ranges, Map<String, String> aux) {
        return network(new SubnetRequest(subnets, List.of(), ranges, aux, true, false));
    }

    private AddressChoice.Chosen choose(Network network, @Nullable String ip, @Nullable String ip6) {
        return AddressChoice.choose(
                network,
                taken::contains,
                ip == null ? null : Ipv4Address.parse(ip),
                ip6 == null ? null : Ipv6Address.parse(ip6));
    }

    private String next4(Network network) {
        Address address =
                java.util.Objects.requireNonNull(choose(network, null, null).ipv4());
        taken.add(address.ip());
        return address.ip().toString();
    }

    @Test
    void A_IPAM_03_addressesAreHandedOutLowestFreeFirst() {
        Network web = network(List.of("172.18.0.0/16"), List.of(), Map.of());
        assertThat(next4(web)).isEqualTo("172.18.0.2");
        assertThat(next4(web)).isEqualTo("172.18.0.3");
        assertThat(next4(web)).isEqualTo("172.18.0.4");
        taken.remove(IpAddress.parse("172.18.0.3"));
        assertThat(next4(web)).isEqualTo("172.18.0.3");
        assertThat(next4(web)).isEqualTo("172.18.0.5");
    }

    @Test
    void A_IPAM_05_aChosenAddressIsExactlyThat() {
        Network web = network(List.of("10.66.0.0/16", "fd00:66::/64"), List.of(), Map.of());
        AddressChoice.Chosen chosen = choose(web, "10.66.66.66", "fd00:66::66");
        assertThat(chosen.ipv4())
                .isEqualTo(new Address(IpAddress.parse("10.66.66.66"), 16, IpAddress.parse("10.66.0.1"), true));
        assertThat(chosen.ipv6())
                .isEqualTo(new Address(IpAddress.parse("fd00:66::66"), 64, IpAddress.parse("fd00:66::1"), true));
        assertThat(choose(web, null, "fd00:66::66").ipv4())
                .isEqualTo(new Address(IpAddress.parse("10.66.0.2"), 16, IpAddress.parse("10.66.0.1"), false));
    }

    @Test
    void A_IPAM_06_chosenAddressesThatCannotBeAreRefusedInDockersWords() {
        Network web = network(List.of("10.1.0.0/16"), List.of(), Map.of("router", "10.1.0.9"));
        taken.add(IpAddress.parse("10.1.0.7"));
        refused(web, "10.2.0.1", "no configured subnet or ip-range contain the IP address 10.2.0.1");
        refused(web, "10.1.0.7", "Address already in use: 10.1.0.7 in network web");
        refused(web, "10.1.0.1", "Address already in use: 10.1.0.1 is the gateway of network web");
        refused(web, "10.1.0.9", "Address already in use: 10.1.0.9 is reserved as router in network web");
        refused(web, "10.1.0.0", "invalid address 10.1.0.0: it is the network address of 10.1.0.0/16");
        refused(web, "10.1.255.255", "invalid address 10.1.255.255: it is the broadcast address of 10.1.0.0/16");
        assertThatThrownBy(() -> choose(web, "10.1.0.7", null))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("address_in_use"));
    }

    @Test
    void A_IPAM_06_addressesAreChosenOnlyWhereASubnetWasChosen() {
        Network auto = network(SubnetRequest.defaults(true, false));
        refused(
                auto,
                "172.17.0.9",
                "user specified IP address is supported only when connecting to networks with user configured"
                        + " subnets");
        assertThatThrownBy(() -> choose(auto, null, "fd00::9"))
                .hasMessageContaining("only when connecting to networks with user configured subnets");
        Network bridge = network(new Origin.BuiltIn(), auto.subnets());
        refused(bridge, "172.17.0.9", "user specified IP address is supported on user defined networks only");
        Network onlyIpv4 =
                network(new SubnetRequest(List.of("10.1.0.0/16"), List.of(), List.of(), Map.of(), false, false));
        assertThatThrownBy(() -> choose(onlyIpv4, null, "fd00::9"))
                .hasMessage("no configured subnet or ip-range contain the IP address fd00::9");
    }

    private void refused(Network network, String ip, String sentence) {
        assertThatThrownBy(() -> choose(network, ip, null))
                .isInstanceOf(Refusal.class)
                .hasMessage(sentence);
    }

    @Test
    void A_IPAM_08_unchosenAddressesComeFromTheRangeOnlyAndChosenOnesFromTheWholeSubnet() {
        Network web = network(List.of("10.1.0.0/16"), List.of("10.1.4.0/30"), Map.of("a", "10.1.4.1"));
        assertThat(next4(web)).isEqualTo("10.1.4.0");
        assertThat(next4(web)).isEqualTo("10.1.4.2");
        assertThat(choose(web, "10.1.200.1", null).ipv4()).isNotNull();
        assertThat(next4(web)).isEqualTo("10.1.4.3");
        assertThatThrownBy(() -> choose(web, null, null))
                .hasMessage("no available IPv4 addresses on this network's address pools: web (10.1.4.0/30)");
    }

    @Test
    void A_IPAM_09_auxiliaryAddressesAreNeverGivenOut() {
        Network web = network(List.of("10.1.0.0/29"), List.of(), Map.of("a", "10.1.0.2", "b", "10.1.0.4"));
        assertThat(List.of(next4(web), next4(web), next4(web))).containsExactly("10.1.0.3", "10.1.0.5", "10.1.0.6");
        assertThatThrownBy(() -> choose(web, null, null)).hasMessageContaining("no available IPv4 addresses");
    }

    @Test
    void A_IPAM_13_theSecondSubnetHelpsWhenTheFirstIsFull() {
        Network web = network(List.of("10.1.0.0/30", "10.2.0.0/30"), List.of(), Map.of());
        assertThat(next4(web)).isEqualTo("10.1.0.2");
        assertThat(next4(web)).isEqualTo("10.2.0.2");
        assertThatThrownBy(() -> choose(web, null, null))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("addresses_exhausted"))
                .hasMessage("no available IPv4 addresses on this network's address pools: web"
                        + " (10.1.0.0/30, 10.2.0.0/30)");
    }

    @Test
    void A_IPAM_14_withoutIpv6ThereIsNoIpv6AddressAndWithItBoth() {
        Network four = network(SubnetRequest.defaults(false, false));
        assertThat(choose(four, null, null).ipv6()).isNull();
        Network both = network(List.of("10.1.0.0/16", "fd00:1::/64"), List.of(), Map.of());
        Address ipv6 = choose(both, null, null).ipv6();
        assertThat(ipv6).isEqualTo(new Address(IpAddress.parse("fd00:1::2"), 64, IpAddress.parse("fd00:1::1"), false));
        Network small = network(List.of("fd00:1::/126"), List.of(), Map.of());
        taken.add(IpAddress.parse("fd00:1::2"));
        assertThat(choose(small, null, null).ipv6()).extracting(Address::ip).hasToString("fd00:1::3");
        taken.add(IpAddress.parse("fd00:1::3"));
        assertThatThrownBy(() -> choose(small, null, null))
                .hasMessage("no available IPv6 addresses on this network's address pools: web (fd00:1::/126)");
    }

    @Test
    void A_IPAM_13_aFullNetworkOf65534AddressesAnswersInMilliseconds() {
        Network web = network(List.of("10.1.0.0/16"), List.of(), Map.of());
        for (int i = 2; i < 65_534; i++) {
            taken.add(Ipv4Address.fromBits(10 << 24 | 1 << 16 | i));
        }
        long best = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 200; attempt++) {
            long start = System.nanoTime();
            Address last = choose(web, null, null).ipv4();
            best = Math.min(best, System.nanoTime() - start);
            assertThat(last).extracting(Address::ip).hasToString("10.1.255.254");
        }
        assertThat(best).isLessThan(5_000_000L);
    }
}
