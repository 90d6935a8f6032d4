package io.tapswitch.core.ipam;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.HostAddress;
import io.tapswitch.tapio.HostRoute;
import io.tapswitch.tapio.HostState;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostBlocksTest {
    private static HostRoute route(String prefix, String link) {
        return new HostRoute(IpPrefix.parse(prefix), link, null, 0);
    }

    private static Taken taken(String prefix, String by) {
        return new Taken(IpPrefix.parse(prefix), by, false);
    }

    @Test
    void A_IPAM_12_routesAndAddressesOfBothFamiliesAreTaken() {
        HostState host = new HostState(
                List.of(
                        new HostAddress(IpAddress.parse("192.0.2.7"), 32, "eth0"),
                        new HostAddress(IpAddress.parse("2001:db8::7"), 64, "eth0")),
                List.of(route("192.168.1.0/24", "eth0"), route("2001:db8::/64", "eth0"), route("10.0.0.0/8", "")));
        assertThat(HostBlocks.of(host, "tapswitch0"))
                .containsExactly(
                        taken("192.168.1.0/24", "the host's route by eth0"),
                        taken("2001:db8::/64", "the host's route by eth0"),
                        taken("10.0.0.0/8", "the host's routes"),
                        taken("192.0.2.7/32", "the host's address 192.0.2.7"),
                        taken("2001:db8::7/128", "the host's address 2001:db8::7"));
    }

    @Test
    void A_IPAM_12_whatTheSwitchPutThereItselfIsNotTaken() {
        HostState host = new HostState(
                List.of(new HostAddress(IpAddress.parse("172.17.0.1"), 16, "tapswitch0")),
                List.of(route("172.17.0.0/16", "tapswitch0")));
        assertThat(HostBlocks.of(host, "tapswitch0")).isEmpty();
        assertThat(HostBlocks.of(host, "")).hasSize(2);
    }

    @Test
    void A_IPAM_12_theHalvesOfADefaultRouteAreNotTaken() {
        HostState host = new HostState(
                List.of(),
                List.of(route("0.0.0.0/1", "tun0"), route("128.0.0.0/1", "tun0"), route("2000::/3", "tun0")));
        assertThat(HostBlocks.of(host, "tapswitch0")).isEmpty();
    }
}
