package io.tapswitch.nat;

/**
 * The hash of the six words that name a datagram. Whoever sends fragments must not be able to choose many that collide,
 * so the key is random.
 */
final class FragmentHash extends SipHash {
    private static final long MESSAGE_BYTES = 48;

    FragmentHash(long key0, long key1) {
        super(key0, key1);
    }

    /** {@return the hash, folded to an int, after six words} */
    int finish() {
        long hash = finish64(0, MESSAGE_BYTES);
        return (int) (hash ^ hash >>> 32);
    }
}
