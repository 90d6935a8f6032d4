package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkOptionsTest {
    @Test
    void readsEveryOptionThatItKnows() {
        NetworkOptions options = NetworkOptions.parse(Map.of(
                "com.docker.network.driver.mtu", "1400",
                "tapswitch.vlan", "transparent",
                "tapswitch.group-forward-mask", "0x4000",
                "tapswitch.storm-pps", "0",
                "tapswitch.learned-per-port", "5",
                "tapswitch.learned-per-network", "50"));
        assertThat(options).isEqualTo(new NetworkOptions(1400, true, 0x4000, 0, 5, 50));
        assertThat(NetworkOptions.parse(Map.of())).isEqualTo(NetworkOptions.DEFAULT);
    }

    @Test
    void refusesUnknownOptionsByName() {
        assertThatThrownBy(() -> NetworkOptions.parse(Map.of("com.docker.network.bridge.enable_icc", "false")))
                .isInstanceOfSatisfying(
                        Refusal.class, e -> assertThat(e.kind()).isEqualTo(Refusal.Kind.NOT_IN_THIS_VERSION))
                .hasMessageContaining("com.docker.network.bridge.enable_icc");
    }

    @ParameterizedTest
    @CsvSource({
        "com.docker.network.driver.mtu, 67", "com.docker.network.driver.mtu, 9001", "com.docker.network.driver.mtu, x",
        "tapswitch.vlan, maybe", "tapswitch.group-forward-mask, 2", "tapswitch.group-forward-mask, 65536",
        "tapswitch.storm-pps, -1", "tapswitch.learned-per-port, 99999999999999999999"
    })
    void refusesValuesThatHaveNoMeaning(String key, String value) {
        assertThatThrownBy(() -> NetworkOptions.parse(Map.of(key, value)))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(key)
                .hasMessageContaining(value);
    }
}
