package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.AddressClaim;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Endpoints, their addresses and their names: given, changed, taken back.
 *
 * <p><b>Theory of operation.</b> An endpoint, its address claims and its name come in one transaction, and only if none
 * of these keys is there, the network is, and the tunnel address of the host is the host's own. They go in one
 * transaction too, if the endpoint is still there. So a claim without an endpoint does not exist, and while an endpoint
 * exists its claims are its own. Nothing of it hangs on a lease: a host that is cut off keeps its addresses, and nobody
 * else gets them.
 *
 * <p>Addresses are chosen by the caller among those that are free as far as this host knows. When one was given
 * meanwhile, all claims of the network come back with the refusal, and the choice is made again among what is really
 * free.
 */
final class EndpointAllocation {
    private static final int ATTEMPTS_MAX = 64;

    private final ClusterStore store;
    /** This host, whose address may become another one. */
    private final Supplier<Host> own;

    EndpointAllocation(ClusterStore store, Supplier<Host> own) {
        this.store = store;
        this.own = own;
    }

    EndpointAllocation(ClusterStore store, Host self) {
        this(store, () -> self);
    }

    /**
     * {@return the endpoint that was made}
     *
     * @param network that it is in
     * @param known addresses that are taken as far as is known
     * @param remembered those of them that the store lacks since it was emptied, and may get again
     * @param plan of the endpoint
     */
    Done<RemoteEndpoint> add(
            OverlayNetwork network, Set<IpAddress> known, Set<IpAddress> remembered, EndpointPlan plan) {
        Set<IpAddress> taken = known;
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            RemoteEndpoint endpoint = plan.endpoint(taken::contains);
            Transaction transaction = claiming(endpoint);
            Outcome outcome = Commit.of(store, transaction, () -> Commit.isThere(store, endpoint.key()));
            if (outcome.isDone()) {
                return new Done<>(endpoint, Commit.entries(outcome, transaction));
            }
            List<StoredEntry> there = outcome.read();
            if (value(there, endpoint.key()) != null) {
                // An earlier attempt, whose answer was lost, was carried out later.
                return new Done<>(endpoint, List.of());
            }
            Refusal obstacle = obstacle(endpoint, network.name(), there);
            if (obstacle != null) {
                throw obstacle;
            }
            taken = new HashSet<>(remembered);
            taken.addAll(addresses(network.id(), there));
        }
        throw Refusal.conflict(
                "the cluster store changes too fast to connect to network " + network.name() + ": try again");
    }

    /**
     * Registers an endpoint that this host has, with the addresses that it has: after a time without the store, or in
     * one that has lost it.
     *
     * @return what changed in the store
     */
    List<StoredEntry> restore(RemoteEndpoint endpoint) {
        Transaction transaction = claiming(endpoint);
        Outcome outcome = store.commit(transaction);
        if (outcome.isDone()) {
            return Commit.entries(outcome, transaction);
        }
        if (value(outcome.read(), endpoint.key()) != null) {
            return List.of();
        }
        Refusal obstacle = obstacle(endpoint, endpoint.network(), outcome.read());
        if (obstacle != null) {
            throw obstacle;
        }
        throw Refusal.conflict(
                "address_in_use",
                "Address already in use: " + endpoint.name() + " has an address in network " + endpoint.network()
                        + " that was given to another container while this host was away: "
                        + owners(endpoint, outcome.read()));
    }

    private Transaction claiming(RemoteEndpoint endpoint) {
        String name = ClusterKeys.name(endpoint.network(), endpoint.name());
        String network = ClusterKeys.network(endpoint.network());
        Host self = own.get();
        String vtep = ClusterKeys.vtep(self.vtep());
        Transaction.Draft draft = Transaction.when()
                .present(network)
                .holds(vtep, self.id())
                .absent(endpoint.key())
                .absent(name)
                .put(endpoint.key(), ClusterText.write(endpoint))
                .put(name, endpoint.id())
                .otherwiseRead(network)
                .otherwiseRead(vtep)
                .otherwiseRead(endpoint.key())
                .otherwiseRead(name)
                .otherwiseRead(ClusterKeys.addresses(endpoint.network()));
        for (IpAddress address : endpoint.addresses()) {
            AddressClaim claim = new AddressClaim(endpoint.network(), address, endpoint.id(), endpoint.host());
            draft.absent(claim.key()).put(claim.key(), ClusterText.write(claim));
        }
        return draft.done();
    }

    /** {@return why it cannot be, whatever its addresses; null when only an address is in the way} */
    private @Nullable Refusal obstacle(RemoteEndpoint endpoint, String network, List<StoredEntry> there) {
        if (value(there, ClusterKeys.network(endpoint.network())) == null) {
            return Refusal.unknown("network_not_found", "network " + network + " not found");
        }
        Host self = own.get();
        String holder = value(there, ClusterKeys.vtep(self.vtep()));
        if (!self.id().equals(holder)) {
            return Registration.lost(store, self, holder);
        }
        String namesake = value(there, ClusterKeys.name(endpoint.network(), endpoint.name()));
        return namesake == null || namesake.equals(endpoint.id()) ? null : nameTaken(endpoint, network);
    }

    static Refusal nameTaken(RemoteEndpoint endpoint, String network) {
        return Refusal.conflict(
                "endpoint_exists", "endpoint with name " + endpoint.name() + " already exists in network " + network);
    }

    private static @Nullable String value(List<StoredEntry> entries, String key) {
        for (StoredEntry entry : entries) {
            if (entry.key().equals(key)) {
                return entry.value();
            }
        }
        return null;
    }

    private static Set<IpAddress> addresses(String network, List<StoredEntry> entries) {
        String scope = ClusterKeys.addresses(network);
        Set<IpAddress> addresses = new HashSet<>();
        for (StoredEntry entry : entries) {
            if (entry.key().startsWith(scope)) {
                try {
                    // By the key alone: also a claim that this version cannot read is one.
                    addresses.add(IpAddress.parse(entry.key().substring(scope.length())));
                } catch (IllegalArgumentException e) {
                    // No address, so nobody can be given it.
                }
            }
        }
        return addresses;
    }

    private static String owners(RemoteEndpoint endpoint, List<StoredEntry> there) {
        return String.join(
                ", ",
                endpoint.addresses().stream()
                        .filter(address -> value(there, ClusterKeys.address(endpoint.network(), address)) != null)
                        .map(address ->
                                address + " is now " + value(there, ClusterKeys.address(endpoint.network(), address)))
                        .toList());
    }

    /**
     * Gives an endpoint other names.
     *
     * @param known what the store has as far as is known
     * @param after with the same id and addresses
     * @return what changed in the store; null when it has another one than was known, which the watch will tell
     */
    @Nullable
    List<StoredEntry> rename(ClusterState known, RemoteEndpoint after) {
        if (!(known.entry(after.key()) instanceof RemoteEndpoint before)) {
            return null;
        }
        Transaction transaction = renaming(known, before, after);
        Outcome outcome = store.commit(transaction);
        if (outcome.isDone()) {
            return entries(known, outcome, transaction);
        }
        String namesake = value(outcome.read(), ClusterKeys.name(after.network(), after.name()));
        if (namesake != null && !namesake.equals(after.id())) {
            throw nameTaken(after, after.network());
        }
        return null;
    }

    private static Transaction renaming(ClusterState known, RemoteEndpoint before, RemoteEndpoint after) {
        Transaction.Draft draft = Transaction.when()
                .unchanged(after.key(), known.revision(after.key()))
                .put(after.key(), ClusterText.write(after));
        String name = ClusterKeys.name(after.network(), after.name());
        if (!before.name().equals(after.name())) {
            draft.absent(name)
                    .put(name, after.id())
                    .remove(ClusterKeys.name(before.network(), before.name()))
                    .otherwiseRead(name);
        }
        return draft.done();
    }

    /** {@return what a transaction changed; an endpoint that was changed is as old as before} */
    private static List<StoredEntry> entries(ClusterState known, Outcome outcome, Transaction transaction) {
        return Commit.entries(outcome, transaction).stream()
                .map(entry -> entry.value() == null || known.created(entry.key()) == 0
                        ? entry
                        : new StoredEntry(entry.key(), entry.value(), known.created(entry.key()), entry.revision()))
                .toList();
    }

    /**
     * {@return the transaction that makes an endpoint of the store what it shall be; null when there is no such simple
     * one, or when the store has it as another host's}
     *
     * @param known what the store has as far as is known
     * @param last the endpoint as it was
     * @param wanted what it shall be, null when it shall go
     */
    @Nullable
    Transaction simple(ClusterState known, RemoteEndpoint last, @Nullable RemoteEndpoint wanted) {
        if (known.revision(last.key()) == 0
                || !(known.entry(last.key()) instanceof RemoteEndpoint stored)
                || !stored.host().equals(own.get().id())) {
            return null;
        }
        return wanted == null
                ? removing(Transaction.when(), stored).done()
                : stored.equals(wanted) ? null : renaming(known, stored, wanted);
    }

    /** {@return what changed in the store; null when it did not happen, or may not have} */
    @Nullable
    List<StoredEntry> commit(ClusterState known, Transaction transaction) {
        Outcome outcome = store.commit(transaction);
        return outcome.isDone() ? entries(known, outcome, transaction) : null;
    }

    /** Takes back an endpoint with its addresses and its name. {@return what is in the store of it since} */
    List<StoredEntry> remove(RemoteEndpoint endpoint) {
        Transaction transaction = removing(Transaction.when(), endpoint).done();
        Outcome outcome = Commit.of(store, transaction, () -> !Commit.isThere(store, endpoint.key()));
        return outcome.isDone() ? Commit.entries(outcome, transaction) : Commit.found(outcome, keys(endpoint));
    }

    /** Takes back an endpoint of a host that is dead (A-OVL-18). {@return what is in the store of it since} */
    List<StoredEntry> removeForced(RemoteEndpoint endpoint) {
        return removeForced(Transaction.when(), endpoint);
    }

    /**
     * Takes back an endpoint of a host that is dead, and that no host hears.
     *
     * @return what is in the store of it since
     */
    List<StoredEntry> removeUnheard(RemoteEndpoint endpoint) {
        return removeForced(Transaction.when().absent(ClusterKeys.heard(endpoint.host())), endpoint);
    }

    private List<StoredEntry> removeForced(Transaction.Draft draft, RemoteEndpoint endpoint) {
        String alive = ClusterKeys.alive(endpoint.host());
        Transaction transaction =
                removing(draft.absent(alive), endpoint).otherwiseRead(alive).done();
        Outcome outcome = Commit.of(store, transaction, () -> !Commit.isThere(store, endpoint.key()));
        if (!outcome.isDone() && value(outcome.read(), alive) != null) {
            throw Registration.alive(
                    Registration.nameOf(store, endpoint.host()), "remove container " + endpoint.name() + " there");
        }
        return outcome.isDone() ? Commit.entries(outcome, transaction) : Commit.found(outcome, keys(endpoint));
    }

    private static List<String> keys(RemoteEndpoint endpoint) {
        List<String> keys = new ArrayList<>();
        keys.add(endpoint.key());
        keys.add(ClusterKeys.name(endpoint.network(), endpoint.name()));
        endpoint.addresses().forEach(address -> keys.add(ClusterKeys.address(endpoint.network(), address)));
        return keys;
    }

    private static Transaction.Draft removing(Transaction.Draft draft, RemoteEndpoint endpoint) {
        draft.present(endpoint.key());
        // Who does not have it any more, in a store that was emptied, is told what there is instead.
        keys(endpoint).forEach(key -> draft.remove(key).otherwiseRead(key));
        return draft;
    }
}
