package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
     */
    Done<OverlayNetwork> create(String name, int wantedVni, NetworkPlan plan) {
        Set<Integer> claimed = new HashSet<>();
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            ClusterStore.Range range = store.range(ClusterKeys.networks());
            List<OverlayNetwork> others = networks(range.entries());
            if (others.stream().anyMatch(other -> other.name().equals(name))) {
                throw Refusal.conflict("network_exists", "network with name " + name + " already exists");
            }
            others.forEach(other -> claimed.add(other.vni()));
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
                    claimed.add(network.vni());
                }
            }
        }
        throw Refusal.conflict("the cluster store changes too fast to make network " + name + ": try again");
    }

    private int vni(int wanted, Set<Integer> claimed) {
        if (wanted != 0 && claimed.contains(wanted)) {
            throw Refusal.conflict("vni_in_use", "VNI " + wanted + " is that of another network of the cluster");
        }
        if (wanted != 0) {
            return wanted;
        }
        for (int vni = firstVni; vni <= lastVni; vni++) {
            if (!claimed.contains(vni)) {
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

    /** Writes a network again that a store has lost; nothing happens when its name or VNI has another owner. */
    List<StoredEntry> restore(OverlayNetwork network) {
        Transaction transaction = Transaction.when()
                .absent(network.key())
                .absent(ClusterKeys.networkName(network.name()))
                .absent(ClusterKeys.vni(network.vni()))
                .put(network.key(), ClusterText.write(network))
                .put(ClusterKeys.networkName(network.name()), network.id())
                .put(ClusterKeys.vni(network.vni()), network.id())
                .done();
        Outcome outcome = store.commit(transaction);
        return outcome.isDone() ? Commit.entries(outcome, transaction) : List.of();
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
                .done();
        Outcome outcome = Commit.of(store, transaction, () -> !Commit.isThere(store, network.key()));
        if (!outcome.isDone() && !outcome.read().isEmpty()) {
            throw inUse(network, outcome.read());
        }
        return new Done<>(network, outcome.isDone() ? Commit.entries(outcome, transaction) : List.of());
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
