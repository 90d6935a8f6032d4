package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The sign of life that a daemon left in the store when it was killed.
 *
 * <p><b>Theory of operation.</b> A daemon that starts again with another address finds its id alive at the old one.
 * That is its own sign of life from before, or another daemon has its id (a copied state directory); the store's
 * entries are the same for both. Time tells them apart: nobody keeps the former alive, and it ends. Each start of a
 * state directory has a higher incarnation than all before, so what has this one's or a higher one is not from an
 * earlier run and not waited for.
 */
final class EarlierRun {
    /** A store that is busy, or has a new leader, ends a lease some seconds late. */
    static final Duration WAIT = SessionLoop.LEASE.plusSeconds(5);

    private boolean hasBegun;
    private long sinceMs;

    /**
     * {@return what there is to say while this host waits, null when there is nothing to wait for (any more)}
     *
     * @param self as it is to be registered for the first time since the start
     * @param state with what the store has
     */
    @Nullable
    String waitsFor(Host self, ClusterState state, long nowMs) {
        boolean maybe = state.entry(self.key()) instanceof Host earlier
                && earlier.incarnation() < self.incarnation()
                && !earlier.vtep().equals(self.vtep())
                && state.view().isAlive(self.id());
        if (!maybe) {
            return null;
        }
        if (!hasBegun) {
            hasBegun = true;
            sinceMs = nowMs;
        }
        return nowMs - sinceMs < WAIT.toMillis()
                ? "host " + self.name() + " was started again with another address, and its last sign of life from"
                        + " before has not ended yet: it joins as soon as it has, within " + WAIT.toSeconds() + " s"
                : null;
    }
}
