package io.tapswitch.nat;

import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * Random numbers for the ports that NAT chooses: SipHash-1-3 of a counter under a secret key.
 *
 * <p>A container sees which ports it gets, and another one's DNS answers are protected by nobody guessing its port
 * (RFC 6056, RFC 5452). The usual fast generators can be computed forward from a few of their numbers; this
 * one cannot without the key, and costs some ten nanoseconds, no allocation and no lock. One thread.
 */
final class KeyedRandom implements RandomGenerator {
    private final long key0;
    private final long key1;
    private long counter;

    KeyedRandom(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** {@return a generator with a key of its own} */
    static KeyedRandom create() {
        var keys = new SecureRandom();
        return new KeyedRandom(keys.nextLong(), keys.nextLong());
    }

    @Override
    public long nextLong() {
        return sipHash13(key0, key1, counter++);
    }

    /** SipHash with one round a block and three at the end, of one word as a message of eight bytes, little-endian. */
    static long sipHash13(long key0, long key1, long word) {
        // The last block: no more bytes, and the length in the top byte.
        long end = 8L << 56;
        long v0 = key0 ^ 0x736f_6d65_7073_6575L;
        long v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
        long v2 = key0 ^ 0x6c79_6765_6e65_7261L;
        long v3 = key1 ^ 0x7465_6462_7974_6573L;
        for (int round = 0; round < 5; round++) {
            long block = round == 0 ? word : round == 1 ? end : 0;
            v3 ^= block;
            v2 ^= round == 2 ? 0xFF : 0;
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= block;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
