package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.Type;

/** Names that nobody outside is asked for. */
class SpecialNamesTest {
    private final DnsWorld world = new DnsWorld(new ClientView(
            List.of(
                    Zone.compile(ZoneSpec.network("test")
                            .host(List.of("web"), address("10.0.0.2"))
                            .build()),
                    Zone.compile(SpecialNames.spec())),
            true,
            true,
            5,
            1));

    @Test
    void localhostIsThisHost() {
        assertThat(world.data("LocalHost", Type.A)).containsExactly("127.0.0.1");
        assertThat(world.data("localhost", Type.AAAA)).containsExactly("0:0:0:0:0:0:0:1");
        assertThat(world.data("1.0.0.127.in-addr.arpa", Type.PTR)).containsExactly("localhost.");
        assertThat(world.data(ReverseMap.fromAddress(DnsWorld.inet("::1")).toString(), Type.PTR))
                .containsExactly("localhost.");
        assertThat(world.ask("a.localhost", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.invalid",
                "b.onion",
                "53.53.254.169.in-addr.arpa",
                "255.255.255.254.169.in-addr.arpa",
                "9.9.9.127.in-addr.arpa",
                "1.0.0.0.in-addr.arpa",
                "0.8.e.f.ip6.arpa"
            })
    void whatDoesNotExistIsNotAskedFor(String name) {
        assertThat(world.ask(name, Type.PTR).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void aNetworkOfThatNameComesFirst() {
        assertThat(world.data("web.test", Type.A)).containsExactly("10.0.0.2");
        assertThat(world.responder.zoneIndex()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "example.org",
                "local",
                "printer.local",
                "2.0.1.10.in-addr.arpa",
                "1.1.168.192.in-addr.arpa",
                "254.255.255.255.in-addr.arpa",
                "0.c.e.f.ip6.arpa"
            })
    void everythingElseIs(String name) {
        assertThat(world.code(name, Type.PTR)).isEqualTo(DnsResponder.FORWARD);
    }
}
