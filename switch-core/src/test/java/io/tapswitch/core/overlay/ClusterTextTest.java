package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.Claim;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.ClusterEntry.Liveness;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterEntry.Unreadable;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ClusterTextTest {
    private static final String ID = Entries.id(9);

    static Stream<ClusterEntry> entries() {
        RemoteEndpoint four = Entries.endpoint(1, 2, 3);
        OverlayNetwork network = Entries.network("web", 4_096);
        Subnet six = new Subnet(
                IpPrefix.parse("fd00::/64"),
                IpAddress.parse("fd00::1"),
                IpPrefix.parse("fd00::/96"),
                Map.of("router", IpAddress.parse("fd00::9")),
                false);
        return Stream.of(
                Entries.host(7),
                new Liveness(ID, 3, true),
                new Liveness(ID, 4, false),
                network,
                new OverlayNetwork(
                        ID, "six", 4_097, "now", true, true, false, List.of(six), Map.of(), Map.of("k\"", "v\n")),
                Entries.claim(four),
                four,
                new RemoteEndpoint(
                        ID,
                        ID,
                        ID,
                        "two",
                        List.of(),
                        MacAddress.parse("02:42:00:00:00:01"),
                        null,
                        Ipv6Address.parse("fd00::5")),
                new HostKey(ID, "0a1b2c3d", "5a".repeat(32), "00000007"),
                new Claim(ClusterKeys.vni(4_096), ID),
                new Claim(ClusterKeys.vtep(IpAddress.parse("2001:db8::1")), ID),
                new Claim(ClusterKeys.hostName("alpha"), ID),
                new Claim(ClusterKeys.networkName("web"), ID),
                new Claim(ClusterKeys.name(ID, "one"), ID));
    }

    @ParameterizedTest
    @MethodSource("entries")
    void whatIsWrittenIsReadAsTheSame(ClusterEntry entry) {
        assertThat(ClusterText.read(entry.key(), ClusterText.write(entry))).isEqualTo(entry);
    }

    @Test
    void V13_noSecretIsShownByMistake() {
        HostKey key = new HostKey(ID, "0a1b2c3d", "5a".repeat(32), "00000007");
        assertThat(key.toString()).isEqualTo("key 0a1b2c3d of host " + ID);
        assertThat(ClusterText.read(key.key(), "{\"secret\":\"5A5A\",\"salt\":\"00000007\"}"))
                .isInstanceOfSatisfying(
                        Unreadable.class, entry -> assertThat(entry.sentence()).doesNotContain("5A5A"));
    }

    @Test
    void whatANewerVersionAddsIsIgnored() {
        assertThat(ClusterText.read(
                        ClusterKeys.host(ID),
                        "{\"name\":\"a\",\"vtep\":\"192.0.2.1\",\"incarnation\":1,\"key\":{\"of\":[\"later\"]}}"))
                .isEqualTo(new ClusterEntry.Host(ID, "a", IpAddress.parse("192.0.2.1"), 1));
        assertThat(ClusterText.read(ClusterKeys.ROOT + "keys/" + ID, "{}")).isNull();
        assertThat(ClusterText.read("/tapswitch/v2/hosts/" + ID, "{}")).isNull();
        assertThat(ClusterText.read("/other", "")).isNull();
        assertThat(ClusterText.read(ClusterKeys.ROOT, "")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hosts/7 | {} | 64 digits",
                "hosts/ID | nonsense | is no JSON",
                "hosts/ID | {} | the key name is missing",
                "hosts/ID/more | {} | parts",
                "alive/ID | {\"incarnation\":\"one\"} | must be a number",
                "networks/ID | {\"name\":\"a b\"} | Invalid network name",
                "networks/ID | {\"name\":\"a\",\"vni\":16777216} | must be from 1 to 16777215",
                "endpoints/ID/ID | [] | must be keys with values",
                "addresses/ID/10.0.0 | {} | 10.0.0",
                "keys/ID/0a1b2c3d | {\"secret\":\"5a\",\"salt\":\"00000007\"} | must be 64 digits",
                "keys/ID/xyz | {} | must be 8 digits",
                "vnis/4096 | nobody | 64 digits"
            })
    void whatCannotBeIsKeptWithTheReason(String key, String value, String reason) {
        String whole = ClusterKeys.ROOT + key.replace("ID", ID);
        assertThat(ClusterText.read(whole, value)).isInstanceOfSatisfying(Unreadable.class, unreadable -> {
            assertThat(unreadable.key()).isEqualTo(whole);
            assertThat(unreadable.sentence()).contains(whole).contains(reason);
        });
    }
}
