package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.core.overlay.Remotes.Remote;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TunnelPlanTest {
    private static final Network BRIDGE = States.network("mesh", 3, "10.66.0.0/24");
    private static final Network MESH = new Network(
            BRIDGE.id(),
            BRIDGE.index(),
            BRIDGE.name(),
            BRIDGE.created(),
            Driver.OVERLAY,
            false,
            false,
            false,
            BRIDGE.subnets(),
            Map.of(NetworkOptions.VNI, "4096"),
            Map.of(),
            new Origin.Cluster());

    private static Remote remote(int host, String name, String address) {
        Ipv4Address ip = (Ipv4Address) IpAddress.parse(address);
        String id = "%064x".formatted(name.hashCode() & 0xffffL);
        String hostId = "%064x".formatted(host);
        return new Remote(
                new RemoteEndpoint(id, MESH.id(), hostId, name, List.of(), MacAddress.ofContainer(ip), ip, null),
                new Host(hostId, "host-" + host, IpAddress.parse("192.0.2." + host), 1),
                true);
    }

    /** A person can mend it only who knows between whom it is. */
    @Test
    void row94_anAddressThatTwoHaveIsSaidWithBothAndWhatToDo() {
        Set<String> trouble = new LinkedHashSet<>();
        TunnelPlan plan = new TunnelPlan(
                DesiredState.EMPTY.with(MESH), address -> false, (network, at) -> 7, at -> new PathMtu(), trouble);
        List<Remote> remotes = List.of(
                remote(1, "first", "10.66.0.5"),
                remote(2, "second", "10.66.0.5"),
                remote(2, "router", "10.66.0.1"),
                remote(2, "fine", "10.66.0.6"));
        plan.cluster(new Remotes(Map.of(MESH.id(), remotes)), false);
        assertThat(plan.endpoints()).hasSize(2);
        assertThat(trouble).hasSize(2);
        assertThat(trouble)
                .anyMatch(sentence -> sentence.matches("container second on host host-2 is not reached in network mesh:"
                        + " .* is that of container first on host host-1 too; disconnect one of them from the network"
                        + " and connect it again"));
        assertThat(trouble).anyMatch(sentence -> sentence.contains("10.66.0.1 is that of the network's gateway too"));
    }

    /** A host that sends there is a stranger, and its frames are counted as such. */
    @Test
    void V7_aNetworkOfTheClusterThatNobodyIsInElsewhereIsKnownByItsVni() {
        Set<String> trouble = new LinkedHashSet<>();
        TunnelPlan plan = new TunnelPlan(
                DesiredState.EMPTY.with(MESH), address -> false, (network, at) -> 7, at -> new PathMtu(), trouble);
        plan.cluster(new Remotes(Map.of()), false);
        assertThat(plan.networks()).containsExactly(new TunnelNetwork(MESH.index(), 4096, false));
        assertThat(plan.tunneled()).isEmpty();
        assertThat(plan.peers()).isEmpty();
        assertThat(trouble).isEmpty();
    }
}
