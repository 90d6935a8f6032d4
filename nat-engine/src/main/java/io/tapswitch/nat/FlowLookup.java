package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Finds flows from either side: by the inside and the peer as the container sees it, and by the outside and the peer.
 *
 * <p><b>Theory of operation.</b> Most packets belong to few flows, and for those the keyed hash is the longest part of
 * the way. So each side remembers, in an exact-match cache as Open vSwitch has one, the slots of the flows that were
 * found last:
 *
 * <pre>
 *   key of the packet -> cheap mix -> upper bits: place   [ lower 32 bits of the mix | slot of the entry + 1 ]
 *                                                          the same? -> entry -> the same key? -> found
 *                     -> keyed hash -> {@link FlowIndex} -> found, and remembered
 * </pre>
 *
 * <p>Nothing is taken on trust: the entry itself is compared, and one that has ended is free or another flow's. Who
 * chooses packets that share a place makes their flows as slow as they were without it. A miss costs one look at
 * 32 KiB that stay in a near cache.
 */
final class FlowLookup {
    static final int ABSENT = -1;

    /** Places of an exact-match cache are 1 &lt;&lt; this. */
    private static final int PLACE_BITS = 12;

    // Odd, with bits everywhere: those of SplitMix64 (Steele, Lea and Flood, 2014).
    private static final long MIX_1 = 0x9E37_79B9_7F4A_7C15L;
    static final long MIX_2 = 0xBF58_476D_1CE4_E5B9L;
    static final long MIX_3 = 0x94D0_49BB_1331_11EBL;

    private final FlowEntries entries;
    private final FlowHash hash;
    private final FlowIndex inside;
    private final FlowIndex outside;
    private final long[] foundInside = new long[1 << PLACE_BITS];
    private final long[] foundOutside = new long[1 << PLACE_BITS];
    private int askedInside;
    private int askedOutside;

    /** Lays both indexes into memory that is all zeros. */
    FlowLookup(FlowEntries entries, FlowHash hash, AtomicBuffer memory, int base, int capacity) {
        this.entries = entries;
        this.hash = hash;
        this.inside = new FlowIndex(memory, base, capacity);
        this.outside = new FlowIndex(memory, base + (int) FlowIndex.length(capacity), capacity);
    }

    static long length(int capacity) {
        return 2 * FlowIndex.length(capacity);
    }

    int byInside(FlowTuple t) {
        long mixed = mixInside(t);
        long found = foundInside[place(mixed)];
        int slot = FlowIndex.slotOf(found);
        if (isOf(found, mixed) && entries.occupied(slot) && entries.sameInside(slot, t)) {
            return slot;
        }
        return searchInside(t, mixed);
    }

    private int searchInside(FlowTuple t, long mixed) {
        int slot = byInside(t, hash.inside(t));
        if (slot != ABSENT) {
            foundInside[place(mixed)] = remembered(mixed, slot);
        }
        return slot;
    }

    int byOutside(FlowTuple t) {
        long mixed = mixOutside(t);
        long found = foundOutside[place(mixed)];
        int slot = FlowIndex.slotOf(found);
        if (isOf(found, mixed) && entries.occupied(slot) && entries.sameOutside(slot, t)) {
            return slot;
        }
        return searchOutside(t, mixed);
    }

    private int searchOutside(FlowTuple t, long mixed) {
        int slot = byOutside(t, hash.outside(t));
        if (slot != ABSENT) {
            foundOutside[place(mixed)] = remembered(mixed, slot);
        }
        return slot;
    }

    static long mixInside(FlowTuple t) {
        long tail = FlowHash.tail(t.insidePort, t.seenPort(), t.protocol, t.network);
        return mixed(t.insideLo ^ t.insideHi, t.seenPeerLo() ^ t.seenPeerHi(), tail);
    }

    static long mixOutside(FlowTuple t) {
        return mixed(t.outsideSlot, t.peerLo ^ t.peerHi, FlowHash.tail(t.outsidePort, t.peerPort, t.protocol, 0));
    }

    private static long mixed(long own, long peer, long tail) {
        long sum = own * MIX_1 + peer * MIX_2 + tail * MIX_3;
        return (sum ^ sum >>> Integer.SIZE) * MIX_1;
    }

    private static int place(long mixed) {
        return (int) (mixed >>> (Long.SIZE - PLACE_BITS));
    }

    private static boolean isOf(long found, long mixed) {
        return found != FlowIndex.EMPTY && FlowIndex.hashOf(found) == (int) mixed;
    }

    private static long remembered(long mixed, int slot) {
        return (mixed << Integer.SIZE) | (slot + 1);
    }

    /** {@return 0 when a flow like this can be added, else a {@link FlowRefusal}} */
    int refusal(FlowTuple t) {
        askedInside = hash.inside(t);
        askedOutside = hash.outside(t);
        if (byInside(t, askedInside) != ABSENT || byOutside(t, askedOutside) != ABSENT) {
            return FlowRefusal.DUPLICATE;
        }
        return inside.hasRoom(askedInside) && outside.hasRoom(askedOutside) ? 0 : FlowRefusal.CROWDED;
    }

    /** Adds the flow that {@link #refusal} was asked about last, and had nothing against. */
    void add(int slot) {
        inside.put(askedInside, slot);
        outside.put(askedOutside, slot);
    }

    void remove(int slot, FlowTuple t) {
        inside.remove(hash.inside(t), slot);
        outside.remove(hash.outside(t), slot);
    }

    int longestProbe() {
        return Math.max(inside.longestProbe(), outside.longestProbe());
    }

    private int byInside(FlowTuple t, int searched) {
        int bucket = inside.home(searched);
        for (int left = FlowIndex.MAX_PROBES; left > 0; left--) {
            long content = inside.at(bucket);
            if (content == FlowIndex.EMPTY) {
                return ABSENT;
            }
            if (FlowIndex.hashOf(content) == searched && entries.sameInside(FlowIndex.slotOf(content), t)) {
                return FlowIndex.slotOf(content);
            }
            bucket = inside.next(bucket);
        }
        return ABSENT;
    }

    private int byOutside(FlowTuple t, int searched) {
        int bucket = outside.home(searched);
        for (int left = FlowIndex.MAX_PROBES; left > 0; left--) {
            long content = outside.at(bucket);
            if (content == FlowIndex.EMPTY) {
                return ABSENT;
            }
            if (FlowIndex.hashOf(content) == searched && entries.sameOutside(FlowIndex.slotOf(content), t)) {
                return FlowIndex.slotOf(content);
            }
            bucket = outside.next(bucket);
        }
        return ABSENT;
    }
}
