package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4Test {
    @Test
    void readsWhatItWrites() {
        Random random = new Random(17);
        for (int i = 0; i < 10_000; i++) {
            int address = random.nextInt();
            assertThat(Ipv4.parse(Ipv4.text(address), "address")).isEqualTo(address);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.4.",
                ".1.2.3",
                "1..2.3",
                "256.1.1.1",
                "01.2.3.4",
                "1.2.3.4 ",
                "a.b.c.d",
                "1.2.3.-4",
                "1111.2.3.4",
                "１.2.3.4"
            })
    void refusesEverythingElse(String text) {
        assertThatThrownBy(() -> Ipv4.parse(text, "address"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(text);
    }

    @Test
    void saysThatIpv6IsNotInThisVersion() {
        assertThatThrownBy(() -> Ipv4.parse("fe80::1", "gateway"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("not in this version");
    }

    @Test
    @DisplayName("A-IPAM-11 the MAC address is 02:42 and the address in hex")
    void macIsMadeOfTheAddress() {
        assertThat(Ipv4.macText(Ipv4.mac(Ipv4.parse("10.66.66.66", "")))).isEqualTo("02:42:0a:42:42:42");
        assertThat(Ipv4.macText(Ipv4.mac(Ipv4.parse("192.168.0.2", "")))).isEqualTo("02:42:c0:a8:00:02");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.1.0.0/16, true", "10.1.0.0/16, 10.0.0.0/8, true", "10.1.0.0/16, 10.2.0.0/16, false",
        "0.0.0.0/0, 9.9.9.9/32, true", "172.16.0.0/12, 172.32.0.0/16, false", "1.2.3.4/32, 1.2.3.4/32, true"
    })
    void blocksOverlapWhenTheyShareAnAddress(String one, String other, boolean overlap) {
        assertThat(Ipv4.prefix(one, "").overlaps(Ipv4.prefix(other, ""))).isEqualTo(overlap);
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/-1", "/8", "10.0.0.0/0008"})
    void refusesWhatIsNoPrefix(String text) {
        assertThatThrownBy(() -> Ipv4.prefix(text, "subnet")).isInstanceOf(Refusal.class);
    }

    @Test
    void refusesBitsBehindThePrefixAndSaysWhatItShouldBe() {
        assertThatThrownBy(() -> Ipv4.prefix("10.0.0.5/24", "subnet"))
                .hasMessageContaining("10.0.0.5/24 has bits behind its length; the network is 10.0.0.0/24");
    }
}
