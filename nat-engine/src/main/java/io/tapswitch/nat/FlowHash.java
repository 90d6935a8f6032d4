package io.tapswitch.nat;

/**
 * SipHash-1-3 (Aumasson and Bernstein, 2012) over the keys of the flow table. The key is random and stays on this
 * machine, so no peer can choose packets whose flows collide (catalogue row 53).
 *
 * <p>The messages are whole words and 7 bytes more, so that the last word carries them and the length, as the
 * definition wants it:
 *
 * <pre>
 *   inside    [inside lo 32 | peer lo 32]                     inside port, peer port, protocol, INSIDE  | network   15
 *             [inside hi][inside lo][peer hi][peer lo]        the same                                              39
 *   outside   [peer lo]                                       outside port, peer port, protocol, OUTSIDE | slot     15
 *             [peer hi][peer lo]                              the same                                              23
 *   mapping   [inside lo | slot]                              inside port, 0, protocol, MAPPING | network           15
 *             [inside hi][inside lo][slot]                    the same                                              31
 *   rule      [rule]                                          0, 0, 0, RULE                                         15
 * </pre>
 *
 * <p>The upper row of each is for IPv4, of which the bits that never change are left out; the length tells the rows
 * apart. Stateless but for the key; no call allocates.
 */
final class FlowHash {
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final long V4_BITS = 0xFFFF_FFFF_FFFFL;

    private static final int OUTSIDE = 1 << 14;
    private static final int MAPPING = 2 << 14;
    private static final int RULE = 3 << 14;

    private final long key0;
    private final long key1;
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    FlowHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** By protocol, network, inside and the peer as the container sees it. */
    int inside(FlowTuple t) {
        long tail = tail(t.insidePort, t.peerPort, t.protocol, t.network);
        long peerHi = t.seenPeerHi();
        long peerLo = t.seenPeerLo();
        start();
        if (FlowTuple.isV4(t.insideHi, t.insideLo) && FlowTuple.isV4(peerHi, peerLo)) {
            word(t.insideLo << 32 | (peerLo & LOW_32));
            return finish(tail, 15);
        }
        word(t.insideHi);
        word(t.insideLo);
        word(peerHi);
        word(peerLo);
        return finish(tail, 39);
    }

    /** By protocol, outside and peer. */
    int outside(FlowTuple t) {
        long tail = tail(t.outsidePort, t.peerPort, t.protocol, OUTSIDE | t.outsideSlot);
        start();
        if (FlowTuple.isV4(t.peerHi, t.peerLo)) {
            word(t.peerLo);
            return finish(tail, 15);
        }
        word(t.peerHi);
        word(t.peerLo);
        return finish(tail, 23);
    }

    /** By protocol, network, inside and outside slot. */
    int mapping(FlowTuple t) {
        long tail = tail(t.insidePort, 0, t.protocol, MAPPING | t.network);
        start();
        if (FlowTuple.isV4(t.insideHi, t.insideLo)) {
            word((t.insideLo & V4_BITS) | (long) t.outsideSlot << 48);
            return finish(tail, 15);
        }
        word(t.insideHi);
        word(t.insideLo);
        word(t.outsideSlot);
        return finish(tail, 31);
    }

    /** By the number of a rule. */
    int rule(int rule) {
        start();
        word(rule);
        return finish(tail(0, 0, 0, RULE), 15);
    }

    private static long tail(int port, int otherPort, int protocol, int rest) {
        return (port & 0xFFFFL) | (otherPort & 0xFFFFL) << 16 | (protocol & 0xFFL) << 32 | (rest & 0xFFFFL) << 40;
    }

    private void start() {
        v0 = key0 ^ 0x736f_6d65_7073_6575L;
        v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
        v2 = key0 ^ 0x6c79_6765_6e65_7261L;
        v3 = key1 ^ 0x7465_6462_7974_6573L;
    }

    private void word(long word) {
        v3 ^= word;
        round();
        v0 ^= word;
    }

    private int finish(long tail, long length) {
        return (int) (finish64(tail, length) >>> 32);
    }

    private long finish64(long tail, long length) {
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

    /** The whole hash of a message of whole words and 7 bytes more: for comparison with others' SipHash-1-3. */
    long hash64(long[] words, long tail) {
        start();
        for (long word : words) {
            word(word);
        }
        return finish64(tail, 8L * words.length + 7);
    }
}
