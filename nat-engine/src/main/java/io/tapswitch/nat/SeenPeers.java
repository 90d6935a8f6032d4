package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;

/**
 * Under which address and port a container sees the peer of a flow: its own, with two exceptions.
 *
 * <pre>
 *   127.0.0.0/8, ::1           the address of the network's gateway: a container cannot answer those
 *   two flows look the same    the later one gets another port
 * </pre>
 *
 * <p>Two flows look the same to a container when a peer goes from one port to two published ones that lead to the same
 * port inside (8080:80 and 8081:80), or when ::1 and the gateway itself use one port. The container could not tell them
 * apart, nor could its answers be. The kernel's NAT gives the later one another source port then
 * (nf_nat_l4proto_unique_tuple), and so does this: any from {@value #FIRST_PORT} on, by chance; after {@value #TRIES}
 * that are taken too, the flow is refused. An outbound flow has no such way out, and needs none: what a container sends
 * to a peer that it sees already belongs to that flow.
 *
 * <p>A connection that is over keeps its port as long as another one is found: the container may still remember it, and
 * would take a new one for it.
 *
 * <p>The worker's thread. No call allocates.
 */
final class SeenPeers {
    /** Below it are those ports of which some servers think that only root has them. */
    static final int FIRST_PORT = 1024;

    /** With half of all ports taken, one flow of 65 536 finds none. */
    static final int TRIES = 16;

    private final FlowTable table;
    private final FlowEntries flows;
    private final VersionInForce inForce;
    private final LeftOvers leftOvers;
    private final KeyedRandom random = KeyedRandom.create();

    SeenPeers(FlowTable table, VersionInForce inForce, LeftOvers leftOvers) {
        this.table = table;
        this.flows = table.entries();
        this.inForce = inForce;
        this.leftOvers = leftOvers;
    }

    /** {@return upper half of the address under which the container sees the peer} */
    long hi(int slot) {
        if (flows.seenPeer(slot) != 0) {
            return 0;
        }
        return flows.isPeerHidden(slot) ? inForce.inside.gatewayHi6(flows.network(slot)) : flows.peerHi(slot);
    }

    /** {@return lower half of the address under which the container sees the peer} */
    long lo(int slot) {
        int seen = flows.seenPeer(slot);
        if (seen != 0) {
            return FlowTuple.v4(seen);
        }
        return flows.isPeerHidden(slot) ? inForce.inside.gatewayLo6(flows.network(slot)) : flows.peerLo(slot);
    }

    /**
     * Lets the container see a peer under another port, where another flow looks the same.
     *
     * @param t the new flow
     * @return whether none does now
     */
    boolean setApart(FlowTuple t) {
        if (twin(t) == FlowTable.ABSENT) {
            return true;
        }
        for (int tries = hasPorts(t.protocol) ? TRIES : 0; tries > 0; tries--) {
            if (twin(t.seenPort(random.nextInt(FIRST_PORT, 0x1_0000))) == FlowTable.ABSENT) {
                return true;
            }
        }
        int other = twin(t.seenPort(0));
        while (other != FlowTable.ABSENT && flows.standing(other) == FlowEntries.CLOSED) {
            table.remove(other);
            other = twin(t);
        }
        return other == FlowTable.ABSENT;
    }

    /** {@return whether ::1 and the gateway itself come from one port to one service, so that both look alike} */
    boolean isShadowed(FlowTuple t) {
        return shadow(t) != FlowTable.ABSENT;
    }

    /** {@return a flow that looks the same to the container} */
    private int twin(FlowTuple t) {
        int other = leftOvers.valid(table.findInside(t));
        return other == FlowTable.ABSENT ? shadow(t) : other;
    }

    private int shadow(FlowTuple t) {
        long peerHi = t.peerHi;
        long peerLo = t.peerLo;
        if (FlowTuple.isV4(peerHi, peerLo)) {
            return FlowTable.ABSENT;
        }
        if (FlowTuple.isLoopback(peerHi, peerLo)) {
            t.peer(inForce.inside.gatewayHi6(t.network), inForce.inside.gatewayLo6(t.network), t.peerPort);
        } else if (inForce.inside.isGateway6(t.network, peerHi, peerLo)) {
            t.peer(0, FlowTuple.LOOPBACK6, t.peerPort);
        } else {
            return FlowTable.ABSENT;
        }
        int other = leftOvers.valid(table.findInside(t));
        t.peer(peerHi, peerLo, t.peerPort);
        return other;
    }

    private static boolean hasPorts(int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP;
    }
}
