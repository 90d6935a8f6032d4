package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.FLOOD;
import static io.tapswitch.core.dataplane.Verdict.FLOOD_HERE;
import static io.tapswitch.core.dataplane.Verdict.GATEWAY;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import org.agrona.MutableDirectBuffer;

/**
 * Steps 4 and 5 of the frame's way, for containers' frames and for those of other hosts: learn where the source is, and
 * look up where the destination is. Used by one worker's thread only; nothing here allocates.
 */
final class Bridging {
    private final Egress egress;
    private final FrameIo io;
    private final MutableDirectBuffer buffer;
    private final PortTable ports;
    private final DatapathCounters counters;
    private final Crossings crossings;
    private final DataplaneListener listener;
    private final MoveAlarm moveAlarm = new MoveAlarm();
    /** The time of the batch. */
    long nowMs;

    Bridging(Egress egress, DataplaneListener listener) {
        this.egress = egress;
        io = egress.io;
        buffer = egress.buffer;
        ports = egress.ports;
        counters = egress.counters;
        crossings = egress.crossings;
        this.listener = listener;
    }

    /** 4 learn: the source is behind this port, unless configuration says that it is behind another. */
    int learn(Bridge bridge, int port, long mac) {
        switch (bridge.fdb.learn(mac, port, nowMs)) {
            case Fdb.REFRESHED -> {}
            case Fdb.PINNED_ELSEWHERE -> {
                return DropReason.SPOOF_MAC.verdict();
            }
            case Fdb.FULL -> counters.add(Term.FDB_FULL, 1);
            case Fdb.MOVED -> {
                counters.add(Term.FDB_MOVED, 1);
                alarm(bridge, mac, port);
                crossings.share(bridge, mac, port, nowMs);
            }
            default -> {
                counters.add(Term.FDB_LEARNED, 1);
                crossings.share(bridge, mac, port, nowMs);
            }
        }
        return PASS;
    }

    private void alarm(Bridge bridge, long mac, int port) {
        if (moveAlarm.moved(bridge.network, mac, nowMs)) {
            counters.add(Term.FDB_FLAPPING, 1);
            listener.onAddressFlapping(bridge.network, mac, port);
        }
    }

    /** 5 look up: an answer, the port that the destination is behind, the gateway, or everybody. */
    int lookUp(Bridge bridge, int port, int offset, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        long destination = EthernetHeader.destination(buffer, frame);
        boolean group = EthernetHeader.isGroup(destination);
        boolean question = Resolution.isQuestion(buffer, frame, length - VirtioNetHeader.LENGTH);
        if (question) {
            if (!ports.mayFlood(port, egress.nowNs)) {
                return DropReason.STORM.verdict();
            }
            int verdict = Resolution.answer(buffer, offset, length, bridge, ports, port);
            if (verdict == PASS && ports.isGuarded(port)) {
                verdict = SourceGuard.question(buffer, frame, ports, port);
            }
            if (verdict != PASS) {
                return verdict;
            }
        }
        if (destination == bridge.gatewayMac) {
            return GATEWAY;
        }
        if (!bridge.icc) {
            return DropReason.ICC_DISABLED.verdict();
        }
        if (!group) {
            int to = bridge.fdb.lookup(destination);
            if (to != Fdb.NONE) {
                return to == port ? DropReason.REFLECTION.verdict() : to;
            }
        }
        if (!question && !ports.mayFlood(port, egress.nowNs)) {
            return DropReason.STORM.verdict();
        }
        if (!group
                && !bridge.learns
                && !ports.isRemote(port)
                && AbsentNeighbour.isMeant(buffer, frame, bridge)
                && bridge.errors.tryTake(egress.nowNs)) {
            tellUnreachable(bridge, port, offset, length);
        }
        return question && !ports.isRemote(port) ? unanswered(bridge, frame) : FLOOD;
    }

    /**
     * A container's question that the switch has no answer to. Where the control plane knows all endpoints, no other
     * host has the address either, and is not asked (B12); but they hear what a container says of itself (B13). Of
     * link-local addresses it knows nothing: who has one is asked where the MAC address is that it is made of.
     */
    private int unanswered(Bridge bridge, int frame) {
        if (bridge.learns || Resolution.isAboutItself(buffer, frame)) {
            return FLOOD;
        }
        int to = bridge.fdb.lookup(Resolution.spelledOut(buffer, frame));
        return to != Fdb.NONE && ports.isRemote(to) ? to : FLOOD_HERE;
    }

    /** A frame of the switch's own, back to the sender: nobody has that address. */
    private void tellUnreachable(Bridge bridge, int port, int offset, int length) {
        int slot = io.allocate();
        if (slot < 0) {
            return;
        }
        int copy = FrameMemory.readOffset(slot);
        int errorLength = 0;
        try {
            buffer.putBytes(copy, buffer, offset, length);
            errorLength = AbsentNeighbour.write(buffer, copy, length, bridge);
        } finally {
            // Also when a fault ends the frame: the copy is nobody's then.
            if (errorLength == 0) {
                io.release(slot);
            }
        }
        if (errorLength != 0) {
            counters.add(Term.GENERATED, 1);
            egress.tx(port, slot, copy, errorLength);
        }
    }
}
