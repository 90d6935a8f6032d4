package io.tapswitch.dns;

/**
 * Random numbers for the order of addresses: SplitMix64 (Steele, Lea and Flood, 2014), a few instructions each. Nothing
 * is protected by nobody guessing them. One thread.
 */
final class Shuffle {
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L;

    private long state;

    Shuffle(long seed) {
        state = seed;
    }

    /** {@return a number below a bound; of 2^32 draws, the numbers differ by bound at most} */
    int below(int bound) {
        state += STEP;
        long mixed = (state ^ (state >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D0_49BB_1331_11EBL;
        mixed ^= mixed >>> 31;
        return (int) (((mixed >>> 32) * bound) >>> 32);
    }
}
