package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.Liveness;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the session's thread does.
 *
 * <p><b>Theory of operation.</b> Each turn takes in what the watch told, and then, unless it waits after a failure:
 *
 * <ol>
 *   <li>without a watch: reads everything, and watches from there on;
 *   <li>when it is time: keeps the lease alive, or gets a new one and registers the host again;
 *   <li>brings into the store what this host's endpoints shall be.
 * </ol>
 *
 * <p>The first failure of the store ends the turn, and the next attempts follow after 0.05 s to 1 s ({@link Backoff}):
 * a store that comes back is noticed within a second, and not by all hosts at one moment.
 *
 * <p><b>A watch that died silently</b> is noticed by the lease's answers: when the store's revision goes on and two of
 * them pass without a word of the watch, it is begun anew behind what was told last.
 *
 * <p><b>Another store.</b> A revision that goes back means that the store was emptied, or restored from a copy. Nothing
 * that it lacks is dropped for {@link #GRACE_MS}: meanwhile each host registers its endpoints again, with the networks
 * they are in. What nobody has claimed by then is gone. A daemon that starts in that time, with what it had saved in
 * it, begins it anew.
 */
final class SessionLoop {
    private static final Logger LOG = LoggerFactory.getLogger(SessionLoop.class);

    /** How long a host is taken for alive without a sign. */
    static final Duration LEASE = Duration.ofSeconds(15);

    static final long BEAT_MS = LEASE.toMillis() / 3;
    static final long GRACE_MS = 60_000;

    private final ClusterStore store;
    private final OwnHost self;
    private final String id;
    private final Parts parts;
    private final Surroundings around;
    private final ConcurrentLinkedQueue<Message> inbox = new ConcurrentLinkedQueue<>();
    private final Backoff backoff;
    private final EarlierRun earlierRun = new EarlierRun();
    private final Unseen unseen = new Unseen();

    private volatile ClusterState state;
    private volatile Standing standing;
    /** Whether the store was read since the start: before that, what it lacks is not known. */
    private volatile boolean read;
    /** Whether this host has the address that it is registered with, as somebody else looks. */
    private volatile boolean hasAddress = true;
    /** Something of this host is to be registered again. */
    private volatile boolean moved;

    private ClusterStore.@Nullable Watch watch;
    /** Grows with each watch: what an older one still says is not for this one. */
    private int generation;
    /** Up to here everything was told. */
    private long told;

    private boolean heardSinceBeat = true;
    /** The highest revision that the store ever showed. */
    private long seen;

    private String cluster = "";
    private long lease;
    private boolean registered;
    /** This host as this daemon registered it last, and when. */
    private @Nullable Host mine;

    private long mineSince;
    private long nextBeatMs;
    private long retryMs;
    private final Grace grace = new Grace();

    /** What does the work. */
    record Parts(
            NetworkAllocation networks,
            EndpointAllocation endpoints,
            Registration registration,
            OwnEndpoints own,
            Inquiries inquiries,
            OwnKeys keys,
            Supplier<List<OverlayNetwork>> inForce) {}

    /** What is around the loop; {@code wake} makes it turn soon. */
    record Surroundings(ClusterListener listener, LongSupplier clockMs, RandomGenerator random, Runnable wake) {}

    SessionLoop(ClusterStore store, OwnHost self, Parts parts, Surroundings around, ClusterState saved) {
        this.store = store;
        this.self = self;
        id = self.get().id();
        this.parts = parts;
        this.around = around;
        backoff = new Backoff(around.random());
        this.state = saved;
        this.seen = saved.newest();
        this.standing = new Standing.Away("cluster store unreachable: " + store.description() + " was not asked yet");
    }

    ClusterState state() {
        return state;
    }

    /** {@return what a person should know at the moment; any thread} */
    List<String> trouble() {
        List<String> all = new ArrayList<>(parts.own().refusals());
        String other = grace.sentence();
        if (!other.isEmpty()) {
            all.addFirst(other);
        }
        return all;
    }

    Standing standing() {
        return standing;
    }

    boolean isRead() {
        return read;
    }

    /** This host is at another address from now on, or has lost the one that it had. Any thread; does not block. */
    void move(IpAddress vtep, boolean isThere) {
        self.moveTo(vtep);
        hasAddress = isThere;
        // A call that waits for an answer to the old address must not hold up the turn that registers.
        store.reconnect();
        moved = true;
        wake();
    }

    long unseenMs(String host) {
        return unseen.forMs(host, around.clockMs().getAsLong());
    }

    /** Takes in what this host itself changed, before the watch tells it. */
    void learn(List<StoredEntry> entries) {
        if (!entries.isEmpty()) {
            inbox.add(new Message.Told(0, 0, entries));
        }
        wake();
    }

    void wake() {
        around.wake().run();
    }

    /** Takes a turn. {@return after how many milliseconds the next one is due, unless something comes} */
    long turn() {
        long now = around.clockMs().getAsLong();
        hear(now);
        if (moved) {
            moved = false;
            registered = false;
            nextBeatMs = now;
            endWatch();
            backoff.reset();
            retryMs = now;
        }
        if (now - retryMs >= 0) {
            try {
                if (watch == null) {
                    readAll(now);
                }
                if (now - nextBeatMs >= 0) {
                    beat(now);
                }
                if (registered) {
                    new Settling(parts, id, state, grace.isOn(), this::learn, around.listener()::alarm).settle();
                    parts.inquiries().answer(around.listener()::believed);
                }
                hear(now);
            } catch (StoreException e) {
                away(e, now);
            }
        }
        if (!inbox.isEmpty()) {
            return 0;
        }
        long due = watch == null ? retryMs : nextBeatMs;
        return Math.max(1, due - around.clockMs().getAsLong());
    }

    private void hear(long now) {
        List<StoredEntry> entries = new ArrayList<>();
        StoreException end = null;
        for (Message message = inbox.poll(); message != null; message = inbox.poll()) {
            switch (message) {
                case Message.Told(int of, long revision, List<StoredEntry> some)
                when of == 0 || of == generation -> {
                    entries.addAll(some);
                    told = Math.max(told, revision);
                    seen = Math.max(seen, revision);
                    some.forEach(entry -> seen = Math.max(seen, entry.revision()));
                    heardSinceBeat |= of != 0;
                    if (of != 0) {
                        backoff.reset();
                    }
                }
                case Message.Ended(int of, StoreException why) when of == generation -> end = why;
                case Message.Told old -> {
                    // Of a watch that is not wanted any more.
                }
                case Message.Ended old -> {
                    // The same.
                }
            }
        }
        if (!entries.isEmpty()) {
            parts.inquiries().hear(entries);
            ClusterState.Merged merged = state.merged(entries);
            publish(merged, now);
            if (merged.isDoubtful()) {
                endWatch();
            }
        }
        if (end != null) {
            // The next turn reads everything; only when that fails too, the store is away.
            endWatch();
            retryMs = now + (end.kind() == StoreException.Kind.COMPACTED ? 0 : backoff.nextMs());
        }
    }

    private void publish(ClusterState.Merged merged, long now) {
        state = merged.state();
        if (merged.changes().isEmpty()) {
            return;
        }
        unseen.look(state.view(), now);
        around.listener().changed(state, merged.changes());
        if (merged.changes().stream().anyMatch(this::isOwn)) {
            parts.own().compare(state, id);
        }
        if (!registered && merged.changes().stream().anyMatch(SessionLoop::isEndOfLife)) {
            // It may be what kept this host out.
            nextBeatMs = now;
        }
        if (state.entry(self.get().key()) instanceof Host other && isAnother(other)) {
            refuse(parts.registration().superseded(other));
        }
    }

    /** {@return whether another daemon has registered with this one's id} */
    private boolean isAnother(Host now) {
        return now.incarnation() > self.get().incarnation()
                || (registered && !now.equals(mine) && state.revision(now.key()) > mineSince);
    }

    /** An endpoint of this host that others removed comes back, as long as its container is here. */
    private boolean isOwn(ClusterState.Change change) {
        return change.before() instanceof RemoteEndpoint endpoint
                && endpoint.host().equals(id);
    }

    private static boolean isEndOfLife(ClusterState.Change change) {
        return change.before() instanceof Liveness && change.after() == null;
    }

    private void readAll(long now) {
        ClusterStore.Range range = store.range(ClusterKeys.ROOT);
        parts.inquiries().hear(range.entries());
        // Another store may have come further already than the old one was: then some entry is older than it was.
        boolean isOther = range.revision() < seen
                || (!cluster.isEmpty() && !cluster.equals(range.cluster()))
                || range.entries().stream().anyMatch(entry -> entry.revision() < state.revision(entry.key()))
                // It was replaced before this daemon started, and not all hosts had registered again by then.
                || (!read && !state.remembered().isEmpty());
        boolean isFirst = !read;
        read = true;
        cluster = range.cluster();
        seen = range.revision();
        told = range.revision();
        if (isOther) {
            grace.begin(now + GRACE_MS, store.description());
            lease = 0;
            registered = false;
            nextBeatMs = now;
            state = state.unanchored();
            around.listener().alarm(grace.sentence());
        }
        grace.look(now);
        ClusterState.Merged merged = grace.isOn() ? state.mergedBesideRemembered(range) : state.merged(range);
        publish(merged, now);
        if (isFirst && merged.changes().isEmpty()) {
            // All is as it was saved: now that is known.
            around.listener().changed(state, List.of());
        }
        if (standing instanceof Standing.Away) {
            nextBeatMs = now;
        }
        parts.own().compare(state, id);
        watchFrom(range.revision() + 1);
    }

    private void watchFrom(long revision) {
        int mine = ++generation;
        heardSinceBeat = true;
        watch = store.watch(ClusterKeys.ROOT, revision, new ClusterStore.Watcher() {
            @Override
            public void changed(long upTo, List<StoredEntry> entries) {
                inbox.add(new Message.Told(mine, upTo, entries));
                wake();
            }

            @Override
            public void ended(StoreException why) {
                inbox.add(new Message.Ended(mine, why));
                wake();
            }
        });
    }

    private void beat(long now) {
        if (lease != 0) {
            try {
                ClusterStore.Beat beat = store.keepAlive(lease);
                boolean isOther = beat.revision() < seen || !beat.cluster().equals(cluster);
                boolean isSilent = !heardSinceBeat && told < seen;
                seen = isOther ? seen : beat.revision();
                heardSinceBeat = false;
                if (isOther || grace.isOver(now)) {
                    endWatch();
                } else if (isSilent) {
                    endWatch();
                    watchFrom(told + 1);
                }
            } catch (StoreException e) {
                if (e.kind() != StoreException.Kind.LEASE_LOST) {
                    throw e;
                }
                lease = 0;
                registered = false;
            }
        }
        if (!registered) {
            register(now);
        } else if (standing instanceof Standing.Away) {
            stand(new Standing.Joined());
        }
        parts.own().tryAgain();
        nextBeatMs = now + BEAT_MS;
    }

    private void register(long now) {
        String waiting = mine == null ? earlierRun.waitsFor(self.get(), state, now) : null;
        if (waiting != null) {
            stand(new Standing.Refused(waiting));
            return;
        }
        try {
            lease = lease == 0 ? store.grant(LEASE) : lease;
            Host wanted = Registration.asBefore(self.get(), state);
            List<StoredEntry> entries =
                    parts.registration().register(wanted, new Registration.Sign(lease, hasAddress, mine));
            for (StoredEntry entry : entries) {
                if (entry.key().equals(wanted.key())
                        && entry.value() != null
                        && ClusterText.read(entry.key(), entry.value()) instanceof Host host) {
                    tellMoved(host);
                    mine = host;
                    mineSince = entry.revision();
                }
            }
            learn(entries);
            registered = true;
            stand(new Standing.Joined());
        } catch (Refusal refusal) {
            refuse(refusal);
        } catch (StoreException e) {
            // The next attempt begins with a new one; this one ends by itself.
            lease = 0;
            throw e;
        }
    }

    private void tellMoved(Host host) {
        if (mine != null && !mine.vtep().equals(host.vtep())) {
            LOG.info("registered at {}, no longer at {}: other hosts send there now", host.vtep(), mine.vtep());
        }
    }

    private void refuse(Refusal refusal) {
        registered = false;
        if (!(standing instanceof Standing.Refused(String before) && before.equals(refusal.sentence()))) {
            around.listener().alarm(refusal.sentence());
        }
        stand(new Standing.Refused(refusal.sentence()));
    }

    private void away(StoreException why, long now) {
        endWatch();
        retryMs = now + backoff.nextMs();
        stand(new Standing.Away(why.sentence()));
    }

    private void endWatch() {
        if (watch != null) {
            watch.close();
            watch = null;
        }
        generation++;
    }

    private void stand(Standing now) {
        boolean isSame = now.equals(standing) || (now instanceof Standing.Away && standing instanceof Standing.Away);
        boolean isFirst = standing instanceof Standing.Away && now instanceof Standing.Away && backoff.isFirst();
        standing = now;
        if (!isSame || isFirst) {
            around.listener().standing(now);
        }
    }

    /** Ends this host's life in the store, as far as the store can be asked. */
    void end() {
        endWatch();
        try {
            if (lease != 0 && !(standing instanceof Standing.Away)) {
                store.revoke(lease);
            }
        } catch (StoreException e) {
            // It ends by itself.
        }
        store.close();
    }
}
