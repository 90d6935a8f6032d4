package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.nat.PacketClass;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;

/**
 * The last step of a packet to the outside: who gets it on the wire. By an uplink that is shared with the host that is
 * for the kernel to say, and the frame's MAC addresses are zero. On an own link it is the next hop's, and a packet to
 * one whose MAC address is not known goes to the worker that asks for it ({@link LinkResolver}).
 *
 * <p>One instance a worker. Nothing here allocates.
 */
final class UplinkEgress {
    private final Nat nat;
    private final Egress egress;
    private final Pieces pieces;
    private final MutableDirectBuffer buffer;
    private final LinkResolver resolver;

    UplinkEgress(Nat nat, Egress egress) {
        this.nat = nat;
        this.egress = egress;
        buffer = egress.buffer;
        pieces = new Pieces(egress);
        resolver = new LinkResolver(nat, egress, this);
    }

    /** {@return who finds out about the neighbours of an own link; of use at one worker only} */
    LinkResolver resolver() {
        return resolver;
    }

    /** {@return who splits packets} */
    Pieces pieces() {
        return pieces;
    }

    /**
     * Sends a packet, with an address of the outside as source.
     *
     * @param uplink port that it leaves by
     * @param ingress port that it came from
     * @param shape how it had been split, 0 if it had not been
     * @param fit {@link NatPacket#FITS} or {@link NatPacket#SPLIT}
     */
    void send(
            OutsideTable table,
            int uplink,
            int ingress,
            int slot,
            int offset,
            int length,
            long shape,
            int fit,
            int mtu) {
        OwnLink link = table.link;
        if (link == null || uplink != table.linkPort) {
            OutsideError.clearAddresses(buffer, offset);
            pieces.send(uplink, ingress, slot, offset, length, shape, fit, mtu);
            return;
        }
        int packet = offset + L3;
        boolean four = NatPacket.isIpv4(buffer, offset);
        long hi = four ? 0 : Ipv6Header.destinationHi(buffer, packet);
        long lo = four
                ? Ipv4Address.mapped(Ipv4Header.destinationAddress(buffer, packet))
                : Ipv6Header.destinationLo(buffer, packet);
        long hopHi = link.hopHi(hi, lo);
        long hopLo = link.hopLo(hi, lo);
        long mac = link.neighbours.use(hopHi, hopLo, nat.nowMs);
        if (mac != 0) {
            EthernetHeader.destination(buffer, offset + VirtioNetHeader.LENGTH, mac);
            EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH, link.mac);
            pieces.send(uplink, ingress, slot, offset, length, shape, fit, mtu);
        } else if (nat.worker == LinkResolver.WORKER) {
            resolver.hold(link, hopHi, hopLo, ingress, slot, offset, length, shape);
        } else {
            egress.handOver(LinkResolver.WORKER, Handoff.TO_LINK, slot, offset, length, ingress, 0, shape);
        }
    }

    /** Sends what lies where a packet lay that came by an uplink: an answer to it, or why it was dropped. */
    void back(OutsideTable table, int uplink, int slot, int offset, long shape, int verdict) {
        egress.countBack(uplink, verdict);
        int length = Verdict.length(verdict);
        send(table, uplink, uplink, slot, offset, length, shape, NatPacket.FITS, Integer.MAX_VALUE);
    }

    /** A packet for somebody on the own link, from another worker or held until now. */
    void toLink(OutsideTable table, int ingress, int slot, int offset, int length, long shape) {
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0 || table.link == null) {
            DropReason reason = classified < 0 ? DropReason.ofNat((int) classified) : DropReason.DETACHED;
            egress.drop(ingress, slot, reason.verdict());
            return;
        }
        int mtu = table.mtuOfPort(table.linkPort);
        int fit = NatPacket.fit(buffer, offset, classified, shape, mtu, false);
        if (fit == NatPacket.TOO_BIG) {
            egress.drop(ingress, slot, DropReason.NAT_TOO_BIG.verdict());
        } else {
            send(table, table.linkPort, ingress, slot, offset, length, shape, fit, mtu);
        }
    }

    /** {@return whether a class is that of a question for an echo} */
    static boolean isQuestion(long classified) {
        return PacketClass.kind(classified) == PacketClass.ICMP_REQUEST;
    }

    /** {@return the answer to an echo request that lies there, written over it, or why there is none} */
    static int echo(MutableDirectBuffer buffer, int offset, int length) {
        int packet = offset + L3;
        boolean four = NatPacket.isIpv4(buffer, offset);
        int verdict = four ? Echo.check4(buffer, packet) : Echo.check6(buffer, packet);
        if (verdict != Verdict.PASS) {
            return verdict;
        }
        if (four) {
            Echo.reply4(buffer, packet);
        } else {
            Echo.reply6(buffer, packet);
        }
        VirtioNetHeader.clear(buffer, offset);
        return Verdict.answer(length);
    }
}
