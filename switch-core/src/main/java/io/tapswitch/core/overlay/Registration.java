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
import java.util.function.BiFunction;
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
 * <p>A host may register again with another address, while it runs or after a restart. Two daemons with one id, as a
 * copied state directory makes them, are told from that by what is alive: who is registered at another address and
 * lives stays, the other one is refused. With one address, or when nobody is alive, the incarnation decides: the later
 * one stays. What a killed daemon left of its own life looks like the former, and {@link EarlierRun} lets it end first.
 */
final class Registration {
    private static final String CONFLICT = "host_conflict";

    /** How many attempts when others change the same keys. */
    private static final int ATTEMPTS_MAX = 8;

    /** Digits of its id behind the name of a host that is not the first of that name. */
    private static final int ID_DIGITS = 6;

    private final ClusterStore store;
    private final String identity;

    /**
     * A registrar.
     *
     * @param identity the file that has this host's id, as people find it
     */
    Registration(ClusterStore store, String identity) {
        this.store = store;
        this.identity = identity;
    }

    /**
     * What a host says of itself besides what it is.
     *
     * @param lease that its life hangs on
     * @param hasAddress whether it has the address that it says
     * @param last as it was registered by this daemon before, null at first
     */
    record Sign(long lease, boolean hasAddress, @Nullable Host last) {}

    /**
     * Registers a host, or again after its lease was lost.
     *
     * @param wanted the host; when another one has its name, it gets the begin of its id behind it
     * @param sign of its life
     * @return what changed in the store
     */
    List<StoredEntry> register(Host wanted, Sign sign) {
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
                if (earlier.incarnation() > self.incarnation() || isAnother(earlier, self, sign.last())) {
                    throw superseded(earlier);
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
            Liveness liveness = new Liveness(self.id(), self.incarnation(), sign.hasAddress());
            Transaction transaction = draft.put(self.key(), ClusterText.write(self))
                    .put(liveness.key(), ClusterText.write(liveness), sign.lease())
                    .done();
            Outcome outcome = store.commit(transaction);
            if (outcome.isDone()) {
                return Commit.entries(outcome, transaction);
            }
        }
        throw Refusal.conflict(
                CONFLICT, "host " + wanted.name() + " cannot be registered: others change its entries all the time");
    }

    /** {@return whether another daemon has this one's id, and is alive at another address} */
    private boolean isAnother(Host earlier, Host self, @Nullable Host last) {
        return !earlier.vtep().equals(self.vtep())
                && !earlier.equals(last)
                && one(ClusterKeys.alive(self.id())) != null;
    }

    /**
     * {@return the name that a host asks for: the one that it had, also when another one of its name is quicker after
     * the store was emptied}
     *
     * @param wanted with the name of the machine
     * @param known what is known of the cluster
     */
    static Host asBefore(Host wanted, ClusterState known) {
        Host distinct = distinct(wanted);
        boolean wasDistinct = known.entry(wanted.key()) instanceof Host before
                && before.name().equals(distinct.name());
        String owner = known.view().owner(ClusterKeys.hostName(wanted.name()));
        return wasDistinct || (owner != null && !owner.equals(wanted.id())) ? distinct : wanted;
    }

    private static Host distinct(Host wanted) {
        return wanted.named(wanted.name() + "-" + wanted.id().substring(0, ID_DIGITS));
    }

    /** Machines made of one image have one name, which is no reason to keep one of them out. */
    private Host named(Host wanted) {
        StoredEntry holder = one(ClusterKeys.hostName(wanted.name()));
        return holder == null || wanted.id().equals(holder.value()) ? wanted : distinct(wanted);
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
            // Whatever its neighbours heard of it lately: who has its address now is this host.
            remove(other, EndpointAllocation::removeForced, Transaction.when());
        }
    }

    /**
     * Says in the store that a host whose sign of life is missing there was heard by a tunnel. It holds for
     * {@link ClusterSession#DEAD}, also when the one who says it dies meanwhile.
     */
    void vouch(Host host, String by) {
        String key = ClusterKeys.heard(host.id());
        long lease = store.grant(ClusterSession.DEAD);
        store.commit(Transaction.when().put(key, by, lease).done());
    }

    /** Removes a dead host that nobody hears, with everything that it left. {@return what changed in the store} */
    List<StoredEntry> remove(Host host) {
        String heard = ClusterKeys.heard(host.id());
        StoredEntry by = one(heard);
        if (by != null) {
            throw Refusal.conflict(
                    "host_alive",
                    "host " + host.name() + " forwards, though the cluster store has no sign of life of it: host "
                            + nameOf(store, String.valueOf(by.value())) + " hears it");
        }
        return remove(
                host, EndpointAllocation::removeUnheard, Transaction.when().absent(heard));
    }

    private List<StoredEntry> remove(
            Host host,
            BiFunction<EndpointAllocation, RemoteEndpoint, List<StoredEntry>> removal,
            Transaction.Draft draft) {
        List<StoredEntry> changed = new ArrayList<>();
        EndpointAllocation endpoints = new EndpointAllocation(store, host);
        for (StoredEntry entry :
                store.range(ClusterKeys.ROOT + ClusterKeys.ENDPOINTS).entries()) {
            if (read(entry) instanceof RemoteEndpoint endpoint
                    && endpoint.host().equals(host.id())) {
                changed.addAll(removal.apply(endpoints, endpoint));
            }
        }
        draft.absent(ClusterKeys.alive(host.id())).remove(host.key()).remove(ClusterKeys.keys(host.id()));
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

    /**
     * {@return the refusal of a host that does not have its address in the cluster}
     *
     * @param holder who has it, null when nobody does
     */
    static Refusal lost(ClusterStore store, Host self, @Nullable String holder) {
        return Refusal.conflict(
                CONFLICT,
                "the address " + self.vtep() + " of host " + self.name() + " is not its own in the cluster: "
                        + (holder == null
                                ? "it is about to be registered; try again"
                                : "host " + nameOf(store, holder)
                                        + " has it; give each host a --cluster-advertise of its own"));
    }

    /**
     * {@return the refusal of a daemon whose id another one has}
     *
     * @param other as the other one is registered
     */
    Refusal superseded(Host other) {
        return Refusal.conflict(
                CONFLICT,
                "host " + other.name() + " at " + other.vtep() + " has registered with the id that this host has in "
                        + identity + " too: one of the two state directories is a copy of the other. On the host that"
                        + " has the copy: stop the daemon, delete that file, start the daemon again, and remove the"
                        + " containers that came with the copy (tapswitch ps -a, tapswitch rm -f NAME)");
    }
}
