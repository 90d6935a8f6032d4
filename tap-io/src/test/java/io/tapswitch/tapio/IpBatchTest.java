package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.LinkCommand.AddressFlag;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IpBatchTest {
    @Test
    void rendersEachCommandAsOneLine() {
        assertThat(IpBatch.render(new LinkCommand.Rename("eth0", "eth1"))).isEqualTo("link set dev eth0 name eth1");
        assertThat(IpBatch.render(new LinkCommand.SetAddress("eth0", "02:42:ac:12:00:02")))
                .isEqualTo("link set dev eth0 address 02:42:ac:12:00:02");
        assertThat(IpBatch.render(new LinkCommand.SetMtu("eth0", 1500))).isEqualTo("link set dev eth0 mtu 1500");
        assertThat(IpBatch.render(new LinkCommand.SetSuperFrameLength("eth0", 60_000)))
                .isEqualTo("link set dev eth0 gso_max_size 60000");
        assertThat(IpBatch.render(new LinkCommand.SetTxQueueLength("eth0", 1000)))
                .isEqualTo("link set dev eth0 txqueuelen 1000");
        assertThat(IpBatch.render(new LinkCommand.Up("eth0"))).isEqualTo("link set dev eth0 up");
        assertThat(IpBatch.render(new LinkCommand.Down("eth0"))).isEqualTo("link set dev eth0 down");
        assertThat(IpBatch.render(new LinkCommand.WithoutArp("tap0"))).isEqualTo("link set dev tap0 arp off");
        assertThat(IpBatch.render(new LinkCommand.AddAddress("eth0", "172.18.0.2/16")))
                .isEqualTo("address add 172.18.0.2/16 dev eth0");
        assertThat(IpBatch.render(new LinkCommand.AddRoute("eth0", "10.1.0.0/16", "172.18.0.1")))
                .isEqualTo("route add 10.1.0.0/16 via 172.18.0.1 dev eth0");
        assertThat(IpBatch.render(new LinkCommand.AddDefaultRoute("eth0", "fd00::1")))
                .isEqualTo("route add default via fd00::1 dev eth0");
        assertThat(IpBatch.render(new LinkCommand.Delete("eth0"))).isEqualTo("link delete dev eth0");
    }

    @Test
    void rendersAddressesAndRoutesOfBothFamilies() {
        Set<AddressFlag> all = EnumSet.allOf(AddressFlag.class);
        assertThat(IpBatch.render(new LinkCommand.AddAddress("eth0", "fd00::2/64", all)))
                .isEqualTo("address add fd00::2/64 dev eth0 nodad noprefixroute");
        assertThat(IpBatch.render(new LinkCommand.AddAddress("eth0", "172.18.0.2/16", all)))
                .isEqualTo("address add 172.18.0.2/16 dev eth0 noprefixroute");
        assertThat(IpBatch.render(new LinkCommand.DeleteAddress("eth0", "fd00::2/64")))
                .isEqualTo("address delete fd00::2/64 dev eth0");
        assertThat(IpBatch.render(new LinkCommand.SetAddrGenMode("eth0", "eui64")))
                .isEqualTo("link set dev eth0 addrgenmode eui64");
        assertThat(IpBatch.render(new LinkCommand.AddPrefixRoute("ts0", "172.18.0.0/16", "172.18.0.1", 1450)))
                .isEqualTo("route add 172.18.0.0/16 dev ts0 src 172.18.0.1 mtu 1450");
        assertThat(IpBatch.render(new LinkCommand.AddPrefixRoute("ts0", "fd00::/64", null, 0)))
                .isEqualTo("route add fd00::/64 dev ts0");
        assertThat(IpBatch.render(new LinkCommand.SetDefaultRoute("eth1", "fd00::1")))
                .isEqualTo("route replace default via fd00::1 dev eth1");
        assertThat(IpBatch.render(new LinkCommand.DeleteRoute("ts0", "fd00::/64")))
                .isEqualTo("route delete fd00::/64 dev ts0");
        assertThatThrownBy(() -> new LinkCommand.SetAddrGenMode("eth0", "eui64 down"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LinkCommand.AddPrefixRoute("eth0", "fd00::/64", "me", 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesTheTargetOfAMoveByItsOpenFile() {
        try (NetworkNamespace target = NetworkNamespace.current()) {
            String file = "/proc/" + ProcessHandle.current().pid() + "/fd/" + target.fd();
            assertThat(IpBatch.render(new LinkCommand.MoveToNamespace("ts0", target, "eth0")))
                    .isEqualTo("link set dev ts0 netns " + file + " name eth0");
            assertThat(IpBatch.render(new LinkCommand.MoveToNamespace("eth0", target, "eth0")))
                    .isEqualTo("link set dev eth0 netns " + file);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "a/b",
                "a b",
                "a\nlink delete dev eth0",
                "#a",
                "a\"b",
                "a'b",
                "a\\b",
                "a:1",
                "sixteen-letters-",
                "ü"
            })
    void refusesNamesThatAreNoSingleWord(String name) {
        assertThatThrownBy(() -> new LinkCommand.Up(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LinkCommand.Rename("eth0", name)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "172.18.0.2", "172.18.0.2/", "172.18.0.2/16 dev lo", "all/16", "172.18.0.2/16\n"})
    void refusesAddressesThatAreNone(String address) {
        assertThatThrownBy(() -> new LinkCommand.AddAddress("eth0", address))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LinkCommand.AddRoute("eth0", address, "172.18.0.1"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesValuesOutOfRange() {
        assertThatThrownBy(() -> new LinkCommand.SetMtu("eth0", 67)).hasMessageContaining("68 to 65535");
        assertThatThrownBy(() -> new LinkCommand.SetSuperFrameLength("eth0", 0)).hasMessageContaining("1 to 65536");
        assertThatThrownBy(() -> new LinkCommand.SetSuperFrameLength("eth0", 65_537))
                .hasMessageContaining("1 to 65536");
        assertThatThrownBy(() -> new LinkCommand.SetMtu("eth0", 65_536)).hasMessageContaining("68 to 65535");
        assertThatThrownBy(() -> new LinkCommand.SetTxQueueLength("eth0", 0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> new LinkCommand.SetAddress("eth0", "02:42:ac:12:00"))
                .hasMessageContaining("MAC");
        assertThatThrownBy(() -> new LinkCommand.AddDefaultRoute("eth0", "gw")).hasMessageContaining("IP address");
        assertThatThrownBy(() -> new TapOptions(0, 1000)).hasMessageContaining("queues");
        assertThatThrownBy(() -> new TapOptions(257, 1000)).hasMessageContaining("queues");
        assertThatThrownBy(() -> new TapOptions(1, 0)).hasMessageContaining("at least one frame");
    }
}
