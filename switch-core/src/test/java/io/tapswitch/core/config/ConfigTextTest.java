package io.tapswitch.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.model.Driver;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigTextTest {
    @Test
    void P9_whatIsShownSaysTheSameWhenItIsRead() {
        String file = """
                default-network: {subnet: 172.30.0.0/16, gateway: 172.30.0.9}
                networks:
                  web:
                    subnet: [10.66.0.0/16, 10.67.0.0/16, "fd00:66::/64"]
                    gateway: [10.66.0.9, "fd00:66::9"]
                    ip-range: 10.66.1.0/24
                    aux-addresses: {router: 10.66.0.5, "odd: name": 10.66.0.6}
                    ipv6: true
                    attachable: true
                    options: {com.docker.network.driver.mtu: 1400}
                    labels: {version: 1.10, text: "a # b: 'c' \\"d\\""}
                  db: {internal: true}
                  "123":
                  "null":
                  mesh: {driver: overlay}
                overlay:
                  local: 192.0.2.1
                  port: 4790
                  peers:
                    - {network: mesh, vni: 42, remote: 192.0.2.7}
                """;
        Configuration read = ConfigFile.parse("f", file);
        String shown = ConfigText.of(read);
        assertThat(shown).contains("  \"db\":  # line 12\n    internal: true\n");
        Configuration again = ConfigFile.parse("f", shown);
        assertThat(again.networks())
                .extracting(DeclaredNetwork::name)
                .containsExactly("web", "db", "123", "null", "mesh");
        assertThat(again.overlay()).isEqualTo(read.overlay());
        assertThat(again.networks().getLast().driver()).isEqualTo(Driver.OVERLAY);
        assertThat(again.networks()).extracting(DeclaredNetwork::addresses).isEqualTo(addresses(read));
        assertThat(again.networks().getFirst().labels())
                .isEqualTo(read.networks().getFirst().labels());
        assertThat(again.networks().getFirst().options())
                .isEqualTo(read.networks().getFirst().options());
        assertThat(ConfigText.of(again)).hasSameSizeAs(shown);
        assertThat(ConfigFile.parse("f", ConfigText.of(ConfigFile.parse("f", "")))
                        .networks())
                .isEmpty();
    }

    private static List<Object> addresses(Configuration configuration) {
        return configuration.networks().stream()
                .map(network -> (Object) network.addresses())
                .toList();
    }
}
