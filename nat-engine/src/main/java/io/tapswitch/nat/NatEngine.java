package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.AtomicBuffer;

/**
 * Theory of operation: one worker's NAT.
 *
 * <p><b>Problem.</b> Containers reach the outside under the host's addresses, and the outside reaches published ports,
 * with everybody's own address in the packets that a container sees; and all of it goes on when the configuration
 * changes or the process is replaced.
 *
 * <pre>
 *   a container's packet               {@link OutboundPath}  ---.
 *   a packet to one of our addresses   {@link InboundPath}   ---+--> {@link FlowTable}: which flow
 *   an ICMP error, either way          {@link IcmpErrorPath} ---'    {@link FlowProgress}: may it pass, what changes
 *                                                               {@link Translator}: the packet itself
 *   no flow yet      {@link Mappings} with {@link OutsidePorts}, {@link DnatRules}
 *   a new version    {@link Reconciliation}
 *   time             {@link #tick}
 * </pre>
 *
 * <p><b>Two kinds of flows.</b> An OUTBOUND one was begun by a container and has a mapping: its packets get the
 * mapping's outside address and port, and its peer's answers the inside ones. An INBOUND one was begun by a peer at a
 * published port: its packets get the inside destination, and the container's answers the outside source. A container's
 * packet to a published port is first the one and then the other (N27): {@link #outbound}, then {@link #hairpin}, maybe
 * of another worker.
 *
 * <p><b>Verdicts.</b> Every packet is translated, or dropped with a {@link NatDrop} code; {@link #NO_FLOW} is said only
 * when the caller asked not to begin one. Nothing leaves with an inside source (N20). {@link #answer} tells what the
 * sender should hear of a drop; strangers from outside hear nothing (N15).
 *
 * <p><b>Limits.</b> {@link FlowLimits}; what happens beyond is N16, N17: the packet is dropped, counted and answered,
 * and flows that are firm are not touched. <b>Threads.</b> The worker's for everything, but {@link #count} is for any.
 * No call but the constructor, {@link #take} and {@link #ruleTotals} allocates; {@link OutsidePorts} names one
 * exception. None throws.
 *
 * <p><b>Restart.</b> The kept memory has the flows. Until the first version comes, packets of recovered flows are
 * translated, and no new flow begins. RFC 4787, 5382, 5508, 6888, 7857.
 */
public final class NatEngine {
    /** The packet was translated where it lies, its TTL is one less; it goes by its new destination. */
    public static final int FORWARD = 0;
    /** There is no flow, and none was to be begun: the packet is as it was. */
    public static final int NO_FLOW = 1;

    /** Answer of a refused packet: nothing is said. */
    public static final int SILENCE = 0;
    /** Answer: ICMP time exceeded in transit. */
    public static final int TIME_EXCEEDED = 1;
    /** Answer: ICMP communication administratively prohibited (N16). */
    public static final int PROHIBITED = 2;
    /** Answer: a TCP reset that fits the segment (N14). */
    public static final int RESET = 3;
    /** Answer: ICMP network unreachable. */
    public static final int UNREACHABLE = 4;

    /** How long after a start with flows of an earlier process unknown connections are taken up. */
    public static final long LOOSE_MS = 60_000;

    private final NatCounters counters = new NatCounters();
    private final Outcome outcome = new Outcome();
    private final VersionInForce inForce = new VersionInForce();
    private final FlowTable table;
    private final OutsidePorts ports;
    private final RuleLedger ledger;
    private final OutboundPath outboundPath;
    private final InboundPath inboundPath;
    private final IcmpErrorPath errors;
    private final LeftOvers leftOvers;
    private final Reconciliation reconciliation;
    private int shownFlows;
    private long nowMs;

    /** Which of the host's addresses a new flow to a peer leaves with: the kernel's route says it. */
    @FunctionalInterface
    public interface OutsideChoice {
        /** {@return the slot of the address, or a negative {@link NatDrop} code} */
        int slotFor(long peerHi, long peerLo, long nowMs);

        /** {@return whether the packet in hand may leave with an address that its flow began with} */
        default boolean mayStay(int outsideSlot) {
            return true;
        }
    }

    /** Is told which ports NAT owns, so that their packets are steered here. Called on the worker's thread. */
    public interface PortSink {
        /** From now on packets to this port are the worker's; may be said twice. */
        void onOwned(int outsideSlot, int protocol, int port);

        /** The port is nobody's. */
        void onFree(int outsideSlot, int protocol, int port);
    }

    /** What the table tells: ends of flows, and ports that are free then. */
    private final class Ends implements FlowListener {
        @Override
        public void onEnd(int slot, FlowEnd why) {
            if (table.entries().kind(slot) == FlowEntries.INBOUND) {
                ledger.ended(slot);
            }
            counters.increment(
                    switch (why) {
                        case EXPIRED -> NatCounter.EXPIRED;
                        case EVICTED -> NatCounter.EVICTED;
                        case REMOVED -> NatCounter.REMOVED;
                    });
        }

        @Override
        public void onPortFree(int protocol, int outsideSlot, int port) {
            ports.free(protocol, outsideSlot, port, nowMs);
        }
    }

    /**
     * Makes an engine, with the flows of an earlier process where the kept memory has them.
     *
     * @param worker whose it is, below {@code workers}
     * @param workers how many share the ports
     * @param kept at least {@link FlowLimits#keptLength} bytes, all zeros or what an earlier engine left
     * @param derived at least {@link FlowLimits#derivedLength} bytes, all zeros
     */
    public NatEngine(
            int worker,
            int workers,
            AtomicBuffer kept,
            AtomicBuffer derived,
            FlowLimits limits,
            long bootHi,
            long bootLo,
            long nowMs,
            OutsideChoice routes,
            PortSink sink) {
        this.nowMs = nowMs;
        table = new FlowTable(kept, derived, limits, FlowTimers.timeoutsMs(), bootHi, bootLo, nowMs, new Ends());
        ledger = new RuleLedger(table.entries());
        ports = new OutsidePorts(table, inForce, worker, workers, sink, counters);
        FlowProgress progress = new FlowProgress(table, ledger);
        leftOvers = new LeftOvers(table, inForce);
        SeenPeers seenPeers = new SeenPeers(table, inForce, leftOvers);
        Mappings mappings = new Mappings(table, ports, inForce, counters);
        inboundPath =
                new InboundPath(table, progress, mappings, inForce, leftOvers, seenPeers, ledger, counters, outcome);
        outboundPath =
                new OutboundPath(table, progress, mappings, inForce, leftOvers, routes, counters, inboundPath, outcome);
        errors = new IcmpErrorPath(table, inForce, leftOvers, seenPeers, outcome);
        reconciliation = new Reconciliation(table, ports, inForce, ledger, leftOvers);
        counters.set(NatCounter.CAPACITY, limits.capacity() - 1);
        counters.set(NatCounter.RECOVERED, table.recovered());
        counters.set(NatCounter.TORN, table.torn());
        show();
        if (table.recovered() > 0) {
            looseUntil(nowMs + LOOSE_MS);
        }
    }

    /**
     * Takes a version: flows of endpoints, rules and addresses that are gone go with it; of very many some only with
     * the next {@link #tick}s, but no packet finds them.
     */
    public void take(NatVersion version, long nowMs) {
        this.nowMs = nowMs;
        reconciliation.take(version, nowMs);
        show();
    }

    /**
     * A container's packet.
     *
     * @param classified from {@link PacketClass}; no fragment
     * @param network index of the container's network
     * @param endpoint its port id; its source address was checked
     * @param mayBegin whether it may begin a flow; without, only what belongs to one is translated
     * @return {@link #FORWARD}, {@link #NO_FLOW}, or a {@link NatDrop} code; {@link #answer} tells what to answer then
     */
    public int outbound(
            MutableDirectBuffer b,
            int packet,
            long classified,
            int network,
            int endpoint,
            boolean mayBegin,
            long nowMs) {
        this.nowMs = nowMs;
        outcome.begin();
        int verdict = switch (PacketClass.kind(classified)) {
            case PacketClass.FRAGMENT -> NatDrop.FRAGMENT.code();
            case PacketClass.ICMP_ERROR -> errors.outbound(b, packet, classified, network, endpoint, mayBegin);
            default -> outboundPath.packet(b, packet, classified, network, endpoint, mayBegin, nowMs);
        };
        show();
        return verdict;
    }

    /**
     * A packet that came to one of the host's addresses, from outside or from the host itself.
     *
     * @param classified from {@link PacketClass}; no fragment
     * @param outsideSlot of its destination
     * @param fromHost whether it came by the loopback device
     * @return {@link #FORWARD}: then {@link #endpoint} is where it goes; or a {@link NatDrop} code
     */
    public int inbound(
            MutableDirectBuffer b, int packet, long classified, int outsideSlot, boolean fromHost, long nowMs) {
        return inbound(b, packet, classified, outsideSlot, fromHost, true, nowMs);
    }

    /**
     * A container's packet to a published port of the host, behind {@link #outbound} and with the same class: as
     * {@link #inbound}, but the hop was counted already (N23).
     */
    public int hairpin(MutableDirectBuffer b, int packet, long classified, int outsideSlot, long nowMs) {
        return inbound(b, packet, classified, outsideSlot, false, false, nowMs);
    }

    private int inbound(
            MutableDirectBuffer b,
            int packet,
            long classified,
            int outsideSlot,
            boolean fromHost,
            boolean countHop,
            long nowMs) {
        this.nowMs = nowMs;
        outcome.begin();
        if (!fromHost && isLoopback(b, packet, classified, outsideSlot)) {
            return NatDrop.LOOPBACK_ONLY.code();
        }
        int verdict = switch (PacketClass.kind(classified)) {
            case PacketClass.FRAGMENT -> NatDrop.FRAGMENT.code();
            case PacketClass.ICMP_ERROR -> errors.inbound(b, packet, classified, outsideSlot, countHop);
            default -> inboundPath.packet(b, packet, classified, outsideSlot, countHop, nowMs);
        };
        show();
        return verdict;
    }

    private boolean isLoopback(MutableDirectBuffer b, int packet, long classified, int slot) {
        return FlowTuple.isLoopback(
                        PacketClass.sourceHi(b, packet, classified), PacketClass.sourceLo(b, packet, classified))
                || FlowTuple.isLoopback(table.header.outsideHi(slot), table.header.outsideLo(slot));
    }

    /** Packets of known flows are nearly all: of those nothing is written. */
    private void show() {
        if (table.size() != shownFlows) {
            shownFlows = table.size();
            counters.set(NatCounter.FLOWS, shownFlows);
        }
    }

    /** {@return what the sender of the last refused packet should hear} */
    public int answer() {
        return outcome.answer;
    }

    /** {@return port id of the endpoint that the last forwarded inbound packet is for} */
    public int endpoint() {
        return outcome.endpoint;
    }

    /** Ends what is due, and what a version left over. {@return whether more is} */
    public boolean tick(long nowMs, int limit) {
        this.nowMs = nowMs;
        boolean more = table.expire(nowMs, limit) == limit;
        more |= leftOvers.goOn(limit);
        show();
        return more;
    }

    /** {@return whether packets to a port are for this engine: it is published, or a flow uses it} */
    public boolean isOwned(int outsideSlot, int protocol, int port) {
        return ports.isPublished(protocol, outsideSlot, port)
                || table.portUsed(protocol, outsideSlot, port)
                || (protocol == IpProtocol.ICMP && table.portUsed(IpProtocol.ICMPV6, outsideSlot, port));
    }

    /** Until when segments of unknown connections are taken up rather than reset (N14). */
    public void looseUntil(long timeMs) {
        outboundPath.looseUntil(timeMs);
        inboundPath.looseUntil(timeMs);
    }

    /** {@return a counter; any thread} */
    public long count(NatCounter counter) {
        return counters.get(counter);
    }

    /** {@return how many ports a slot could still give, -1 while nothing was sent with its address} */
    public int freePorts(int protocol, int outsideSlot) {
        return ports.available(protocol, outsideSlot);
    }

    /**
     * {@return the upper half of the address that a slot stands for, v4-mapped or IPv6} It is kept when the host loses
     * the address, for as long as flows may have it: until the slot stands for another.
     */
    public long outsideHi(int outsideSlot) {
        return table.header.outsideHi(outsideSlot);
    }

    /** {@return its lower half} */
    public long outsideLo(int outsideSlot) {
        return table.header.outsideLo(outsideSlot);
    }

    /**
     * Shows flows. To be called again with what it returned, until that is negative.
     *
     * @param from at first 0
     * @param limit entries to look at
     */
    public int flows(int from, int limit, FlowVisitor visitor) {
        FlowEntries flows = table.entries();
        int end = Math.min(table.header.mark(), from + limit);
        for (int slot = from; slot < end; slot++) {
            if (flows.occupied(slot)) {
                visitor.onFlow(flows, slot, table.deadlineMs(slot));
            }
        }
        return end < table.header.mark() ? end : -1;
    }

    /**
     * Adds what went through this worker's rules. To be called again with what it returned, until that is negative.
     *
     * @param from at first 0
     * @param limit entries to look at
     */
    public int ruleTotals(int from, int limit, RuleTotals totals) {
        FlowEntries flows = table.entries();
        if (from == 0) {
            ledger.beginReading();
        }
        int end = Math.min(table.header.mark(), from + limit);
        for (int slot = from; slot < end; slot++) {
            if (flows.kind(slot) == FlowEntries.INBOUND) {
                ledger.read(slot, totals);
            }
        }
        if (end < table.header.mark()) {
            ledger.readUpTo(end);
            return end;
        }
        ledger.endReading(totals);
        return -1;
    }

    FlowTable table() {
        return table;
    }
}
