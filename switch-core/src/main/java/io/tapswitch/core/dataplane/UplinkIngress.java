package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.nat.IcmpErrors;
import io.tapswitch.nat.NatEngine;
import io.tapswitch.nat.PacketClass;
import io.tapswitch.nat.Reassembly;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way in: what the kernel steers to the switch's TAP of an uplink, and what a container sends to one of the host's
 * own ports that is the switch's (hairpin).
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   a frame at all?                  length, offload header, IPv4 or IPv6
 *   a fragment?                      to the worker that collects this datagram's; the whole goes to its port's worker
 *   who says so?                     from outside: none of our own addresses; by lo: one of the host's
 *   for one of the host's addresses? else it is somebody else's, of which the kernel made us a copy
 *   NAT                              translated, TTL one less; or refused with a reason
 *   endpoint's network               too big for it: the sender hears of it, in the name of the host's address
 *   tx                               gateway's MAC -> endpoint's
 * </pre>
 *
 * <p>The kernel steers a packet to the queue of the worker that owns its port ({@link io.tapswitch.tapio.PortMarks}),
 * so its flow is here. A later fragment has no port; so fragments are collected where a hash of their addresses says.
 *
 * <p>The kernel also clones packets to us that it lets through to the host (answers to pings, fragments without their
 * first). So what belongs to nobody here is dropped and counted, and never answered (N15).
 *
 * <p>NAT translates a packet where it lies, but an error must quote it as it came. Only for a packet that some network
 * cannot take, its first segment is kept beside for that.
 *
 * <p>One instance a worker. Nothing here allocates.
 */
final class UplinkIngress {
    /** No packet is larger. */
    private static final int ANY_MTU = 0xffff;

    private static final int LOOPBACK = 127;

    private final Nat nat;
    private final Egress egress;
    private final PortTable ports;
    private final MutableDirectBuffer buffer;
    private final Pieces pieces;
    private final @Nullable Bridge[] bridges;
    private final MutableDirectBuffer asItCame = new UnsafeBuffer(new byte[FrameMemory.READ_LENGTH]);
    private int keptLength;

    UplinkIngress(Nat nat, Egress egress, Pieces pieces, @Nullable Bridge[] bridges) {
        this.nat = nat;
        this.egress = egress;
        this.ports = egress.ports;
        this.buffer = egress.buffer;
        this.pieces = pieces;
        this.bridges = bridges;
        nat.out
                .resolver()
                .onUndelivered((table, port, slot, offset) ->
                        complain(DropReason.LINK_UNRESOLVED, Complaint.NO_NEIGHBOUR, 0, table, port, slot, offset));
    }

    /** Carries a frame that an uplink's TAP delivered to its end. */
    void take(int port, int slot, int offset, int length, SubnetTable subnets, @Nullable HostPort host, long nowNs) {
        OutsideTable table = nat.table();
        if (table != null && port == table.linkPort && isOfLink(table, port, slot, offset, length, nowNs)) {
            return;
        }
        int verdict = table == null ? DropReason.DETACHED.verdict() : validate(offset, length);
        if (table == null || verdict != PASS) {
            egress.drop(port, slot, verdict);
            return;
        }
        nat.now(nowNs);
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0) {
            egress.drop(port, slot, DropReason.ofNat((int) classified).verdict());
            return;
        }
        int packet = offset + L3;
        verdict = NatPacket.isVerifiedSuperFrame(buffer, offset) && !NatPacket.isTcp(classified)
                ? DropReason.BAD_VNET_HEADER.verdict()
                : source(table, packet, classified, port == table.loopback, subnets, host);
        if (verdict == PASS && destinationSlot(table, packet, classified) == OutsideTable.NONE) {
            verdict = DropReason.NAT_NO_MAPPING.verdict();
        }
        if (verdict != PASS) {
            egress.drop(port, slot, verdict);
        } else if (PacketClass.kind(classified) == PacketClass.FRAGMENT) {
            long hi = PacketClass.sourceHi(buffer, packet, classified);
            long lo = PacketClass.sourceLo(buffer, packet, classified);
            int collector = Math.floorMod(Fragments.ownerOf(hi, lo), nat.workers);
            if (collector == nat.worker) {
                collect(table, port, slot, offset, length, classified);
            } else {
                egress.handOver(collector, Handoff.FROM_UPLINK, slot, offset, length, port, 0, 0);
            }
        } else {
            atOwner(table, port, slot, offset, length, classified);
        }
    }

    /**
     * On an own link the kernel does not look at ports: the packet may be another worker's. Without an owner it is
     * decided here what it was.
     */
    private void atOwner(OutsideTable table, int port, int slot, int offset, int length, long classified) {
        int owner = port == table.linkPort && nat.workers > 1 ? owner(table, offset + L3, classified) : nat.worker;
        if (owner < 0 || owner == nat.worker) {
            inbound(table, port, slot, offset, length, classified, 0);
        } else {
            egress.handOver(owner, Handoff.TO_INSIDE, slot, offset, length, port, 0, 0);
        }
    }

    /** {@return whether a frame was one that only a member of a LAN gets, and is done with} */
    private boolean isOfLink(OutsideTable table, int port, int slot, int offset, int length, long nowNs) {
        OwnLink link = table.link;
        if (link == null || length < L3 || length >= FrameMemory.READ_LENGTH) {
            return false;
        }
        int frame = offset + VirtioNetHeader.LENGTH;
        long destination = EthernetHeader.destination(buffer, frame);
        boolean ours = destination == link.mac || EthernetHeader.isGroup(destination);
        if (ours && EthernetHeader.source(buffer, frame) != link.mac && LinkFrames.isMeant(buffer, offset, length)) {
            if (nat.worker == LinkResolver.WORKER) {
                nat.now(nowNs);
                nat.out.resolver().onFrame(table, port, slot, offset, length);
            } else {
                egress.handOver(LinkResolver.WORKER, Handoff.FROM_LINK, slot, offset, length, port, 0, 0);
            }
            return true;
        }
        int etherType = EthernetHeader.etherType(buffer, frame);
        if (destination != link.mac || (etherType != EtherType.IPV4 && etherType != EtherType.IPV6)) {
            egress.drop(port, slot, DropReason.LINK_NOT_OURS.verdict());
            return true;
        }
        return false;
    }

    /** Something about an own link, from another worker: see {@link Handoff}. */
    void onOwnLink(int purpose, int port, int slot, int offset, int length, long shape, long nowNs) {
        OutsideTable table = nat.table();
        nat.now(nowNs);
        if (table == null) {
            egress.drop(port, slot, DropReason.DETACHED.verdict());
        } else if (purpose == Handoff.FROM_LINK) {
            nat.out.resolver().onFrame(table, port, slot, offset, length);
        } else if (purpose == Handoff.TO_LINK) {
            nat.out.toLink(table, port, slot, offset, length, shape);
        } else {
            long classified = NatPacket.classify(buffer, offset, length);
            if (classified < 0) {
                egress.drop(port, slot, DropReason.ofNat((int) classified).verdict());
            } else {
                inbound(table, port, slot, offset, length, classified, shape);
            }
        }
    }

    /** A fragment for the collector, or the whole for its port's worker. */
    void onHandedOver(int port, int slot, int offset, int length, long shape, long nowNs) {
        OutsideTable table = nat.table();
        nat.now(nowNs);
        long classified = NatPacket.classify(buffer, offset, length);
        if (table == null || classified < 0) {
            egress.drop(
                    port,
                    slot,
                    table == null
                            ? DropReason.DETACHED.verdict()
                            : DropReason.ofNat((int) classified).verdict());
        } else if (shape == 0) {
            collect(table, port, slot, offset, length, classified);
        } else {
            inbound(table, port, slot, offset, length, classified, shape);
        }
    }

    private int validate(int offset, int length) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int frameLength = length - VirtioNetHeader.LENGTH;
        if (length >= FrameMemory.READ_LENGTH) {
            return DropReason.TRUNCATED_READ.verdict();
        }
        if (frameLength < EthernetHeader.LENGTH) {
            return DropReason.RUNT.verdict();
        }
        int etherType = EthernetHeader.etherType(buffer, frame);
        if (EthernetHeader.isGroup(EthernetHeader.destination(buffer, frame))
                || (etherType != EtherType.IPV4 && etherType != EtherType.IPV6)) {
            // What the kernel itself says on the TAP, which is a device to it.
            return DropReason.HOST_GROUP.verdict();
        }
        if (NatPacket.isVerifiedSuperFrame(buffer, offset)) {
            return VirtioNetHeader.gsoSize(buffer, offset) == 0 ? DropReason.BAD_VNET_HEADER.verdict() : PASS;
        }
        return FrameValidator.offload(buffer, offset, frameLength, ANY_MTU);
    }

    /** Nobody outside has one of our addresses, and nobody on lo another than the host's (P7). */
    private int source(
            OutsideTable table,
            int packet,
            long classified,
            boolean fromHost,
            SubnetTable subnets,
            @Nullable HostPort host) {
        boolean ofHost;
        boolean ofNetwork;
        if (PacketClass.isIpv6(classified)) {
            long hi = Ipv6Header.sourceHi(buffer, packet);
            long lo = Ipv6Header.sourceLo(buffer, packet);
            ofHost = table.slot(hi, lo) != OutsideTable.NONE
                    || (hi == 0 && lo == 1)
                    || (host != null && host.addresses.find(hi, lo) != NeighbourTable.NONE);
            ofNetwork = subnets.contains(hi, lo);
        } else {
            int address = Ipv4Header.sourceAddress(buffer, packet);
            ofHost = table.slot(address) != OutsideTable.NONE
                    || address >>> 24 == LOOPBACK
                    || (host != null && host.addresses.find(address) != NeighbourTable.NONE);
            ofNetwork = subnets.contains(address);
        }
        if (fromHost) {
            return ofHost ? PASS : DropReason.HOST_SOURCE.verdict();
        }
        return ofHost || ofNetwork ? DropReason.IP_SOURCE.verdict() : PASS;
    }

    private void collect(OutsideTable table, int port, int slot, int offset, int length, long classified) {
        int packet = offset + L3;
        int owner = Fragments.ownerOf(
                PacketClass.sourceHi(buffer, packet, classified), PacketClass.sourceLo(buffer, packet, classified));
        int whole = nat.fragments.add(buffer, packet, length - L3, owner, port, port, nat.nowMs);
        if (whole <= Reassembly.HELD) {
            egress.release(slot);
            return;
        }
        long shape = nat.fragments.shape();
        int wholeLength = L3 + whole;
        VirtioNetHeader.clear(buffer, offset);
        long wholeClass = NatPacket.classify(buffer, offset, wholeLength);
        if (wholeClass < 0) {
            egress.drop(port, slot, DropReason.ofNat((int) wholeClass).verdict());
            return;
        }
        int worker = owner(table, packet, wholeClass);
        if (worker < 0 || worker == nat.worker) {
            inbound(table, port, slot, offset, wholeLength, wholeClass, shape);
        } else {
            egress.handOver(worker, Handoff.FROM_UPLINK, slot, offset, wholeLength, port, 0, shape);
        }
    }

    private void inbound(OutsideTable table, int port, int slot, int offset, int length, long classified, long shape) {
        int packet = offset + L3;
        int address = destinationSlot(table, packet, classified);
        if (address == OutsideTable.NONE) {
            egress.drop(port, slot, DropReason.NAT_NO_MAPPING.verdict());
            return;
        }
        if (port == table.linkPort && UplinkEgress.isQuestion(classified)) {
            echo(table, port, slot, offset, length, shape);
            return;
        }
        keep(table, offset, length, classified);
        boolean fromHost = port == table.loopback;
        int result = nat.engine.inbound(buffer, packet, classified, address, fromHost, nat.nowMs);
        deliver(result, table, port, slot, offset, length, classified, shape, fromHost);
    }

    /** Somebody on the LAN, or beyond, asks whether the own link's address is there. */
    private void echo(OutsideTable table, int port, int slot, int offset, int length, long shape) {
        int verdict =
                nat.mayAnswerEcho() ? UplinkEgress.echo(buffer, offset, length) : DropReason.GATEWAY_RATE.verdict();
        if (verdict < 0) {
            egress.drop(port, slot, verdict);
        } else {
            nat.out.back(table, port, slot, offset, shape, verdict);
        }
    }

    /** A container's packet, translated on its way out, for a port of this worker. */
    void hairpin(OutsideTable table, int port, int slot, int offset, int length, long classified, long shape) {
        int packet = offset + L3;
        keep(table, offset, length, classified);
        int address = destinationSlot(table, packet, classified);
        int result = nat.engine.hairpin(buffer, packet, classified, address, nat.nowMs);
        deliver(result, table, port, slot, offset, length, classified, shape, false);
    }

    /** The same, from the worker of the container. */
    void onHairpin(int port, int slot, int offset, int length, long shape, long nowNs) {
        nat.now(nowNs);
        OutsideTable table = nat.table();
        long classified = NatPacket.classify(buffer, offset, length);
        if (table == null || classified < 0 || destinationSlot(table, offset + L3, classified) < 0) {
            egress.drop(port, slot, DropReason.NAT_NO_MAPPING.verdict());
        } else {
            hairpin(table, port, slot, offset, length, classified, shape);
        }
    }

    /** {@return the slot of the host's address that a packet is for} */
    int destinationSlot(OutsideTable table, int packet, long classified) {
        return PacketClass.isIpv6(classified)
                ? table.slot(Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet))
                : table.slot(Ipv4Header.destinationAddress(buffer, packet));
    }

    /** {@return the worker that owns what a packet to one of the host's addresses is for, below 0 for the host} */
    int owner(OutsideTable table, int packet, long classified) {
        int address = destinationSlot(table, packet, classified);
        if (address == OutsideTable.NONE) {
            return OutsideTable.NONE;
        }
        int owner = switch (PacketClass.kind(classified)) {
            case PacketClass.PORTS, PacketClass.ICMP_REPLY ->
                table.owner(
                        address,
                        PacketClass.protocol(classified),
                        PacketClass.destinationPort(buffer, packet, classified));
            case PacketClass.ICMP_ERROR -> ownerOfQuoted(table, address, packet, classified);
            default -> OutsideTable.NONE;
        };
        return owner < nat.workers ? owner : OutsideTable.NONE;
    }

    /** An error goes to who sent what it quotes. */
    private int ownerOfQuoted(OutsideTable table, int address, int packet, long classified) {
        long quoted = IcmpErrors.quote(buffer, packet, classified);
        if (quoted < 0) {
            return OutsideTable.NONE;
        }
        int port = PacketClass.sourcePort(buffer, IcmpErrors.quoted(packet, classified), quoted);
        return table.owner(address, PacketClass.protocol(quoted), port);
    }

    /** Keeps the first segment of a packet that may be too big, as it came. */
    private void keep(OutsideTable table, int offset, int length, long classified) {
        keptLength = 0;
        int largest = NatPacket.largest(buffer, offset, classified);
        if (largest > table.smallestMtu) {
            keptLength = Math.min(length, L3 + largest);
            asItCame.putBytes(0, buffer, offset, keptLength);
        }
    }

    /** After NAT: to the endpoint, or nowhere. */
    private void deliver(
            int result,
            OutsideTable table,
            int port,
            int slot,
            int offset,
            int length,
            long classified,
            long shape,
            boolean fromHost) {
        if (result != NatEngine.FORWARD) {
            refuse(result, table, port, slot, offset, classified);
            return;
        }
        int endpoint = nat.engine.endpoint();
        int network = ports.network(endpoint);
        Bridge bridge = network < 0 ? null : bridges[network];
        if (bridge == null) {
            egress.drop(port, slot, DropReason.DETACHED.verdict());
            return;
        }
        if (bridge.internal) {
            egress.drop(port, slot, DropReason.ISOLATED.verdict());
            return;
        }
        int fit = NatPacket.fit(buffer, offset, classified, shape, bridge.mtu, fromHost);
        if (fit == NatPacket.TOO_BIG) {
            buffer.putBytes(offset, asItCame, 0, keptLength);
            complain(DropReason.NAT_TOO_BIG, Complaint.TOO_BIG, bridge.mtu, table, port, slot, offset);
            return;
        }
        NatPacket.vouch(buffer, offset, classified);
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, ports.mac(endpoint));
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        pieces.send(endpoint, port, slot, offset, length, shape, fit, bridge.mtu);
    }

    private void refuse(int result, OutsideTable table, int port, int slot, int offset, long classified) {
        DropReason reason = result == NatEngine.NO_FLOW ? DropReason.NAT_NO_MAPPING : DropReason.ofNat(result);
        switch (result == NatEngine.NO_FLOW ? NatEngine.SILENCE : nat.engine.answer()) {
            case NatEngine.TIME_EXCEEDED -> complain(reason, Complaint.TIME_EXCEEDED, 0, table, port, slot, offset);
            case NatEngine.PROHIBITED -> complain(reason, Complaint.PROHIBITED, 0, table, port, slot, offset);
            case NatEngine.UNREACHABLE -> complain(reason, Complaint.NO_ROUTE, 0, table, port, slot, offset);
            case NatEngine.RESET -> {
                int written = nat.mayAnswerOutside() ? ResetSegment.write(buffer, offset, classified) : 0;
                OutsideError.clearAddresses(buffer, offset);
                VirtioNetHeader.clear(buffer, offset);
                answer(reason, written, table, port, slot, offset);
            }
            default -> egress.drop(port, slot, reason.verdict());
        }
    }

    private void complain(
            DropReason reason, Complaint complaint, int mtu, OutsideTable table, int port, int slot, int offset) {
        int written = nat.mayAnswerOutside() ? OutsideError.write(buffer, offset, complaint, mtu) : 0;
        answer(reason, written, table, port, slot, offset);
    }

    /** Sends what lies where the packet lay back to who sent that: by the uplink, or to a container's mapping. */
    private void answer(DropReason reason, int written, OutsideTable table, int port, int slot, int offset) {
        if (written == 0) {
            egress.drop(port, slot, reason.verdict());
            return;
        }
        if (ports.network(port) == PortTable.UPLINK) {
            nat.out.back(table, port, slot, offset, 0, Verdict.refusal(reason, written));
            return;
        }
        egress.countBack(port, Verdict.refusal(reason, written));
        long classified = NatPacket.classify(buffer, offset, written);
        int owner = classified < 0 ? OutsideTable.NONE : owner(table, offset + L3, classified);
        if (owner < 0) {
            egress.drop(port, slot, DropReason.NAT_NO_MAPPING.verdict());
        } else if (owner == nat.worker) {
            hairpin(table, port, slot, offset, written, classified, 0);
        } else {
            egress.handOver(owner, Handoff.HAIRPIN, slot, offset, written, port, 0, 0);
        }
    }
}
