package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.wire.IpAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: which hosts are dead.
 *
 * <p>A host that the store has not seen may be cut off from it and forward all the same; then its tunnels bring frames,
 * at least the announcement that each host sends every some seconds. So a host is dead when neither the store nor a
 * tunnel has shown a sign of life for {@link ClusterSession#DEAD}. Then its endpoints go, and their addresses and names
 * are free. Whoever notices first does it; the store refuses when the host is alive.
 *
 * <p>Tunnels lead only to hosts with a container in the same network, and one may be broken. So who hears a host that
 * the store does not see says so in the store, again and again, and what it said holds for as long as a host has to be
 * silent: nobody removes what somebody hears.
 *
 * <p>Used by one thread.
 */
final class DeadHosts {
    static final long DEAD_MS = ClusterSession.DEAD.toMillis();
    /** Three times in the time that it holds. */
    static final long VOUCH_MS = DEAD_MS / 3;

    private static final Logger LOG = LoggerFactory.getLogger(DeadHosts.class);

    private final LongSupplier clockMs;
    private final Map<String, Heard> heard = new HashMap<>();

    /** How many frames a host's tunnels had brought, when that last changed, and when this was last told to all. */
    private record Heard(long frames, long atMs, long vouchedMs) {}

    DeadHosts(LongSupplier clockMs) {
        this.clockMs = clockMs;
    }

    /**
     * Looks once.
     *
     * @param hosts of the cluster, by id
     * @param unseenMs for how long the store has not seen a host, -1 while it does
     * @param framesFrom frames that tunnels have brought, by their other end
     * @param vouch tells all hosts that one is heard here
     * @param remove what to do with one that is dead; a refusal is no harm
     */
    void look(
            Map<String, Host> hosts,
            ToLongFunction<String> unseenMs,
            Map<IpAddress, Long> framesFrom,
            Consumer<Host> vouch,
            Consumer<Host> remove) {
        long now = clockMs.getAsLong();
        heard.keySet().retainAll(hosts.keySet());
        for (Host host : hosts.values()) {
            long frames = framesFrom.getOrDefault(host.vtep(), 0L);
            Heard last = heard.get(host.id());
            long unseen = unseenMs.applyAsLong(host.id());
            if (last == null || last.frames() != frames) {
                boolean isMore = last != null && frames > last.frames();
                long vouched = last == null ? now - VOUCH_MS : last.vouchedMs();
                if (isMore && unseen >= 0 && now - vouched >= VOUCH_MS && vouch(vouch, host)) {
                    vouched = now;
                }
                last = new Heard(frames, now, vouched);
                heard.put(host.id(), last);
            }
            if (unseen >= DEAD_MS && now - last.atMs() >= DEAD_MS) {
                remove(remove, host);
            }
        }
    }

    private static boolean vouch(Consumer<Host> vouch, Host host) {
        try {
            vouch.accept(host);
            return true;
        } catch (Refusal e) {
            LOG.debug("cannot say that host {} is heard: {}", host.name(), e.sentence());
            return false;
        }
    }

    private static void remove(Consumer<Host> remove, Host host) {
        try {
            remove.accept(host);
            LOG.warn(
                    "host {} at {} is dead: neither the cluster's store nor a tunnel has seen it for {} s; addresses"
                            + " of its containers are free",
                    host.name(),
                    host.vtep(),
                    ClusterSession.DEAD.toSeconds());
        } catch (Refusal e) {
            // It lives after all, or the store is away: the next look will tell.
            LOG.debug("host {} is not removed: {}", host.name(), e.sentence());
        }
    }
}
