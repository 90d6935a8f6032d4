package io.tapswitch.nat;

import java.util.BitSet;

/** What the worker acts on at present: the parts of the last version that packets meet. The worker's thread. */
final class VersionInForce {
    InsideTable inside = InsideTable.EMPTY;
    DnatRules rules = DnatRules.EMPTY;
    /** Outside slots whose address the host has now: a flow of another one may end, and none begins. */
    final BitSet present = new BitSet();

    /** Outside slots of which a version said that the host has their address no more. */
    final BitSet gone = new BitSet();

    boolean portOverload = true;

    /**
     * {@return the flow of an inside endpoint to a peer, as the container sees that: a network's IPv6 gateway may stand
     * for the host's clients of ::1}
     *
     * @param t the endpoint; left with the peer that was looked for last
     */
    int findInside(FlowTable table, FlowTuple t, boolean ipv6, long peerHi, long peerLo, int peerPort) {
        return ipv6 && inside.isGateway6(t.network, peerHi, peerLo)
                ? findGateway6(table, t, peerHi, peerLo, peerPort)
                : table.findInside(t.peer(peerHi, peerLo, peerPort));
    }

    private static int findGateway6(FlowTable table, FlowTuple t, long peerHi, long peerLo, int peerPort) {
        int slot = table.findInside(t.peer(0, FlowTuple.LOOPBACK6, peerPort));
        return slot != FlowTable.ABSENT ? slot : table.findInside(t.peer(peerHi, peerLo, peerPort));
    }
}
