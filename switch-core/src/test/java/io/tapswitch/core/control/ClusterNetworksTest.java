package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClusterNetworksTest {
    private static final OverlayNetwork MESH = network("mesh", "10.0.0.0/24", Map.of());

    private static OverlayNetwork network(String name, String subnet, Map<String, String> options) {
        IpPrefix prefix = IpPrefix.parse(subnet);
        IpAddress gateway = IpAddress.parse(subnet.replaceFirst("0/.*", "1"));
        return new OverlayNetwork(
                ObjectName.newId(),
                name,
                4_096,
                "2026-11-22T00:00:00Z",
                false,
                false,
                true,
                List.of(new Subnet(prefix, gateway, null, Map.of())),
                options,
                Map.of("a", "b"));
    }

    private static DesiredState in(DesiredState state, List<OverlayNetwork> networks) {
        return rules(networks, Set.of()).in(state);
    }

    private static ClusterNetworks rules(List<OverlayNetwork> networks, Set<String> undecided) {
        return new ClusterNetworks(networks, undecided, List.of(), true);
    }

    @Test
    void A_OVL_03_aNetworkOfTheClusterIsHereWithItsIdAndANumberOfThisHost() {
        DesiredState own = DesiredState.EMPTY.with(States.network("web", 0, "172.18.0.0/16"));
        Network here =
                Objects.requireNonNull(in(own, List.of(MESH)).networksById().get(MESH.id()));
        assertThat(here.name()).isEqualTo("mesh");
        assertThat(here.index()).isEqualTo(1);
        assertThat(here.driver()).isEqualTo(Driver.OVERLAY);
        assertThat(here.origin()).isEqualTo(new Origin.Cluster());
        assertThat(NetworkOptions.of(here).vni()).isEqualTo(4_096);
        assertThat(here.labels()).containsEntry("a", "b");
        assertThat(ClusterNetworks.ofCluster(here, MESH.id(), 4_096)).isEqualTo(MESH);
    }

    @Test
    void theSameNetworksMakeNoOtherState() {
        DesiredState once = in(DesiredState.EMPTY, List.of(MESH));
        assertThat(in(once, List.of(MESH))).isSameAs(once);
    }

    @Test
    void whatTheStoreHasNoMoreGoes_butForWhatThisHostHasJustMade() {
        DesiredState once = in(DesiredState.EMPTY, List.of(MESH));
        assertThat(in(once, List.of()).networks()).isEmpty();
        assertThat(rules(List.of(), Set.of(MESH.id())).in(once)).isSameAs(once);
        assertThat(rules(List.of(MESH), Set.of(MESH.id()))
                        .in(DesiredState.EMPTY)
                        .networks())
                .as("and what it has just removed does not come back")
                .isEmpty();
    }

    /** V12: a daemon that starts without the store keeps what it has, whatever it remembers. */
    @Test
    void V12_nothingIsGoneBeforeTheStoreWasRead() {
        DesiredState once = in(DesiredState.EMPTY, List.of(MESH));
        ClusterNetworks unread = new ClusterNetworks(List.of(), Set.of(), List.of(), false);
        assertThat(unread.in(once)).isSameAs(once);
        assertThat(unread.trouble()).isEmpty();
    }

    @Test
    void aVniThatAnotherNetworkHasHereIsSaid() {
        DesiredState once = in(DesiredState.EMPTY, List.of(MESH));
        ClusterNetworks rules = rules(List.of(MESH, network("same", "10.0.9.0/24", Map.of())), Set.of());
        assertThat(rules.in(once)).isSameAs(once);
        assertThat(rules.trouble())
                .containsExactly("network same of the cluster is not on this host: network mesh here has its VNI 4096:"
                        + " remove it, and the cluster's comes");
    }

    @Test
    void networksOfThisHostAreItsOwn() {
        DesiredState own = DesiredState.EMPTY.with(States.network("web", 0, "172.18.0.0/16"));
        assertThat(in(own, List.of())).isSameAs(own);
    }

    @Test
    void aNameOrASubnetThatIsTakenHereIsSaid_andTheNetworkComesWhenItIsFree() {
        DesiredState named = DesiredState.EMPTY.with(States.network("mesh", 0, "172.18.0.0/16"));
        ClusterNetworks rules = rules(List.of(MESH), Set.of());
        assertThat(rules.in(named)).isSameAs(named);
        assertThat(rules.trouble())
                .containsExactly("network mesh of the cluster is not on this host: a network of its own has that name:"
                        + " remove it, and the cluster's comes");
        Network web = States.network("mesh", 0, "172.18.0.0/16");
        ClusterNetworks declared = rules(List.of(MESH), Set.of());
        declared.in(DesiredState.EMPTY.with(new Network(
                web.id(),
                web.index(),
                web.name(),
                web.created(),
                web.driver(),
                false,
                false,
                true,
                web.subnets(),
                Map.of(),
                Map.of(),
                new Origin.File("/etc/t.yaml", 3))));
        assertThat(declared.trouble())
                .containsExactly("network mesh of the cluster is not on this host: a network of its own has that name:"
                        + " take it out of /etc/t.yaml (line 3), and the cluster's comes");
        List<Taken> routes = List.of(new Taken(IpPrefix.parse("10.0.0.0/16"), "the host's route by eth0", false));
        ClusterNetworks covered = new ClusterNetworks(List.of(MESH), Set.of(), routes, true);
        assertThat(covered.in(DesiredState.EMPTY).networks()).isEmpty();
        assertThat(covered.trouble())
                .containsExactly("network mesh of the cluster is not on this host: its subnet 10.0.0.0/24 overlaps"
                        + " 10.0.0.0/16, the host's route by eth0");
    }

    @Test
    void anOptionThatThisVersionDoesNotKnowLeavesTheNetworkOut() {
        ClusterNetworks rules = rules(List.of(network("new", "10.0.1.0/24", Map.of("tapswitch.later", "1"))), Set.of());
        assertThat(rules.in(DesiredState.EMPTY).networks()).isEmpty();
        assertThat(rules.trouble())
                .singleElement()
                .asString()
                .startsWith("network new of the cluster is not on this host: unknown network option tapswitch.later");
    }
}
