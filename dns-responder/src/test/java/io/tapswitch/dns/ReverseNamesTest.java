package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** D7: names of addresses. */
class ReverseNamesTest {
    private static final DnsWorld WORLD = DnsWorld.of(
            ZoneSpec.network("prod")
                    .subnet(address("172.23.4.0"), 22)
                    .subnet(address("fd00:23:0:8000::"), 52)
                    .host(List.of("hello", "0123456789ab"), address("172.23.5.2"), address("fd00:23:0:8abc::2"))
                    .host(List.of("Web"), address("172.23.5.3")),
            ZoneSpec.network("dev").subnet(address("10.0.0.0"), 8).host(List.of("es"), address("10.1.2.3")));

    private static String reverse(String address) {
        return ReverseMap.fromAddress(DnsWorld.inet(address)).toString();
    }

    private static String start(Message answer) {
        return ((SOARecord) answer.getSection(Section.AUTHORITY).getFirst())
                .getName()
                .toString();
    }

    @ParameterizedTest
    @CsvSource({
        "172.23.5.2, hello.prod.",
        "172.23.5.3, Web.prod.",
        "fd00:23:0:8abc::2, hello.prod.",
        "10.1.2.3, es.dev."
    })
    void D7_everyAddressHasItsName(String address, String name) {
        assertThat(WORLD.data(reverse(address), Type.PTR)).containsExactly(name);
        assertThat(WORLD.data(reverse(address).toUpperCase(java.util.Locale.ROOT), Type.PTR))
                .containsExactly(name);
    }

    @Test
    void A_DNS_12_theNameOfAnAddressHasTheAddress() {
        assertThat(WORLD.data(WORLD.data(reverse("172.23.5.2"), Type.PTR).getFirst(), Type.A))
                .containsExactly("172.23.5.2");
    }

    @Test
    void A_DNS_11_theSuffixOfPointersCanBeSwitchedOff() {
        DnsWorld world = DnsWorld.of(
                ZoneSpec.network("prod").suffixInPointers(false).host(List.of("hello"), address("10.0.0.2")));
        assertThat(world.data(reverse("10.0.0.2"), Type.PTR)).containsExactly("hello.");
        assertThat(world.data("hello.prod", Type.A)).containsExactly("10.0.0.2");
    }

    @ParameterizedTest
    @CsvSource({
        "172.23.5.9, 5.23.172.in-addr.arpa.",
        "172.23.7.255, 7.23.172.in-addr.arpa.",
        "10.9.9.9, 10.in-addr.arpa.",
        "fd00:23:0:8000::1, 8.0.0.0.0.3.2.0.0.0.0.d.f.ip6.arpa."
    })
    void D7_anAddressOfOursWithoutANameHasNone(String address, String zone) {
        Message answer = WORLD.ask(reverse(address), Type.PTR);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(start(answer)).isEqualTo(zone);
    }

    @ParameterizedTest
    @ValueSource(strings = {"172.23.3.255", "172.23.8.0", "9.9.9.9", "fd00:23:0:9000::1", "::ffff:0:1", "2001:db8::1"})
    void D7_addressesOfOthersAreForwarded(String address) {
        assertThat(WORLD.code(reverse(address), Type.PTR)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void D7_whereSubnetsOverlapTheNetworkThatHasTheAddressNamesIt() {
        DnsWorld world = DnsWorld.of(
                ZoneSpec.network("first").subnet(address("172.23.0.0"), 16).host(List.of("one"), address("172.23.0.2")),
                ZoneSpec.network("second")
                        .subnet(address("172.23.0.0"), 16)
                        .host(List.of("other"), address("172.23.0.2"))
                        .host(List.of("two"), address("172.23.5.3")));
        assertThat(world.data(reverse("172.23.5.3"), Type.PTR)).containsExactly("two.second.");
        assertThat(world.data(reverse("172.23.0.2"), Type.PTR))
                .as("both have it: connect order")
                .containsExactly("one.first.");
        assertThat(world.ask("5.23.172.in-addr.arpa.", Type.PTR).getRcode())
                .as("is above a name of the second")
                .isEqualTo(Rcode.NOERROR);
        assertThat(world.ask(reverse("172.23.9.9"), Type.PTR).getRcode())
                .as("nobody has it")
                .isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void D7_anIpv6NameOfAMappedAddressIsNotTheIpv4Address() {
        String mapped = "2.0.5.0.7.1.c.a.f.f.f.f" + ".0".repeat(20) + ".ip6.arpa";
        assertThat(WORLD.code(mapped, Type.PTR)).isEqualTo(DnsResponder.FORWARD);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5.23.172.in-addr.arpa",
                "1.10.in-addr.arpa",
                "2.1.10.in-addr.arpa",
                "10.in-addr.arpa",
                "c.b.a.8.0.0.0.0.3.2.0.0.0.0.d.f.ip6.arpa",
                "172.23.5.2.prod"
            })
    void D3_partsOfAddressesExist(String name) {
        boolean isReverse = name.endsWith("arpa");
        Message answer = WORLD.ask(name, Type.PTR);
        assertThat(answer.getRcode()).isEqualTo(isReverse ? Rcode.NOERROR : Rcode.NXDOMAIN);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2.10.in-addr.arpa",
                "9.1.10.in-addr.arpa",
                "03.2.1.10.in-addr.arpa",
                "256.2.1.10.in-addr.arpa",
                "x.2.1.10.in-addr.arpa",
                "1.3.2.1.10.in-addr.arpa",
                "a.b.c.d.3.2.1.10.in-addr.arpa",
                "\\0003.2.1.10.in-addr.arpa",
                "0003.2.1.10.in-addr.arpa",
                "z.c.b.a.8.0.0.0.0.3.2.0.0.0.0.d.f.ip6.arpa",
                "cb.a.8.0.0.0.0.3.2.0.0.0.0.d.f.ip6.arpa"
            })
    void D7_whatIsNoAddressOfOursButBelowOneHasNoName(String name) {
        assertThat(WORLD.ask(name, Type.PTR).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void D8_otherTypesOfAReverseNameAreNotForwarded() {
        for (int type : new int[] {Type.A, Type.TXT, Type.ANY, Type.NS, 65_280}) {
            Message answer = WORLD.ask(reverse("10.1.2.3"), type);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
            assertThat(start(answer)).isEqualTo("10.in-addr.arpa.");
        }
    }

    @Test
    void theStartOfOurZonesIsAnswered() {
        for (String name : List.of("prod", "10.in-addr.arpa", "5.23.172.in-addr.arpa")) {
            Message answer = WORLD.ask(name, Type.SOA);
            assertThat(answer.getSection(Section.ANSWER)).hasSize(1);
            assertThat(answer.getSection(Section.ANSWER).getFirst().getName()).isEqualTo(DnsWorld.name(name));
            assertThat(answer.getSection(Section.AUTHORITY)).isEmpty();
        }
    }

    @Test
    void aSubnetOfEverythingIsEverything() {
        DnsWorld world = DnsWorld.of(
                ZoneSpec.network("all").subnet(address("0.0.0.0"), 0).subnet(address("::"), 0));
        assertThat(world.ask(reverse("9.9.9.9"), Type.PTR).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(world.ask(reverse("2001:db8::1"), Type.PTR).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(world.ask("in-addr.arpa", Type.PTR).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(world.code("example.org", Type.A)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void aSubnetOfOneAddressIsTheNameItself() {
        DnsWorld world = DnsWorld.of(
                ZoneSpec.network("one").subnet(address("10.0.0.9"), 32).subnet(address("fd00::9"), 128));
        for (String address : List.of("10.0.0.9", "fd00::9")) {
            Message answer = world.ask(reverse(address), Type.PTR);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(start(answer)).isEqualTo(reverse(address));
        }
        assertThat(world.code(reverse("10.0.0.8"), Type.PTR)).isEqualTo(DnsResponder.FORWARD);
    }
}
