package io.tapswitch.nat;

/**
 * {@link SipHash} over the keys of the flow table: no peer can choose packets whose flows collide (catalogue row 53).
 *
 * <p>The messages are whole words and 7 bytes more, so that the last word carries them and the length, as the
 * definition wants it:
 *
 * <pre>
 *   inside    [inside lo 32 | peer lo 32]                     inside port, seen port, protocol, INSIDE  | network   15
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
final class FlowHash extends SipHash {
    private static final long LOW_32 = 0xFFFF_FFFFL;
    private static final long V4_BITS = 0xFFFF_FFFF_FFFFL;

    private static final int OUTSIDE = 1 << 14;
    private static final int MAPPING = 2 << 14;
    private static final int RULE = 3 << 14;

    FlowHash(long key0, long key1) {
        super(key0, key1);
    }

    /** By protocol, network, inside and the peer as the container sees it. */
    int inside(FlowTuple t) {
        long tail = tail(t.insidePort, t.seenPort(), t.protocol, t.network);
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

    private int finish(long tail, long length) {
        return (int) (finish64(tail, length) >>> 32);
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
