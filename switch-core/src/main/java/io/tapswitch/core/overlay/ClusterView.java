package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.AddressClaim;
import io.tapswitch.core.overlay.ClusterEntry.Claim;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.ClusterEntry.Liveness;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterEntry.Unreadable;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A state's entries by what they are. Sorted out at the first question, and then kept.
 *
 * <p>In the store, an address is never given twice at one moment. A host that has heard of the new endpoint and not yet
 * of the old one's removal knows two with one address for a moment: {@link #endpoints} has only the newer one then,
 * whatever the order of hearing. MACs are nobody's claim: two endpoints may have one, and the newer goes first.
 */
public final class ClusterView {
    private final Map<String, ClusterState.Known> known;
    private @Nullable Sorted sorted;

    ClusterView(Map<String, ClusterState.Known> known) {
        this.known = known;
    }

    /** Everything by kind. */
    private static final class Sorted {
        private final Map<String, Host> hosts = new HashMap<>();
        private final Map<String, Liveness> alive = new HashMap<>();
        private final Map<String, OverlayNetwork> networks = new HashMap<>();
        private final Map<String, List<RemoteEndpoint>> endpoints = new HashMap<>();
        private final Map<String, Map<IpAddress, AddressClaim>> claims = new HashMap<>();
        private final Map<String, Set<HostKey>> keys = new HashMap<>();
        private final Map<String, String> owners = new HashMap<>();
        private final List<Unreadable> unreadable = new ArrayList<>();
    }

    private synchronized Sorted sorted() {
        if (sorted == null) {
            sorted = sort();
        }
        return sorted;
    }

    private Sorted sort() {
        Sorted all = new Sorted();
        Map<String, List<ClusterState.Known>> members = new HashMap<>();
        for (ClusterState.Known one : known.values()) {
            switch (one.entry()) {
                case Host host -> all.hosts.put(host.id(), host);
                case Liveness liveness -> all.alive.put(liveness.host(), liveness);
                case OverlayNetwork network -> all.networks.put(network.id(), network);
                case AddressClaim claim ->
                    all.claims
                            .computeIfAbsent(claim.network(), network -> new HashMap<>())
                            .put(claim.address(), claim);
                case RemoteEndpoint endpoint ->
                    members.computeIfAbsent(endpoint.network(), network -> new ArrayList<>())
                            .add(one);
                case HostKey key ->
                    all.keys
                            .computeIfAbsent(key.host(), host -> new HashSet<>())
                            .add(key);
                case Claim claim -> all.owners.put(claim.key(), claim.owner());
                case Unreadable entry -> all.unreadable.add(entry);
            }
        }
        members.forEach((network, endpoints) -> all.endpoints.put(network, newest(endpoints)));
        return all;
    }

    /** {@return those whose addresses no newer one has, newest first} */
    private static List<RemoteEndpoint> newest(List<ClusterState.Known> endpoints) {
        Set<IpAddress> addresses = new HashSet<>();
        List<RemoteEndpoint> newest = new ArrayList<>();
        endpoints.sort(Comparator.comparingLong(ClusterState.Known::created)
                .thenComparing(one -> one.entry().key())
                .reversed());
        for (ClusterState.Known one : endpoints) {
            if (one.entry() instanceof RemoteEndpoint endpoint
                    && endpoint.addresses().stream().noneMatch(addresses::contains)) {
                addresses.addAll(endpoint.addresses());
                newest.add(endpoint);
            }
        }
        return List.copyOf(newest);
    }

    /** {@return all hosts that have registered, by id} */
    public Map<String, Host> hosts() {
        return Map.copyOf(sorted().hosts);
    }

    /** {@return whether the store has a sign of life of a host} */
    public boolean isAlive(String host) {
        return sorted().alive.containsKey(host);
    }

    /** {@return whether a host that is alive says that it does not have its tunnel address} */
    public boolean isWithoutAddress(String host) {
        Liveness alive = sorted().alive.get(host);
        return alive != null && !alive.hasAddress();
    }

    /** {@return whether others send to a host: it is a peer, and has the tunnel address that it says} */
    public boolean isReached(String host) {
        return isPeer(host) && !isWithoutAddress(host);
    }

    /** {@return whether a host may be a peer: its tunnel address is its own and nobody else's} */
    public boolean isPeer(String host) {
        Host one = sorted().hosts.get(host);
        return one != null && host.equals(sorted().owners.get(ClusterKeys.vtep(one.vtep())));
    }

    /** {@return the networks, by id} */
    public Map<String, OverlayNetwork> networks() {
        return Map.copyOf(sorted().networks);
    }

    /** {@return a network by its name} */
    public Optional<OverlayNetwork> networkNamed(String name) {
        return sorted().networks.values().stream()
                .filter(network -> network.name().equals(name))
                .findFirst();
    }

    /** {@return the endpoints of a network on all hosts, no address twice, newest first} */
    public List<RemoteEndpoint> endpoints(String network) {
        return sorted().endpoints.getOrDefault(network, List.of());
    }

    /** {@return the endpoints of a host in all networks} */
    public List<RemoteEndpoint> endpointsOf(String host) {
        List<RemoteEndpoint> all = new ArrayList<>();
        for (ClusterState.Known one : known.values()) {
            if (one.entry() instanceof RemoteEndpoint endpoint
                    && endpoint.host().equals(host)) {
                all.add(endpoint);
            }
        }
        return all;
    }

    /** {@return the addresses of a network that are given, with whom they are given to} */
    public Map<IpAddress, AddressClaim> claims(String network) {
        return Map.copyOf(sorted().claims.getOrDefault(network, Map.of()));
    }

    /** {@return the keys with which a host encrypts, did, or is going to} */
    public Set<HostKey> keys(String host) {
        return Set.copyOf(sorted().keys.getOrDefault(host, Set.of()));
    }

    /** {@return who has what only one can have, null when nobody has it} */
    @Nullable
    String owner(String key) {
        return sorted().owners.get(key);
    }

    /** {@return what this version cannot read} */
    public List<Unreadable> unreadable() {
        return List.copyOf(sorted().unreadable);
    }
}
