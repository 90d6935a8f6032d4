package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.nat.NatDrop;
import io.tapswitch.nat.NatEngine;
import io.tapswitch.nat.PacketClass;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way out: a container's packet for the gateway's MAC address that is for somebody beyond the switch, or for one of
 * the host's addresses.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   the container's own worker?      its flows are there: else handed over
 *   a fragment?                      held, until the datagram is whole; its pieces leave as they came
 *   for one of the host's addresses?
 *       of a flow                    translated: an answer to the host's or an outside client
 *       a published or NAT's port    translated, and in again by hairpin: {@link UplinkIngress}
 *       else                         to the host as it is, with the container's own source
 *   else: the way there?             asked from the kernel: {@link RouteCache}; too big for it: the sender hears of it
 *       NAT                          translated, TTL one less; or refused with a reason
 *   last look                        the source is one of the host's addresses, or it does not leave (N20)
 *   tx                               by the uplink of the route; the kernel fills in the MAC addresses
 * </pre>
 *
 * <p>A packet that NAT cannot translate is dropped, never passed on. What is dropped here is told to the sender by ICMP
 * or a TCP reset where that helps and is allowed, up to a rate for each network.
 *
 * <p>One instance a worker. Nothing here allocates.
 */
final class Outside {
    private static final int LINK_LOCAL = 0xa9fe;
    private static final int LOOPBACK = 127;
    private static final int MULTICAST = 224;

    private final Nat nat;
    private final Egress egress;
    private final PortTable ports;
    private final MutableDirectBuffer buffer;
    private final UplinkIngress in;
    private int leftLength;
    private long leftShape;

    Outside(Nat nat, Egress egress, UplinkIngress in) {
        this.nat = nat;
        this.egress = egress;
        this.ports = egress.ports;
        this.buffer = egress.buffer;
        this.in = in;
    }

    /** {@return whether a valid frame for a gateway's MAC address goes this way} */
    boolean isMeant(int offset, Bridge bridge, SubnetTable subnets, @Nullable HostPort host) {
        OutsideTable table = nat.table();
        if (table == null || bridge.internal) {
            return false;
        }
        int packet = offset + L3;
        return switch (EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH)) {
            case EtherType.IPV4 -> isMeant4(packet, bridge, table, subnets, host);
            case EtherType.IPV6 -> isMeant6(packet, bridge, table, subnets, host);
            default -> false;
        };
    }

    private boolean isMeant4(
            int packet, Bridge bridge, OutsideTable table, SubnetTable subnets, @Nullable HostPort host) {
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        int first = destination >>> 24;
        if (first == 0 || first == LOOPBACK || first >= MULTICAST || destination >>> 16 == LINK_LOCAL) {
            return false;
        }
        if (isHosts(destination, table, host)) {
            boolean pings = Ipv4Header.protocol(buffer, packet) == IpProtocol.ICMP
                    && !Ipv4Header.isFragment(buffer, packet)
                    && IcmpHeader.type(buffer, packet + Ipv4Header.headerLength(buffer, packet))
                            == IcmpHeader.ECHO_REQUEST;
            return !pings || !bridge.gateways.isOwn(destination);
        }
        return !subnets.contains(destination);
    }

    private boolean isMeant6(
            int packet, Bridge bridge, OutsideTable table, SubnetTable subnets, @Nullable HostPort host) {
        long hi = Ipv6Header.destinationHi(buffer, packet);
        long lo = Ipv6Header.destinationLo(buffer, packet);
        if (!PacketValidator.isHost(hi, lo) || Gateways.isLinkLocal(hi)) {
            return false;
        }
        if (isHosts(hi, lo, table, host)) {
            int type = Ipv6Header.nextHeader(buffer, packet) == IpProtocol.ICMPV6
                    ? Icmpv6Header.type(buffer, packet + Ipv6Header.LENGTH)
                    : 0;
            boolean pings = type == Icmpv6Header.ECHO_REQUEST;
            return !Icmpv6Header.isNeighbourDiscovery(type) && (!pings || !bridge.gateways.isOwn(hi, lo));
        }
        return !subnets.contains(hi, lo);
    }

    private static boolean isHosts(int address, OutsideTable table, @Nullable HostPort host) {
        return table.slot(address) != OutsideTable.NONE
                || (host != null && host.addresses.find(address) != NeighbourTable.NONE);
    }

    private static boolean isHosts(long hi, long lo, OutsideTable table, @Nullable HostPort host) {
        return table.slot(hi, lo) != OutsideTable.NONE
                || (host != null && host.addresses.find(hi, lo) != NeighbourTable.NONE);
    }

    /**
     * Carries a frame, for which {@link #isMeant} holds, out or to its end.
     *
     * @return false when it is for the host as it is, or a query that came in fragments; what it is then is told by
     *     {@link #leftLength} and {@link #leftShape}
     */
    boolean take(Bridge bridge, int port, int slot, int offset, int length, long nowNs, @Nullable HostPort host) {
        OutsideTable table = nat.table();
        int home = ports.worker(port);
        if (table == null || home != nat.worker) {
            if (table == null) {
                egress.drop(port, slot, DropReason.NO_ROUTE.verdict());
            } else {
                egress.handOver(home, Handoff.TO_OUTSIDE, slot, offset, length, port, bridge.network, 0);
            }
            return true;
        }
        nat.now(nowNs);
        nat.routes.askFor(port);
        if (!isOwnSource(port, offset)) {
            egress.drop(port, slot, DropReason.SPOOF_IP.verdict());
            return true;
        }
        leftLength = length;
        leftShape = 0;
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified >= 0 && PacketClass.kind(classified) == PacketClass.FRAGMENT) {
            classified = whole(bridge, port, offset, length);
            if (leftLength == 0) {
                egress.release(slot);
                return true;
            }
            if (Names.isQuery(buffer, offset, bridge)) {
                return false;
            }
        }
        boolean toHost = NatPacket.isIpv4(buffer, offset)
                ? isHosts(Ipv4Header.destinationAddress(buffer, offset + L3), table, host)
                : isHosts(
                        Ipv6Header.destinationHi(buffer, offset + L3),
                        Ipv6Header.destinationLo(buffer, offset + L3),
                        table,
                        host);
        if (toHost) {
            return classified >= 0 && toHost(table, bridge, port, slot, offset, classified);
        }
        if (classified < 0) {
            egress.drop(port, slot, DropReason.ofNat((int) classified).verdict());
        } else {
            beyond(table, bridge, port, slot, offset, classified);
        }
        return true;
    }

    /** {@return bytes of the frame that {@link #take} left} */
    int leftLength() {
        return leftLength;
    }

    /** {@return how its packet had been split, 0 if it had not been} */
    long leftShape() {
        return leftShape;
    }

    private boolean isOwnSource(int port, int offset) {
        int packet = offset + L3;
        return NatPacket.isIpv4(buffer, offset)
                ? Ipv4Header.sourceAddress(buffer, packet) == ports.address(port)
                : Ipv6Header.sourceHi(buffer, packet) == ports.addressHi(port)
                        && Ipv6Header.sourceLo(buffer, packet) == ports.addressLo(port);
    }

    /** {@return the class of the datagram that a fragment completed; without one there is nothing left of the frame} */
    private long whole(Bridge bridge, int port, int offset, int length) {
        int packet = offset + L3;
        int whole = nat.fragments.add(buffer, packet, length - L3, port, bridge.network, port, nat.nowMs);
        if (whole <= 0) {
            leftLength = 0;
            return 0;
        }
        leftLength = L3 + whole;
        leftShape = nat.fragments.shape();
        VirtioNetHeader.clear(buffer, offset);
        return NatPacket.classify(buffer, offset, leftLength);
    }

    /** For one of the host's addresses: an answer of a flow, or by hairpin; else it is left. */
    private boolean toHost(OutsideTable table, Bridge bridge, int port, int slot, int offset, long classified) {
        int packet = offset + L3;
        int result = nat.engine.outbound(buffer, packet, classified, bridge.network, port, false, nat.nowMs);
        if (result == NatEngine.NO_FLOW) {
            if (table.link != null && UplinkEgress.isQuestion(classified) && isOwn(table.link, packet, classified)) {
                echo(bridge, port, slot, offset);
                return true;
            }
            if (PacketClass.kind(classified) != PacketClass.PORTS || in.owner(table, packet, classified) < 0) {
                return false;
            }
            result = nat.engine.outbound(buffer, packet, classified, bridge.network, port, true, nat.nowMs);
        }
        if (result != NatEngine.FORWARD) {
            refuse(result, bridge, port, slot, offset, classified);
            return true;
        }
        forward(table, bridge, port, slot, offset, classified);
        return true;
    }

    private boolean isOwn(OwnLink link, int packet, long classified) {
        long hi = PacketClass.destinationHi(buffer, packet, classified);
        return LinkFrames.isOurs(hi, PacketClass.destinationLo(buffer, packet, classified), link);
    }

    /** The own link's address answers its own containers too. */
    private void echo(Bridge bridge, int port, int slot, int offset) {
        int verdict =
                nat.mayAnswerEcho() ? UplinkEgress.echo(buffer, offset, leftLength) : DropReason.GATEWAY_RATE.verdict();
        if (verdict < 0) {
            egress.drop(port, slot, verdict);
            return;
        }
        Gateway.turn(buffer, offset, bridge);
        if (leftShape == 0) {
            egress.sendBack(port, slot, offset, verdict);
        } else {
            egress.countBack(port, verdict);
            nat.out.pieces().send(port, port, slot, offset, leftLength, leftShape);
        }
    }

    /** For somebody beyond the switch. */
    private void beyond(OutsideTable table, Bridge bridge, int port, int slot, int offset, long classified) {
        int packet = offset + L3;
        int way = way(table, packet, classified);
        if (way < 0) {
            noWay(way, bridge, port, slot, offset);
            return;
        }
        int uplink = nat.routes.port(way);
        int mtu = nat.routes.mtu(way);
        boolean lives =
                (PacketClass.isIpv6(classified) ? Ipv6Header.hopLimit(buffer, packet) : Ipv4Header.ttl(buffer, packet))
                        > 1;
        int fit = NatPacket.fit(buffer, offset, classified, leftShape, mtu, false);
        if (fit == NatPacket.TOO_BIG && lives) {
            complain(DropReason.NAT_TOO_BIG, Complaint.TOO_BIG, mtu, bridge, port, slot, offset);
            return;
        }
        nat.leavesBy(way);
        int result = nat.engine.outbound(buffer, packet, classified, bridge.network, port, true, nat.nowMs);
        nat.leavesBy(OutsideTable.NONE);
        if (result != NatEngine.FORWARD) {
            refuse(result, bridge, port, slot, offset, classified);
            return;
        }
        if (in.destinationSlot(table, packet, classified) != OutsideTable.NONE) {
            forward(table, bridge, port, slot, offset, classified);
        } else {
            leave(table, uplink, mtu, fit, port, slot, offset, classified);
        }
    }

    private int way(OutsideTable table, int packet, long classified) {
        long hi = PacketClass.destinationHi(buffer, packet, classified);
        long lo = PacketClass.destinationLo(buffer, packet, classified);
        return nat.routes.find(hi, lo, table, nat.nowNs, nat.nowMs);
    }

    /** A translated packet goes by its new destination, which may be the host's own. */
    private void forward(OutsideTable table, Bridge bridge, int port, int slot, int offset, long classified) {
        int packet = offset + L3;
        if (in.destinationSlot(table, packet, classified) == OutsideTable.NONE && !isLoopback(packet, classified)) {
            int way = way(table, packet, classified);
            if (way < 0) {
                egress.drop(port, slot, DropReason.ofNat(way).verdict());
                return;
            }
            int mtu = nat.routes.mtu(way);
            int fit = NatPacket.fit(buffer, offset, classified, leftShape, mtu, false);
            leave(table, nat.routes.port(way), mtu, fit, port, slot, offset, classified);
            return;
        }
        int owner = in.owner(table, packet, classified);
        if (owner < 0) {
            if (table.loopback == OutsideTable.NONE) {
                egress.drop(port, slot, DropReason.NAT_NO_ROUTE.verdict());
            } else {
                leave(table, table.loopback, Integer.MAX_VALUE, NatPacket.FITS, port, slot, offset, classified);
            }
        } else if (owner == nat.worker) {
            in.hairpin(table, port, slot, offset, leftLength, classified, leftShape);
        } else {
            egress.handOver(owner, Handoff.HAIRPIN, slot, offset, leftLength, port, bridge.network, leftShape);
        }
    }

    private boolean isLoopback(int packet, long classified) {
        return PacketClass.isIpv6(classified)
                ? Ipv6Header.destinationHi(buffer, packet) == 0 && Ipv6Header.destinationLo(buffer, packet) == 1
                : Ipv4Header.destinationAddress(buffer, packet) >>> 24 == LOOPBACK;
    }

    /** The last step: to an uplink, after a last look at the source. */
    private void leave(
            OutsideTable table, int uplink, int mtu, int fit, int port, int slot, int offset, long classified) {
        int packet = offset + L3;
        int source = PacketClass.isIpv6(classified)
                ? table.slot(Ipv6Header.sourceHi(buffer, packet), Ipv6Header.sourceLo(buffer, packet))
                : table.slot(Ipv4Header.sourceAddress(buffer, packet));
        if (source == OutsideTable.NONE) {
            egress.drop(port, slot, DropReason.NAT_PRIVATE_SOURCE.verdict());
        } else if (fit == NatPacket.TOO_BIG) {
            egress.drop(port, slot, DropReason.NAT_TOO_BIG.verdict());
        } else {
            nat.out.send(table, uplink, port, slot, offset, leftLength, leftShape, fit, mtu);
        }
    }

    private void noWay(int code, Bridge bridge, int port, int slot, int offset) {
        DropReason reason = DropReason.ofNat(code);
        if (code == NatDrop.NO_ROUTE.code()) {
            complain(reason, Complaint.NO_ROUTE, 0, bridge, port, slot, offset);
        } else {
            egress.drop(port, slot, reason.verdict());
        }
    }

    /** NAT does not let a container's packet through. */
    private void refuse(int result, Bridge bridge, int port, int slot, int offset, long classified) {
        DropReason reason = result == NatEngine.NO_FLOW ? DropReason.NAT_NO_MAPPING : DropReason.ofNat(result);
        switch (result == NatEngine.NO_FLOW ? NatEngine.SILENCE : nat.engine.answer()) {
            case NatEngine.TIME_EXCEEDED -> complain(reason, Complaint.TIME_EXCEEDED, 0, bridge, port, slot, offset);
            case NatEngine.PROHIBITED -> complain(reason, Complaint.PROHIBITED, 0, bridge, port, slot, offset);
            case NatEngine.UNREACHABLE -> complain(reason, Complaint.NO_ROUTE, 0, bridge, port, slot, offset);
            case NatEngine.RESET -> {
                if (bridge.errors.tryTake(nat.nowNs)) {
                    int written = ResetSegment.write(buffer, offset, classified);
                    Gateway.turn(buffer, offset, bridge);
                    egress.sendBack(port, slot, offset, Verdict.refusal(reason, written));
                } else {
                    egress.drop(port, slot, reason.verdict());
                }
            }
            default -> egress.drop(port, slot, reason.verdict());
        }
    }

    private void complain(
            DropReason reason, Complaint complaint, int mtu, Bridge bridge, int port, int slot, int offset) {
        int verdict = Gateway.complain(buffer, offset, bridge, nat.nowNs, reason, complaint, mtu);
        egress.finish(verdict, port, slot, offset, 0);
    }
}
