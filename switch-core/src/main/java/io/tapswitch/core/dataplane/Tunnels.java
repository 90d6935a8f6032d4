package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.vxlan.Coalescing;
import io.tapswitch.vxlan.Decapsulation;
import io.tapswitch.vxlan.Segmentation;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.vxlan.UnmarkedOffload;
import io.tapswitch.vxlan.VxlanDrop;
import io.tapswitch.wire.EthernetHeader;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The tunnels at one worker: what is for another host leaves here, and what another host sent comes out here.
 *
 * <h2>Theory of operation</h2>
 *
 * Another host is a port of each network that both are in ({@link TunnelTable.Peer}): the forwarding database names it,
 * a flooded frame is copied to it. Only the last step differs. A container's port is a file; a peer's frame gets outer
 * headers in the headroom of its slot and is written to the one tunnel TAP, whose program lets the kernel find route
 * and neighbour. The frame is not copied, and a super-frame stays whole: the kernel, or the card, cuts it.
 *
 * <pre>
 *   tx to a peer   capture, count | outer headers | write to the tunnel TAP
 *   tunnel TAP     outer headers right? network known? sender one of its peers? (V7) | outer checksum | inner frame
 *                  then as a frame that the peer's port received
 * </pre>
 *
 * <p>Where the kernel has no such TAP, a socket of each worker stands in its place, and has its shape ({@link
 * io.tapswitch.tapio.TunnelSocket}). Two things differ: {@link TunnelTrains} cuts super-frames before they are written,
 * and {@link UnmarkedOffload} finds out what the socket did not say of a packet.
 *
 * <p>From a card without tunnel offloads the kernel delivers trains, packets of one flow one after the other. They are
 * coalesced where they lie, so that a container still takes 64 KiB in one step, and all that comes of a train stays in
 * its slot.
 *
 * <p>Outer packets are never fragmented. What does not fit the way to a peer is for {@link TunnelFit}, and what routers
 * say of that way for {@link TunnelErrors}.
 *
 * <p>In an encrypted network a frame goes another way between here and the wire: {@link Sealing}.
 *
 * <p>A peer's row of counters counts inner frames. The terms count what is read and written, which is outer frames, at
 * the tunnel TAP's port.
 *
 * <p>Used by the worker's thread only. Nothing here allocates.
 */
final class Tunnels {
    private static final int IDENTIFICATIONS = 0xffff;
    private static final int TOO_LONG = VxlanDrop.TOO_LONG.code();
    private static final int OUTER_PROTOCOL = VxlanDrop.OUTER_PROTOCOL.code();

    private final Egress egress;
    private final PortTable ports;
    private final MutableDirectBuffer buffer;
    private final Decapsulation incoming = new Decapsulation(true);
    private final TunnelFit fit;
    private final Segmentation segmentation = new Segmentation();
    private final Sealing sealing;
    private final Coalescing coalescing;
    private final TunnelTrains trains;
    private TunnelTable table = TunnelTable.EMPTY;
    private int identification;
    private boolean train;
    /** Where the frame is that was no train. */
    private int single;

    private int singlePeer;

    Tunnels(Egress egress, @Nullable Bridge[] bridges) {
        this.egress = egress;
        fit = new TunnelFit(egress, bridges);
        ports = egress.ports;
        buffer = egress.buffer;
        trains = new TunnelTrains(egress);
        sealing = new Sealing(egress, this);
        coalescing = new Coalescing(true, sealing);
    }

    /** Takes over who the other hosts are: at a batch boundary, like every table. */
    void take(TunnelTable next) {
        table = next;
        sealing.take(next);
    }

    /** {@return whether addresses behind a peer's port are learned from what it sends} */
    boolean learns(int peer) {
        TunnelTable.Peer known = table.peer(peer);
        return known != null && known.learns;
    }

    /** Sends a frame to another host; it ends here. */
    void send(int port, int slot, int offset, int length) {
        TunnelTable.Peer peer = table.peer(port);
        if (peer == null || !ports.isKnown(table.port)) {
            egress.drop(port, slot, DropReason.TX_GONE.verdict());
            return;
        }
        int limit = peer.limit(egress.nowNs);
        if (TunnelFit.largest(buffer, offset, length) > limit) {
            tooBig(port, slot, offset, length, limit);
            return;
        }
        if (peer.encrypted) {
            sealing.send(peer, port, slot, offset, length);
            return;
        }
        if (table.segments > 0 && isSuperFrame(offset)) {
            trains.send(table, peer, port, slot, offset, length);
            return;
        }
        int start = peer.way.apply(buffer, offset, length, identification);
        if (start == TOO_LONG && isSuperFrame(offset)) {
            cut(port, slot, offset, length);
        } else if (start < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(start).verdict());
        } else {
            identification(pieces(start, length));
            write(port, slot, start, offset + length, length - VirtioNetHeader.LENGTH);
        }
    }

    private boolean isSuperFrame(int offset) {
        return VirtioNetHeader.gsoType(buffer, offset) != VirtioNetHeader.GSO_NONE;
    }

    private void tooBig(int port, int slot, int offset, int length, int limit) {
        if (!fit.maySplit(offset, length)) {
            fit.refuse(port, slot, offset, length, limit);
        } else if (isSuperFrame(offset)) {
            cut(port, slot, offset, length);
        } else {
            fit.split(port, slot, offset, length, limit);
        }
    }

    /** {@return the first of as many identifications of outer packets as are needed} */
    int identification(int packets) {
        int first = identification;
        identification = first + packets & IDENTIFICATIONS;
        return first;
    }

    /** Queues outer packets that begin with a tunnel header, and carry so many bytes of a peer's frames. */
    void write(int port, int slot, int start, int end, int bytes) {
        egress.counters.inner(port, bytes, true);
        egress.counters.add(Term.TX_QUEUED, 1);
        egress.io.write(table.port, slot, start, end - start);
    }

    /**
     * Each packet of a super-frame goes by itself: with outer headers all of it would be no IP packet any more, or each
     * has to be split.
     */
    private void cut(int port, int slot, int offset, int length) {
        int pieces = segmentation.begin(buffer, offset, length);
        if (pieces < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(pieces).verdict());
            return;
        }
        egress.counters.add(Term.SPLIT, pieces - 1L);
        for (int piece = 0; piece < pieces; piece++) {
            int own = egress.io.allocate();
            if (own < 0) {
                egress.counters.drop(port, DropReason.TUNNEL_NO_MEMORY);
                continue;
            }
            int at = FrameMemory.readOffset(own);
            VirtioNetHeader.clear(buffer, at);
            int pieceLength =
                    VirtioNetHeader.LENGTH + segmentation.frame(buffer, piece, buffer, at + VirtioNetHeader.LENGTH);
            send(port, own, at, pieceLength);
        }
        egress.release(slot);
    }

    /** {@return at least as many outer packets as the kernel makes of it, each with the next identification} */
    private int pieces(int start, int length) {
        int size = TunnelHeader.gsoSize(buffer, start);
        return size == 0 ? 1 : length / size + 1;
    }

    /**
     * Takes what the tunnel TAP delivered out of its tunnel: one frame, or all of a train.
     *
     * @param slot in which it lies
     * @param offset of the tunnel TAP's header
     * @param length bytes from there
     * @param bridges the networks
     * @return how many frames it was, to be had by {@link #peer}, {@link #offset} and {@link #length}; none when it was
     *     news of the way to another host; or a drop reason's verdict for all of it
     */
    int receive(int slot, int offset, int length, @Nullable Bridge[] bridges) {
        if (length >= FrameMemory.READ_LENGTH) {
            return DropReason.TRUNCATED_READ.verdict();
        }
        if (length >= TunnelHeader.LENGTH + EthernetHeader.LENGTH
                && EthernetHeader.isGroup(EthernetHeader.destination(buffer, offset + TunnelHeader.LENGTH))) {
            // What the kernel itself says on the TAP, which is a device to it.
            return DropReason.HOST_GROUP.verdict();
        }
        int objection = incoming.read(buffer, offset, length);
        if (objection < 0) {
            return objection == OUTER_PROTOCOL
                    ? TunnelErrors.take(buffer, offset, length, table, egress.counters, egress.nowNs)
                    : DropReason.ofTunnel(objection).verdict();
        }
        int sender = sender(incoming.vni());
        TunnelTable.Peer peer = sender < 0 ? null : table.peer(sender);
        Bridge bridge = peer == null ? null : bridges[ports.network(sender)];
        if (peer == null || bridge == null) {
            return sender < 0 ? sender : DropReason.DETACHED.verdict();
        }
        train = incoming.isTrain();
        boolean isSealed = incoming.isSealed(buffer);
        objection = table.segments == 0 || train || isSealed ? VxlanDrop.PASS : unmarked(offset, bridge.mtu);
        if (objection < 0) {
            return DropReason.ofTunnel(objection).verdict();
        }
        int result = train ? train(peer, slot, offset, bridge.transparentVlan) : open(peer, bridge.transparentVlan);
        if (result < 0) {
            return DropReason.ofTunnel(result).verdict();
        }
        single = result;
        singlePeer = sender;
        return train ? result : 1;
    }

    /** What a socket does not say of a packet. */
    private int unmarked(int offset, int mtu) {
        int innerLength = incoming.length() - TunnelHeader.PLAIN_LENGTH;
        return UnmarkedOffload.mark(buffer, offset, incoming.innerOffset(), innerLength, mtu);
    }

    /** {@return where the one frame is, or the code of a drop} In an encrypted network nothing comes in clear (V13). */
    private int open(TunnelTable.Peer peer, boolean tagsAllowed) {
        boolean isSealed = incoming.isSealed(buffer);
        if (peer.encrypted && !isSealed) {
            return VxlanDrop.CLEAR.code();
        }
        return peer.encrypted && isSealed
                ? sealing.open(incoming, peer, tagsAllowed)
                : incoming.open(buffer, tagsAllowed);
    }

    private int train(TunnelTable.Peer peer, int slot, int offset, boolean tagsAllowed) {
        sealing.train(incoming, peer);
        return coalescing.train(
                buffer,
                incoming.vxlanOffset(),
                incoming.vxlanLength(),
                TunnelHeader.gsoSize(buffer, offset),
                incoming.mark(),
                tagsAllowed,
                slot * FrameMemory.SLOT_LENGTH,
                (slot + 1) * FrameMemory.SLOT_LENGTH);
    }

    /** {@return the port of the peer that the outer source is in a network, or a drop reason's verdict} (V7) */
    private int sender(int vni) {
        if (!table.isCarried(vni)) {
            return DropReason.TUNNEL_UNKNOWN_VNI.verdict();
        }
        int peer = table.sender(vni, incoming.sourceHi(), incoming.sourceLo());
        return peer < 0 ? DropReason.TUNNEL_UNKNOWN_PEER.verdict() : peer;
    }

    /** {@return the port of the peer that sent the frame of an index, which is counted; or a drop reason's verdict} */
    int peer(int index) {
        if (train && coalescing.verdict(index) < 0) {
            return DropReason.ofTunnel(coalescing.verdict(index)).verdict();
        }
        int peer = train ? sender(coalescing.vni(index)) : singlePeer;
        if (peer >= 0) {
            egress.counters.inner(peer, length(index) - VirtioNetHeader.LENGTH, false);
            CaptureTap tap = ports.capture(peer);
            if (tap != null) {
                tap.put(CaptureTap.RECEIVED, peer, egress.nowNs, buffer, offset(index), length(index));
            }
        }
        return peer;
    }

    /** {@return where the virtio_net_hdr of the frame of an index is} */
    int offset(int index) {
        return train ? coalescing.offset(index) : single;
    }

    /** {@return bytes from there} */
    int length(int index) {
        return train ? coalescing.length(index) : incoming.length();
    }
}
