package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.wire.Ipv4Address;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every way in which a version can contradict itself is found, and named. */
class TableRulesTest {
    private static final Ipv4Address FIRST = Ipv4Address.fromBits(0x0a00_0002);
    private static final Ipv4Address SECOND = Ipv4Address.fromBits(0x0a00_0003);
    private static final Ipv4Address GATEWAY = Ipv4Address.fromBits(TestSwitch.GATEWAY);
    private static final NetworkSettings NETWORK = TestSwitch.NETWORK;
    private static final PortSettings ONE = port(1, 0, List.of(11), 0x0242_0000_0001L, FIRST);
    private static final PortSettings TWO = port(2, 0, List.of(12), 0x0242_0000_0002L, SECOND);

    private static PortSettings port(int id, int network, List<Integer> fds, long mac, @Nullable Ipv4Address address) {
        return new PortSettings(id, network, 0, fds, mac, address, null, true);
    }

    private static HostSettings host(int port, int fd, NeighbourTable neighbours) {
        return new HostSettings(port, List.of(fd), 0x0200_0000_0001L, 0x0200_0000_0002L, Set.of(), neighbours);
    }

    private static NeighbourTable neighbours(PortSettings... ports) {
        return new NeighbourTable(java.util.Arrays.stream(ports)
                .filter(port -> port.ipv4() != null)
                .map(port -> new NeighbourTable.Neighbour(
                        java.util.Objects.requireNonNull(port.ipv4()), port.mac(), port.id(), port.network()))
                .toList());
    }

    private static SwitchTables tables(NeighbourTable table, @Nullable HostSettings host, PortSettings... ports) {
        Map<Integer, PortSettings> byId = new TreeMap<>();
        for (PortSettings port : ports) {
            byId.put(port.id(), port);
        }
        return new SwitchTables(1, Map.of(0, NETWORK), Map.of(0, table), byId, host);
    }

    private static void wrong(SwitchTables tables, String why) {
        assertThat(TableRules.faults(tables, 2))
                .anySatisfy(fault -> assertThat(fault).contains(why));
        assertThatThrownBy(() -> TableRules.require(tables, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("version 1 is inconsistent: ");
    }

    private static void wrongPort(PortSettings port, String why) {
        wrong(tables(neighbours(ONE, port), null, ONE, port), why);
    }

    @Test
    void whatHoldsIsNotComplainedAbout() {
        assertThat(TableRules.faults(SwitchTables.EMPTY, 1)).isEmpty();
        assertThat(TableRules.faults(tables(neighbours(ONE, TWO), host(9, 13, neighbours(ONE, TWO)), ONE, TWO), 1))
                .isEmpty();
    }

    @Test
    void aPortThatCannotBeServedIsNamed() {
        wrongPort(port(2, 7, List.of(12), TWO.mac(), null), "port 2 is in network 7, which is not there");
        wrongPort(port(2, 0, List.of(), TWO.mac(), SECOND), "port 2 must have from 1 to 2 queues");
        wrongPort(port(2, 0, List.of(12, 13, 14), TWO.mac(), SECOND), "one a worker, not 3");
        wrongPort(port(2, 0, List.of(11), TWO.mac(), SECOND), "port 2 has file 11, which is none of its own");
        wrongPort(port(2, 0, List.of(-1), TWO.mac(), SECOND), "file -1");
        wrongPort(port(9999, 0, List.of(12), TWO.mac(), SECOND), "port 9999 is not below 8192");
        wrongPort(new PortSettings(2, 0, 2, List.of(12), TWO.mac(), SECOND, null, true), "port 2 is for worker 2");
        wrong(
                new SwitchTables(1, Map.of(0, NETWORK), Map.of(0, neighbours(ONE)), Map.of(5, ONE), null),
                "port 1 is listed as 5");
    }

    @Test
    void twoWithOneAddressAreNamed() {
        wrongPort(port(2, 0, List.of(12), ONE.mac(), SECOND), "port 2 has the MAC address of another");
        wrongPort(port(2, 0, List.of(12), NETWORK.gatewayMac(), SECOND), "port 2 has the gateway's MAC address");
        wrongPort(port(2, 0, List.of(12), 0x0100_0000_0001L, SECOND), "port 2 has no unicast MAC address");
        wrongPort(port(2, 0, List.of(12), TWO.mac(), FIRST), "port 2 has 10.0.0.2 of another port in network 0");
        wrongPort(port(2, 0, List.of(12), TWO.mac(), GATEWAY), "port 2 has the gateway's address 10.0.0.1");
    }

    @Test
    void C11_aNeighbourWhoIsNotThereIsNamed() {
        wrong(tables(neighbours(ONE, TWO), null, ONE), "the neighbours of network 0 name somebody who is not there");
        wrong(
                tables(neighbours(ONE), null, ONE, TWO),
                "the neighbours of network 0 do not say that 10.0.0.3 is port 2");
        PortSettings other = port(2, 0, List.of(12), 0x0242_0000_0099L, SECOND);
        wrong(tables(neighbours(ONE, other), null, ONE, TWO), "do not say that 10.0.0.3 is port 2");
        SwitchTables stray = new SwitchTables(1, Map.of(), Map.of(4, NeighbourTable.EMPTY), Map.of(), null);
        wrong(stray, "neighbours of network 4, which is not there");
    }

    @Test
    void aHostThatCannotBeServedIsNamed() {
        NeighbourTable both = neighbours(ONE, TWO);
        wrong(tables(both, host(2, 13, both), ONE, TWO), "port 2 is the host's and a container's");
        wrong(tables(both, host(9, 11, both), ONE, TWO), "the host's port has file 11, which is none of its own");
        wrong(tables(both, host(9, 13, neighbours(ONE)), ONE, TWO), "the host's neighbours do not say that 10.0.0.3");
        PortSettings absent = port(3, 0, List.of(14), 0x0242_0000_0003L, Ipv4Address.fromBits(0x0a00_0004));
        wrong(tables(both, host(9, 13, neighbours(ONE, TWO, absent)), ONE, TWO), "not those of all open networks");
    }

    @Test
    void aNetworkThatCannotBeIsNamed() {
        NetworkSettings far = new NetworkSettings(4096, TestSwitch.GATEWAY, 1, 24, 1500, false, 0, 0, 0, 0);
        wrong(new SwitchTables(1, Map.of(4096, far), Map.of(), Map.of(), null), "network 4096 is not below 4096");
        wrong(new SwitchTables(1, Map.of(1, NETWORK), Map.of(), Map.of(), null), "network 0 is listed as 1");
        NetworkSettings flat = new NetworkSettings(0, TestSwitch.GATEWAY, 0, 24, 0, false, 0, 0, 0, 0);
        wrong(new SwitchTables(1, Map.of(0, flat), Map.of(), Map.of(), null), "network 0 has MTU 0");
    }
}
