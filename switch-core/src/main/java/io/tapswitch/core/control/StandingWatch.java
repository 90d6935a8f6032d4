package io.tapswitch.core.control;

import io.tapswitch.core.overlay.Standing;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Since when this host takes part in its cluster, or does not. Any thread. */
final class StandingWatch {
    private static final Logger LOG = LoggerFactory.getLogger(StandingWatch.class);
    private static final long FIRST_MS = 2_000;

    private final CountDownLatch stood = new CountDownLatch(1);
    private volatile long sinceNs = System.nanoTime();
    private volatile boolean joined;

    /** It stands so from now on. */
    void is(Standing now) {
        stood.countDown();
        boolean isJoined = now instanceof Standing.Joined;
        if (joined != isJoined) {
            joined = isJoined;
            sinceNs = System.nanoTime();
        }
    }

    /** {@return for how long it has taken part, or not} */
    Duration duration() {
        return Duration.ofNanos(System.nanoTime() - sinceNs);
    }

    /** Whoever says that it is ready can be asked for networks of the cluster, as a rule. */
    void awaitFirst(String store) {
        try {
            if (!stood.await(FIRST_MS, TimeUnit.MILLISECONDS)) {
                LOG.warn("{} has not answered yet; the start goes on", store);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@return what a person should know of it} */
    static List<String> warnings(@Nullable Standing standing) {
        return switch (standing) {
            case null -> List.of();
            case Standing.Joined() -> List.of();
            case Standing.Away(String why) ->
                List.of(why
                        + ": containers go on as they are, new addresses and networks of the cluster cannot be had");
            case Standing.Refused(String why) -> List.of("this host takes no part in the cluster: " + why);
        };
    }
}
