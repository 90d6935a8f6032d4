package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import io.tapswitch.core.overlay.store.Transaction.Change;
import io.tapswitch.core.overlay.store.Transaction.Condition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory for several clients, that can be away, lose answers, forget revisions and leases, come back older
 * than it was, and tell its watchers late, twice and in another order. Watchers are told by {@link #tell} only, on the
 * test's thread.
 */
final class FakeStore {
    private final TreeMap<String, StoredEntry> there = new TreeMap<>();
    private final Map<String, Long> leaseOf = new HashMap<>();
    private final Map<Long, Boolean> leases = new HashMap<>();
    private final List<StoredEntry> history = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();
    private String cluster = "7";
    private long revision = 1;
    private long compacted;
    private long lastLease;
    private int commits;
    /** What happens to the events on the way to watchers. */
    private UnaryOperator<List<StoredEntry>> way = events -> events;

    /** {@return a client of it} */
    synchronized Client client() {
        Client client = new Client();
        clients.add(client);
        return client;
    }

    synchronized void way(UnaryOperator<List<StoredEntry>> by) {
        way = by;
    }

    /** Each batch is shuffled, and some events come twice. */
    void shuffle(Random random) {
        way(events -> {
            List<StoredEntry> all = new ArrayList<>(events);
            events.stream().filter(event -> random.nextBoolean()).forEach(all::add);
            Collections.shuffle(all, random);
            return all;
        });
    }

    synchronized long revision() {
        return revision;
    }

    synchronized int commits() {
        return commits;
    }

    /** The store forgets all history. */
    synchronized void compact() {
        compacted = revision;
    }

    /** All that hangs on leases goes, as when their hosts had fallen silent. */
    synchronized void expireLeases() {
        leases.replaceAll((lease, alive) -> false);
        List.copyOf(leaseOf.keySet()).forEach(key -> {
            revision++;
            remove(key);
        });
    }

    /** As when one host alone had fallen silent. */
    synchronized void expireLeasesOf(Client client) {
        client.granted.forEach(client::revoke);
    }

    /** It comes back as another one, with a copy of some time before or with nothing. */
    synchronized void become(String other, Map<String, String> content) {
        cluster = other;
        there.clear();
        leaseOf.clear();
        leases.clear();
        history.clear();
        revision = 1;
        compacted = 0;
        content.forEach((key, value) -> {
            revision++;
            put(key, value, 0);
        });
        for (Client client : clients) {
            client.breakWatch(StoreException.Kind.UNREACHABLE);
        }
    }

    /** {@return keys with values} */
    synchronized Map<String, String> content() {
        Map<String, String> content = new TreeMap<>();
        there.forEach((key, entry) -> content.put(key, String.valueOf(entry.value())));
        return content;
    }

    /** Puts something as somebody else would. */
    synchronized void put(ClusterEntry entry) {
        revision++;
        put(entry.key(), ClusterText.write(entry), 0);
    }

    synchronized void removeKey(String key) {
        revision++;
        remove(key);
    }

    /** Tells all watchers what they have not been told. */
    void tell() {
        for (Client client : List.copyOf(clients)) {
            client.tell();
        }
    }

    private void put(String key, String value, long lease) {
        StoredEntry before = there.get(key);
        StoredEntry entry = new StoredEntry(key, value, before == null ? revision : before.createRevision(), revision);
        there.put(key, entry);
        history.add(entry);
        leaseOf.remove(key);
        if (lease != 0) {
            leaseOf.put(key, lease);
        }
    }

    private void remove(String key) {
        if (there.remove(key) != null) {
            leaseOf.remove(key);
            history.add(StoredEntry.removed(key, revision));
        }
    }

    private List<StoredEntry> scope(String scope) {
        if (!scope.endsWith("/")) {
            StoredEntry one = there.get(scope);
            return one == null ? List.of() : List.of(one);
        }
        return there.tailMap(scope).values().stream()
                .takeWhile(entry -> entry.key().startsWith(scope))
                .toList();
    }

    private static boolean isIn(String key, String scope) {
        return scope.endsWith("/") ? key.startsWith(scope) : key.equals(scope);
    }

    private boolean holds(Condition condition) {
        return switch (condition) {
            case Condition.Absent(String scope) -> scope(scope).isEmpty();
            case Condition.Present(String key) -> there.containsKey(key);
            case Condition.Unchanged(String key, long at) ->
                scope(key).stream().anyMatch(entry -> entry.revision() == at);
            case Condition.Holds(String key, String value) ->
                scope(key).stream().anyMatch(entry -> value.equals(entry.value()));
            case Condition.NothingNewer(String scope, long at) ->
                scope(scope).stream().allMatch(entry -> entry.revision() <= at);
        };
    }

    private synchronized ClusterStore.Outcome commit(Transaction transaction) {
        commits++;
        if (!transaction.conditions().stream().allMatch(this::holds)) {
            List<StoredEntry> read = transaction.otherwise().stream()
                    .flatMap(scope -> scope(scope).stream())
                    .toList();
            return new ClusterStore.Outcome(false, revision, read);
        }
        revision++;
        for (Change change : transaction.changes()) {
            switch (change) {
                case Change.Put(String key, String value, long lease) -> {
                    if (lease != 0 && !leases.getOrDefault(lease, false)) {
                        throw new StoreException(StoreException.Kind.LEASE_LOST, false, "no such lease", null);
                    }
                    put(key, value, lease);
                }
                case Change.Remove(String scope) -> scope(scope).forEach(entry -> remove(entry.key()));
            }
        }
        return new ClusterStore.Outcome(true, revision, List.of());
    }

    /** One host's way to the store. */
    final class Client implements ClusterStore {
        private boolean away;
        private boolean losesAnswers;
        private int reconnects;
        private final List<Long> granted = new ArrayList<>();
        private @Nullable Watcher watcher;
        private String watched = "";
        private long next;

        /** Cuts it off, or lets it in again. */
        void away(boolean isAway) {
            away = isAway;
            if (isAway) {
                breakWatch(StoreException.Kind.UNREACHABLE);
            }
        }

        /** Everything that it commits happens, and it hears nothing of it. */
        void losesAnswers(boolean loses) {
            losesAnswers = loses;
        }

        /** {@return whether it watches} */
        boolean isWatching() {
            return watcher != null;
        }

        /** The watch tells nothing more and does not end. */
        void mute() {
            watcher = new Watcher() {
                @Override
                public void changed(long upTo, List<StoredEntry> entries) {
                    // Lost on the way.
                }

                @Override
                public void ended(StoreException why) {
                    // The same.
                }
            };
        }

        void breakWatch(StoreException.Kind kind) {
            Watcher broken = watcher;
            watcher = null;
            if (broken != null) {
                broken.ended(new StoreException(kind, false, "cluster store unreachable: the watch broke", null));
            }
        }

        private void reach() {
            if (away) {
                throw new StoreException(
                        StoreException.Kind.UNREACHABLE, false, "cluster store unreachable: nobody is there", null);
            }
        }

        @Override
        public Range range(String scope) {
            reach();
            synchronized (FakeStore.this) {
                return new Range(cluster, revision, scope(scope));
            }
        }

        @Override
        public Outcome commit(Transaction transaction) {
            reach();
            Outcome outcome = FakeStore.this.commit(transaction);
            if (losesAnswers) {
                throw new StoreException(
                        StoreException.Kind.UNREACHABLE, true, "cluster store unreachable: it hung up", null);
            }
            return outcome;
        }

        @Override
        public long grant(Duration life) {
            reach();
            synchronized (FakeStore.this) {
                leases.put(++lastLease, true);
                granted.add(lastLease);
                return lastLease;
            }
        }

        @Override
        public Beat keepAlive(long lease) {
            reach();
            synchronized (FakeStore.this) {
                if (!leases.getOrDefault(lease, false)) {
                    throw new StoreException(StoreException.Kind.LEASE_LOST, false, "the lease is gone", null);
                }
                return new Beat(cluster, revision);
            }
        }

        @Override
        public void revoke(long lease) {
            reach();
            synchronized (FakeStore.this) {
                leases.put(lease, false);
                List.copyOf(leaseOf.entrySet()).forEach(each -> {
                    if (each.getValue() == lease) {
                        revision++;
                        remove(each.getKey());
                    }
                });
            }
        }

        @Override
        public Watch watch(String scope, long fromRevision, Watcher by) {
            watcher = by;
            watched = scope;
            next = fromRevision;
            if (away) {
                breakWatch(StoreException.Kind.UNREACHABLE);
            } else if (fromRevision <= compacted) {
                breakWatch(StoreException.Kind.COMPACTED);
            }
            return () -> {
                if (watcher == by) {
                    watcher = null;
                }
            };
        }

        private void tell() {
            Watcher told = watcher;
            if (told == null) {
                return;
            }
            List<StoredEntry> events;
            synchronized (FakeStore.this) {
                events = history.stream()
                        .filter(event -> event.revision() >= next && isIn(event.key(), watched))
                        .toList();
                next = revision + 1;
            }
            told.changed(revision, way.apply(events));
        }

        /** {@return how often its connections were given up} */
        int reconnects() {
            return reconnects;
        }

        @Override
        public void reconnect() {
            reconnects++;
            breakWatch(StoreException.Kind.UNREACHABLE);
        }

        @Override
        public Duration callBound() {
            return Duration.ofSeconds(1);
        }

        @Override
        public String description() {
            return "etcd://fake";
        }

        @Override
        public void close() {
            watcher = null;
        }
    }
}
