package io.tapswitch.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    @Test
    void whatIsWrittenIsRead() {
        RandomGenerator random = Seeds.random();
        for (int round = 0; round < 10_000; round++) {
            MacAddress mac = MacAddress.fromBits(random.nextLong() >>> 16);
            assertThat(MacAddress.parse(mac.toString())).isEqualTo(mac);
            Ipv4Address address = Ipv4Address.fromBits(random.nextInt());
            assertThat(Ipv4Address.parse(address.toString())).isEqualTo(address);
            Ipv4Prefix prefix = Ipv4Prefix.containing(address, random.nextInt(33));
            assertThat(Ipv4Prefix.parse(prefix.toString())).isEqualTo(prefix);
            assertThat(prefix.contains(address)).isTrue();
        }
    }

    @Test
    void aContainersMacAddressEndsWithItsIpv4Address() {
        MacAddress mac = MacAddress.ofContainer(Ipv4Address.parse("172.18.0.2"));
        assertThat(mac).hasToString("02:42:ac:12:00:02");
        assertThat(mac.toBits()).isEqualTo(0x0242_ac12_0002L);
        assertThat(MacAddress.ofContainer(Ipv4Address.parse("250.1.2.3"))).hasToString("02:42:fa:01:02:03");
        assertThat(mac.isGroup()).isFalse();
        assertThat(MacAddress.BROADCAST.isGroup()).isTrue();
        assertThat(MacAddress.parse("01-00-5E-00-00-01").isGroup()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "02:42:ac:12:00", "02:42:ac:12:00:02:03", "02:42-ac:12:00:02", "02.42.ac.12.00.02",
                "0242ac120002", "02:42:ac:12:00:0g", "2:42:ac:12:00:02:0", " 2:42:ac:12:00:02", "02:42:ac:12:00:٠٢"
            })
    void refusesWhatIsNoMacAddress(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MacAddress.parse(text))
                .withMessageContaining("'" + text + "' is not a MAC address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "1.2.3.04",
                "1.2.3.-4",
                "1.2.3.4 ",
                "0x1.2.3.4",
                "1..3.4",
                "1.2.3.",
                ".1.2.3",
                "1.2.3.4/8",
                "1.2.3.1000",
                "1.2.3.+4",
                "١.2.3.4"
            })
    void refusesWhatIsNoIpv4Address(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ipv4Address.parse(text))
                .withMessageContaining("'" + text + "' is not an IPv4 address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"172.18.0.0", "172.18.0.0/", "172.18.0.0/+8", "172.18.0.0/016", "172.18.0.0/08", "1.0.0.0/a"})
    void refusesWhatIsNoPrefix(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ipv4Prefix.parse(text))
                .withMessageContaining("'" + text + "' is not an IPv4 prefix");
    }

    @Test
    void tellsTheNetworkWhenTheAddressIsAHosts() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ipv4Prefix.parse("172.18.5.1/16"))
                .withMessage("172.18.5.1/16 has bits behind its length; the network is 172.18.0.0/16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ipv4Prefix.parse("172.18.0.0/33"))
                .withMessage("172.18.0.0/33: prefix length 33 is not between 0 and 32");
    }

    @Test
    void aPrefixKnowsItsEdges() {
        Ipv4Prefix prefix = Ipv4Prefix.parse("172.18.4.0/22");
        assertThat(prefix.broadcast()).hasToString("172.18.7.255");
        assertThat(prefix.netmask()).hasToString("255.255.252.0");
        assertThat(prefix.size()).isEqualTo(1024);
        assertThat(prefix.contains(Ipv4Address.parse("172.18.7.255"))).isTrue();
        assertThat(prefix.contains(Ipv4Address.parse("172.18.8.0"))).isFalse();
        assertThat(prefix.contains(Ipv4Address.parse("172.18.3.255"))).isFalse();
        assertThat(Ipv4Prefix.parse("0.0.0.0/0").size()).isEqualTo(1L << 32);
        assertThat(Ipv4Prefix.parse("0.0.0.0/0").broadcast()).hasToString("255.255.255.255");
        assertThat(Ipv4Prefix.parse("1.2.3.4/32").size()).isEqualTo(1);
    }

    @Test
    void prefixesOverlapWhenOneIsInTheOther() {
        Ipv4Prefix wide = Ipv4Prefix.parse("10.0.0.0/8");
        Ipv4Prefix inside = Ipv4Prefix.parse("10.9.0.0/16");
        Ipv4Prefix beside = Ipv4Prefix.parse("11.0.0.0/8");
        assertThat(wide.overlaps(inside)).isTrue();
        assertThat(inside.overlaps(wide)).isTrue();
        assertThat(wide.contains(inside)).isTrue();
        assertThat(inside.contains(wide)).isFalse();
        assertThat(wide.overlaps(beside)).isFalse();
        assertThat(wide).isLessThan(inside).isLessThan(beside);
    }

    @Test
    void addressesAreOrderedAsUnsignedNumbers() {
        assertThat(Ipv4Address.parse("200.0.0.1")).isGreaterThan(Ipv4Address.parse("10.0.0.1"));
        assertThat(Ipv4Address.parse("10.0.0.255").plus(1)).hasToString("10.0.1.0");
    }

    @Test
    void ipv6AddressesAreReadAndWrittenInTheirShortestForm() {
        for (String text :
                new String[] {"::", "::1", "fd00::2", "fe80::42:acff:fe13:2", "2001:db8:0:1:1:1:1:1", "1::"}) {
            assertThat(Ipv6Address.parse(text)).hasToString(text);
        }
        assertThat(Ipv6Address.parse("2001:0DB8:0:0:1:0:0:1")).hasToString("2001:db8::1:0:0:1");
        assertThat(Ipv6Address.parse("::ffff:10.0.0.1")).isEqualTo(new Ipv6Address(0, 0xffff_0a00_0001L));
        for (String text :
                new String[] {"", ":", ":::", "1:2", "1::2::3", "g::", "12345::", "1:2:3:4:5:6:7:8::", "fe80::1%eth0"
                }) {
            assertThatThrownBy(() -> Ipv6Address.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void ipv6PrefixesContainAndOverlap() {
        Ipv6Prefix wide = Ipv6Prefix.parse("fd00::/48");
        assertThat(wide.contains(Ipv6Address.parse("fd00::1:2:3:4"))).isTrue();
        assertThat(wide.contains(Ipv6Address.parse("fd00:0:1::"))).isFalse();
        assertThat(wide.overlaps(Ipv6Prefix.parse("fd00:0:0:7::/64"))).isTrue();
        assertThat(wide.last()).hasToString("fd00::ffff:ffff:ffff:ffff:ffff");
        assertThat(IpPrefix.parse("10.0.0.0/8").intersects(wide)).isFalse();
        assertThatThrownBy(() -> Ipv6Prefix.parse("fd00::1/64")).hasMessageContaining("fd00::/64");
    }
}
