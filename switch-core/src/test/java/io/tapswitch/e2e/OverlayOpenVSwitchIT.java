package io.tapswitch.e2e;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.OpenVSwitch;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** V10: a container and Open vSwitch's userspace datapath at the other end of a tunnel. */
@Tag("netns")
@Timeout(120)
final class OverlayOpenVSwitchIT {
    private static final String FILE = """
            networks:
              mesh: {driver: overlay, subnet: [10.66.0.0/16, "fd66::/64"], gateway: [10.66.255.254, "fd66::fffe"], ipv6: true}
            overlay:
              peers:
                - {network: mesh, vni: 4096, remote: 192.0.2.9}
            """;
    private static final String THERE = "10.66.0.100";
    private static final String THERE_6 = "fd66::100";

    @ParameterizedTest
    @ValueSource(strings = {"tap", "socket"})
    void V10_openVSwitchAndAContainerTalk_smallAndLargeInBothFamilies(String way) {
        try (World world = World.withOutside()) {
            LabNamespace router = world.outside().router();
            // What comes by a packet socket must be whole: this datapath takes no half checksums and no super-frames.
            world.host()
                    .exec("ethtool", "-K", "uplink0", "tx", "off", "tso", "off", "gso", "off")
                    .ok();
            router.exec("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off")
                    .ok();
            try (OpenVSwitch ovs = new OpenVSwitch(router, Outside.ONE + "/24")) {
                ovs.vxlan(Outside.HOST, 4096, THERE + "/16", THERE_6 + "/64");
                world.start(
                        "--uplink",
                        "shared",
                        "--tunnel",
                        way,
                        "--config",
                        world.file("tapswitch.yaml", FILE).toString());
                LabContainer one =
                        world.attached("one", "--network", "mesh", "--ip", "10.66.0.10", "--ip6", "fd66::10");
                Eventually.until("the way is known to both", () -> one.reaches(THERE));
                TunnelTraffic.bothWays(one, "10.66.0.10", "fd66::10", router, THERE, THERE_6, 10_000_000);
                world.assertNoTrouble();
            }
        }
    }
}
