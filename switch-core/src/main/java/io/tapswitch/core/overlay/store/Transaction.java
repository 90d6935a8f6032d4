package io.tapswitch.core.overlay.store;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Changes that happen together when all conditions hold, or not at all. Scopes are those of {@link ClusterStore}.
 *
 * @param conditions all must hold
 * @param changes no key is touched by two of them
 * @param otherwise scopes that are read when a condition does not hold
 */
public record Transaction(List<Condition> conditions, List<Change> changes, List<String> otherwise) {
    /** The most conditions, and the most changes: etcd's own limit (max-txn-ops). */
    public static final int SIZE_MAX = 128;

    /** What must hold. */
    public sealed interface Condition {
        /** Nothing is in the scope. */
        record Absent(String scope) implements Condition {}

        /** The key is there. */
        record Present(String key) implements Condition {}

        /** The key is there, as that revision left it. */
        record Unchanged(String key, long revision) implements Condition {}

        /** The key has exactly this value. */
        record Holds(String key, String value) implements Condition {}

        /** All that is in the scope is of that revision or older; removals do not count. */
        record NothingNewer(String scope, long revision) implements Condition {}
    }

    /** What happens. */
    public sealed interface Change {
        /** {@return what it changes} */
        String scope();

        /** A key gets a value; with lease 0 it stays until somebody removes it. */
        record Put(String key, String value, long lease) implements Change {
            @Override
            public String scope() {
                return key;
            }
        }

        /** All that is in the scope goes. */
        record Remove(String scope) implements Change {}
    }

    /** Copies the lists. */
    public Transaction {
        conditions = List.copyOf(conditions);
        changes = List.copyOf(changes);
        otherwise = List.copyOf(otherwise);
        if (conditions.size() > SIZE_MAX || changes.size() > SIZE_MAX || otherwise.size() > SIZE_MAX) {
            throw new IllegalArgumentException("more than " + SIZE_MAX + " parts in a transaction of the store");
        }
    }

    /**
     * {@return both in one, null when that is too large, or when they touch one key or one scope}
     *
     * @param other to be done together with this one
     */
    public @Nullable Transaction with(Transaction other) {
        Set<String> touched = new HashSet<>();
        changes.forEach(change -> touched.add(change.scope()));
        boolean isApart = other.changes.stream().noneMatch(change -> touched.contains(change.scope()));
        boolean isSmall = conditions.size() + other.conditions.size() <= SIZE_MAX
                && changes.size() + other.changes.size() <= SIZE_MAX
                && otherwise.size() + other.otherwise.size() <= SIZE_MAX;
        return isApart && isSmall
                ? new Transaction(
                        both(conditions, other.conditions),
                        both(changes, other.changes),
                        both(otherwise, other.otherwise))
                : null;
    }

    private static <T> List<T> both(List<T> one, List<T> two) {
        List<T> both = new ArrayList<>(one);
        both.addAll(two);
        return both;
    }

    /** {@return one to write down step by step} */
    public static Draft when() {
        return new Draft();
    }

    /** A transaction that is being written down. */
    public static final class Draft {
        private final List<Condition> conditions = new ArrayList<>();
        private final List<Change> changes = new ArrayList<>();
        private final List<String> otherwise = new ArrayList<>();

        private Draft() {}

        /** Nothing may be in the scope. */
        public Draft absent(String scope) {
            conditions.add(new Condition.Absent(scope));
            return this;
        }

        /** The key must be there. */
        public Draft present(String key) {
            conditions.add(new Condition.Present(key));
            return this;
        }

        /** The key must be as that revision left it. */
        public Draft unchanged(String key, long revision) {
            conditions.add(new Condition.Unchanged(key, revision));
            return this;
        }

        /** The key must have this value. */
        public Draft holds(String key, String value) {
            conditions.add(new Condition.Holds(key, value));
            return this;
        }

        /** Nothing in the scope may be newer. */
        public Draft nothingNewer(String scope, long revision) {
            conditions.add(new Condition.NothingNewer(scope, revision));
            return this;
        }

        /** Puts. */
        public Draft put(String key, String value) {
            return put(key, value, 0);
        }

        /** Puts with a lease. */
        public Draft put(String key, String value, long lease) {
            changes.add(new Change.Put(key, value, lease));
            return this;
        }

        /** Removes. */
        public Draft remove(String scope) {
            changes.add(new Change.Remove(scope));
            return this;
        }

        /** Reads when a condition does not hold. */
        public Draft otherwiseRead(String scope) {
            otherwise.add(scope);
            return this;
        }

        /** {@return the transaction} */
        public Transaction done() {
            return new Transaction(conditions, changes, otherwise);
        }
    }
}
