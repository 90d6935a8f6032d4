package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Tunnels at another UDP port than VXLAN's (C9), the kernel's vxlan device at the other end; by TAP and by socket. */
@ParameterizedClass
@ValueSource(strings = {"tap", "socket"})
@Tag("netns")
@Timeout(60)
final class OverlayPortIT {
    private static final String KERNEL = "10.66.0.100";

    private final String way;
    private final World world = World.withOutside();
    private LabNamespace router;

    OverlayPortIT(String way) {
        this.way = way;
    }

    @BeforeEach
    void start() {
        router = world.outside().router();
        vxlan(4790);
        port(4790, "");
        String file = world.directory().resolve("tapswitch.yaml").toString();
        world.start("--uplink", "shared", "--tunnel", way, "--workers", "1", "--config", file);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void port(int port, String more) {
        String file = """
            networks:
              mesh: {driver: overlay, subnet: 10.66.0.0/16, gateway: 10.66.255.254}
            overlay:
              port: %d
              peers:
                - {network: mesh, vni: 4096, remote: %s}
            """.formatted(port, Outside.ONE);
        world.file("tapswitch.yaml", file + more);
    }

    private void vxlan(int port) {
        router.ip("link add vx0 address 02:00:00:00:00:64 type vxlan id 4096 dstport " + port + " local " + Outside.ONE
                + " remote " + Outside.HOST);
        router.ip("link set vx0 mtu 1450 up");
        router.ip("addr add " + KERNEL + "/16 dev vx0");
    }

    private boolean isHeld(int port) {
        return world.host().exec("ss", "-Huan").out().contains(Outside.HOST + ":" + port);
    }

    @Test
    void C9_theKernelsVxlanAtAnotherPort_aReloadIsFollowed_andAPortInUseIsRefused() {
        LabContainer one = world.attached("one", "--network", "mesh", "--ip", "10.66.0.10");
        one.ping(KERNEL);
        one.transferTcp(router, KERNEL, 3_000_000);
        router.transferTcp(one, "10.66.0.10", 3_000_000);
        one.exchangeUdp(router, KERNEL, TunnelTraffic.SIZES);
        assertThat(world.cli("status")).containsPattern("tunnels +by " + way + ", UDP port 4790");
        assertThat(isHeld(4790)).isTrue();
        assertThat(isHeld(4789)).isFalse();

        port(4791, "");
        Eventually.until("the port of the file", () -> isHeld(4791) && !isHeld(4790));
        assertThat(one.reaches(KERNEL)).isFalse();
        router.ip("link del vx0");
        vxlan(4791);
        Eventually.until("at the other port", () -> one.reaches(KERNEL));
        router.transferTcp(one, "10.66.0.10", 3_000_000);

        world.assertNoTrouble();

        port(5555, "publish:\n  - {container: one, ports: [\"" + Outside.HOST + ":5555:53/udp\"]}\n");
        Eventually.until(
                "what is published is not displaced",
                () -> world.cli("status").contains("no tunnel has an end here, UDP port 5555 of " + Outside.HOST));
        Eventually.until("the old one is the host's", () -> !isHeld(4791));
        port(4791, "");
        Eventually.until("back", () -> one.reaches(KERNEL));
    }
}
