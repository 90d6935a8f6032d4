package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.HostLink.Address;
import io.tapswitch.tapio.HostLink.Scope;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The links of a real namespace, from among which the uplinks are chosen. */
@Tag("netns")
final class HostLinksIT {
    private final TestNamespace test = new TestNamespace();

    @AfterEach
    void end() {
        test.close();
    }

    @Test
    void listsLinksWithTheirAddressesScopesAndKinds() {
        test.run("ip link set lo up");
        test.run("ip link add eth0 mtu 1400 address 02:00:00:00:00:0a type veth peer name eth1");
        test.run("sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=1");
        test.run("ip link set eth1 up");
        test.run("ip link set eth0 up alias 'to the provider'");
        test.run("ip address add 10.1.0.1/24 dev eth0");
        test.run("ip address add 10.9.0.1 peer 10.9.0.2/32 dev eth0");
        test.run("ip address add 169.254.7.7/16 scope link dev eth0");
        test.run("ip address add fd01::1/64 dev eth0 nodad preferred_lft 0");
        List<HostLink> links = read();
        assertThat(links).extracting(HostLink::name).containsExactly("lo", "eth1", "eth0");
        HostLink lo = links.get(0);
        assertThat(lo.index()).isEqualTo(Steering.LOOPBACK);
        assertThat(lo.loopback()).isTrue();
        assertThat(lo.up()).isTrue();
        assertThat(lo.mtu()).isEqualTo(65_536);
        assertThat(lo.kind()).isEmpty();
        assertThat(lo.addresses())
                .containsExactly(
                        new Address(IpAddress.parse("127.0.0.1"), 8, Scope.HOST, true, false),
                        new Address(IpAddress.parse("::1"), 128, Scope.HOST, true, false));
        HostLink eth0 = links.get(2);
        assertThat(eth0.loopback()).isFalse();
        assertThat(eth0.up()).isTrue();
        assertThat(eth0.mtu()).isEqualTo(1400);
        assertThat(eth0.mac()).isEqualTo(0x0200_0000_000aL);
        assertThat(eth0.kind()).isEqualTo("veth");
        assertThat(eth0.alias()).isEqualTo("to the provider");
        assertThat(eth0.addresses())
                .containsExactlyInAnyOrder(
                        new Address(IpAddress.parse("10.1.0.1"), 24, Scope.UNIVERSE, true, false),
                        new Address(IpAddress.parse("10.9.0.1"), 32, Scope.UNIVERSE, true, false),
                        new Address(IpAddress.parse("169.254.7.7"), 16, Scope.LINK, true, false),
                        new Address(IpAddress.parse("fd01::1"), 64, Scope.UNIVERSE, true, true));
        test.run("ip link set eth1 down");
        test.run("ip link set eth0 down");
        assertThat(read().get(2).up()).isFalse();
    }

    @Test
    void anAddressIsNotUsableWhileIPv6AsksWhoHasIt() {
        test.run("ip link add eth0 type veth peer name eth1");
        test.run("ip link set eth1 up");
        test.run("ip link set eth0 up");
        test.run("ip address add fd01::1/64 dev eth0");
        assertThat(usable("fd01::1")).isFalse();
        TestNamespace.await("nobody has it", 10_000, () -> usable("fd01::1"));
    }

    private boolean usable(String address) {
        return read().stream()
                .flatMap(link -> link.addresses().stream())
                .filter(each -> each.ip().equals(IpAddress.parse(address)))
                .findAny()
                .orElseThrow()
                .usable();
    }

    private List<HostLink> read() {
        try (NetworkNamespace namespace = test.open()) {
            return namespace.call(HostLinks::read);
        }
    }
}
