package io.tapswitch.tapio;

import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE;
import static io.tapswitch.tapio.TunnelFrames.VNI;
import static io.tapswitch.tapio.TunnelFrames.VXLAN_PORT;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A {@link SteeringLab} whose neighbour has VXLAN devices of the kernel, one over each family, to tunnels that end in a
 * tunnel TAP of the host:
 *
 * <pre>
 *   outside vx4 10.5.0.2 ==VXLAN over IPv4==\
 *   outside vx6          ==VXLAN over IPv6===== uplink of the host --steered--> tunnel TAP
 * </pre>
 */
final class TunnelLab implements AutoCloseable {
    static final String ALIAS = "tapswitch tunnel of a test";
    static final String INNER = "10.5.0.1";
    static final String PEER = "10.5.0.2";
    static final byte[] INNER_MAC = IpFrames.mac("02:00:00:05:00:01");
    static final byte[] PEER_MAC = IpFrames.mac("02:00:00:05:00:02");

    final SteeringLab hosts;
    Steering steering;
    UplinkTap tap;
    final TapQueues queues = new TapQueues(() -> tap);

    TunnelLab(Path runDirectory) {
        hosts = new SteeringLab(runDirectory);
        try {
            hosts.host.run("ip link set up0 mtu 1550");
            hosts.outside.run("ip link set out0 mtu 1550");
            vxlan("vx4", "local " + OUTSIDE + " remote " + HOST);
            vxlan("vx6", "local 2001:db8::2 remote 2001:db8::1");
            hosts.outside.run("ip address add " + PEER + "/24 dev vx4");
            hosts.outside.run("ip neighbour add " + INNER + " lladdr 02:00:00:05:00:01 dev vx4");
            steering = hosts.steering();
            tap = hosts.inHost(() -> TunnelTap.create("tswt%d", 2, ALIAS));
            steerTunnel();
            markTunnel(steering.marks(0, IpFrames.low(HOST)));
            markTunnel(steering.marks(SteeringLab.HOST6_HIGH, 1));
        } catch (RuntimeException | AssertionError e) {
            hosts.close();
            throw e;
        }
    }

    private void vxlan(String name, String ends) {
        hosts.outside.run("ip link add " + name + " address 02:00:00:05:00:02 type vxlan id " + VNI + " dstport "
                + VXLAN_PORT + " " + ends);
        hosts.outside.run("ip link set " + name + " addrgenmode none");
        hosts.outside.run("ip link set " + name + " mtu 1450 up");
    }

    void steerTunnel() {
        hosts.doInHost(() -> steering.steer(hosts.uplink, hosts.uplinkTap.index, tap.index()));
    }

    private static void markTunnel(PortMarks marks) {
        marks.markTunnel(VXLAN_PORT);
    }

    /** What comes out of a tunnel at the neighbour, of one EtherType. */
    PacketSocket peer(String device, int etherType) {
        int index = SteeredTap.index(hosts.outside, device);
        return hosts.inOutside(() -> new PacketSocket(index, etherType));
    }

    /** The TAP goes through the vault to another object, as to another process. */
    void restart() {
        hosts.inHost(() -> {
            try (FdVault vault = FdVault.open(hosts.runDirectory, Map.of())) {
                vault.put("tunnel", tap.fds());
                tap.close();
            }
            try (FdVault vault = FdVault.open(hosts.runDirectory, Map.of())) {
                tap = TunnelTap.adopt(Objects.requireNonNull(vault.taken().get("tunnel")));
                vault.drop(List.of("tunnel"));
            }
            return true;
        });
    }

    boolean has(String device, String feature) {
        return hosts.host.run("ethtool -k " + device).contains("\n" + feature + ": on");
    }

    @Override
    public void close() {
        try (hosts;
                queues) {
            steering.close();
            tap.close();
            Keeper keeper = Keeper.of(hosts.runDirectory);
            if (keeper != null) {
                keeper.end(hosts.runDirectory);
            }
        }
    }
}
