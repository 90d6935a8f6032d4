package io.tapswitch.core.overlay.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * {@link ClusterStore} by etcd, 3.4 or newer, through the JSON gateway that each member has on its client port: one
 * HTTP request a call, and one that does not end for each watch. No library of etcd's is needed, and nothing beside
 * java.net.http.
 *
 * <p>A scope is read in pages, all at the revision of the first, so no answer is larger than a page.
 */
public final class EtcdStore implements ClusterStore {
    /** What a role for this program must be allowed, in sentences. */
    static final String PERMISSION = "reading and writing the keys under /tapswitch/";

    private static final int PAGE = 1_000;

    private final EtcdSettings settings;
    private final EtcdCalls calls;
    private final Set<EtcdWatch> watches = ConcurrentHashMap.newKeySet();

    /** Makes the client; nothing is asked yet. */
    public EtcdStore(EtcdSettings settings) {
        this(settings, Executors.newVirtualThreadPerTaskExecutor());
    }

    /**
     * Makes the client.
     *
     * @param settings where the store is
     * @param executor runs the client's work; connections are made in its threads, and so in their network namespace
     */
    public EtcdStore(EtcdSettings settings, Executor executor) {
        this.settings = settings;
        this.calls = new EtcdCalls(settings, executor);
    }

    @Override
    public Range range(String scope) {
        List<StoredEntry> all = new ArrayList<>();
        String from = scope;
        long revision = 0;
        while (true) {
            JsonNode answer = calls.ask("/v3/kv/range", EtcdText.range(scope, from, revision, PAGE), true);
            List<StoredEntry> page = read(() -> EtcdText.entries(answer.path("kvs")));
            all.addAll(page);
            JsonNode header = answer.path("header");
            revision = revision == 0 ? EtcdText.number(header, "revision") : revision;
            if (!answer.path("more").asBoolean(false) || page.isEmpty()) {
                return new Range(EtcdText.cluster(header), revision, all);
            }
            // The next possible key: nothing lies between a text and the same with a zero behind it.
            from = page.getLast().key() + '\0';
        }
    }

    @Override
    public Outcome commit(Transaction transaction) {
        JsonNode answer = calls.ask("/v3/kv/txn", EtcdText.transaction(transaction), false);
        boolean isDone = answer.path("succeeded").asBoolean(false);
        return new Outcome(
                isDone,
                EtcdText.number(answer.path("header"), "revision"),
                isDone ? List.of() : read(() -> EtcdText.reads(answer)));
    }

    @Override
    public long grant(Duration life) {
        // A lease whose answer is lost ends by itself.
        JsonNode answer = calls.ask("/v3/lease/grant", EtcdText.grant(life), true);
        long lease = EtcdText.number(answer, "ID");
        if (lease == 0) {
            throw EtcdFaults.garbage(calls.member(), 0, "a lease without a number");
        }
        return lease;
    }

    @Override
    public Beat keepAlive(long lease) {
        JsonNode result =
                calls.ask("/v3/lease/keepalive", EtcdText.lease(lease), true).path("result");
        if (EtcdText.number(result, "TTL") <= 0) {
            throw EtcdFaults.leaseLost(calls.member());
        }
        JsonNode header = result.path("header");
        return new Beat(EtcdText.cluster(header), EtcdText.number(header, "revision"));
    }

    @Override
    public void revoke(long lease) {
        try {
            calls.ask("/v3/lease/revoke", EtcdText.lease(lease), true);
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.LEASE_LOST) {
                throw e;
            }
        }
    }

    @Override
    public Watch watch(String scope, long fromRevision, Watcher watcher) {
        EtcdWatch watch = new EtcdWatch(calls, EtcdText.watch(scope, fromRevision), watcher);
        watches.add(watch);
        watch.start();
        return () -> {
            watches.remove(watch);
            watch.close();
        };
    }

    /** {@return what an answer must have} */
    private <T> T read(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (EtcdText.MalformedAnswer e) {
            throw EtcdFaults.garbage(calls.member(), 0, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void reconnect() {
        calls.reconnect();
    }

    @Override
    public Duration callBound() {
        return settings.call();
    }

    @Override
    public String description() {
        return settings.description();
    }

    @Override
    public void close() {
        watches.forEach(EtcdWatch::close);
        calls.close();
    }
}
