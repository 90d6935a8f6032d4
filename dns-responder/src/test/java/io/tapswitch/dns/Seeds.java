package io.tapswitch.dns;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Random numbers of a test that can be had again: {@code -Dseed=} with the number that a run printed. */
final class Seeds {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    static {
        System.out.println("dns property tests: -Dseed=" + SEED);
    }

    private Seeds() {}

    /** {@return a generator of its own, so that tests do not depend on each other's order} */
    static RandomGenerator random() {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
    }

    static String description() {
        return "-Dseed=" + SEED;
    }
}
