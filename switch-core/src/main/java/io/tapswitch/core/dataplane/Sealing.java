package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.vxlan.Decapsulation;
import io.tapswitch.vxlan.Encapsulation;
import io.tapswitch.vxlan.FlowEntropy;
import io.tapswitch.vxlan.ReceivingKey;
import io.tapswitch.vxlan.SealHeader;
import io.tapswitch.vxlan.Segmentation;
import io.tapswitch.vxlan.SendingKey;
import io.tapswitch.vxlan.TrainGate;
import io.tapswitch.vxlan.TunnelCipher;
import io.tapswitch.vxlan.VxlanDrop;
import io.tapswitch.vxlan.VxlanHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The encrypted tunnels at one worker: {@link Tunnels} of networks in which nothing passes in clear (V13).
 *
 * <h2>Theory of operation</h2>
 *
 * The kernel cannot cut what is encrypted. So a super-frame is cut here, each piece is encrypted, and the pieces stand
 * in a slot of their own one behind the other; there the kernel, or the card, can cut between them, as they are
 * datagrams of one size. One write takes as many as one outer packet holds, or UDP_SEGMENT allows:
 *
 * <pre>
 *   container's slot   | headers | payload ................................................ |
 *   slot of its own    | outer headers | VXLAN, seal, piece 0, tag | VXLAN, seal, piece 1, tag | ...
 * </pre>
 *
 * <p>Any other frame is encrypted where it lies. What comes in is decrypted packet by packet and then goes the way of
 * what was never encrypted: a train, which {@link io.tapswitch.vxlan.Coalescing} joins again, passes through here as
 * its gate. Whether a packet must be encrypted is asked of its own network, also in the middle of a train.
 *
 * <p>Used by the worker's thread only. {@link TunnelCipher} allocates, nothing else does.
 */
final class Sealing implements TrainGate {
    private static final int HEADERS = VxlanHeader.LENGTH + SealHeader.LENGTH;
    private static final int AROUND = VxlanHeader.LENGTH + SealHeader.OVERHEAD;

    private final Egress egress;
    private final Tunnels tunnels;
    private final MutableDirectBuffer buffer;
    private final TunnelCipher cipher;
    private final Segmentation segmentation = new Segmentation();
    private TunnelTable table = TunnelTable.EMPTY;

    /** Whose train is at the gate. */
    private long sourceHi;

    private long sourceLo;
    private int vni;
    private TunnelTable.@Nullable Peer sender;

    Sealing(Egress egress, Tunnels tunnels) {
        this.egress = egress;
        this.tunnels = tunnels;
        buffer = egress.buffer;
        cipher = new TunnelCipher(egress.crossings.worker());
    }

    void take(TunnelTable next) {
        table = next;
        cipher.forget();
    }

    /** Encrypts a frame for another host and sends it; it ends here. */
    void send(TunnelTable.Peer peer, int port, int slot, int offset, int length) {
        SendingKey key = table.ownKey;
        if (key == null) {
            egress.drop(port, slot, DropReason.TUNNEL_SEAL_NO_KEY.verdict());
        } else if (VirtioNetHeader.gsoType(buffer, offset) == VirtioNetHeader.GSO_NONE) {
            sendOne(key, peer, port, slot, offset, length);
        } else {
            sendPieces(key, peer, port, slot, offset, length);
        }
    }

    private void sendOne(SendingKey key, TunnelTable.Peer peer, int port, int slot, int offset, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int vxlan = frame - HEADERS;
        int sealed = VxlanDrop.NO_ROOM.code();
        if (vxlan + length + AROUND <= (slot + 1) * FrameMemory.SLOT_LENGTH) {
            sealed = cipher.lay(buffer, offset, length);
        }
        int frameLength = sealed;
        int mark = 0;
        int source = 0;
        if (sealed >= 0) {
            mark = Encapsulation.mark(buffer, frame, frameLength);
            source = FlowEntropy.sourcePort(buffer, frame, frameLength);
            sealed = cipher.seal(key, peer.vni, frameLength, buffer, vxlan);
        }
        if (sealed < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(sealed).verdict());
            return;
        }
        int start = peer.way.around(buffer, vxlan, sealed, sealed, mark, source, tunnels.identification(1));
        tunnels.write(port, slot, start, vxlan + sealed, frameLength);
    }

    private void sendPieces(SendingKey key, TunnelTable.Peer peer, int port, int slot, int offset, int length) {
        int pieces = segmentation.begin(buffer, offset, length);
        int size = pieces < 0 ? 0 : AROUND + segmentation.length(0);
        if (size > peer.way.sealedRoom()) {
            pieces = VxlanDrop.TOO_LONG.code();
        }
        if (pieces < 0) {
            egress.drop(port, slot, DropReason.ofTunnel(pieces).verdict());
            return;
        }
        int frame = offset + VirtioNetHeader.LENGTH;
        int mark = Encapsulation.mark(buffer, frame, length - VirtioNetHeader.LENGTH);
        int source = FlowEntropy.sourcePort(buffer, frame, length - VirtioNetHeader.LENGTH);
        int atOnce = table.segments == 0 ? SealHeader.MAX_PIECES : table.segments;
        int most = Math.min(atOnce, peer.way.sealedRoom() / size);
        for (int piece = 0; piece < pieces; piece += most) {
            if (piece > 0) {
                egress.counters.add(Term.SPLIT, 1);
            }
            int own = egress.io.allocate();
            if (own < 0) {
                egress.counters.drop(port, DropReason.TUNNEL_NO_MEMORY);
            } else {
                int end = Math.min(pieces, piece + most);
                send(key, peer, port, own, piece, end, size, mark, source);
            }
        }
        egress.release(slot);
    }

    /** Sends some pieces of a super-frame in one write; all but the very last are of one size. */
    private void send(
            SendingKey key,
            TunnelTable.Peer peer,
            int port,
            int own,
            int from,
            int to,
            int size,
            int mark,
            int source) {
        int vxlan = FrameMemory.readOffset(own);
        int at = vxlan;
        int bytes = 0;
        for (int piece = from; piece < to; piece++) {
            int pieceLength = segmentation.frame(buffer, piece, cipher.clear(), TunnelCipher.FRAME);
            int sealed = cipher.seal(key, peer.vni, pieceLength, buffer, at);
            if (sealed < 0) {
                // All or nothing: what was encrypted before is lost with its counters.
                egress.drop(port, own, DropReason.ofTunnel(sealed).verdict());
                return;
            }
            at += sealed;
            bytes += pieceLength;
        }
        int id = tunnels.identification(to - from);
        int start = peer.way.around(buffer, vxlan, at - vxlan, size, mark, source, id);
        tunnels.write(port, own, start, at, bytes);
    }

    /** {@return where the frame is that was in an encrypted packet, which is no train; or a code of a drop} */
    int open(Decapsulation incoming, TunnelTable.Peer peer, boolean tagsAllowed) {
        int length = open(peer, buffer, incoming.vxlanOffset(), incoming.vxlanLength());
        return length < 0 ? length : incoming.openSealed(buffer, cipher.clear(), length, tagsAllowed);
    }

    private int open(TunnelTable.Peer peer, DirectBuffer b, int vxlan, int length) {
        int objection = TunnelCipher.check(length);
        if (objection < 0) {
            return objection;
        }
        ReceivingKey key = peer.key(SealHeader.keyId(b, vxlan + VxlanHeader.LENGTH));
        return key == null ? VxlanDrop.SEAL_KEY.code() : cipher.open(key, b, vxlan, length);
    }

    /** A train comes to the gate. */
    void train(Decapsulation incoming, TunnelTable.Peer from) {
        sourceHi = incoming.sourceHi();
        sourceLo = incoming.sourceLo();
        vni = incoming.vni();
        sender = from;
    }

    @Override
    public int pass(DirectBuffer b, int vxlan, int length) {
        int of = VxlanHeader.vni(b, vxlan);
        if (of != vni) {
            vni = of;
            int port = table.sender(of, sourceHi, sourceLo);
            sender = port < 0 ? null : table.peer(port);
        }
        boolean isSealed = VxlanHeader.isSealed(b, vxlan);
        TunnelTable.Peer peer = sender;
        if (peer == null) {
            // Of a network that is not here, as Tunnels finds too.
            return VxlanDrop.PASS;
        }
        if (peer.encrypted != isSealed) {
            return isSealed ? VxlanDrop.SEALED.code() : VxlanDrop.CLEAR.code();
        }
        return isSealed ? open(peer, b, vxlan, length) : VxlanDrop.PASS;
    }

    @Override
    public MutableDirectBuffer opened() {
        return cipher.clear();
    }
}
