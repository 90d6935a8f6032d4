package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.ClusterStore.Outcome;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * A transaction whose answer may be lost on its way. When it is, one look at what it would have made tells whether it
 * happened: everything here is made under an id that is used once.
 */
final class Commit {
    private Commit() {}

    /**
     * {@return what became of it}
     *
     * @param store to ask
     * @param transaction to carry out
     * @param hasHappened looks whether it happened, asked only when the answer is lost
     */
    static Outcome of(ClusterStore store, Transaction transaction, BooleanSupplier hasHappened) {
        try {
            return store.commit(transaction);
        } catch (StoreException lost) {
            if (!lost.mayHaveHappened() || lost.kind() == StoreException.Kind.CLOSED) {
                throw lost;
            }
            try {
                if (hasHappened.getAsBoolean()) {
                    return new Outcome(true, 0, List.of());
                }
            } catch (StoreException again) {
                lost.addSuppressed(again);
            }
            throw lost;
        }
    }

    /** {@return whether something stands under a key} */
    static boolean isThere(ClusterStore store, String key) {
        return !store.range(key).entries().isEmpty();
    }

    /**
     * {@return what stands under keys of a transaction that was not carried out, and was to read them otherwise; those
     * that are not there as removed}
     */
    static List<StoredEntry> found(Outcome outcome, Collection<String> keys) {
        Map<String, StoredEntry> there = new HashMap<>();
        outcome.read().forEach(entry -> there.put(entry.key(), entry));
        return keys.stream()
                .map(key -> there.getOrDefault(key, StoredEntry.removed(key, outcome.revision())))
                .toList();
    }

    /**
     * {@return what a transaction changed, as the watch will tell it too; nothing when its revision is not known}
     *
     * @param outcome of a transaction that was carried out
     * @param transaction without changes of whole scopes among those that matter
     */
    static List<StoredEntry> entries(Outcome outcome, Transaction transaction) {
        List<StoredEntry> entries = new ArrayList<>();
        long revision = outcome.revision();
        for (Transaction.Change change : revision == 0 ? List.<Transaction.Change>of() : transaction.changes()) {
            switch (change) {
                case Transaction.Change.Put(String key, String value, long lease) ->
                    entries.add(new StoredEntry(key, value, revision, revision));
                case Transaction.Change.Remove(String scope) when scope.endsWith("/") -> {
                    // The watch tells which keys they were.
                }
                case Transaction.Change.Remove(String key) -> entries.add(StoredEntry.removed(key, revision));
            }
        }
        return entries;
    }
}
