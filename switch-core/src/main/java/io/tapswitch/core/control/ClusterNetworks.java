package io.tapswitch.core.control;

import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's networks as this host's (A-OVL-03): of a state and the networks of the store, the next state. The id is
 * the same on all hosts, the number in the dataplane is each host's own. Pure.
 *
 * <p>A network that cannot be here (another one has its name, or its subnet is what this host reaches by itself) is
 * left
 * out with a sentence that says why; it comes when that has changed.
 */
final class ClusterNetworks {
    private final Collection<OverlayNetwork> networks;
    private final Set<String> undecided;
    private final Collection<Taken> host;
    private final boolean isRead;
    private final List<String> trouble = new ArrayList<>();

    /**
     * Takes the networks of the store.
     *
     * @param undecided ids of networks that this host has just made or removed, which the store's news may not know yet
     * @param host what the host reaches by itself
     * @param isRead whether the store was asked since the start: before, what is not among the networks may be there
     */
    ClusterNetworks(
            Collection<OverlayNetwork> networks, Set<String> undecided, Collection<Taken> host, boolean isRead) {
        this.networks = networks;
        this.undecided = undecided;
        this.host = host;
        this.isRead = isRead;
    }

    /** {@return the state with them; the one given when it has them already} */
    DesiredState in(DesiredState state) {
        Set<String> there = new HashSet<>();
        networks.forEach(network -> there.add(network.id()));
        DesiredState next = state;
        for (Network network : state.networks()) {
            boolean isGone = isRead
                    && network.origin() instanceof Origin.Cluster
                    && !there.contains(network.id())
                    && !undecided.contains(network.id());
            if (isGone && NetworkRules.members(state, network.id()).isEmpty()) {
                next = next.withoutNetwork(network.id());
            } else if (isGone) {
                trouble.add("network " + network.name()
                        + " is not in the cluster's store any more: its containers here reach each other alone");
            }
        }
        for (OverlayNetwork network : networks) {
            if (!next.networksById().containsKey(network.id()) && !undecided.contains(network.id())) {
                next = with(next, network);
            }
        }
        return next;
    }

    private DesiredState with(DesiredState state, OverlayNetwork network) {
        try {
            Network here = here(state, network);
            String why = obstacle(state, here);
            if (why == null) {
                return state.with(here);
            }
            trouble.add("network " + network.name() + " of the cluster is not on this host: " + why);
        } catch (Refusal e) {
            trouble.add("network " + network.name() + " of the cluster is not on this host: " + e.sentence());
        }
        return state;
    }

    private @Nullable String obstacle(DesiredState state, Network network) {
        for (Network other : state.networks()) {
            if (other.name().equals(network.name())) {
                return "a network of its own has that name: " + removal(other);
            }
        }
        Network namesake =
                NetworkRules.networkOf(state, NetworkOptions.of(network).vni());
        if (namesake != null) {
            return "network " + namesake.name() + " here has its VNI "
                    + NetworkOptions.of(network).vni() + ": " + removal(namesake);
        }
        if (network.internal()) {
            return null;
        }
        for (Taken taken : NetworkRules.taken(state, host)) {
            for (Subnet subnet : network.subnets()) {
                if (!taken.internal() && taken.prefix().intersects(subnet.prefix())) {
                    return "its subnet " + subnet.prefix() + " overlaps " + taken.prefix() + ", " + taken.by();
                }
            }
        }
        return null;
    }

    private static String removal(Network own) {
        return own.origin() instanceof Origin.File(String file, int line)
                ? "take it out of " + file + " (line " + line + "), and the cluster's comes"
                : "remove it, and the cluster's comes";
    }

    /** {@return a network of the cluster as a network of this host} */
    static Network here(DesiredState state, OverlayNetwork network) {
        Map<String, String> options = new TreeMap<>(network.options());
        options.put(NetworkOptions.VNI, Integer.toString(network.vni()));
        NetworkOptions.parse(Driver.OVERLAY, options, network.ipv6());
        return new Network(
                network.id(),
                NetworkRules.freeIndex(state),
                network.name(),
                network.created(),
                Driver.OVERLAY,
                network.internal(),
                network.ipv6(),
                network.attachable(),
                network.subnets(),
                options,
                network.labels(),
                new Origin.Cluster());
    }

    /** {@return a network of this host as one of the cluster} */
    static OverlayNetwork ofCluster(Network network, String id, int vni) {
        Map<String, String> options = new TreeMap<>(network.options());
        options.remove(NetworkOptions.VNI);
        return new OverlayNetwork(
                id,
                network.name(),
                vni,
                network.created(),
                network.internal(),
                network.ipv6(),
                network.attachable(),
                network.subnets(),
                options,
                network.labels());
    }

    /** {@return the networks of the cluster that a state has} */
    static List<OverlayNetwork> ofCluster(DesiredState state) {
        return state.networks().stream()
                .filter(network -> network.origin() instanceof Origin.Cluster)
                .map(network -> ofCluster(
                        network, network.id(), NetworkOptions.of(network).vni()))
                .toList();
    }

    /** {@return what networks could not be, after {@link #in}} */
    List<String> trouble() {
        return trouble;
    }
}
