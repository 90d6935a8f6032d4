package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;

/**
 * Makes flows of containers: chooses the outside port, and the flow is in the table.
 *
 * <p><b>Theory of operation.</b> In this order, the first that there is:
 *
 * <pre>
 *   1 the port of the inside endpoint's mapping behind this address       endpoint-independent (N1)
 *   2 a free port, the source port itself if it is one                    a new mapping
 *   3 a port of a TCP connection that is over, its endpoint's own first   a new mapping (N8: only when none is left)
 *   4 a port that others use, towards a peer that none of them talks to   lent, TCP only, may be switched off (N3)
 * </pre>
 *
 * <p>Without any, the packet is refused and its sender is told (N16). Whether the table has room for the endpoint is
 * asked before a port is looked for: a container beyond its quota would else wear out the ports, for one that is given
 * back rests.
 *
 * <p>A connection that is over gives up its port at once to whoever goes to another peer; towards the same peer only
 * for a SYN that is ahead of what it sent, or the peer would take it for an old one.
 *
 * <p>A search for a port to lend is short, and the next one towards the same peer goes on where it ended: who tries
 * again finds what there is, and a flood of connections towards one peer does not cost others their packets.
 *
 * <p>The worker's thread. No call allocates, but for the first mapping behind an address ({@link OutsidePorts}).
 */
final class Mappings {
    /** How many of its endpoint's own closed flows, and of anybody's used ports, are looked at. */
    private static final int RECLAIM_LIMIT = 32;
    /** How many used ports are tried towards a peer, each with a lookup, before the packet is refused. */
    private static final int LEND_LIMIT = 64;
    /** Searches for different peers that do not disturb each other. */
    private static final int SEARCHES = 1024;

    private final FlowTable table;
    private final FlowEntries flows;
    private final OutsidePorts ports;
    private final VersionInForce inForce;
    private final NatCounters counters;
    private final PortAllocator.PortTest lendable = this::isLendable;
    private final PortAllocator.PortTest reclaimable = this::isReclaimable;

    /** The flow to be made. */
    private FlowTuple asked = new FlowTuple();

    private int askedSequence;
    private int testsLeft;
    private int tested;
    /** Behind which port the next search for a lent one goes on, by a hash of the peer; 0 for a new search. */
    private final char[] searched = new char[SEARCHES];

    private int victim;

    Mappings(FlowTable table, OutsidePorts ports, VersionInForce inForce, NatCounters counters) {
        this.table = table;
        this.flows = table.entries();
        this.ports = ports;
        this.inForce = inForce;
        this.counters = counters;
    }

    /**
     * Makes a flow of a container.
     *
     * @param t all of it but the outside port, which is set here
     * @param sequence of a TCP segment that begins a connection
     * @return its slot, or a {@link NatDrop} code
     */
    int begin(FlowTuple t, int sequence, long nowMs) {
        int room = table.room(t.endpoint, FlowEntries.OUTBOUND, nowMs);
        if (room != 0) {
            return refused(room);
        }
        if (!hasPorts(t.protocol)) {
            t.outside(t.outsideSlot, 0);
            return insert(t, nowMs);
        }
        int mapped = table.mappedPort(t);
        if (mapped != FlowTable.ABSENT) {
            t.outside(t.outsideSlot, mapped);
            if (table.findOutside(t) == FlowTable.ABSENT) {
                return insert(t, nowMs);
            }
            // Its port is lent to somebody for just this peer.
            t.dependent();
        }
        asked = t;
        askedSequence = sequence;
        int port = ports.allocate(t.protocol, t.outsideSlot, t.insidePort, t.endpoint, nowMs);
        if (port == PortAllocator.NONE && reclaim()) {
            port = ports.allocate(t.protocol, t.outsideSlot, t.insidePort, t.endpoint, nowMs);
        }
        return port == PortAllocator.NONE ? borrow(t, nowMs) : own(t, port, nowMs);
    }

    /** {@return the code of a {@link FlowRefusal}, counted} */
    int refused(int refusal) {
        switch (refusal) {
            case FlowRefusal.QUOTA -> {
                counters.increment(NatCounter.REFUSED_QUOTA);
                return NatDrop.QUOTA.code();
            }
            case FlowRefusal.DUPLICATE -> {
                return NatDrop.FLOW_CLASH.code();
            }
            case FlowRefusal.OUT_OF_RANGE -> {
                return NatDrop.UNKNOWN_ENDPOINT.code();
            }
            default -> {
                counters.increment(NatCounter.REFUSED_TABLE);
                return NatDrop.TABLE_FULL.code();
            }
        }
    }

    private int own(FlowTuple t, int port, long nowMs) {
        t.outside(t.outsideSlot, port);
        int slot = insert(t, nowMs);
        if (slot < 0) {
            ports.giveBack(t.protocol, t.outsideSlot, port, nowMs);
            return slot;
        }
        counters.increment(t.dependent ? NatCounter.PORT_OVERLOADED : NatCounter.MAPPINGS);
        ports.owned(t.protocol, t.outsideSlot, port);
        return slot;
    }

    private int borrow(FlowTuple t, long nowMs) {
        int port = t.protocol == IpProtocol.TCP && inForce.portOverload ? lend(t) : PortAllocator.NONE;
        if (port == PortAllocator.NONE) {
            counters.increment(NatCounter.REFUSED_PORTS);
            return NatDrop.PORTS_EXHAUSTED.code();
        }
        t.outside(t.outsideSlot, port).dependent();
        int slot = insert(t, nowMs);
        if (slot >= 0) {
            counters.increment(NatCounter.PORT_OVERLOADED);
        }
        return slot;
    }

    private int lend(FlowTuple t) {
        testsLeft = LEND_LIMIT;
        tested = 0;
        long mixed =
                (t.peerHi ^ t.peerLo ^ (long) t.peerPort << 40 ^ (long) t.outsideSlot << 56) * 0x9e37_79b9_7f4a_7c15L;
        int search = (int) (mixed >>> 54) & SEARCHES - 1;
        int from = searched[search] == 0 ? 0 : searched[search] + 1;
        int port = ports.lend(t.protocol, t.outsideSlot, t.insidePort, from, lendable);
        if (port != t.insidePort && tested != 0) {
            searched[search] = (char) tested;
        }
        return testsLeft < 0 ? PortAllocator.NONE : port;
    }

    private int insert(FlowTuple t, long nowMs) {
        int slot = table.insert(t, FlowTimers.first(t.protocol), nowMs);
        if (slot >= 0) {
            counters.increment(NatCounter.OUTBOUND_FLOWS);
            return slot;
        }
        if (slot == FlowRefusal.DUPLICATE && !hasPorts(t.protocol)) {
            counters.increment(NatCounter.REFUSED_BUSY);
            return NatDrop.PROTOCOL_BUSY.code();
        }
        return refused(slot);
    }

    /** {@return whether a connection that is over has given up its port} */
    private boolean reclaim() {
        if (asked.protocol != IpProtocol.TCP) {
            return false;
        }
        testsLeft = RECLAIM_LIMIT;
        victim = FlowTable.ABSENT;
        int own = table.oldestClosed(asked.endpoint, FlowEntries.OUTBOUND);
        boolean found = own != FlowTable.ABSENT
                && flows.protocol(own) == asked.protocol
                && flows.outsideSlot(own) == asked.outsideSlot
                && isReclaimable(flows.outsidePort(own));
        // Who has half of the ports gets none of another's.
        if (!found && !ports.isShort(asked.protocol, asked.outsideSlot, asked.endpoint)) {
            testsLeft = RECLAIM_LIMIT;
            int port = ports.lend(asked.protocol, asked.outsideSlot, asked.insidePort, 0, reclaimable);
            found = port != PortAllocator.NONE && victim != FlowTable.ABSENT;
        }
        if (found) {
            counters.increment(NatCounter.PORT_RECLAIMED);
            table.remove(victim);
        }
        return found;
    }

    /** {@return whether the search ends: with a victim, or because enough was looked at} */
    private boolean isReclaimable(int port) {
        victim = FlowTable.ABSENT;
        if (--testsLeft < 0) {
            return true;
        }
        int user = table.groups.soleUser(asked.protocol, asked.outsideSlot, port);
        if (user == FlowTable.ABSENT || flows.standing(user) != FlowEntries.CLOSED) {
            return false;
        }
        boolean samePeer = flows.peerLo(user) == asked.peerLo
                && flows.peerHi(user) == asked.peerHi
                && flows.peerPort(user) == asked.peerPort;
        if (samePeer && !TcpTracker.isAhead(flows.window(user, FlowEntries.TO_PEER), askedSequence)) {
            return false;
        }
        victim = user;
        return true;
    }

    /** {@return whether the search ends: the port is free towards the peer, or enough was looked at} */
    private boolean isLendable(int port) {
        if (--testsLeft < 0) {
            return true;
        }
        tested = port;
        asked.outside(asked.outsideSlot, port);
        return table.findOutside(asked) == FlowTable.ABSENT;
    }

    private static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP, IpProtocol.ICMPV6 -> true;
            default -> false;
        };
    }
}
