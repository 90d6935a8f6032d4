package io.tapswitch.core.api;

import io.tapswitch.core.control.ClusterLook;
import io.tapswitch.core.control.Looking;
import io.tapswitch.core.control.PeerLook;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Looking at other hosts: a part of {@link Routes}. */
final class ClusterRoutes {
    private final Looking looking;

    ClusterRoutes(Looking looking) {
        this.looking = looking;
    }

    /** {@return the routes} */
    List<Route> table() {
        // Tables read as such: spotless:off
        return List.of(
                Route.list("/v1/nodes", "Hosts of the cluster, the one that answers first", ClusterAnswers.Node.class,
                                call -> looking.cluster().nodes(call.filters()).stream()
                                        .map(ClusterRoutes::node).toList())
                        .with(Parameter.FILTERS).refusing(409),
                Route.list("/v1/peers", "Other hosts that tunnels lead to, one for each network",
                                ClusterAnswers.PeerLine.class, call -> looking.peers().list(call.text("network"))
                                        .stream().map(ClusterRoutes::peer).toList())
                        .with(Parameter.text("network", "only of this network", "mesh")).refusing(404),
                Route.post("/v1/networks/{ref}/verify", "Asks all hosts what they have in force of a network, and"
                                + " compares it with the store; takes some seconds at most", 200,
                                ClusterAnswers.Verification.class, call ->
                                verification(looking.cluster().verify(call.reference())))
                        .refusing(404, 409));
        // spotless:on
    }

    /** This host in its cluster, for status. */
    static ClusterAnswers.@Nullable Cluster cluster(ClusterLook.@Nullable State state) {
        return state == null
                ? null
                : new ClusterAnswers.Cluster(
                        state.store(),
                        state.self().id(),
                        state.self().name(),
                        state.self().vtep().toString(),
                        state.standing(),
                        state.why(),
                        state.sinceSeconds(),
                        state.alive(),
                        state.hosts(),
                        state.pending());
    }

    static ClusterAnswers.Node node(ClusterLook.Node node) {
        return new ClusterAnswers.Node(
                node.id(),
                node.self(),
                node.name(),
                node.address(),
                node.status().word(),
                node.unseenSeconds(),
                node.networks(),
                node.containers());
    }

    private static ClusterAnswers.Verification verification(ClusterLook.Verified verified) {
        return new ClusterAnswers.Verification(
                verified.network(),
                verified.verification().isFine(),
                verified.verification().hosts().stream()
                        .map(row -> new ClusterAnswers.Verified(
                                row.host().id(),
                                row.self(),
                                row.host().name(),
                                row.host().vtep().toString(),
                                row.endpoints(),
                                row.verdict().name().toLowerCase(Locale.ROOT)))
                        .toList(),
                verified.verification().differences(),
                verified.verification().causes());
    }

    private static ClusterAnswers.PeerLine peer(PeerLook.Peer peer) {
        return new ClusterAnswers.PeerLine(
                peer.network(),
                peer.vni(),
                peer.host(),
                peer.address().toString(),
                peer.declared() ? "file" : "cluster",
                peer.pathMtu(),
                peer.endpoints(),
                peer.counters().rxFrames(),
                peer.counters().rxBytes(),
                peer.counters().txFrames(),
                peer.counters().txBytes(),
                peer.counters().dropsTotal(),
                peer.heardSeconds());
    }
}
