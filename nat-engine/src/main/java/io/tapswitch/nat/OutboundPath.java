package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The way of a container's packet: its flow, or a new one; then the outside address in place of its own.
 *
 * <pre>
 *   ICMP error ---------------------------------------------> {@link IcmpErrorPath}
 *   flow known, its address still right -> hop -> progress -> source = outside address and port
 *   unknown -> may begin? -> whose? -> hop -> route -> {@link Mappings} -> progress --> the same
 * </pre>
 *
 * <p>A published port's answer goes to its peer: where the container sees another address or port in the place of the
 * peer's own ({@link SeenPeers}), the true ones are put back. The worker's thread. No call allocates.
 */
final class OutboundPath {
    private final FlowTable table;
    private final FlowEntries flows;
    private final FlowProgress progress;
    private final Mappings mappings;
    private final VersionInForce inForce;
    private final LeftOvers leftOvers;
    private final NatEngine.OutsideChoice routes;
    private final NatCounters counters;
    private final InboundPath inboundPath;
    private final Outcome outcome;
    private final FlowTuple t = new FlowTuple();
    private long looseUntilMs = Long.MIN_VALUE;

    OutboundPath(
            FlowTable table,
            FlowProgress progress,
            Mappings mappings,
            VersionInForce inForce,
            LeftOvers leftOvers,
            NatEngine.OutsideChoice routes,
            NatCounters counters,
            InboundPath inboundPath,
            Outcome outcome) {
        this.table = table;
        this.flows = table.entries();
        this.progress = progress;
        this.mappings = mappings;
        this.inForce = inForce;
        this.leftOvers = leftOvers;
        this.routes = routes;
        this.counters = counters;
        this.inboundPath = inboundPath;
        this.outcome = outcome;
    }

    void looseUntil(long timeMs) {
        looseUntilMs = timeMs;
    }

    /** {@return as {@link NatEngine#outbound}, of a packet that is no ICMP error} */
    int packet(
            MutableDirectBuffer b,
            int packet,
            long classified,
            int network,
            int endpoint,
            boolean mayBegin,
            long nowMs) {
        int slot = leftOvers.valid(find(b, packet, classified, network));
        if (slot != FlowTable.ABSENT && isElsewhere(slot)) {
            counters.increment(NatCounter.REROUTED);
            table.remove(slot);
            slot = FlowTable.ABSENT;
        }
        if (slot == FlowTable.ABSENT) {
            return mayBegin ? begin(b, packet, classified, endpoint, nowMs) : NatEngine.NO_FLOW;
        }
        if (!Translator.hop(b, packet, classified)) {
            return outcome.refuse(NatDrop.TTL_EXPIRED, NatEngine.TIME_EXCEEDED);
        }
        return send(b, packet, classified, slot, nowMs);
    }

    /**
     * {@return whether a container's flow has an address that the host has not now, or that belongs to another uplink
     * than the one that the packet takes} Nobody would answer there. The kernel's MASQUERADE ends such flows too
     * (nf_nat_oif_changed); those to published ports keep the address that their peers know.
     */
    private boolean isElsewhere(int slot) {
        int outside = flows.outsideSlot(slot);
        return flows.kind(slot) == FlowEntries.OUTBOUND
                && (inForce.gone.get(outside) || (!routes.mayStay(outside) && !flows.fromPeer(slot)));
    }

    /** Finds the flow of a packet, and leaves its tuple, with the destination as the packet has it. */
    private int find(DirectBuffer b, int packet, long classified, int network) {
        t.lookup(PacketClass.protocol(classified))
                .inside(
                        network,
                        PacketClass.sourceHi(b, packet, classified),
                        PacketClass.sourceLo(b, packet, classified),
                        PacketClass.sourcePort(b, packet, classified));
        return inForce.findInside(
                table,
                t,
                PacketClass.isIpv6(classified),
                PacketClass.destinationHi(b, packet, classified),
                PacketClass.destinationLo(b, packet, classified),
                PacketClass.destinationPort(b, packet, classified));
    }

    private int begin(MutableDirectBuffer b, int packet, long classified, int endpoint, long nowMs) {
        int stray = PacketClass.withoutFlow(b, packet, classified);
        if (stray < 0 && !isTakenUp(b, packet, classified, stray, nowMs)) {
            boolean reset = stray == NatDrop.TCP_STRAY.code() || stray == NatDrop.TCP_STRAY_FIN.code();
            outcome.answer = reset ? NatEngine.RESET : NatEngine.SILENCE;
            return stray;
        }
        if (!inForce.inside.has(endpoint, t.network, t.insideHi, t.insideLo)) {
            return NatDrop.UNKNOWN_ENDPOINT.code();
        }
        if (FlowTuple.isLoopback(t.peerHi, t.peerLo)) {
            return NatDrop.LOOPBACK_ONLY.code();
        }
        int rule = stray < 0 ? ruleOf(endpoint, PacketClass.isIpv6(classified)) : DnatRules.NONE;
        if (rule == DnatRules.SEVERAL) {
            outcome.answer = NatEngine.SILENCE;
            return stray;
        }
        if (!Translator.hop(b, packet, classified)) {
            return outcome.refuse(NatDrop.TTL_EXPIRED, NatEngine.TIME_EXCEEDED);
        }
        int outside = routes.slotFor(t.peerHi, t.peerLo, nowMs);
        if (outside < 0) {
            outcome.answer = outside == NatDrop.NO_ROUTE.code() ? NatEngine.UNREACHABLE : NatEngine.SILENCE;
            return outside;
        }
        if (!isOfFamily(outside, PacketClass.isIpv6(classified))) {
            return NatDrop.NO_OUTSIDE_ADDRESS.code();
        }
        t.endpoint(endpoint);
        int slot = rule == DnatRules.NONE
                ? beginOutbound(b, packet, classified, outside, nowMs)
                : takeUpPublished(rule, outside, nowMs);
        if (slot < 0) {
            return slot;
        }
        progress.loose(stray < 0);
        int verdict = send(b, packet, classified, slot, nowMs);
        if (verdict < 0) {
            table.remove(slot);
        }
        return verdict;
    }

    private int beginOutbound(DirectBuffer b, int packet, long classified, int outside, long nowMs) {
        t.outbound(t.protocol).outside(outside, 0);
        int sequence =
                t.protocol == IpProtocol.TCP ? TcpHeader.sequence(b, packet + PacketClass.transport(classified)) : 0;
        int slot = mappings.begin(t, sequence, nowMs);
        if (slot < 0) {
            outcome.answer = slot == NatDrop.FLOW_CLASH.code() ? NatEngine.SILENCE : NatEngine.PROHIBITED;
        }
        return slot;
    }

    /**
     * {@return the rule by which the peer of an unknown connection came, if a published port speaks} Where there are
     * several only the peer can tell, so both are silent until it has spoken.
     */
    private int ruleOf(int endpoint, boolean ipv6) {
        DnatRules rules = inForce.rules;
        int rule = rules.ofInside(ipv6, endpoint, t.insidePort);
        if (rule < 0) {
            return rule;
        }
        int slot = rules.slot(rule);
        boolean isOfOthers = slot != DnatRule.ANY
                && (!inForce.present.get(slot)
                        || FlowTuple.isLoopback(table.header.outsideHi(slot), table.header.outsideLo(slot)));
        return isOfOthers || !rules.allows(rule, t.peerHi, t.peerLo) ? DnatRules.NONE : rule;
    }

    /**
     * A published port's answer on a connection that nobody here knows: its peer knows the port outside, and would
     * reset what comes from another.
     */
    private int takeUpPublished(int rule, int outside, long nowMs) {
        DnatRules rules = inForce.rules;
        int exact = rules.slot(rule);
        t.inbound(t.protocol)
                .outside(exact == DnatRule.ANY ? outside : exact, rules.outsidePort(rule, t.insidePort))
                .rule(rules.ruleId(rule));
        int slot = inboundPath.takeUp(t, nowMs);
        return slot < 0 ? mappings.refused(slot) : slot;
    }

    /** {@return whether a segment of an unknown connection is taken up (N14)} */
    private boolean isTakenUp(DirectBuffer b, int packet, long classified, int stray, long nowMs) {
        return stray == NatDrop.TCP_STRAY.code()
                && nowMs < looseUntilMs
                && (TcpHeader.flags(b, packet + PacketClass.transport(classified)) & TcpHeader.SYN) == 0;
    }

    private boolean isOfFamily(int outside, boolean ipv6) {
        return inForce.present.get(outside)
                && FlowTuple.isV4(table.header.outsideHi(outside), table.header.outsideLo(outside)) != ipv6;
    }

    private int send(MutableDirectBuffer b, int packet, long classified, int slot, long nowMs) {
        int drop = progress.packet(b, packet, classified, slot, FlowEntries.TO_PEER, nowMs);
        if (drop < 0) {
            // A reset is never answered with another one.
            boolean reset = drop == NatDrop.TCP_STRAY.code()
                    && (TcpHeader.flags(b, packet + PacketClass.transport(classified)) & TcpHeader.RST) == 0;
            outcome.answer = reset ? NatEngine.RESET : NatEngine.SILENCE;
            return drop;
        }
        int outside = flows.outsideSlot(slot);
        Translator.source(
                b,
                packet,
                classified,
                table.header.outsideHi(outside),
                table.header.outsideLo(outside),
                flows.outsidePort(slot));
        if (flows.isPeerAltered(slot)) {
            Translator.destination(b, packet, classified, flows.peerHi(slot), flows.peerLo(slot), flows.peerPort(slot));
        }
        return NatEngine.FORWARD;
    }
}
