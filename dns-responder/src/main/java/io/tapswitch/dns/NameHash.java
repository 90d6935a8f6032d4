package io.tapswitch.dns;

import java.security.SecureRandom;
import org.agrona.DirectBuffer;

/**
 * SipHash-1-3 (Aumasson and Bernstein, 2012) of folded names, under a key that is drawn when the process starts.
 *
 * <p>Containers choose which names they ask for, and what is cached is stored by this hash: without the key nobody can
 * choose names that collide. There is one key, because a name is hashed once and then sought in the tables of several
 * networks, and a table is compiled once for all workers.
 */
final class NameHash {
    private static final long KEY_0;
    private static final long KEY_1;

    static {
        var random = new SecureRandom();
        KEY_0 = random.nextLong();
        KEY_1 = random.nextLong();
    }

    private NameHash() {}

    /**
     * {@return hash of the whole words that hold a name, which is zero behind its end}
     *
     * @param extra whatever else tells keys apart; the length need not, since a name knows its own end
     */
    static long of(DirectBuffer words, int index, int length, long extra) {
        return of(KEY_0, KEY_1, words, index, length, extra);
    }

    /** The same under a given key. */
    static long of(long key0, long key1, DirectBuffer words, int index, int length, long extra) {
        long v0 = key0 ^ 0x736f_6d65_7073_6575L;
        long v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
        long v2 = key0 ^ 0x6c79_6765_6e65_7261L;
        long v3 = key1 ^ 0x7465_6462_7974_6573L;
        int wordCount = (length + 7) >>> 3;
        // The words, the extra one, and three rounds to finish.
        for (int i = 0; i < wordCount + 4; i++) {
            long word = i < wordCount ? FoldedName.word(words, index + (i << 3)) : i == wordCount ? extra : 0;
            v3 ^= word;
            v2 ^= i == wordCount + 1 ? 0xFF : 0;
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
            v0 ^= word;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
