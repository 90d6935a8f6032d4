package io.tapswitch.nat;

import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: what flows have in common. All outbound flows of a mapping are a ring, and so are all inbound
 * flows of a rule; an index leads from the mapping's inside endpoint, or from the rule's number, to one flow of the
 * ring, whichever.
 *
 * <pre>
 *   (protocol, network, inside, outside slot) -> flow -> flow -> flow ...     a mapping: all have the same outside port
 *   (protocol, outside slot, outside port)    -> one of the same                          (PortOwners)
 *   (rule)                                    -> flow -> flow ...
 * </pre>
 *
 * <p>So a mapping is no object of its own: it is there while one of its flows is, which is what endpoint-independence
 * asks for (RFC 4787 REQ-1, RFC 5382 REQ-1), and it is found again by recovery without having been stored. The outside
 * slot is part of the key because a host with several uplinks sends to some peers from another address; behind one
 * address an inside endpoint has one mapping.
 *
 * <p>Under pressure a port is lent to a flow for its peer only (N3). Such a flow is in no ring; the port counts it. A
 * port is free when no mapping owns it and nobody borrows it.
 *
 * <p>The owner's thread. No call allocates.
 */
final class FlowGroups {
    static final int ABSENT = -1;

    private final FlowEntries entries;
    private final FlowHash hash;
    private final FlowIndex index;
    private final Rings rings;
    private final PortOwners ports;
    private int askedHash;
    private int askedOther;

    FlowGroups(FlowEntries entries, FlowHash hash, AtomicBuffer memory, int base, int capacity) {
        this.entries = entries;
        this.hash = hash;
        int at = base;
        this.index = new FlowIndex(memory, at, capacity);
        at += (int) FlowIndex.length(capacity);
        this.rings = new Rings(memory, at);
        at += (int) Rings.length(capacity);
        this.ports = new PortOwners(memory, at);
    }

    static long length(int capacity, int outsideSlots) {
        return FlowIndex.length(capacity) + Rings.length(capacity) + PortOwners.length(outsideSlots);
    }

    /** {@return a flow of the mapping of protocol, network, inside and outside slot} */
    int mapping(FlowTuple t) {
        return mapping(t, hash.mapping(t));
    }

    /** {@return a flow of the rule} */
    int rule(int rule) {
        return rule(rule, hash.rule(rule));
    }

    /** {@return a flow of the mapping that owns an outside port} */
    int owner(int protocol, int outsideSlot, int port) {
        return ports.owner(protocol, outsideSlot, port);
    }

    /** {@return whether a mapping owns the port, or somebody borrows it} */
    boolean used(int protocol, int outsideSlot, int port) {
        return ports.owner(protocol, outsideSlot, port) != PortOwners.NOBODY
                || ports.lent(protocol, outsideSlot, port) > 0;
    }

    /** {@return the only flow that uses an outside port, when it is one of the mapping that owns it} */
    int soleUser(int protocol, int outsideSlot, int port) {
        int owner = ports.owner(protocol, outsideSlot, port);
        boolean sole = owner != ABSENT && rings.alone(owner) && ports.lent(protocol, outsideSlot, port) == 0;
        return sole ? owner : ABSENT;
    }

    /** {@return the flow after one in its ring} */
    int next(int slot) {
        return rings.next(slot);
    }

    /** {@return the flow before one in its ring} */
    int previous(int slot) {
        return rings.previous(slot);
    }

    /** {@return 0 when a flow like this can {@link #join}, else a {@link FlowRefusal}} */
    int refusal(FlowTuple t) {
        askedOther = ABSENT;
        if (t.kind == FlowEntries.INBOUND) {
            askedHash = hash.rule(t.rule);
            askedOther = rule(t.rule, askedHash);
            return askedOther != ABSENT || index.hasRoom(askedHash) ? 0 : FlowRefusal.CROWDED;
        }
        if (t.dependent) {
            return 0;
        }
        askedHash = hash.mapping(t);
        askedOther = mapping(t, askedHash);
        if (askedOther != ABSENT) {
            return entries.outsidePort(askedOther) == t.outsidePort ? 0 : FlowRefusal.MAPPED_ELSEWHERE;
        }
        if (ports.owner(t.protocol, t.outsideSlot, t.outsidePort) != PortOwners.NOBODY) {
            return FlowRefusal.PORT_TAKEN;
        }
        return index.hasRoom(askedHash) ? 0 : FlowRefusal.CROWDED;
    }

    /** Adds the flow that {@link #refusal} was asked about last, and had nothing against. */
    void join(int slot, FlowTuple t) {
        boolean lent = t.kind == FlowEntries.OUTBOUND && t.dependent;
        if (lent) {
            ports.lend(t.protocol, t.outsideSlot, t.outsidePort, 1);
        } else if (askedOther != ABSENT) {
            rings.insertBefore(askedOther, slot);
        } else {
            index.put(askedHash, slot);
            if (t.kind == FlowEntries.OUTBOUND) {
                ports.owner(t.protocol, t.outsideSlot, t.outsidePort, slot);
            }
        }
    }

    /** Removes a flow; {@return whether its outside port is free now, and was not before} */
    boolean leave(int slot, FlowTuple t) {
        if (t.kind == FlowEntries.INBOUND) {
            leaveRing(hash.rule(t.rule), slot);
            return false;
        }
        if (t.dependent) {
            ports.lend(t.protocol, t.outsideSlot, t.outsidePort, -1);
        } else {
            int heir = leaveRing(hash.mapping(t), slot);
            if (ports.owner(t.protocol, t.outsideSlot, t.outsidePort) == slot) {
                ports.owner(t.protocol, t.outsideSlot, t.outsidePort, heir);
            }
        }
        return !used(t.protocol, t.outsideSlot, t.outsidePort);
    }

    /**
     * Ends the mapping that owns a port, but none of its flows: they borrow the port from now on, and a new flow of the
     * inside endpoint gets another one.
     */
    void retire(FlowTuple scratch, int protocol, int outsideSlot, int port) {
        int slot = ports.owner(protocol, outsideSlot, port);
        while (slot != PortOwners.NOBODY) {
            entries.read(slot, scratch);
            int heir = leaveRing(hash.mapping(scratch), slot);
            ports.owner(protocol, outsideSlot, port, heir);
            entries.makeDependent(slot);
            ports.lend(protocol, outsideSlot, port, 1);
            slot = heir;
        }
    }

    int longestProbe() {
        return index.longestProbe();
    }

    /**
     * {@return a flow that stays in the ring, or {@link #ABSENT}; the index leads to it when it led to the leaving one}
     */
    private int leaveRing(int hashOfGroup, int slot) {
        if (rings.alone(slot)) {
            index.remove(hashOfGroup, slot);
            return ABSENT;
        }
        int heir = rings.next(slot);
        rings.unlink(slot);
        index.replace(hashOfGroup, slot, heir);
        return heir;
    }

    private int mapping(FlowTuple t, int searched) {
        int bucket = index.home(searched);
        for (int left = FlowIndex.MAX_PROBES; left > 0; left--) {
            long content = index.at(bucket);
            if (content == FlowIndex.EMPTY) {
                return ABSENT;
            }
            if (FlowIndex.hashOf(content) == searched && entries.sameMapping(FlowIndex.slotOf(content), t)) {
                return FlowIndex.slotOf(content);
            }
            bucket = index.next(bucket);
        }
        return ABSENT;
    }

    private int rule(int rule, int searched) {
        int bucket = index.home(searched);
        for (int left = FlowIndex.MAX_PROBES; left > 0; left--) {
            long content = index.at(bucket);
            if (content == FlowIndex.EMPTY) {
                return ABSENT;
            }
            int slot = FlowIndex.slotOf(content);
            if (FlowIndex.hashOf(content) == searched
                    && entries.kind(slot) == FlowEntries.INBOUND
                    && entries.rule(slot) == rule) {
                return slot;
            }
            bucket = index.next(bucket);
        }
        return ABSENT;
    }
}
