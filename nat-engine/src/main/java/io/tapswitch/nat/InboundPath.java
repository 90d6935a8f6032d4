package io.tapswitch.nat;

import io.tapswitch.wire.TcpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The way of a packet to one of the host's addresses: an answer to a container, or for a published port.
 *
 * <pre>
 *   loopback address, not from the host itself --------------> dropped (P6)
 *   ICMP error ----------------------------------------------> {@link IcmpErrorPath}
 *   flow known ----------------------> hop -> progress ------> destination = inside address and port
 *   a rule's port -> allowed? -> may begin? -> new flow -----> the same; the peer stays the peer (N28)
 *   a mapping's port, its network open to all -> new flow ---> the same (N4)
 *   else ----------------------------------------------------> dropped, silently (N15)
 * </pre>
 *
 * <p>The host's own clients of 127.0.0.0/8 and ::1 are shown to the container as its gateway; all others, the host's
 * other addresses too, as they are, but for the port of who would look like another ({@link SeenPeers}). Nobody who is
 * not known hears anything. The worker's thread. No call allocates.
 */
final class InboundPath {
    private final FlowTable table;
    private final FlowEntries flows;
    private final FlowProgress progress;
    private final Mappings mappings;
    private final VersionInForce inForce;
    private final LeftOvers leftOvers;
    private final SeenPeers seenPeers;
    private final RuleLedger ledger;
    private final NatCounters counters;
    private final Outcome outcome;
    private final FlowTuple t = new FlowTuple();
    private long looseUntilMs = Long.MIN_VALUE;

    InboundPath(
            FlowTable table,
            FlowProgress progress,
            Mappings mappings,
            VersionInForce inForce,
            LeftOvers leftOvers,
            SeenPeers seenPeers,
            RuleLedger ledger,
            NatCounters counters,
            Outcome outcome) {
        this.table = table;
        this.flows = table.entries();
        this.progress = progress;
        this.mappings = mappings;
        this.inForce = inForce;
        this.leftOvers = leftOvers;
        this.seenPeers = seenPeers;
        this.ledger = ledger;
        this.counters = counters;
        this.outcome = outcome;
    }

    void looseUntil(long timeMs) {
        looseUntilMs = timeMs;
    }

    /**
     * {@return as {@link NatEngine#inbound}, of a packet that is no ICMP error}
     *
     * @param countHop whether this is a hop of its own (N23)
     */
    int packet(MutableDirectBuffer b, int packet, long classified, int outside, boolean countHop, long nowMs) {
        t.lookup(PacketClass.protocol(classified))
                .outside(outside, PacketClass.destinationPort(b, packet, classified))
                .peer(
                        PacketClass.sourceHi(b, packet, classified),
                        PacketClass.sourceLo(b, packet, classified),
                        PacketClass.sourcePort(b, packet, classified));
        int slot = leftOvers.valid(table.findOutside(t));
        boolean begins = slot == FlowTable.ABSENT;
        if (begins) {
            int refusal = prepare(b, packet, classified, nowMs);
            if (refusal < 0) {
                return refusal;
            }
        }
        if (countHop && !Translator.hop(b, packet, classified)) {
            return outcome.refuse(NatDrop.TTL_EXPIRED, NatEngine.TIME_EXCEEDED);
        }
        if (begins) {
            slot = t.kind == FlowEntries.INBOUND ? beginPublished(nowMs) : beginUnasked(nowMs);
            if (slot < 0) {
                return slot;
            }
        }
        int drop = deliver(b, packet, classified, slot, nowMs);
        if (drop < 0 && begins) {
            table.remove(slot);
        }
        return drop;
    }

    private int deliver(MutableDirectBuffer b, int packet, long classified, int slot, long nowMs) {
        int drop = progress.packet(b, packet, classified, slot, FlowEntries.TO_INSIDE, nowMs);
        if (drop < 0) {
            return drop;
        }
        Translator.destination(
                b, packet, classified, flows.insideHi(slot), flows.insideLo(slot), flows.insidePort(slot));
        if (flows.isPeerAltered(slot)) {
            Translator.source(b, packet, classified, seenPeers.hi(slot), seenPeers.lo(slot), flows.seenPort(slot));
        }
        outcome.endpoint = flows.endpoint(slot);
        return NatEngine.FORWARD;
    }

    /** Finds what a packet without a flow is for, and makes the tuple of its flow; {@return 0 or a drop's code} */
    private int prepare(DirectBuffer b, int packet, long classified, long nowMs) {
        DnatRules rules = inForce.rules;
        int rule = rules.find(t.outsideSlot, PacketClass.isIpv6(classified), t.protocol, t.outsidePort);
        int owner = rule == DnatRules.NONE
                ? leftOvers.valid(table.mappingOf(t.protocol, t.outsideSlot, t.outsidePort))
                : rule;
        if (owner < 0 || (rule == DnatRules.NONE && !inForce.inside.isOpenToAll(flows.network(owner)))) {
            return NatDrop.NO_MAPPING.code();
        }
        if (rule != DnatRules.NONE && !rules.allows(rule, t.peerHi, t.peerLo)) {
            ledger.refused(rules.ruleId(rule));
            counters.increment(NatCounter.REFUSED_ALLOW);
            return NatDrop.NOT_ALLOWED.code();
        }
        int stray = PacketClass.withoutFlow(b, packet, classified);
        boolean takenUp = stray == NatDrop.TCP_STRAY.code()
                && rule != DnatRules.NONE
                && nowMs < looseUntilMs
                && (TcpHeader.flags(b, packet + PacketClass.transport(classified)) & TcpHeader.SYN) == 0;
        if (stray < 0 && !takenUp) {
            return stray;
        }
        progress.loose(takenUp);
        if (rule != DnatRules.NONE) {
            return preparePublished(rules, rule);
        }
        t.outbound(t.protocol)
                .inside(flows.network(owner), flows.insideHi(owner), flows.insideLo(owner), flows.insidePort(owner))
                .endpoint(flows.endpoint(owner));
        return 0;
    }

    private int preparePublished(DnatRules rules, int rule) {
        int network = rules.network(rule);
        int endpoint = rules.endpoint(rule);
        long insideHi = rules.insideHi(rule);
        long insideLo = rules.insideLo(rule);
        if (!inForce.inside.has(endpoint, network, insideHi, insideLo)) {
            return NatDrop.UNKNOWN_ENDPOINT.code();
        }
        t.inbound(t.protocol)
                .inside(network, insideHi, insideLo, rules.insidePort(rule, t.outsidePort))
                .endpoint(endpoint)
                .rule(rules.ruleId(rule));
        if (FlowTuple.isLoopback(t.peerHi, t.peerLo)) {
            boolean ipv4 = FlowTuple.isV4(t.peerHi, t.peerLo);
            int gateway4 = inForce.inside.gateway4(network);
            boolean shown = ipv4 ? gateway4 != 0 : inForce.inside.gatewayLo6(network) != 0;
            if (!shown) {
                return NatDrop.UNKNOWN_ENDPOINT.code();
            }
            t.seenPeer(ipv4 ? gateway4 : 0);
        }
        return 0;
    }

    private int beginPublished(long nowMs) {
        int slot = insert(nowMs);
        if (slot < 0) {
            return mappings.refused(slot);
        }
        counters.increment(NatCounter.INBOUND_FLOWS);
        ledger.connection(t.rule);
        return slot;
    }

    /**
     * Begins the flow of a published port's connection that a container's segment speaks of (N14). {@return its slot,
     * or a {@link FlowRefusal}}
     *
     * @param taken the whole tuple
     */
    int takeUp(FlowTuple taken, long nowMs) {
        int slot = seenPeers.isShadowed(taken)
                ? FlowRefusal.DUPLICATE
                : table.insert(taken, FlowTimers.first(taken.protocol), nowMs);
        if (slot >= 0) {
            counters.increment(NatCounter.INBOUND_FLOWS);
            ledger.connection(taken.rule);
        }
        return slot;
    }

    private int beginUnasked(long nowMs) {
        int slot = insert(nowMs);
        if (slot < 0) {
            return mappings.refused(slot);
        }
        flows.makeFromPeer(slot);
        counters.increment(NatCounter.OUTBOUND_FLOWS);
        return slot;
    }

    /** {@return the slot of the new flow, which the container can tell from its others, or a {@link FlowRefusal}} */
    private int insert(long nowMs) {
        int timerClass = FlowTimers.first(t.protocol);
        int slot = seenPeers.isShadowed(t) ? FlowRefusal.DUPLICATE : table.insert(t, timerClass, nowMs);
        return slot == FlowRefusal.DUPLICATE && seenPeers.setApart(t) ? table.insert(t, timerClass, nowMs) : slot;
    }
}
