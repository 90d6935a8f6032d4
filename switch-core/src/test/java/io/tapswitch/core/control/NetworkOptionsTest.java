package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Refusal;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkOptionsTest {
    @Test
    void readsEveryOptionThatItKnows() {
        NetworkOptions options = NetworkOptions.parse(
                Driver.BRIDGE,
                Map.of(
                        "com.docker.network.driver.mtu", "1400",
                        "com.docker.network.bridge.enable_icc", "false",
                        "tapswitch.vlan", "transparent",
                        "tapswitch.group-forward-mask", "0x4000",
                        "tapswitch.storm-pps", "0",
                        "tapswitch.learned-per-port", "5",
                        "tapswitch.learned-per-network", "50",
                        "tapswitch.filtering", "endpoint-independent"));
        assertThat(options).isEqualTo(new NetworkOptions(1400, false, true, 0x4000, 0, 5, 50, true, 0, false));
        assertThat(NetworkOptions.parse(Driver.BRIDGE, Map.of())).isEqualTo(NetworkOptions.DEFAULT);
    }

    @ParameterizedTest
    @CsvSource({
        "com.docker.network.bridge.enable_icc, 1", "com.docker.network.bridge.enable_ip_masquerade, true",
        "com.docker.network.bridge.enable_ip_masquerade, T", "com.docker.network.bridge.host_binding_ipv4, 0.0.0.0"
    })
    void takesWhatAsksForWhatIsDoneAnyway(String key, String value) {
        assertThat(NetworkOptions.parse(Driver.BRIDGE, Map.of(key, value))).isEqualTo(NetworkOptions.DEFAULT);
    }

    @ParameterizedTest
    @CsvSource({
        "com.docker.network.bridge.enable_ip_masquerade, false",
        "com.docker.network.bridge.host_binding_ipv4, 127.0.0.1",
        "com.docker.network.bridge.gateway_mode_ipv4, routed"
    })
    void refusesWhatDockerDoesAndThisVersionDoesNot(String key, String value) {
        assertThatThrownBy(() -> NetworkOptions.parse(Driver.BRIDGE, Map.of(key, value)))
                .isInstanceOfSatisfying(
                        Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.NOT_IN_THIS_VERSION))
                .hasMessageContaining(key);
    }

    @ParameterizedTest
    @CsvSource({"'', true, 1422", "true, true, 1422", "false, false, 1450"})
    void V13_O10_encryptedNeedsNoValue_andTakesItsPartOfTheMtu(String value, boolean encrypted, int mtu) {
        NetworkOptions options = NetworkOptions.parse(Driver.OVERLAY, Map.of("encrypted", value));
        assertThat(options.encrypted()).isEqualTo(encrypted);
        assertThat(options.mtu()).isEqualTo(mtu);
        assertThat(NetworkOptions.parse(
                                Driver.OVERLAY,
                                Map.of(
                                        "encrypted",
                                        value,
                                        "com.docker.network.driver.mtu",
                                        "1300",
                                        "tapswitch.vlan",
                                        "drop"))
                        .mtu())
                .isEqualTo(1300);
        assertThatThrownBy(() -> NetworkOptions.parse(Driver.BRIDGE, Map.of("encrypted", value)))
                .hasMessageContaining("network option encrypted is for networks of the driver overlay");
    }

    @Test
    void refusesUnknownOptionsAndNamesTheKnownOnes() {
        assertThatThrownBy(() -> NetworkOptions.parse(Driver.BRIDGE, Map.of("tapswitch.mtu", "1400")))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.BAD_INPUT))
                .hasMessageStartingWith("unknown network option tapswitch.mtu: known are ")
                .hasMessageContainingAll(NetworkOptions.NAMES.toArray(String[]::new));
    }

    @Test
    void refusesTheNameOfABridgeThatDoesNotExist() {
        assertThatThrownBy(
                        () -> NetworkOptions.parse(Driver.BRIDGE, Map.of("com.docker.network.bridge.name", "br-web")))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.BAD_INPUT))
                .hasMessageContainingAll("br-web", "leave the option out");
    }

    @Test
    void aNetworkWithIpv6NeedsAnMtuThatIpv6WorksWith() {
        assertThatThrownBy(() -> mtu(1279, true))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.BAD_INPUT))
                .hasMessageContainingAll("1279", "1280");
        assertThat(mtu(1280, true).mtu()).isEqualTo(1280);
        assertThat(mtu(1279, false).mtu()).isEqualTo(1279);
    }

    private static NetworkOptions mtu(int mtu, boolean ipv6) {
        return NetworkOptions.parse(Driver.BRIDGE, Map.of(NetworkOptions.MTU, Integer.toString(mtu)), ipv6);
    }

    @Test
    void O10_anOverlayLeavesRoomForTheOuterHeaders_andItsVniCanBeChosen() {
        NetworkOptions overlay = NetworkOptions.parse(Driver.OVERLAY, Map.of(NetworkOptions.VNI, "4097"));
        assertThat(overlay.mtu()).isEqualTo(1450);
        assertThat(overlay.vni()).isEqualTo(4097);
        assertThat(NetworkOptions.parse(Driver.OVERLAY, Map.of(NetworkOptions.MTU, "1400"))
                        .mtu())
                .isEqualTo(1400);
        for (String wrong : new String[] {"0", "16777216", "4096,4097"}) {
            assertThatThrownBy(() -> NetworkOptions.parse(Driver.OVERLAY, Map.of(NetworkOptions.VNI, wrong)))
                    .hasMessageContainingAll(wrong, NetworkOptions.VNI, "from 1 to 16777215");
        }
        assertThatThrownBy(() -> NetworkOptions.parse(Driver.BRIDGE, Map.of(NetworkOptions.VNI, "4096")))
                .hasMessageContainingAll("driver overlay", "leave it out");
    }

    @ParameterizedTest
    @CsvSource({
        "com.docker.network.driver.mtu, 67",
        "com.docker.network.driver.mtu, 9001",
        "com.docker.network.driver.mtu, x",
        "com.docker.network.bridge.enable_icc, maybe",
        "com.docker.network.bridge.enable_ip_masquerade, yes",
        "tapswitch.vlan, maybe",
        "tapswitch.group-forward-mask, 2",
        "tapswitch.group-forward-mask, 65536",
        "tapswitch.storm-pps, -1",
        "tapswitch.learned-per-port, 99999999999999999999"
    })
    void refusesValuesThatHaveNoMeaning(String key, String value) {
        assertThatThrownBy(() -> NetworkOptions.parse(Driver.BRIDGE, Map.of(key, value)))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(key)
                .hasMessageContaining(value);
    }

    /** What Linux makes of the length: as many whole segments as fit behind all headers there could be. */
    @ParameterizedTest
    @CsvSource({
        "1422, 0, 44",
        "1500, 0, 42",
        "1500, 12, 42",
        "1500, 32, 42",
        "9000, 0, 7",
        "9000, 32, 7",
        "576, 12, 64",
        "1280, 32, 49"
    })
    void piecesOfAnEncryptedSuperFrameFillOneOuterPacketAndNoSecond(int mtu, int moreHeaders, int pieces) {
        NetworkOptions options = NetworkOptions.parse(
                Driver.OVERLAY, Map.of("encrypted", "", "com.docker.network.driver.mtu", Integer.toString(mtu)));
        int payload = options.superFrameLength() - 321;
        int segment = mtu - 40 - moreHeaders;
        assertThat(payload / segment).isBetween(pieces - 1, pieces);
        assertThat(pieces * (mtu + 14 + 8 + 28)).isLessThanOrEqualTo(65_507);
        assertThat(NetworkOptions.parse(Driver.OVERLAY, Map.of()).superFrameLength())
                .isZero();
    }
}
