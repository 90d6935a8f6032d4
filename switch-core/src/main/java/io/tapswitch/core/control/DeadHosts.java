package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
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
 * tunnel has shown a sign of life for {@link #DEAD_MS}. Then its endpoints go, and their addresses and names are free.
 * Whoever notices first does it; the store refuses when the host is alive.
 *
 * <p>Used by one thread.
 */
final class DeadHosts {
    /** As the issue of overlays says: 60 s. */
    static final long DEAD_MS = 60_000;

    private static final Logger LOG = LoggerFactory.getLogger(DeadHosts.class);

    private final LongSupplier clockMs;
    private final Map<String, Heard> heard = new HashMap<>();

    /** How many frames a host's tunnels had brought, and when they last became more. */
    private record Heard(long frames, long atMs) {}

    DeadHosts(LongSupplier clockMs) {
        this.clockMs = clockMs;
    }

    /**
     * Looks once.
     *
     * @param hosts of the cluster, by id
     * @param unseenMs for how long the store has not seen a host, -1 while it does
     * @param framesFrom frames that tunnels have brought, by their other end
     * @param remove what to do with one that is dead; a refusal is no harm
     */
    void look(
            Map<String, Host> hosts,
            ToLongFunction<String> unseenMs,
            Map<IpAddress, Long> framesFrom,
            Consumer<Host> remove) {
        long now = clockMs.getAsLong();
        heard.keySet().retainAll(hosts.keySet());
        for (Host host : hosts.values()) {
            long frames = framesFrom.getOrDefault(host.vtep(), 0L);
            Heard last = heard.get(host.id());
            if (last == null || last.frames() != frames) {
                last = new Heard(frames, now);
                heard.put(host.id(), last);
            }
            if (unseenMs.applyAsLong(host.id()) >= DEAD_MS && now - last.atMs() >= DEAD_MS) {
                remove(remove, host);
            }
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
                    DEAD_MS / 1_000);
        } catch (Refusal e) {
            // It lives after all, or the store is away: the next look will tell.
            LOG.debug("host {} is not removed: {}", host.name(), e.sentence());
        }
    }
}
