package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.TcpHeader;
import org.agrona.DirectBuffer;

/**
 * What a packet does to its flow: protocol state, standing, timer and counters.
 *
 * <p>TCP is {@link TcpTracker}'s, which judges each segment. Of the others one bit is known, whether they were
 * answered: a flow that was lives longer, and it is firm only when the one who began it goes on after the answer. A
 * single question with a single answer is not, else a stranger who asks a published service under a million names
 * would fill the table with flows that are never evicted (N17; Linux calls this assured).
 *
 * <p>Packets of both directions prolong a flow; nobody but the flow's own peer can send one. What the tracker lets pass
 * without believing it prolongs nothing.
 *
 * <p>The worker's thread. No call allocates.
 */
final class FlowProgress {
    /** A flow's protocol state, of all protocols but TCP: the other side was heard. */
    private static final int ANSWERED = 1;

    private final FlowTable table;
    private final FlowEntries flows;
    private final RuleLedger ledger;
    private final TcpTracker tracker = new TcpTracker();

    FlowProgress(FlowTable table, RuleLedger ledger) {
        this.table = table;
        this.flows = table.entries();
        this.ledger = ledger;
    }

    /**
     * A packet of a flow.
     *
     * @param direction {@link FlowEntries#TO_PEER} or {@link FlowEntries#TO_INSIDE}
     * @return 0 when it may go on, else a {@link NatDrop} code, and nothing has changed
     */
    int packet(DirectBuffer b, int packet, long classified, int slot, int direction, long nowMs) {
        boolean fromOpener = (direction == FlowEntries.TO_INSIDE) == flows.fromPeer(slot);
        if (PacketClass.protocol(classified) == IpProtocol.TCP) {
            int drop = segment(b, packet, classified, slot, fromOpener, nowMs);
            if (drop < 0) {
                return drop;
            }
        } else {
            datagram(slot, fromOpener, nowMs);
        }
        flows.count(slot, direction, PacketClass.length(classified));
        return 0;
    }

    /** Whether segments of unknown connections are taken up (N14). */
    void loose(boolean takeUp) {
        tracker.loose(takeUp);
    }

    private int segment(DirectBuffer b, int packet, long classified, int slot, boolean fromOpener, long nowMs) {
        int opener = flows.fromPeer(slot) ? FlowEntries.TO_INSIDE : FlowEntries.TO_PEER;
        int other = opener ^ 1;
        int before = flows.protocolState(slot);
        boolean recovered = flows.recovered(slot);
        int header = packet + PacketClass.transport(classified);
        int payload =
                PacketClass.length(classified) - PacketClass.transport(classified) - TcpHeader.dataOffset(b, header);
        int verdict = tracker.track(
                recovered ? TcpTracker.recovered(before) : before,
                flows.window(slot, opener),
                flows.window(slot, other),
                fromOpener,
                b,
                header,
                payload);
        if (verdict < 0) {
            return refusal(verdict);
        }
        int state = tracker.state();
        flows.window(slot, opener, tracker.original());
        flows.window(slot, other, tracker.reply());
        if (state != before) {
            flows.protocolState(slot, state);
            table.standing(slot, standing(state));
        }
        if (recovered) {
            // From now on the state itself says which side was not heard.
            flows.trusted(slot);
        }
        if (verdict != TcpTracker.PASS) {
            seen(slot, FlowTimers.ofTcp(state), nowMs);
        }
        if (verdict == TcpTracker.REOPEN && flows.kind(slot) == FlowEntries.INBOUND) {
            ledger.connection(flows.rule(slot));
        }
        return 0;
    }

    private void datagram(int slot, boolean fromOpener, long nowMs) {
        boolean answered = flows.protocolState(slot) == ANSWERED;
        if (!fromOpener && !answered) {
            answered = true;
            flows.protocolState(slot, ANSWERED);
        } else if (fromOpener && answered) {
            table.standing(slot, FlowEntries.FIRM);
        }
        seen(slot, FlowTimers.of(flows.protocol(slot), answered), nowMs);
    }

    private void seen(int slot, int timerClass, long nowMs) {
        if (flows.timerClass(slot) == timerClass) {
            table.touch(slot, nowMs);
        } else {
            table.touch(slot, nowMs, timerClass);
        }
    }

    private static int standing(int state) {
        if (TcpTracker.isFirm(state)) {
            return FlowEntries.FIRM;
        }
        return TcpTracker.isOver(state) ? FlowEntries.CLOSED : FlowEntries.UNREPLIED;
    }

    private static int refusal(int verdict) {
        NatDrop why = switch (verdict) {
            case TcpTracker.BAD_FLAGS -> NatDrop.TCP_FLAGS;
            case TcpTracker.BAD_STATE -> NatDrop.TCP_STATE;
            case TcpTracker.OUT_OF_WINDOW -> NatDrop.TCP_WINDOW;
            case TcpTracker.RESET_OUT_OF_WINDOW -> NatDrop.TCP_RESET_WINDOW;
            default -> NatDrop.TCP_STRAY;
        };
        return why.code();
    }
}
