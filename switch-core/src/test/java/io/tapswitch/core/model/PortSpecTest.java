package io.tapswitch.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code -p} takes. */
class PortSpecTest {
    @ParameterizedTest
    @CsvSource({
        "80, 80/tcp",
        "80/UDP, 80/udp",
        "8080:80, 8080:80/tcp",
        ":80, 80/tcp",
        "::80, 80/tcp",
        ":8080:80, 8080:80/tcp",
        "127.0.0.1:8080:80, 127.0.0.1:8080:80/tcp",
        "127.0.0.1::80/sctp, 127.0.0.1::80/sctp",
        "0.0.0.0:80:80, 0.0.0.0:80:80/tcp",
        "5000-5100:2000-2100/udp, 5000-5100:2000-2100/udp",
        "8000-8010:80, 8000-8010:80/tcp",
        "8000-8000:80-80, 8000:80/tcp",
        "[::1]:8080:80, [::1]:8080:80/tcp",
        "[::]::80, [::]::80/tcp",
        "::1:8080:80, [::1]:8080:80/tcp",
        "[2001:db8:0::1]:1-3:4-6/tcp, [2001:db8::1]:1-3:4-6/tcp",
        "3000-3005, 3000-3005/tcp",
        "00080:080, 80:80/tcp",
    })
    void P1_eachFormHasOneReading_whichIsWrittenInOneWay(String text, String written) {
        PortSpec spec = PortSpec.parse(text);
        assertThat(spec).hasToString(written);
        assertThat(PortSpec.parse(written)).isEqualTo(spec);
    }

    @Test
    void A_PORT_09_aRangeIsOneEntry_andKeepsItsOffset() {
        assertThat(PortSpec.parse("5000-5100:2000-2100"))
                .isEqualTo(new PortSpec(null, 5000, 5100, 2000, 2100, PortProtocol.TCP))
                .satisfies(spec -> assertThat(spec.count()).isEqualTo(101))
                .satisfies(spec -> assertThat(spec.isDynamic()).isFalse());
    }

    @ParameterizedTest
    @CsvSource({
        "'5000-5100:2000-2050', 'invalid ranges specified for container and host Ports: 2000-2050 and 5000-5100'",
        "'5000:2000-2001', 'invalid ranges specified for container and host Ports: 2000-2001 and 5000'",
    })
    void A_PORT_10_C4_unequalRangesAreRefusedInDockersWords(String text, String words) {
        refused(text, words);
    }

    @Test
    void A_PORT_11_C4_severalHostPortsForOneOfTheContainersAreAPool() {
        PortSpec pool = PortSpec.parse("8000-8010:80");
        assertThat(pool.isPool()).isTrue();
        assertThat(pool.isDynamic()).isTrue();
        assertThat(pool.isRandom()).isFalse();
        assertThat(pool.count()).isEqualTo(1);
    }

    @Test
    void A_PORT_12_withoutAProtocolItIsTcp() {
        assertThat(PortSpec.parse("80").protocol()).isEqualTo(PortProtocol.TCP);
        assertThat(PortSpec.parse("80/sctp").protocol()).isEqualTo(PortProtocol.SCTP);
    }

    @ParameterizedTest
    @CsvSource({
        "'', 'no port specified: <empty>'",
        "'8080:', 'no port specified: 8080:<empty>'",
        "/tcp, 'no port specified: /tcp<empty>'",
        "http, invalid containerPort: http",
        "0, invalid containerPort: 0",
        "65536, invalid containerPort: 65536",
        "-1, invalid containerPort: -1",
        "+80, invalid containerPort: +80",
        "' 80', 'invalid containerPort:  80'",
        "90-80, invalid containerPort: 90-80",
        "1-2-3, invalid containerPort: 1-2-3",
        "1-, invalid containerPort: 1-",
        "\u0661, invalid containerPort: \u0661",
        "99999999999999999999, invalid containerPort: 99999999999999999999",
        "0-1:80-81, invalid hostPort: 0-1",
        "224.0.0.1:80:80, invalid IP address: 224.0.0.1: a multicast or broadcast address is no host's own",
        "255.255.255.255:80:80, invalid IP address: 255.255.255.255: a multicast or broadcast address is no host's own",
        "[ff02::1]:80:80, invalid IP address: [ff02::1]: a multicast or broadcast address is no host's own",
        "65536:80, invalid hostPort: 65536",
        "9-8:80, invalid hostPort: 9-8",
        "x:80, invalid hostPort: x",
        "80/icmp, invalid proto: icmp",
        "80/tcp/udp, invalid proto: tcp/udp",
        "80/, 'invalid proto: '",
        "1.2.3:80:80, invalid IP address: 1.2.3",
        "256.0.0.1:80:80, invalid IP address: 256.0.0.1",
        "[127.0.0.1]:80:80, invalid IP address: [127.0.0.1]",
        "[::1:80:80, invalid IP address: [::1",
        "[::ffff:1.2.3.4]:80:80, invalid IP address: [::ffff:1.2.3.4]",
        "localhost:80:80, invalid IP address: localhost",
        "1:2:3:4:80, invalid IP address: 1:2:3",
    })
    void P1_everythingElseIsRefusedInDockersWords(String text, String words) {
        refused(text, words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "8080:80", "1-3:4-6"})
    void theDefaultAddressIsForThoseThatNameNone(String text) {
        IpAddress loopback = IpAddress.parse("127.0.0.1");
        assertThat(PortSpec.parse(text, loopback).address()).isEqualTo(loopback);
        assertThat(PortSpec.parse("0.0.0.0:80:80", loopback).address()).isEqualTo(IpAddress.parse("0.0.0.0"));
    }

    private static void refused(String text, String words) {
        assertThatThrownBy(() -> PortSpec.parse(text))
                .isInstanceOf(Refusal.class)
                .hasMessage(words);
    }
}
