package io.tapswitch.core.control;

import io.tapswitch.core.ipam.AddressChoice;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NameTables;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The places of this host's containers in networks of the cluster: asked for, given back, told about.
 *
 * <p>An address is asked of the store before a container is attached, outside the controller's lock, and is its own
 * from
 * then on. What goes is given back after it has gone, whenever the store can be asked.
 */
final class ClusterPlaces {
    private final ClusterWiring cluster;

    ClusterPlaces(ClusterWiring cluster) {
        this.cluster = cluster;
    }

    /** How a container is known to the cluster. */
    record Member(String id, String name, boolean isNameChosen) {
        static Member of(Container container) {
            return new Member(container.id(), container.name(), container.nameChosen());
        }

        /** Names for DNS, the container's own first when somebody chose it. */
        List<String> names(List<String> aliases) {
            return NameTables.names(isNameChosen, name, id, aliases);
        }
    }

    /** {@return the endpoints that this host has in the cluster's networks} */
    List<RemoteEndpoint> endpoints(DesiredState state) {
        List<RemoteEndpoint> all = new ArrayList<>();
        forEach(state, (container, endpoint) -> all.add(remote(Member.of(container), endpoint)));
        return all;
    }

    /** What is done with each endpoint of this host in a network of the cluster. */
    @FunctionalInterface
    interface EndpointVisitor {
        void visit(Container container, Endpoint endpoint);
    }

    /** Visits the endpoints of this host in networks of the cluster. */
    static void forEach(DesiredState state, EndpointVisitor visitor) {
        for (Container container : state.containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                Network network = state.networksById().get(endpoint.networkId());
                if (network != null && network.origin() instanceof Origin.Cluster) {
                    visitor.visit(container, endpoint);
                }
            }
        }
    }

    private RemoteEndpoint remote(Member member, Endpoint endpoint) {
        Host self = cluster.self();
        return new RemoteEndpoint(
                endpoint.id(),
                endpoint.networkId(),
                self == null ? "" : self.id(),
                member.name(),
                member.names(endpoint.aliases()),
                endpoint.mac(),
                endpoint.ipv4Address(),
                endpoint.ipv6Address());
    }

    /**
     * {@return places for a container in those of its networks that are the cluster's} They are its own from now on,
     * and
     * must be given back when it is not attached after all: {@link #orGiveBack}.
     *
     * @param state as it is
     * @param member whose they are
     * @param connections how it is to be in its networks
     */
    Places reserve(DesiredState state, Member member, Collection<Connection> connections) {
        Map<String, Places.Place> places = new HashMap<>();
        try {
            for (Connection connection : connections) {
                Network network = state.networksById().get(connection.networkId());
                if (network != null && network.origin() instanceof Origin.Cluster) {
                    places.put(network.id(), reserve(state, network, member, connection));
                }
            }
        } catch (RuntimeException e) {
            release(new Places(places));
            throw e;
        }
        return places.isEmpty() ? Places.NONE : new Places(places);
    }

    private Places.Place reserve(DesiredState state, Network network, Member member, Connection connection) {
        ClusterSession now = cluster.joined("network " + network.name());
        ClusterView view = now.state().view();
        OverlayNetwork known = view.networks().get(network.id());
        if (known == null) {
            now.refuseUnasked();
            throw Refusal.conflict(
                    "network_not_found",
                    "network " + network.name()
                            + " is not in the cluster's store any more: remove it, or wait until it is there again");
        }
        refuseMac(view, network, connection.mac());
        Set<IpAddress> local = EndpointRules.addresses(state, network.id(), member.id());
        AtomicReference<AddressChoice.@Nullable Chosen> chosen = new AtomicReference<>();
        String id = ObjectName.newId();
        RemoteEndpoint made = now.addEndpoint(known, taken -> {
            AddressChoice.Chosen choice = AddressChoice.choose(
                    network,
                    address -> taken.test(address) || local.contains(address),
                    connection.ipv4(),
                    connection.ipv6());
            chosen.set(choice);
            MacAddress mac = EndpointRules.mac(state, network, connection.mac(), choice.ipv4(), id);
            Endpoint endpoint = new Endpoint(
                    id, network.id(), 0, 1, "", mac, false, choice.ipv4(), choice.ipv6(), connection.aliases());
            return remote(member, endpoint);
        });
        AddressChoice.Chosen choice = chosen.get();
        if (choice == null) {
            throw new IllegalStateException("an endpoint that nobody planned");
        }
        return new Places.Place(made.id(), made.mac(), choice);
    }

    private static void refuseMac(ClusterView view, Network network, @Nullable MacAddress wanted) {
        for (RemoteEndpoint other : view.endpoints(network.id())) {
            if (other.mac().equals(wanted)) {
                throw Refusal.conflict(
                        "mac_in_use",
                        "Address already in use: MAC address " + wanted + " in network " + network.name()
                                + ", of container " + other.name());
            }
        }
    }

    /** Does something with places, and gives them back when it fails. {@return what it made} */
    <T> T orGiveBack(Places places, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            release(places);
            throw e;
        }
    }

    private void release(Places places) {
        ClusterSession now = cluster.session();
        if (now != null) {
            places.byNetwork().values().forEach(place -> now.removeEndpoint(place.endpoint()));
        }
    }

    /** A change is in force: what went is given back, what has another name is told. */
    void follow(DesiredState before, DesiredState next) {
        ClusterSession now = cluster.session();
        if (now == null) {
            return;
        }
        Map<String, Container> left = new HashMap<>();
        forEach(next, (container, endpoint) -> left.put(endpoint.id(), container));
        forEach(before, (container, endpoint) -> {
            Container after = left.get(endpoint.id());
            if (after == null) {
                now.removeEndpoint(endpoint.id());
            } else if (!after.name().equals(container.name())) {
                now.rename(endpoint.id(), after.name(), Member.of(after).names(endpoint.aliases()));
            }
        });
    }

    /** Refuses a name that somebody else has in one of a container's networks. */
    void checkName(DesiredState state, Container container, String name) {
        ClusterSession now = cluster.session();
        if (now == null) {
            return;
        }
        for (Endpoint endpoint : container.endpoints()) {
            for (RemoteEndpoint other : now.state().view().endpoints(endpoint.networkId())) {
                if (other.name().equals(name) && !other.id().equals(endpoint.id())) {
                    Network network = state.networksById().get(endpoint.networkId());
                    throw Refusal.conflict(
                            "endpoint_exists",
                            "endpoint with name " + name + " already exists in network "
                                    + (network == null ? endpoint.networkId() : network.name()));
                }
            }
        }
    }

    /**
     * Removes an endpoint of a host that is dead (A-OVL-18).
     *
     * @param networkReference the network that it is in
     * @param reference the container's name, or the endpoint's id with or without {@code ep-} before it
     * @param force whether to remove it, or only to say where it is
     * @return whether it was another host's
     */
    boolean disconnectElsewhere(DesiredState state, String networkReference, String reference, boolean force) {
        if (!cluster.isMember()) {
            return false;
        }
        Network network = References.network(state, networkReference);
        Container here = here(state, reference);
        boolean isMember = here != null && here.endpointIn(network.id()).isPresent();
        if (here != null && isMember && isExact(here, reference)) {
            return false;
        }
        for (Remotes.Remote remote : cluster.abroad().remotes().of(network.id())) {
            // What is here is meant by the beginning of its id only where no name is.
            if (isMember
                    ? remote.endpoint().name().equals(References.withoutSlash(reference))
                    : Elsewhere.isMeant(remote.endpoint(), reference)) {
                if (!force) {
                    throw Refusal.conflict(
                            "container_elsewhere",
                            "container " + remote.endpoint().name() + " is on host "
                                    + remote.host().name() + " at "
                                    + remote.host().vtep()
                                    + ": disconnect it there, or with --force here when that host is dead");
                }
                cluster.joined("network " + network.name()).removeForced(remote.endpoint());
                return true;
            }
        }
        return false;
    }

    /** {@return the containers of other hosts, as far as is known} */
    Elsewhere elsewhere() {
        ClusterSession now = cluster.session();
        Host self = cluster.self();
        return now == null || self == null
                ? Elsewhere.NONE
                : Elsewhere.of(now.state().view(), self.id());
    }

    /**
     * {@return the container of a reference; one of another host is refused with where it is} A name goes before the
     * beginning of an id, also when it is another host's: nobody who types it means the container whose id begins so.
     */
    Container container(DesiredState state, String reference) {
        try {
            Container found = References.container(state, reference);
            Refusal better = isExact(found, reference) ? null : elsewhere().refusal(reference);
            if (better != null) {
                throw better;
            }
            return found;
        } catch (Refusal e) {
            Refusal better = e.kind() == Refusal.Kind.UNKNOWN ? elsewhere().refusal(reference) : null;
            throw better == null ? e : better;
        }
    }

    private static boolean isExact(Container container, String reference) {
        return container.name().equals(References.withoutSlash(reference))
                || container.id().equals(reference);
    }

    private static @Nullable Container here(DesiredState state, String reference) {
        try {
            return References.container(state, reference);
        } catch (Refusal e) {
            return null;
        }
    }
}
