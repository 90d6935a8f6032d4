package io.tapswitch.wire;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Random numbers of a test that can be had again: {@code -Dseed=} with the number that a run printed. */
public final class Seeds {
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    static {
        System.out.println("wire and vxlan property tests: -Dseed=" + SEED);
    }

    private Seeds() {}

    /** {@return a generator of its own, so that tests do not depend on each other's order} */
    public static RandomGenerator random() {
        return random(0);
    }

    /** {@return the same for one of several repetitions, each with other numbers} */
    public static RandomGenerator random(int repetition) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + repetition);
    }

    /** {@return how to have them again} */
    public static String description() {
        return "-Dseed=" + SEED;
    }

    /** {@return random bytes} */
    public static byte[] bytes(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
