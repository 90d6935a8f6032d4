package io.tapswitch.nat;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ICMP errors: the flow is that of the packet they quote (N19). They neither make, prolong, change nor end one.
 *
 * <p>Both directions of both kinds of flows: a container complains about what came to it, be it an answer or for a
 * published port; somebody outside complains about what went out, be it a request or a published port's answer. Whoever
 * complains about a container's packet may be anybody, a router that nobody has heard of; a container may complain
 * about its own flows only. Where the peer is hidden behind the gateway, it is in the error too, and in the quote;
 * where the container sees the peer with another port ({@link SeenPeers}), it is in the quote.
 *
 * <p>The worker's thread. No call allocates.
 */
final class IcmpErrorPath {
    private final FlowTable table;
    private final FlowEntries flows;
    private final VersionInForce inForce;
    private final LeftOvers leftOvers;
    private final SeenPeers seenPeers;
    private final Outcome outcome;
    private final FlowTuple t = new FlowTuple();

    IcmpErrorPath(FlowTable table, VersionInForce inForce, LeftOvers leftOvers, SeenPeers seenPeers, Outcome outcome) {
        this.table = table;
        this.flows = table.entries();
        this.inForce = inForce;
        this.leftOvers = leftOvers;
        this.seenPeers = seenPeers;
        this.outcome = outcome;
    }

    /** {@return as {@link NatEngine#outbound}} */
    int outbound(MutableDirectBuffer b, int packet, long error, int network, int endpoint, boolean mayBegin) {
        long quote = IcmpErrors.quote(b, packet, error);
        int slot = quote < 0 ? FlowTable.ABSENT : findInside(b, IcmpErrors.quoted(packet, error), quote, network);
        if (slot == FlowTable.ABSENT || flows.endpoint(slot) != endpoint) {
            if (!mayBegin) {
                return NatEngine.NO_FLOW;
            }
            return quote < 0 ? (int) quote : NatDrop.ICMP_UNKNOWN_FLOW.code();
        }
        if (!Translator.hop(b, packet, error)) {
            return outcome.refuse(NatDrop.TTL_EXPIRED, NatEngine.SILENCE);
        }
        int outside = flows.outsideSlot(slot);
        IcmpErrors.toOutside(
                b,
                packet,
                error,
                quote,
                table.header.outsideHi(outside),
                table.header.outsideLo(outside),
                flows.outsidePort(slot));
        if (flows.isPeerAltered(slot)) {
            IcmpErrors.toInside(b, packet, error, quote, flows.peerHi(slot), flows.peerLo(slot), flows.peerPort(slot));
        }
        return NatEngine.FORWARD;
    }

    /**
     * {@return as {@link NatEngine#inbound}}
     *
     * @param countHop whether this is a hop of its own (N23)
     */
    int inbound(MutableDirectBuffer b, int packet, long error, int outside, boolean countHop) {
        long quote = IcmpErrors.quote(b, packet, error);
        if (quote < 0) {
            return (int) quote;
        }
        int quoted = IcmpErrors.quoted(packet, error);
        t.lookup(PacketClass.protocol(quote))
                .outside(outside, PacketClass.sourcePort(b, quoted, quote))
                .peer(
                        PacketClass.destinationHi(b, quoted, quote),
                        PacketClass.destinationLo(b, quoted, quote),
                        PacketClass.destinationPort(b, quoted, quote));
        int slot = leftOvers.valid(table.findOutside(t));
        if (slot == FlowTable.ABSENT) {
            return NatDrop.ICMP_UNKNOWN_FLOW.code();
        }
        boolean hidden = flows.isPeerHidden(slot);
        boolean fromLoopback =
                FlowTuple.isLoopback(PacketClass.sourceHi(b, packet, error), PacketClass.sourceLo(b, packet, error));
        if (fromLoopback && !hidden) {
            return NatDrop.ICMP_QUOTE.code();
        }
        if (countHop && !Translator.hop(b, packet, error)) {
            return outcome.refuse(NatDrop.TTL_EXPIRED, NatEngine.SILENCE);
        }
        if (flows.isPeerAltered(slot)) {
            long hi = seenPeers.hi(slot);
            long lo = seenPeers.lo(slot);
            if (hidden) {
                IcmpErrors.toOutside(b, packet, error, quote, hi, lo, flows.seenPort(slot));
            } else {
                IcmpErrors.quotedDestination(b, packet, error, quote, hi, lo, flows.seenPort(slot));
            }
        }
        IcmpErrors.toInside(
                b, packet, error, quote, flows.insideHi(slot), flows.insideLo(slot), flows.insidePort(slot));
        outcome.endpoint = flows.endpoint(slot);
        return NatEngine.FORWARD;
    }

    private int findInside(DirectBuffer b, int quoted, long quote, int network) {
        t.lookup(PacketClass.protocol(quote))
                .inside(
                        network,
                        PacketClass.destinationHi(b, quoted, quote),
                        PacketClass.destinationLo(b, quoted, quote),
                        PacketClass.destinationPort(b, quoted, quote));
        return leftOvers.valid(inForce.findInside(
                table,
                t,
                PacketClass.isIpv6(quote),
                PacketClass.sourceHi(b, quoted, quote),
                PacketClass.sourceLo(b, quoted, quote),
                PacketClass.sourcePort(b, quoted, quote)));
    }
}
