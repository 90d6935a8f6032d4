package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Finds flows from either side: by the inside and the peer as the container sees it, and by the outside and the peer.
 *
 * <p><b>Theory of operation.</b> Most packets belong to few flows, and for those the keyed hash is the longest part of
 * the way. So each side remembers the flows that were found last in a {@link FlowCache}, whose answer counts if the
 * entry itself has the key; else the keyed hash leads to the {@link FlowIndex}, and what is there is remembered.
 */
final class FlowLookup {
    static final int ABSENT = -1;

    private final FlowEntries entries;
    private final FlowHash hash;
    private final FlowIndex inside;
    private final FlowIndex outside;
    private final FlowCache foundInside = new FlowCache();
    private final FlowCache foundOutside = new FlowCache();
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
        int slot = foundInside.slotOf(mixed);
        if (slot != ABSENT && entries.occupied(slot) && entries.sameInside(slot, t)) {
            return slot;
        }
        return searchInside(t, mixed);
    }

    private int searchInside(FlowTuple t, long mixed) {
        int slot = byInside(t, hash.inside(t));
        if (slot != ABSENT) {
            foundInside.remember(mixed, slot);
        }
        return slot;
    }

    int byOutside(FlowTuple t) {
        long mixed = mixOutside(t);
        int slot = foundOutside.slotOf(mixed);
        if (slot != ABSENT && entries.occupied(slot) && entries.sameOutside(slot, t)) {
            return slot;
        }
        return searchOutside(t, mixed);
    }

    private int searchOutside(FlowTuple t, long mixed) {
        int slot = byOutside(t, hash.outside(t));
        if (slot != ABSENT) {
            foundOutside.remember(mixed, slot);
        }
        return slot;
    }

    static long mixInside(FlowTuple t) {
        long tail = FlowHash.tail(t.insidePort, t.seenPort(), t.protocol, t.network);
        return FlowCache.mix(t.insideLo ^ t.insideHi, t.seenPeerLo() ^ t.seenPeerHi(), tail);
    }

    static long mixOutside(FlowTuple t) {
        return FlowCache.mix(
                t.outsideSlot, t.peerLo ^ t.peerHi, FlowHash.tail(t.outsidePort, t.peerPort, t.protocol, 0));
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
