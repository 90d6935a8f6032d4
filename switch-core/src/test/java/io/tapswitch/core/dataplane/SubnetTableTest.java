package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** B10: which addresses are of some network. */
class SubnetTableTest {
    private final SubnetTable table = new SubnetTable(List.of(
            network("10.0.0.1/24", "fd00::1/64"),
            network("10.0.0.129/25", "fd00:0:0:1::1/64"),
            network("172.31.0.1/16", "2001:db8::1/127"),
            network("192.168.255.254/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")));

    private static NetworkSettings network(String... gateways) {
        List<GatewayAddress> addresses = new ArrayList<>();
        for (String gateway : gateways) {
            String[] parts = gateway.split("/", -1);
            IpAddress address = parts[0].contains(":") ? Ipv6Address.parse(parts[0]) : Ipv4Address.parse(parts[0]);
            addresses.add(new GatewayAddress(address, Integer.parseInt(parts[1])));
        }
        return new NetworkSettings(0, addresses, 1, 1500, false, true, false, 0, 0, 1, 1);
    }

    private boolean contains(String address) {
        if (address.contains(":")) {
            Ipv6Address six = Ipv6Address.parse(address);
            return table.contains(six.hi(), six.lo());
        }
        return table.contains(Ipv4Address.parse(address).bits());
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0, true",
        "10.0.0.255, true",
        "10.0.0.200, true",
        "9.255.255.255, false",
        "10.0.1.0, false",
        "172.31.255.255, true",
        "172.32.0.0, false",
        "192.168.255.254, true",
        "192.168.255.253, false",
        "255.255.255.255, false",
        "0.0.0.0, false",
        "fd00::, true",
        "fd00::ffff:ffff:ffff:ffff, true",
        "fd00:0:0:1:8000::, true",
        "fd00:0:0:2::, false",
        "fcff:ffff:ffff:ffff::, false",
        "2001:db8::, true",
        "2001:db8::2, false",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, true",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe, false",
        "::ffff:10.0.0.5, true",
        "::10.0.0.5, false"
    })
    void B10_edgesOfSubnets(String address, boolean within) {
        assertThat(contains(address)).isEqualTo(within);
    }

    @Test
    void B10_overlappingSubnetsAreFoundLikeOneByOne() {
        Random random = new Random(5);
        List<NetworkSettings> networks = new ArrayList<>();
        List<int[]> ranges = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            int prefix = 18 + random.nextInt(14);
            int address = 0x0a00_0000 | random.nextInt(1 << 20);
            networks.add(network(Ipv4Address.fromBits(address) + "/" + prefix));
            ranges.add(new int[] {address >>> (32 - prefix), 32 - prefix});
        }
        SubnetTable many = new SubnetTable(networks);
        for (int i = 0; i < 20_000; i++) {
            int address = 0x0a00_0000 | random.nextInt(1 << 20);
            boolean within = ranges.stream().anyMatch(range -> address >>> range[1] == range[0]);
            assertThat(many.contains(address)).isEqualTo(within);
        }
        assertThat(SubnetTable.EMPTY.contains(0x0a00_0001)).isFalse();
    }
}
