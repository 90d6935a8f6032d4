package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.FLOOD;
import static io.tapswitch.core.dataplane.Verdict.GATEWAY;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
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
 *   4 learn     Bridging, Fdb: the source address is behind this port
 *   5 look up   Bridging, Resolution: who has this address? Fdb: which port is the destination behind? Or gateway, or
 *               everybody?
 *   6 gateway   Names: is it a query for a name? Outside: does it leave the host? HostPort: is it for the host?
 *               Gateway: the switch's other answers
 *   7 tx        Egress: one write, or Flooding: one for each member, from the slot in which the frame was read;
 *               Tunnels: to another host
 * </pre>
 *
 * <p>A frame of the host takes a shorter way, {@link HostIngress}: there is nothing to learn, and nothing is flooded.
 * So does one that an uplink delivers, {@link UplinkIngress}, or the listener for names, {@link NamesOverTcp}.
 * What comes out of a tunnel begins anew as a frame of the other host's port, {@link TunnelIngress}.
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
    private final MutableDirectBuffer buffer;
    private final PortTable ports;
    private final @Nullable Bridge[] bridges;
    private final DatapathCounters counters;
    private final Crossings crossings;
    private final Egress egress;
    private final Pieces pieces;
    private final Bridging bridging;
    private final TunnelIngress tunnels;
    final Flooding flooding;
    private final @Nullable Outside outside;
    private final @Nullable UplinkIngress uplinks;
    final Names names;

    private final TokenBucket hostErrors = HostPort.newErrors();
    private @Nullable HostPort host;
    private SubnetTable subnets = SubnetTable.EMPTY;

    private long nowNs;

    /** The way at one worker; without NAT there is neither a way out nor one in. */
    Datapath(Egress egress, @Nullable Bridge[] bridges, @Nullable Nat nat, DataplaneListener listener) {
        this.egress = egress;
        buffer = egress.buffer;
        ports = egress.ports;
        counters = egress.counters;
        crossings = egress.crossings;
        pieces = new Pieces(egress);
        flooding = new Flooding(egress, bridges);
        bridging = new Bridging(egress, listener);
        tunnels = new TunnelIngress(egress, bridging, flooding, bridges);
        uplinks = nat == null ? null : new UplinkIngress(nat, egress, pieces, bridges);
        outside = nat == null || uplinks == null ? null : new Outside(nat, egress, uplinks);
        names = new Names(egress, pieces, bridges, nat);
        this.bridges = bridges;
    }

    /** Takes over what a version says of the host, of all networks' addresses and of names: at a batch boundary. */
    void take(TableChanges changes) {
        HostSettings settings = changes.host();
        host = settings == null ? null : new HostPort(settings, hostErrors);
        subnets = changes.subnets();
        names.take(changes);
        egress.tunnels.take(changes.overlay().table());
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
        bridging.nowMs = TimeUnit.NANOSECONDS.toMillis(batchNs);
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
            carry(decide(bridge, port, offset, length), bridge, port, slot, offset, length);
        }
        batch.clear();
    }

    private void carry(int verdict, Bridge bridge, int port, int slot, int offset, int length) {
        if (Verdict.isPort(verdict)) {
            egress.tx(verdict, slot, offset, length);
        } else if (verdict < 0) {
            egress.drop(port, slot, verdict);
        } else if (Verdict.goesBack(verdict)) {
            egress.sendBack(port, slot, offset, verdict);
        } else if (verdict == GATEWAY) {
            gateway(bridge, port, slot, offset, length);
        } else {
            flooding.flood(bridge, port, slot, offset, length, verdict == FLOOD);
        }
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
        if (ports.network(port) == PortTable.TUNNEL) {
            tunnels.take(port, slot, offset, length);
            return;
        }
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
            verdict = bridging.learn(bridge, port, EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH));
        }
        return verdict == PASS ? bridging.lookUp(bridge, port, offset, length) : verdict;
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

    /** 6 gateway: a query for a name, beyond the switch, to the host, or the switch's own. Most are for others. */
    private void gateway(Bridge bridge, int port, int slot, int offset, int length) {
        boolean isOwn = Names.isOwn(buffer, offset, bridge);
        int verdict = isOwn ? names.toListener(bridge, port, offset, length) : PASS;
        if (verdict != PASS) {
            egress.finish(verdict, port, slot, offset, length);
        } else if (isOwn && names.isMeant(port, offset, bridge)) {
            names.take(bridge, port, slot, offset, length);
        } else if (outside != null && outside.isMeant(offset, bridge, subnets, host)) {
            toOutside(outside, bridge, port, slot, offset, length);
        } else if (!isOwn || !names.isPart(port, offset, bridge)) {
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

    /** A queued write was performed or refused: {@link Egress#onWritten}. */
    public void onWritten(int port, int slot, int result) {
        egress.onWritten(port, slot, result);
    }
}
