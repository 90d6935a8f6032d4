package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Prefix;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetChoiceTest {
    private static SubnetChoice.Taken taken(String prefix, String by) {
        return new SubnetChoice.Taken(Ipv4.prefix(prefix, "subnet"), by);
    }

    @Test
    @DisplayName("A-IPAM-01 default pools: 172.17 to 172.31 in /16, then 192.168 in /20, then a clear end")
    void givesTheDefaultPoolsInOrder() {
        List<SubnetChoice.Taken> taken = new ArrayList<>();
        List<String> given = new ArrayList<>();
        for (int i = 0; i < 31; i++) {
            Ipv4Prefix pool = SubnetChoice.pick(taken);
            given.add(pool.toString());
            taken.add(new SubnetChoice.Taken(pool, "network " + i));
        }
        assertThat(given).startsWith("172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16");
        assertThat(given.get(14)).isEqualTo("172.31.0.0/16");
        assertThat(given.get(15)).isEqualTo("192.168.0.0/20");
        assertThat(given.get(16)).isEqualTo("192.168.16.0/20");
        assertThat(given.get(30)).isEqualTo("192.168.240.0/20");
        assertThatThrownBy(() -> SubnetChoice.pick(taken)).hasMessageContaining("--subnet");
    }

    @Test
    void skipsWhatTheHostReaches() {
        assertThat(SubnetChoice.pick(List.of(taken("172.16.0.0/14", "the host's route by eth0"))))
                .hasToString("172.20.0.0/16");
    }

    @Test
    @DisplayName("A-IPAM-12 an overlap is refused and names what collides")
    void refusesOverlap() {
        List<SubnetChoice.Taken> taken = List.of(taken("10.1.0.0/16", "network web"));
        assertThatThrownBy(() -> SubnetChoice.check("10.1.2.0/24", taken))
                .hasMessage("invalid pool request: Pool overlaps with other one on this address space: "
                        + "10.1.2.0/24 overlaps 10.1.0.0/16 of network web");
        assertThat(SubnetChoice.check("10.2.0.0/24", taken)).hasToString("10.2.0.0/24");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0/31",
                "10.0.0.1/32",
                "10.0.0.0/7",
                "127.0.0.0/16",
                "224.0.0.0/8",
                "0.0.0.0/8",
                "240.0.0.0/8",
                "fd00::/64"
            })
    void refusesSubnetsNoContainerCanLiveIn(String subnet) {
        assertThatThrownBy(() -> SubnetChoice.check(subnet, List.of())).isInstanceOf(Refusal.class);
    }

    @Test
    @DisplayName("A-IPAM-07 the gateway lies inside and is an address for hosts; without one it is the first")
    void checksTheGateway() {
        Ipv4Prefix subnet = Ipv4.prefix("10.0.0.0/24", "subnet");
        assertThat(SubnetChoice.gateway(subnet, null)).isEqualTo(Ipv4.parse("10.0.0.1", ""));
        assertThat(SubnetChoice.gateway(subnet, "10.0.0.254")).isEqualTo(Ipv4.parse("10.0.0.254", ""));
        assertThatThrownBy(() -> SubnetChoice.gateway(subnet, "10.0.1.1"))
                .hasMessage("no matching subnet for gateway 10.0.1.1");
        assertThatThrownBy(() -> SubnetChoice.gateway(subnet, "10.0.0.255")).hasMessageContaining("broadcast");
    }

    @Test
    void readsTheKernelsRouteTable() {
        List<SubnetChoice.Taken> routes = HostAddresses.routes(List.of(
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
                "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"));
        assertThat(routes).containsExactly(taken("192.168.1.0/24", "the host's route by eth0"));
    }

    @Test
    void readsTheKernelsOwnAddresses() {
        List<SubnetChoice.Taken> addresses = HostAddresses.addresses(List.of(
                "Local:",
                "  +-- 0.0.0.0/1 2 0 2",
                "     |-- 10.9.8.7",
                "        /32 host LOCAL",
                "     |-- 10.9.8.255",
                "        /32 link BROADCAST",
                "Main:",
                "     |-- 10.9.8.7",
                "        /32 host LOCAL"));
        assertThat(addresses).containsExactly(taken("10.9.8.7/32", "the host's address 10.9.8.7"));
    }

    @Test
    void readsThisMachinesTables() {
        assertThat(HostAddresses.read()).isNotNull();
    }
}
