package io.tapswitch.core.overlay.store;

import java.time.Duration;
import java.util.List;

/**
 * A store of texts under keys that all hosts of a cluster share.
 *
 * <p><b>Contract.</b> The store has one <em>revision</em> for everything, which grows by one with each transaction that
 * changes something. Each entry knows the revision that created it and the one that changed it last. A removal has a
 * revision too.
 *
 * <ul>
 *   <li><b>Scopes.</b> A key never ends with a slash. Where a scope is asked for, a text that ends with a slash means
 *       all keys that begin with it, any other text means that one key.
 *   <li><b>Transactions</b> happen whole or not at all, and only when all their conditions hold at that moment. That is
 *       the only way to write, and the only way to be sure of anything: what {@link #range} says may be old when it
 *       arrives.
 *   <li><b>Leases.</b> What is put with a lease goes away by itself when the lease is not kept alive. A lease that is
 *       gone is never alive again.
 *   <li><b>Watches</b> tell every change of a scope from a revision on, in order, without a gap. When the store has
 *       forgotten that revision ({@link StoreException.Kind#COMPACTED}), a new {@link #range} is the only way on.
 *   <li><b>Errors</b> are {@link StoreException}s with a sentence for people. A call that fails after its question was
 *       sent may have happened ({@link StoreException#mayHaveHappened}); the store does not repeat a transaction on its
 *       own, whoever does must look first.
 *   <li><b>Time.</b> No call blocks for longer than {@link #callBound}; {@link #watch} and {@link #close} do not block.
 * </ul>
 *
 * <p>Thread safety: all methods on any thread.
 */
public interface ClusterStore extends AutoCloseable {
    /**
     * What is in a scope at one moment.
     *
     * @param cluster tells this store from others; another one after a fail-over means that the addresses are those of
     *     different stores
     * @param revision of the store at that moment
     * @param entries by key; none is a removal
     */
    record Range(String cluster, long revision, List<StoredEntry> entries) {
        /** Copies the list. */
        public Range {
            entries = List.copyOf(entries);
        }
    }

    /**
     * What became of a transaction.
     *
     * @param isDone whether all conditions held, and so everything happened
     * @param revision of the store behind it
     * @param read when not done, what is in the scopes that were to be read then
     */
    record Outcome(boolean isDone, long revision, List<StoredEntry> read) {
        /** Copies the list. */
        public Outcome {
            read = List.copyOf(read);
        }
    }

    /**
     * A sign of life.
     *
     * @param cluster as in {@link Range}
     * @param revision of the store
     */
    record Beat(String cluster, long revision) {}

    /** Hears a watch, on a thread of the watch, one call at a time. */
    interface Watcher {
        /**
         * Something changed, or the watch shows that it lives.
         *
         * @param revision all changes up to it are told with this call; 0 when that is not known yet
         * @param entries what changed, in order; none when nothing did
         */
        void changed(long revision, List<StoredEntry> entries);

        /** The watch has ended and nothing more comes. Not called after {@link Watch#close}. */
        void ended(StoreException why);
    }

    /** A watch that runs. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    /** {@return everything in a scope} */
    Range range(String scope);

    /** {@return what became of a transaction} */
    Outcome commit(Transaction transaction);

    /** {@return the number of a new lease, which is never 0} */
    long grant(Duration life);

    /** Lets a lease live on for its whole life from now. */
    Beat keepAlive(long lease);

    /** Ends a lease; one that is gone already is none too much. */
    void revoke(long lease);

    /** Watches a scope from a revision on, that one included. {@return the watch, which may fail later} */
    Watch watch(String scope, long fromRevision, Watcher watcher);

    /**
     * Gives up all connections, for when this host has other addresses than before: those that hang on an old one stay
     * open and silent, and each would cost the whole time of a call. Calls on their way and watches fail at once; what
     * is asked from now on has a new connection. Does not block.
     */
    void reconnect();

    /** {@return how long a call may block at most} */
    Duration callBound();

    /** {@return how people know the store, without a password} */
    String description();

    /** Ends all calls and watches. */
    @Override
    void close();
}
