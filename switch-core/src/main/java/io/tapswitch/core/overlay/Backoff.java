package io.tapswitch.core.overlay;

import java.util.random.RandomGenerator;

/** How long to wait after a failure of the store, longer each time, by chance between half of that and all. */
final class Backoff {
    private static final long MAX_MS = 1_000;
    private static final long MIN_MS = 100;

    private final RandomGenerator random;
    private int failures;

    Backoff(RandomGenerator random) {
        this.random = random;
    }

    /** {@return how long to wait after one more failure} */
    long nextMs() {
        long longest = Math.min(MAX_MS, MIN_MS << Math.min(failures, 10));
        failures++;
        return longest / 2 + random.nextLong(longest / 2 + 1);
    }

    /** {@return whether there was no failure before the last one} */
    boolean isFirst() {
        return failures <= 1;
    }

    /** It went well, or there is reason to hope so. */
    void reset() {
        failures = 0;
    }
}
