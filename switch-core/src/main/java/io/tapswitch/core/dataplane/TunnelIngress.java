package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.FLOOD;
import static io.tapswitch.core.dataplane.Verdict.GATEWAY;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way in from other hosts: what the tunnel TAP delivers, taken out of its tunnel, goes on as a frame of that host's
 * port.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   Tunnels         whose frame it is (V7), what is in it
 *   validate        as a container's frame: another host's switch is trusted with no more than its containers are
 *   source          behind this peer, or unknown; never one of a container here, or behind another peer
 *   learn           where nobody tells who is behind the peer
 *   look up         an answer, a container here, all of them; never another tunnel (V8), never this host's gateway:
 *                   each host has its own, under the same addresses
 * </pre>
 *
 * <p>Used by one worker's thread only; nothing here allocates.
 */
final class TunnelIngress {
    private final Egress egress;
    private final FrameIo io;
    private final MutableDirectBuffer buffer;
    private final PortTable ports;
    private final Tunnels tunnels;
    private final Bridging bridging;
    private final Flooding flooding;
    private final @Nullable Bridge[] bridges;

    TunnelIngress(Egress egress, Bridging bridging, Flooding flooding, @Nullable Bridge[] bridges) {
        this.egress = egress;
        this.bridging = bridging;
        this.flooding = flooding;
        this.bridges = bridges;
        io = egress.io;
        buffer = egress.buffer;
        ports = egress.ports;
        tunnels = egress.tunnels;
    }

    /** The whole way of a frame of another host: what is in it is a frame of that host's port. */
    void take(int port, int slot, int offset, int length) {
        int frames = tunnels.receive(slot, offset, length, bridges);
        if (frames < 0) {
            egress.drop(port, slot, frames);
            return;
        }
        if (frames == TunnelErrors.HEARD) {
            egress.counters.add(Term.CONSUMED, 1);
            egress.release(slot);
            return;
        }
        if (frames > 1) {
            io.retain(slot, frames - 1);
            egress.counters.add(Term.SPLIT, frames - 1L);
        }
        for (int i = 0; i < frames; i++) {
            int peer = tunnels.peer(i);
            Bridge bridge = peer < 0 ? null : bridges[ports.network(peer)];
            if (bridge == null) {
                egress.drop(port, slot, peer < 0 ? peer : DropReason.DETACHED.verdict());
            } else {
                fromPeer(bridge, peer, slot, tunnels.offset(i), tunnels.length(i), frames > 1);
            }
        }
    }

    /** A question is answered where it lies, and the answer may be longer: it must not lie before another frame. */
    private void fromPeer(Bridge bridge, int peer, int slot, int offset, int length, boolean shared) {
        int own = slot;
        int at = offset;
        int frame = offset + VirtioNetHeader.LENGTH;
        if (shared && Resolution.isQuestion(buffer, frame, length - VirtioNetHeader.LENGTH)) {
            own = io.allocate();
            if (own < 0) {
                egress.drop(peer, slot, DropReason.TUNNEL_NO_MEMORY.verdict());
                return;
            }
            at = FrameMemory.readOffset(own);
            buffer.putBytes(at, buffer, offset, length);
            egress.release(slot);
        }
        carry(decide(bridge, peer, at, length), bridge, peer, own, at, length);
    }

    private void carry(int verdict, Bridge bridge, int peer, int slot, int offset, int length) {
        if (verdict == FLOOD) {
            flooding.flood(bridge, peer, slot, offset, length, false);
        } else {
            egress.finish(verdict, peer, slot, offset, length);
        }
    }

    /** As a container's frame; but nothing that came out of a tunnel goes into one, or beyond this host (V8). */
    private int decide(Bridge bridge, int peer, int offset, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int verdict = FrameValidator.validate(buffer, offset, length, bridge);
        if (verdict == PASS) {
            int etherType = EthernetHeader.etherType(buffer, frame);
            int packet = frame + EthernetHeader.LENGTH;
            verdict = RouterGuard.check(buffer, packet, offset + length - packet, etherType);
        }
        if (verdict == PASS) {
            long source = EthernetHeader.source(buffer, frame);
            int known = bridge.fdb.lookup(source);
            if (tunnels.learns(peer)) {
                verdict = bridging.learn(bridge, peer, source);
            } else if (known != Fdb.NONE && known != peer) {
                verdict = DropReason.SPOOF_MAC.verdict();
            }
        }
        if (verdict != PASS) {
            return verdict;
        }
        verdict = bridging.lookUp(bridge, peer, offset, length);
        boolean leaves = verdict == GATEWAY || (Verdict.isPort(verdict) && ports.isRemote(verdict));
        return leaves ? DropReason.TUNNEL_SPLIT_HORIZON.verdict() : verdict;
    }
}
