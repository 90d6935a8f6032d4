package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.overlay.Belief;
import io.tapswitch.core.overlay.Belief.Place;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.Remotes.Remote;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What this host has in force of a network of the cluster, for whoever compares hosts. Where frames go is read from the
 * workers' forwarding databases, not from what they were told: an endpoint that is in none of them is not in force.
 */
final class BeliefLook {
    /** No port. */
    private static final int NOWHERE = -1;

    private final Desired desired;
    private final Dataplane dataplane;
    private final Supplier<@Nullable OutsideState> outside;
    private final ClusterWiring cluster;
    private final Supplier<List<String>> warnings;

    /**
     * Looks at a host.
     *
     * @param outside where tunnels lead
     * @param warnings what a person should know of the ways to the outside
     */
    BeliefLook(
            Desired desired,
            Dataplane dataplane,
            Supplier<@Nullable OutsideState> outside,
            ClusterWiring cluster,
            Supplier<List<String>> warnings) {
        this.warnings = warnings;
        this.desired = desired;
        this.dataplane = dataplane;
        this.outside = outside;
        this.cluster = cluster;
    }

    /** {@return what is in force of the network of an id; waits for the workers} */
    Belief of(String networkId) {
        List<String> said = new ArrayList<>(cluster.warnings());
        said.addAll(warnings.get());
        return inForce(networkId).warning(said);
    }

    private Belief inForce(String networkId) {
        DesiredState state = desired.state();
        Network network = state.networksById().get(networkId);
        Host self = cluster.self();
        if (network == null || self == null) {
            return Belief.none("it does not have the network; tapswitch status says why there");
        }
        Map<Long, Integer> ports = new HashMap<>();
        for (FdbEntry entry : Waiting.await(dataplane.fdb(network.index()), "read the forwarding database")) {
            ports.put(entry.mac(), entry.port());
        }
        OutsideState now = outside.get();
        return new Belief(
                "", places(state, network, self, cluster.abroad().remotes().of(networkId), now, ports));
    }

    /**
     * {@return who is in a network, and where frames for them go}
     *
     * @param remotes whom the cluster tells of
     * @param outside where tunnels lead, null when there is no way out
     * @param ports by MAC address, as the workers have them
     */
    static List<Place> places(
            DesiredState state,
            Network network,
            Host self,
            List<Remote> remotes,
            @Nullable OutsideState outside,
            Map<Long, Integer> ports) {
        OutsideState.Tunnels tunnels = outside == null ? null : outside.tunnels();
        Map<Integer, String> hosts = hosts(remotes, tunnels);
        List<Place> places = new ArrayList<>();
        for (Container container : state.containers()) {
            container.endpointIn(network.id()).ifPresent(endpoint -> hosts.put(endpoint.port(), self.id()));
        }
        for (Container container : state.containers()) {
            container
                    .endpointIn(network.id())
                    .ifPresent(endpoint -> add(
                            places,
                            container,
                            endpoint,
                            hosts.get(ports.getOrDefault(endpoint.mac().bits(), NOWHERE))));
        }
        for (RemoteEndpoint endpoint : tunnels == null ? List.<RemoteEndpoint>of() : tunnels.endpoints()) {
            String host = hosts.get(ports.getOrDefault(endpoint.mac(), NOWHERE));
            if (host != null && endpoint.network() == network.index()) {
                places.add(new Place(
                        name(remotes, endpoint),
                        MacAddress.fromBits(endpoint.mac()),
                        endpoint.ipv4(),
                        endpoint.ipv6(),
                        host));
            }
        }
        return places;
    }

    private static void add(List<Place> places, Container container, Endpoint endpoint, @Nullable String host) {
        if (host != null) {
            places.add(
                    new Place(container.name(), endpoint.mac(), endpoint.ipv4Address(), endpoint.ipv6Address(), host));
        }
    }

    /** {@return which host is behind a port: its id, or the address where the cluster has no host of it} */
    private static Map<Integer, String> hosts(List<Remote> remotes, OutsideState.@Nullable Tunnels tunnels) {
        Map<IpAddress, String> ids = new HashMap<>();
        remotes.forEach(remote -> ids.put(remote.host().vtep(), remote.host().id()));
        Map<Integer, String> hosts = new HashMap<>();
        for (OutsideState.Peer peer : tunnels == null ? List.<OutsideState.Peer>of() : tunnels.peers()) {
            hosts.put(peer.port(), ids.getOrDefault(peer.remote(), peer.remote().toString()));
        }
        return hosts;
    }

    private static String name(List<Remote> remotes, RemoteEndpoint endpoint) {
        return remotes.stream()
                .map(Remote::endpoint)
                .filter(remote -> remote.mac().bits() == endpoint.mac()
                        && Objects.equals(remote.ipv4(), endpoint.ipv4())
                        && Objects.equals(remote.ipv6(), endpoint.ipv6()))
                .map(io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint::name)
                .findFirst()
                .orElse("");
    }
}
