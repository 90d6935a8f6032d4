package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.Liveness;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Hosts coming and going.
 *
 * <p><b>Theory of operation.</b> A host's name and tunnel address are keys that hold its id. Who wrote a name first has
 * it; the next one gets another. Who wrote an address first has it, for all hosts alike, until that host is dead and
 * another one asks for it (catalogue row 94). Then what the dead one left, its endpoints included, is removed first: it
 * was the same machine before its state was lost, or one that is gone. A host is dead when its key under a lease is
 * absent.
 *
 * <p>A daemon that runs with the id of another one, as a copied state directory makes it, is told by the incarnation:
 * the later one wins.
 */
final class Registration {
    private static final String CONFLICT = "host_conflict";

    /** How many attempts when others change the same keys. */
    private static final int ATTEMPTS_MAX = 8;

    /** Digits of its id behind the name of a host that is not the first of that name. */
    private static final int ID_DIGITS = 6;

    private final ClusterStore store;

    Registration(ClusterStore store) {
        this.store = store;
    }

    /**
     * Registers a host, or again after its lease was lost.
     *
     * @param wanted the host; when another one has its name, it gets the begin of its id behind it
     * @param lease that its life hangs on
     * @return what changed in the store
     */
    List<StoredEntry> register(Host wanted, long lease) {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            Host self = named(wanted);
            StoredEntry before = one(self.key());
            Transaction.Draft draft = Transaction.when();
            if (before == null) {
                draft.absent(self.key());
            } else {
                draft.unchanged(self.key(), before.revision());
            }
            if (before != null && read(before) instanceof Host earlier) {
                if (earlier.incarnation() > self.incarnation()) {
                    throw superseded(self);
                }
                releaseOld(draft, earlier, self);
            }
            for (String claim : claims(self)) {
                StoredEntry holder = one(claim);
                if (holder != null && !self.id().equals(holder.value())) {
                    takeOver(self, claim, String.valueOf(holder.value()));
                    holder = one(claim);
                }
                draft.put(claim, self.id());
                if (holder == null) {
                    draft.absent(claim);
                } else {
                    draft.unchanged(claim, holder.revision());
                }
            }
            Liveness liveness = new Liveness(self.id(), self.incarnation());
            Transaction transaction = draft.put(self.key(), ClusterText.write(self))
                    .put(liveness.key(), ClusterText.write(liveness), lease)
                    .done();
            Outcome outcome = store.commit(transaction);
            if (outcome.isDone()) {
                return Commit.entries(outcome, transaction);
            }
        }
        throw Refusal.conflict(
                CONFLICT, "host " + wanted.name() + " cannot be registered: others change its entries all the time");
    }

    /** Machines made of one image have one name, which is no reason to keep one of them out. */
    private Host named(Host wanted) {
        StoredEntry holder = one(ClusterKeys.hostName(wanted.name()));
        return holder == null || wanted.id().equals(holder.value())
                ? wanted
                : wanted.named(wanted.name() + "-" + wanted.id().substring(0, ID_DIGITS));
    }

    /** A host that was given another name or address gives the old one back. */
    private void releaseOld(Transaction.Draft draft, Host earlier, Host self) {
        Set<String> old = new TreeSet<>(claims(earlier));
        old.removeAll(claims(self));
        release(draft, old, self.id());
    }

    private void release(Transaction.Draft draft, Set<String> claims, String owner) {
        for (String claim : claims) {
            StoredEntry holder = one(claim);
            if (holder != null && owner.equals(holder.value())) {
                draft.unchanged(claim, holder.revision()).remove(claim);
            }
        }
    }

    /** {@return the keys that only one host can have} */
    private static Set<String> claims(Host host) {
        return new TreeSet<>(Set.of(ClusterKeys.vtep(host.vtep()), ClusterKeys.hostName(host.name())));
    }

    private void takeOver(Host self, String claim, String holder) {
        StoredEntry entry = one(ClusterKeys.host(holder));
        Host other = entry != null && read(entry) instanceof Host host ? host : null;
        if (one(ClusterKeys.alive(holder)) != null) {
            throw Refusal.conflict(
                    CONFLICT,
                    "host " + self.name() + " has the address " + self.vtep() + " of host "
                            + (other == null ? holder : other.name())
                            + ", which came first and is alive: give each host a --cluster-advertise of its own");
        }
        if (other == null) {
            // A claim that nobody stands behind.
            store.commit(Transaction.when().holds(claim, holder).remove(claim).done());
        } else {
            remove(other);
        }
    }

    /** Removes a dead host with everything that it left. {@return what changed in the store} */
    List<StoredEntry> remove(Host host) {
        List<StoredEntry> changed = new ArrayList<>();
        EndpointAllocation endpoints = new EndpointAllocation(store, host);
        for (StoredEntry entry :
                store.range(ClusterKeys.ROOT + ClusterKeys.ENDPOINTS).entries()) {
            if (read(entry) instanceof RemoteEndpoint endpoint
                    && endpoint.host().equals(host.id())) {
                changed.addAll(endpoints.removeForced(endpoint));
            }
        }
        Transaction.Draft draft = Transaction.when()
                .absent(ClusterKeys.alive(host.id()))
                .remove(host.key())
                .remove(ClusterKeys.keys(host.id()));
        release(draft, claims(host), host.id());
        Transaction transaction = draft.done();
        Outcome outcome = store.commit(transaction);
        if (!outcome.isDone()) {
            throw alive(host.name(), "stop its daemon first");
        }
        changed.addAll(Commit.entries(outcome, transaction));
        return changed;
    }

    private @Nullable StoredEntry one(String key) {
        List<StoredEntry> entries = store.range(key).entries();
        return entries.isEmpty() ? null : entries.getFirst();
    }

    private static @Nullable ClusterEntry read(StoredEntry entry) {
        return entry.value() == null ? null : ClusterText.read(entry.key(), entry.value());
    }

    /** {@return the name of a host, its id when the store has none} */
    static String nameOf(ClusterStore store, String id) {
        for (StoredEntry entry : store.range(ClusterKeys.host(id)).entries()) {
            if (read(entry) instanceof Host host) {
                return host.name();
            }
        }
        return id;
    }

    static Refusal alive(String host, String mend) {
        return Refusal.conflict("host_alive", "host " + host + " is alive: " + mend);
    }

    static Refusal lost(Host self) {
        return Refusal.conflict(
                CONFLICT,
                "the address " + self.vtep() + " of host " + self.name()
                        + " is not its own in the cluster: another host has it");
    }

    static Refusal superseded(Host self) {
        return Refusal.conflict(
                CONFLICT,
                "another daemon has registered later with the id of host " + self.name()
                        + ": a state directory must not be copied to another host; remove it on one of them");
    }
}
