package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The keys of this host as the store shall have them. {@link #want} is for any thread. */
final class OwnKeys {
    private final ClusterStore store;
    private final Supplier<Host> own;
    /** Null until somebody said: after a restart the store has keys that are still in use. */
    private volatile @Nullable Set<HostKey> wanted;

    OwnKeys(ClusterStore store, Supplier<Host> own) {
        this.store = store;
        this.own = own;
    }

    /** {@return whether others are wanted than before} */
    boolean want(Collection<HostKey> all) {
        Set<HostKey> before = wanted;
        Set<HostKey> next = Set.copyOf(all);
        wanted = next;
        return !next.equals(before);
    }

    /** Brings them into the store, if it has others. {@return what changed there} */
    List<StoredEntry> settle(ClusterState state) {
        Set<HostKey> all = wanted;
        if (all == null) {
            return List.of();
        }
        Host self = own.get();
        Transaction.Draft draft = Transaction.when().holds(ClusterKeys.vtep(self.vtep()), self.id());
        boolean isDifferent = false;
        for (HostKey key : all) {
            // What a store that was replaced had (revision 0) does not count.
            if (state.revision(key.key()) == 0 || !key.equals(state.entry(key.key()))) {
                draft.put(key.key(), ClusterText.write(key));
                isDifferent = true;
            }
        }
        for (HostKey old : state.view().keys(self.id())) {
            if (!all.contains(old) && all.stream().noneMatch(key -> key.key().equals(old.key()))) {
                draft.remove(old.key());
                isDifferent = true;
            }
        }
        if (!isDifferent) {
            return List.of();
        }
        Transaction transaction = draft.done();
        Outcome outcome = store.commit(transaction);
        // Whoever lost the address to another host is told so elsewhere.
        return outcome.isDone() ? Commit.entries(outcome, transaction) : List.of();
    }
}
