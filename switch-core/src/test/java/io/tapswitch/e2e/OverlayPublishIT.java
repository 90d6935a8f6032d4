package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.ClusterLab;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.World;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A-OVL-07: published ports and MASQUERADE of containers in overlay networks, as on bridges. */
@Tag("netns")
@Timeout(120)
final class OverlayPublishIT {
    private static final int CLIENT = 50;

    private final ClusterLab lab = new ClusterLab(2);

    @AfterEach
    void close() {
        lab.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tap", "socket"})
    void A_OVL_07_portsArePublishedChangedAliveAndMasqueraded_inBothFamiliesAndBothProtocols(String way) {
        for (int i = 1; i <= 2; i++) {
            ClusterLab.awaitJoined(lab.join(i, "--tunnel", way));
        }
        World one = lab.host(1);
        one.cli("network", "create", "-d=overlay", "--ipv6", "--subnet=10.66.0.0/24", "--subnet=fd66::/64", "mesh");
        ClusterLab.awaitNetwork(lab.host(2), "mesh");
        LabContainer a = one.attached("a", "--network", "mesh", "-p", "8080:80", "-p", "8080:80/udp");
        LabContainer b = lab.host(2).attached("b", "--network", "mesh");
        ClusterLab.awaitName(b, "a");
        LabNamespace client = lab.place(CLIENT);
        String inside = a.endpoint("mesh").text("IPAddress");
        try (Background server = Talk.answer(a, "80,81", "80");
                Background outside = Talk.answer(client)) {
            for (boolean six : new boolean[] {false, true}) {
                String host = six ? ClusterLab.address6(1) : ClusterLab.address(1);
                String other = six ? ClusterLab.address6(2) : ClusterLab.address(2);
                String far = six ? ClusterLab.address6(CLIENT) : ClusterLab.address(CLIENT);
                for (String protocol : new String[] {"tcp", "udp"}) {
                    Talk.ask(client, protocol, host, 8080).as(far);
                    // The container of the other host leaves by its own host, and comes in by this one.
                    Talk.ask(b, protocol, host, 8080).as(other);
                    Talk.ask(a, protocol, far, Talk.PORT).as(host);
                    Talk.ask(b, protocol, far, Talk.PORT).as(other);
                }
            }
            // In the network itself nothing is translated.
            Talk.ask(b, "tcp", inside, 80).as(b.endpoint("mesh").text("IPAddress"));

            try (Held in = Held.open(client, 5, Talk.target(ClusterLab.address(1), 8080));
                    Held across = Held.open(b, 5, Talk.target(inside, 80))) {
                in.all(5);
                across.all(5);
                one.cli("publish", "a", "8081:81");
                Talk.ask(client, "tcp", ClusterLab.address(1), 8081).as(ClusterLab.address(CLIENT));
                one.cli("unpublish", "a", "8081:81");
                assertThat(Talk.ask(client, "tcp", ClusterLab.address(1), 8081).error())
                        .isEqualTo("refused");
                in.assertAlive();
                one.cli("unpublish", "a", "8080:80");
                across.assertAlive();
                assertThat(Talk.ask(client, "tcp", ClusterLab.address(1), 8080).error())
                        .isEqualTo("refused");
                Talk.ask(client, "udp", ClusterLab.address(1), 8080).as(ClusterLab.address(CLIENT));
            }
            assertThat(server.alive() && outside.alive()).isTrue();
        }
        one.assertNoTrouble();
        lab.host(2).assertNoTrouble();
    }
}
