package io.tapswitch.nat;

/**
 * SipHash-1-3 (Aumasson and Bernstein, 2012), word by word: {@link #start}, each word, {@link #finish64}. The key is
 * random and stays on this machine, so whoever sends packets cannot choose many that collide. No call allocates. One
 * thread.
 */
class SipHash {
    private final long key0;
    private final long key1;
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    SipHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** Begins a message. */
    final void start() {
        v0 = key0 ^ 0x736f_6d65_7073_6575L;
        v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
        v2 = key0 ^ 0x6c79_6765_6e65_7261L;
        v3 = key1 ^ 0x7465_6462_7974_6573L;
    }

    /** Adds eight bytes. */
    final void word(long word) {
        v3 ^= word;
        round();
        v0 ^= word;
    }

    /**
     * Ends a message.
     *
     * @param tail the bytes that do not fill a word, at most 7
     * @param length bytes of the whole message
     */
    final long finish64(long tail, long length) {
        word(tail | length << 56);
        v2 ^= 0xFF;
        round();
        round();
        round();
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private void round() {
        v0 += v1;
        v2 += v3;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 = Long.rotateLeft(v2, 32);
    }
}
