package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Networks of the cluster made and removed, each exactly once.
 *
 * <p><b>Theory of operation.</b> The networks are read, a new one is planned beside them (its subnets must not lie over
 * theirs), and it is written if none was added or changed since that reading. When two hosts make networks at once,
 * one of them plans again. So for each that fails another one has succeeded, and a few attempts are enough. The name
 * and the VNI are keys of their own which must not be there yet: also a program that knows nothing of plans cannot take
 * them twice.
 *
 * <p>A network goes if no endpoint of it is anywhere, in one transaction with all that is left of it. An endpoint comes
 * only if its network is there ({@link EndpointAllocation}), so neither passes the other unseen.
 *
 * <p>After a store was emptied, a new network is planned beside those too that this host remembers. Of networks that
 * hosts remember, or make without remembering, the one that is in the store first stays: another one of its name, its
 * VNI or its addresses is not registered again, and whoever has it is told.
 *
 * <p>All methods ask the store, three calls at the most for each attempt, on the caller's thread.
 */
final class NetworkAllocation {
    /** The first that is given: smaller ones are left to tunnels that people configure. */
    static final int VNI_FIRST = 4_096;

    private static final int ATTEMPTS_MAX = 64;
    /** So many of those who are in a network are named. */
    private static final int NAMED_MAX = 5;

    private final ClusterStore store;
    private final int firstVni;
    private final int lastVni;

    NetworkAllocation(ClusterStore store, int firstVni, int lastVni) {
        if (firstVni < 1 || firstVni > lastVni || lastVni > ClusterText.VNI_MAX) {
            throw Refusal.badInput("VNIs from " + firstVni + " to " + lastVni + ": they must be from 1 to "
                    + ClusterText.VNI_MAX + ", the first not above the last");
        }
        this.store = store;
        this.firstVni = firstVni;
        this.lastVni = lastVni;
    }

    /**
     * {@return the network that was made}
     *
     * @param name refused when another network has it
     * @param wantedVni 0 for the lowest free one
     * @param plan of the rest
     * @param remembered networks that the store had before it was emptied, and may get again
     */
    Done<OverlayNetwork> create(String name, int wantedVni, NetworkPlan plan, Collection<OverlayNetwork> remembered) {
        Map<Integer, String> claimed = new HashMap<>();
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            ClusterStore.Range range = store.range(ClusterKeys.networks());
            List<OverlayNetwork> others = with(networks(range.entries()), remembered);
            if (others.stream().anyMatch(other -> other.name().equals(name))) {
                throw Refusal.conflict("network_exists", "network with name " + name + " already exists");
            }
            others.forEach(other -> claimed.put(other.vni(), "network " + other.name()));
            OverlayNetwork network = plan.network(others, vni(wantedVni, claimed));
            Transaction transaction = transaction(network, range.revision());
            Outcome outcome = Commit.of(store, transaction, () -> Commit.isThere(store, network.key()));
            if (outcome.isDone()) {
                return new Done<>(network, Commit.entries(outcome, transaction));
            }
            for (StoredEntry there : outcome.read()) {
                if (there.key().equals(network.key())) {
                    // An earlier attempt, whose answer was lost, was carried out later.
                    return new Done<>(network, List.of());
                }
                if (there.key().equals(ClusterKeys.vni(network.vni()))) {
                    claimed.putIfAbsent(network.vni(), "another network");
                }
            }
        }
        throw Refusal.conflict("the cluster store changes too fast to make network " + name + ": try again");
    }

    private static List<OverlayNetwork> with(List<OverlayNetwork> there, Collection<OverlayNetwork> remembered) {
        Map<String, OverlayNetwork> all = new LinkedHashMap<>();
        remembered.forEach(network -> all.put(network.id(), network));
        there.forEach(network -> all.put(network.id(), network));
        return List.copyOf(all.values());
    }

    private int vni(int wanted, Map<Integer, String> claimed) {
        if (wanted != 0 && claimed.containsKey(wanted)) {
            throw Refusal.conflict(
                    "vni_in_use", "VNI " + wanted + " is that of " + claimed.get(wanted) + " of the cluster");
        }
        if (wanted != 0) {
            return wanted;
        }
        for (int vni = firstVni; vni <= lastVni; vni++) {
            if (!claimed.containsKey(vni)) {
                return vni;
            }
        }
        throw Refusal.conflict("vni_in_use", "all VNIs from " + firstVni + " to " + lastVni + " are in use");
    }

    private static Transaction transaction(OverlayNetwork network, long revision) {
        String name = ClusterKeys.networkName(network.name());
        String vni = ClusterKeys.vni(network.vni());
        return Transaction.when()
                .absent(network.key())
                .absent(name)
                .absent(vni)
                .nothingNewer(ClusterKeys.networks(), revision)
                .put(network.key(), ClusterText.write(network))
                .put(name, network.id())
                .put(vni, network.id())
                .otherwiseRead(network.key())
                .otherwiseRead(vni)
                .done();
    }

    /**
     * Writes a network again that a store has lost; refused when another one has its name, its VNI or its addresses
     * there.
     *
     * @return what changed in the store
     */
    List<StoredEntry> restore(OverlayNetwork network) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            ClusterStore.Range range = store.range(ClusterKeys.networks());
            for (OverlayNetwork other : networks(range.entries())) {
                if (other.id().equals(network.id())) {
                    return List.of();
                }
                refuseClash(network, other);
            }
            Transaction transaction = transaction(network, range.revision());
            Outcome outcome = store.commit(transaction);
            if (outcome.isDone()) {
                return Commit.entries(outcome, transaction);
            }
            // Its own: another host has registered it meanwhile, which the next reading shows.
            if (outcome.read().stream()
                    .anyMatch(there -> there.key().equals(ClusterKeys.vni(network.vni()))
                            && !network.id().equals(there.value()))) {
                throw notAgain(network, "its VNI " + network.vni() + " is that of another one", "it");
            }
        }
        throw Refusal.conflict("the cluster store changes too fast to register network " + network.name() + " again");
    }

    private static void refuseClash(OverlayNetwork network, OverlayNetwork other) {
        String by = "network " + other.name() + ", which was registered first";
        if (other.name().equals(network.name())) {
            throw notAgain(network, "its name is that of another " + by, "that one");
        }
        if (other.vni() == network.vni()) {
            throw notAgain(network, "its VNI " + network.vni() + " is that of " + by, other.name());
        }
        // As when networks are made: internal ones may lie over others.
        for (Subnet subnet : network.internal() || other.internal() ? List.<Subnet>of() : network.subnets()) {
            if (other.subnets().stream().anyMatch(there -> there.prefix().intersects(subnet.prefix()))) {
                throw notAgain(network, "its subnet " + subnet.prefix() + " overlaps that of " + by, other.name());
            }
        }
    }

    private static Refusal notAgain(OverlayNetwork network, String why, String other) {
        return Refusal.conflict(
                "network_exists",
                "network " + network.name() + " cannot be registered again after the cluster store was emptied: " + why
                        + "; remove " + other + " within the minute, or else make a new network for the containers of "
                        + network.name() + ", which do not reach those on other hosts any more");
    }

    /** {@return the network, when it is gone everywhere} */
    Done<OverlayNetwork> remove(OverlayNetwork network) {
        Transaction transaction = Transaction.when()
                .present(network.key())
                .absent(ClusterKeys.endpoints(network.id()))
                .remove(network.key())
                .remove(ClusterKeys.networkName(network.name()))
                .remove(ClusterKeys.vni(network.vni()))
                // What a program of another version may have left: without its endpoints nobody needs it.
                .remove(ClusterKeys.addresses(network.id()))
                .remove(ClusterKeys.names(network.id()))
                .otherwiseRead(ClusterKeys.endpoints(network.id()))
                .otherwiseRead(network.key())
                .otherwiseRead(ClusterKeys.networkName(network.name()))
                .otherwiseRead(ClusterKeys.vni(network.vni()))
                .done();
        Outcome outcome = Commit.of(store, transaction, () -> !Commit.isThere(store, network.key()));
        List<StoredEntry> members = outcome.read().stream()
                .filter(entry -> entry.key().startsWith(ClusterKeys.endpoints(network.id())))
                .toList();
        if (!outcome.isDone() && !members.isEmpty()) {
            throw inUse(network, members);
        }
        return new Done<>(
                network,
                outcome.isDone()
                        ? Commit.entries(outcome, transaction)
                        : Commit.found(
                                outcome,
                                List.of(
                                        network.key(),
                                        ClusterKeys.networkName(network.name()),
                                        ClusterKeys.vni(network.vni()))));
    }

    private Refusal inUse(OverlayNetwork network, List<StoredEntry> members) {
        Map<String, String> hosts = new HashMap<>();
        List<String> who = members.stream()
                .limit(NAMED_MAX)
                .map(member -> member.value() != null
                                && ClusterText.read(member.key(), member.value()) instanceof RemoteEndpoint endpoint
                        ? endpoint.name() + " on host "
                                + hosts.computeIfAbsent(endpoint.host(), id -> Registration.nameOf(store, id))
                        : member.key())
                .toList();
        int more = members.size() - who.size();
        return Refusal.conflict(
                "network_in_use",
                "error while removing network: network " + network.name() + " id " + network.id()
                        + " has active endpoints: disconnect or remove container " + String.join(", ", who)
                        + (more > 0 ? " and " + more + " more" : "") + " first");
    }

    private static List<OverlayNetwork> networks(List<StoredEntry> entries) {
        List<OverlayNetwork> networks = new ArrayList<>();
        for (StoredEntry entry : entries) {
            if (entry.value() != null
                    && ClusterText.read(entry.key(), entry.value()) instanceof OverlayNetwork network) {
                networks.add(network);
            }
        }
        return networks;
    }
}
