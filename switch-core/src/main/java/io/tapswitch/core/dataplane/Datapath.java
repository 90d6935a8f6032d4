package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.FLOOD;
import static io.tapswitch.core.dataplane.Verdict.GATEWAY;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import java.util.concurrent.TimeUnit;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The frame's way. Whoever is new here reads this class first; docs/journey-of-a-frame.md follows it step by step.
 *
 * <h2>Theory of operation</h2>
 *
 * A worker hands over the frames that one poll delivered, as a batch; each frame is decided and its writes are queued
 * before the next is looked at, and the next poll carries out all of them in one system call. So a frame is read,
 * decided and written by one thread (run to completion), and frames of one ingress port never overtake each other
 * (B15): they are handled in the order in which they were read, and written in the order in which they were queued.
 *
 * <pre>
 *   1 rx        count it, find its network
 *   2 validate  FrameValidator: is it a frame that a member may send?
 *   3 guard     RouterGuard: does it play the router? SourceGuard, where on: does it bear the port's own addresses?
 *               TagGuard, where off: the same of what hides behind a priority tag
 *   4 learn     Fdb: the source address is behind this port
 *   5 look up   Resolution: who has this address? Fdb: which port is the destination behind? Or gateway, or everybody?
 *   6 gateway   Names: is it a query for a name? Outside: does it leave the host? HostPort: is it for the host?
 *               Gateway: the switch's other answers
 *   7 tx        Egress: one write, or one for each member, from the slot in which the frame was read
 * </pre>
 *
 * <p>A frame of the host takes a shorter way, {@link HostIngress}: there is nothing to learn, and nothing is flooded.
 * So does one that an uplink delivers, {@link UplinkIngress}, or the listener for names, {@link NamesOverTcp}.
 *
 * <p>A step returns a verdict: an egress port or a word of {@link Verdict} from 0 up, a {@link DropReason} below. All
 * branching is in this class; the steps are plain methods that take primitives. A frame is never copied and never an
 * object: it is a slot of the frame memory, an offset to its virtio_net_hdr and a length. A flooded frame is one slot
 * with several writes and as many references; the slot can be read into again when the last write has completed.
 *
 * <p>Super-frames, up to 64 KiB with an unfinished checksum, take the same way as small frames, and their
 * virtio_net_hdr goes with them: every TAP here accepts what every other TAP delivers.
 *
 * <p>Frames are conserved: each received frame, and each copy, ends as exactly one of transmitted, dropped with a
 * reason, consumed, or is held for a moment; {@link Conservation} is the sum, over counters kept here.
 *
 * <p>One instance a worker, used by its thread only. Nothing here allocates, locks, logs or throws.
 */
public final class Datapath {
    private final FrameIo io;
    private final MutableDirectBuffer buffer;
    private final PortTable ports;
    private final @Nullable Bridge[] bridges;
    private final DatapathCounters counters;
    private final Crossings crossings;
    private final Egress egress;
    private final Pieces pieces;
    private final @Nullable Outside outside;
    private final @Nullable UplinkIngress uplinks;
    final Names names;
    private final DataplaneListener listener;
    private final MoveAlarm moveAlarm = new MoveAlarm();

    private final TokenBucket hostErrors = HostPort.newErrors();
    private @Nullable HostPort host;
    private SubnetTable subnets = SubnetTable.EMPTY;

    private long nowNs;
    private long nowMs;

    /** The way at one worker; without NAT there is neither a way out nor one in. */
    Datapath(Egress egress, @Nullable Bridge[] bridges, @Nullable Nat nat, DataplaneListener listener) {
        this.egress = egress;
        io = egress.io;
        buffer = egress.buffer;
        ports = egress.ports;
        counters = egress.counters;
        crossings = egress.crossings;
        pieces = new Pieces(egress);
        uplinks = nat == null ? null : new UplinkIngress(nat, egress, pieces, bridges);
        outside = nat == null || uplinks == null ? null : new Outside(nat, egress, uplinks);
        names = new Names(egress, pieces, bridges, nat);
        this.bridges = bridges;
        this.listener = listener;
    }

    /** Takes over what a version says of the host, of all networks' addresses and of names: at a batch boundary. */
    void take(TableChanges changes) {
        HostSettings settings = changes.host();
        host = settings == null ? null : new HostPort(settings, hostErrors);
        subnets = changes.subnets();
        names.take(changes);
    }

    /**
     * Tells the other members of a port's network where the port's addresses are (B13): a frame of the switch, flooded
     * like one of the port. Without a free slot nothing is told; the neighbours then ask when they must.
     */
    void announce(int port) {
        Bridge bridge = ports.network(port) < 0 ? null : bridges[ports.network(port)];
        if (bridge == null || !bridge.icc) {
            return;
        }
        if (ports.address(port) != 0) {
            announce(bridge, port, Announcement.ARP_LENGTH);
        }
        if ((ports.addressHi(port) | ports.addressLo(port)) != 0) {
            announce(bridge, port, Announcement.ND_LENGTH);
        }
    }

    private void announce(Bridge bridge, int port, int length) {
        boolean hasOthers = bridge.members.length > (bridge.isMember(port) ? 1 : 0);
        int slot = hasOthers ? io.allocate() : -1;
        if (slot < 0) {
            return;
        }
        int offset = FrameMemory.readOffset(slot);
        if (length == Announcement.ARP_LENGTH) {
            Announcement.arp(buffer, offset, ports.mac(port), ports.address(port));
        } else {
            long hi = ports.addressHi(port);
            Announcement.neighbour(buffer, offset, ports.mac(port), hi, ports.addressLo(port));
        }
        counters.add(Term.GENERATED, 1);
        flood(bridge, port, slot, offset, length);
    }

    /**
     * Takes a batch of frames their whole way. Their writes are queued when it returns; the next poll performs them.
     *
     * @param batch what was read; empty afterwards
     * @param batchNs the monotonic time at which it was read
     */
    public void process(FrameBatch batch, long batchNs) {
        nowNs = batchNs;
        egress.nowNs = batchNs;
        nowMs = TimeUnit.NANOSECONDS.toMillis(batchNs);
        int size = batch.size();
        for (int i = batch.next; i < size; i++) {
            batch.next = i + 1;
            int port = batch.ports[i];
            int slot = batch.slots[i];
            int offset = batch.offsets[i];
            int length = batch.lengths[i];

            Bridge bridge = rx(port, offset, length);
            if (bridge == null) {
                fromOutside(port, slot, offset, length);
                continue;
            }
            int verdict = decide(bridge, port, offset, length);
            if (Verdict.isPort(verdict)) {
                egress.tx(verdict, slot, offset, length);
            } else if (verdict < 0) {
                egress.drop(port, slot, verdict);
            } else if (Verdict.goesBack(verdict)) {
                egress.sendBack(port, slot, offset, verdict);
            } else if (verdict == GATEWAY) {
                gateway(bridge, port, slot, offset, length);
            } else {
                flood(bridge, port, slot, offset, length);
            }
        }
        batch.clear();
    }

    /** After {@link #process} threw: drops the frame that it was working on; the rest of the batch can be processed. */
    void dropFaulty(FrameBatch batch) {
        int i = batch.next - 1;
        dropFaulty(batch.ports[i], batch.slots[i]);
        if (batch.next == batch.size()) {
            batch.clear();
        }
    }

    /** After {@link #onHandedOver} threw: drops its frame. */
    void dropFaulty(int port, int slot) {
        egress.drop(port, slot, DropReason.INTERNAL_FAULT.verdict());
    }

    /** 1 rx: the frame is ours from here on. */
    private @Nullable Bridge rx(int port, int offset, int length) {
        counters.rx(port, length - VirtioNetHeader.LENGTH);
        CaptureTap tap = ports.capture(port);
        if (tap != null) {
            tap.put(CaptureTap.RECEIVED, port, nowNs, buffer, offset, length);
        }
        int network = ports.network(port);
        return network < 0 ? null : bridges[network];
    }

    /** The whole way of a frame that no network sent: an uplink's, the host's, the listener's, or nobody's any more. */
    private void fromOutside(int port, int slot, int offset, int length) {
        if (uplinks != null && ports.network(port) == PortTable.UPLINK) {
            uplinks.take(port, slot, offset, length, subnets, host, nowNs);
            return;
        }
        int verdict = host == null || host.port != port
                ? names.fromListener(port, offset, length)
                : HostIngress.decide(buffer, offset, length, host, ports, bridges, nowNs);
        egress.finish(verdict, port, slot, offset, length);
    }

    private int decide(Bridge bridge, int port, int offset, int length) {
        int verdict = FrameValidator.validate(buffer, offset, length, bridge);
        if (verdict == PASS) {
            verdict = guard(bridge, port, offset + VirtioNetHeader.LENGTH, length - VirtioNetHeader.LENGTH);
        }
        if (verdict == PASS) {
            verdict = learn(bridge, port, EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH));
        }
        return verdict == PASS ? lookUp(bridge, port, offset, length) : verdict;
    }

    /** 3 guard: the container does not play the router, and speaks in its own name. */
    private int guard(Bridge bridge, int port, int frame, int frameLength) {
        int etherType = EthernetHeader.etherType(buffer, frame);
        int packet = frame + EthernetHeader.LENGTH;
        int length = frameLength - EthernetHeader.LENGTH;
        int verdict = RouterGuard.check(buffer, packet, length, etherType);
        if (verdict != PASS) {
            return verdict;
        }
        if (ports.isGuarded(port)) {
            return SourceGuard.check(buffer, frame, frameLength, ports, port);
        }
        return EtherType.isTag(etherType)
                ? TagGuard.check(buffer, packet, length, etherType, bridge)
                : SourceGuard.gateway(buffer, packet, length, etherType, bridge.gateways);
    }

    /** 4 learn: the source is behind this port, unless configuration says that it is behind another. */
    private int learn(Bridge bridge, int port, long mac) {
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
    private int lookUp(Bridge bridge, int port, int offset, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        long destination = EthernetHeader.destination(buffer, frame);
        boolean group = EthernetHeader.isGroup(destination);
        boolean question = Resolution.isQuestion(buffer, frame, length - VirtioNetHeader.LENGTH);
        if (question) {
            if (!ports.mayFlood(port, nowNs)) {
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
            int egress = bridge.fdb.lookup(destination);
            if (egress != Fdb.NONE) {
                return egress == port ? DropReason.REFLECTION.verdict() : egress;
            }
        }
        if (!question && !ports.mayFlood(port, nowNs)) {
            return DropReason.STORM.verdict();
        }
        if (!group && AbsentNeighbour.isMeant(buffer, frame, bridge) && bridge.errors.tryTake(nowNs)) {
            tellUnreachable(bridge, port, offset, length);
        }
        return FLOOD;
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

    /** 6 gateway: a query for a name, beyond the switch, to the host, or the switch's own. */
    private void gateway(Bridge bridge, int port, int slot, int offset, int length) {
        int verdict = names.toListener(bridge, port, offset, length);
        if (verdict != PASS) {
            egress.finish(verdict, port, slot, offset, length);
        } else if (names.isMeant(port, offset, bridge)) {
            names.take(bridge, port, slot, offset, length);
        } else if (outside != null && outside.isMeant(offset, bridge, subnets, host)) {
            toOutside(outside, bridge, port, slot, offset, length);
        } else if (!names.isPart(port, offset, bridge)) {
            toHost(bridge, port, slot, offset, length, 0);
        } else if (!names.join(bridge, port, slot, offset, length, nowNs)) {
            joined(bridge, port, slot, offset, names.leftLength(), names.leftShape());
        }
    }

    private void toOutside(Outside way, Bridge bridge, int port, int slot, int offset, int length) {
        if (!way.take(bridge, port, slot, offset, length, nowNs, host)) {
            joined(bridge, port, slot, offset, way.leftLength(), way.leftShape());
        }
    }

    private void joined(Bridge bridge, int port, int slot, int offset, int length, long shape) {
        if (names.isMeant(port, offset, bridge)) {
            names.take(bridge, port, slot, offset, length);
        } else {
            toHost(bridge, port, slot, offset, length, shape);
        }
    }

    /** To the host; or answered here, or at the worker that owns the gateway's state. */
    private void toHost(Bridge bridge, int port, int slot, int offset, int length, long shape) {
        int verdict = PASS;
        if (host != null && !bridge.internal) {
            verdict = host.toHost(buffer, offset, length, bridge, ports, port);
        }
        if (verdict != PASS) {
            finish(verdict, port, slot, offset, length, shape);
        } else if (bridge.gatewayWorker == crossings.worker()) {
            atGateway(bridge, port, slot, offset, length, shape);
        } else {
            int owner = bridge.gatewayWorker;
            egress.handOver(owner, Handoff.TO_GATEWAY, slot, offset, length, port, bridge.network, shape);
        }
    }

    private void atGateway(Bridge bridge, int port, int slot, int offset, int length, long shape) {
        int verdict = Gateway.handle(buffer, offset, length, bridge, subnets, nowNs);
        finish(verdict, port, slot, offset, length, shape);
    }

    /** As {@link Egress#finish}, but what came in fragments leaves in fragments. */
    private void finish(int verdict, int port, int slot, int offset, int length, long shape) {
        if (shape == 0 || verdict < 0 || Verdict.isRefusal(verdict)) {
            egress.finish(verdict, port, slot, offset, length);
        } else if (Verdict.isPort(verdict)) {
            pieces.send(verdict, port, slot, offset, length, shape);
        } else {
            egress.countBack(port, verdict);
            pieces.send(port, port, slot, offset, length, shape);
        }
    }

    /**
     * A frame that another worker read, and for which this one has the state.
     *
     * @param purpose one of {@link Handoff}'s
     * @param port the ingress port
     * @param network its network
     * @param shape how its packet had been split, 0 if it had not been
     */
    void onHandedOver(int purpose, int slot, int offset, int length, int port, int network, long shape, long handedNs) {
        nowNs = handedNs;
        egress.nowNs = handedNs;
        counters.add(Term.TAKEN_OVER, 1);
        Bridge bridge = bridges[network];
        if (purpose >= Handoff.TO_INSIDE && uplinks != null) {
            uplinks.onOwnLink(purpose, port, slot, offset, length, shape, nowNs);
        } else if (purpose == Handoff.FROM_UPLINK && uplinks != null) {
            uplinks.onHandedOver(port, slot, offset, length, shape, nowNs);
        } else if (purpose == Handoff.HAIRPIN && uplinks != null) {
            uplinks.onHairpin(port, slot, offset, length, shape, nowNs);
        } else if (bridge == null) {
            egress.drop(port, slot, DropReason.DETACHED.verdict());
        } else if (purpose == Handoff.TO_NAMES) {
            gateway(bridge, port, slot, offset, length);
        } else if (purpose == Handoff.TO_OUTSIDE && outside != null) {
            toOutside(outside, bridge, port, slot, offset, length);
        } else {
            atGateway(bridge, port, slot, offset, length, shape);
        }
    }

    /** 7 tx, to everybody else in the network: one slot, as many writes and references as there are receivers. */
    private void flood(Bridge bridge, int port, int slot, int offset, int length) {
        int[] members = bridge.members;
        int receivers = 0;
        for (int member : members) {
            receivers += member == port ? 0 : 1;
        }
        if (receivers == 0) {
            egress.drop(port, slot, DropReason.NO_OTHER_PORT.verdict());
            return;
        }
        if (receivers > 1) {
            io.retain(slot, receivers - 1);
            counters.add(Term.COPIED, receivers - 1L);
        }
        for (int member : members) {
            if (member != port) {
                egress.tx(member, slot, offset, length);
            }
        }
    }

    /** A queued write was performed or refused: {@link Egress#onWritten}. */
    public void onWritten(int port, int slot, int result) {
        egress.onWritten(port, slot, result);
    }
}
