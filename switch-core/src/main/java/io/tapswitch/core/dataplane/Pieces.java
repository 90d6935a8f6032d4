package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.nat.Fragmentation;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import java.util.concurrent.ThreadLocalRandom;
import org.agrona.MutableDirectBuffer;

/**
 * Sends a packet in the pieces that {@link Fragmentation} makes of it: N22 for what came in fragments, O11 for what is
 * too big and may be split.
 *
 * <p>Pieces lie one behind the other in slots of their own, as many in each as fit, and each holds one reference to its
 * slot. For another host each has the room before it that outer headers need. When no slot is left, the rest of them is
 * dropped and counted; the receiver drops what it got.
 */
final class Pieces {
    /** Pieces begin at a multiple of this, so that headers are aligned. */
    private static final int UNIT = 64;

    private final Egress egress;
    private final MutableDirectBuffer buffer;
    private int identification = ThreadLocalRandom.current().nextInt();

    Pieces(Egress egress) {
        this.egress = egress;
        buffer = egress.buffer;
    }

    /**
     * Sends a frame by a way with an MTU.
     *
     * @param shape how its packet had been split, 0 if it had not been
     * @param fit {@link NatPacket#FITS} or {@link NatPacket#SPLIT}
     */
    void send(int to, int ingress, int slot, int offset, int length, long shape, int fit, int mtu) {
        if (shape != 0) {
            long smaller = Fragmentation.withSize(shape, Math.min(Fragmentation.size(shape), mtu));
            send(to, ingress, slot, offset, length, smaller);
        } else if (fit == NatPacket.SPLIT) {
            send(to, ingress, slot, offset, length, whole(offset, mtu));
        } else {
            egress.tx(to, slot, offset, length);
        }
    }

    /**
     * {@return the shape of a packet that was not split before} An IPv6 packet is the host's own then, and so is one of
     * IPv4 that has no number because its sender forbids to split it.
     */
    private long whole(int offset, int mtu) {
        if (!NatPacket.isIpv4(buffer, offset)) {
            return Fragmentation.shape6(mtu, Ipv6Header.LENGTH, ++identification);
        }
        int packet = offset + L3;
        if (Ipv4Header.dontFragment(buffer, packet) && Ipv4Header.identification(buffer, packet) == 0) {
            Ipv4Header.identification(buffer, packet, ++identification & 0xffff);
            Ipv4Header.updateChecksum(buffer, packet);
        }
        return Fragmentation.shape(mtu);
    }

    /**
     * Sends the packet of a frame, whose slot is no longer the caller's afterwards.
     *
     * @param to the egress port
     * @param ingress the port it came from
     * @param shape how it is to be split
     */
    void send(int to, int ingress, int slot, int offset, int length, long shape) {
        int packet = offset + L3;
        int packetLength = NatPacket.isIpv4(buffer, offset)
                ? Ipv4Header.totalLength(buffer, packet)
                : Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        int pieces = Fragmentation.pieces(buffer, packet, packetLength, shape);
        if (pieces == 1) {
            egress.tx(to, slot, offset, length);
            return;
        }
        int room = egress.ports.isRemote(to) ? FrameMemory.HEADROOM : 0;
        int stride = room + L3 + Fragmentation.size(shape) + UNIT - 1 & -UNIT;
        if (pieces == Fragmentation.IMPOSSIBLE || stride > FrameMemory.READ_LENGTH) {
            egress.drop(ingress, slot, DropReason.NAT_TOO_BIG.verdict());
            return;
        }
        NatPacket.complete(buffer, offset, packetLength);
        egress.counters.add(Term.SPLIT, pieces - 1L);
        int perSlot = FrameMemory.READ_LENGTH / stride;
        int piece = 0;
        while (piece < pieces) {
            int count = Math.min(perSlot, pieces - piece);
            int own = egress.io.allocate();
            if (own < 0) {
                egress.counters.drop(ingress, DropReason.NAT_NO_MEMORY, pieces - piece);
                break;
            }
            if (count > 1) {
                egress.io.retain(own, count - 1);
            }
            for (int i = 0; i < count; i++) {
                int at = FrameMemory.readOffset(own) + i * stride;
                buffer.putBytes(at, buffer, offset, L3);
                int written = Fragmentation.write(buffer, packet, packetLength, shape, piece + i, buffer, at + L3);
                egress.tx(to, own, at, L3 + written);
            }
            piece += count;
        }
        egress.release(slot);
    }
}
