package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;

/**
 * Step 6 of the frame's way: the switch as a member of the network, at the gateway's addresses.
 *
 * <h2>Theory of operation</h2>
 *
 * What comes here has the gateway's MAC address as destination and is not for the host, which {@link HostPort} has
 * taken out. The gateway answers echo requests to any of its addresses; it says why it drops what else it gets, by
 * ICMP, where that is allowed at all ({@link IcmpError}):
 *
 * <pre>
 *   destination            what happens            IPv4         IPv6
 *   the gateway's own      UDP, TCP: port          3/3          1/4
 *                          others: protocol        3/2          4/1
 *   any other, TTL 0, 1    time exceeded           11/0         3/0
 *   of this network        host unreachable        3/1          1/3    (the members are reached without a gateway)
 *   of another network     prohibited              3/13         1/1    (B10)
 *   beyond                 no route                3/0          1/0    (with an uplink it goes to {@link Outside})
 * </pre>
 *
 * <p>An answer is written over the question, in the same slot, and leaves through the port that the question came from:
 * no buffer is taken, nothing is queued, nothing is remembered.
 *
 * <p>Answers are limited in rate for each network (B17), errors more than echo replies; what goes over the limit is
 * dropped in silence. These buckets are state with one writer, so each network's gateway belongs to one worker ({@link
 * Bridge#gatewayWorker}); frames for it that another worker read cross by ring, as slot indexes. Called on the owning
 * worker's thread only.
 */
final class Gateway {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    private Gateway() {}

    /**
     * Handles a frame for the gateway that passed {@link FrameValidator}.
     *
     * @param buffer the frame memory; the answer is written over the question
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param bridge its network
     * @param subnets of all networks
     * @param nowNs the batch's time
     * @return an answer, a refusal, or a drop reason's verdict
     */
    static int handle(
            MutableDirectBuffer buffer, int offset, int length, Bridge bridge, SubnetTable subnets, long nowNs) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int verdict = switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> ipv4(buffer, offset, length, bridge, subnets, nowNs);
            case EtherType.IPV6 -> ipv6(buffer, offset, length, bridge, subnets, nowNs);
            default -> DropReason.GATEWAY_NO_SERVICE.verdict();
        };
        if (Verdict.goesBack(verdict)) {
            turn(buffer, offset, bridge);
        }
        return verdict;
    }

    /** Makes a frame that the gateway got one that it sends back. */
    static void turn(MutableDirectBuffer buffer, int offset, Bridge bridge) {
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, EthernetHeader.source(buffer, frame));
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        VirtioNetHeader.clear(buffer, offset);
    }

    /**
     * Tells a member why its packet, whose headers are right, goes nowhere: over the packet, ready to be sent back.
     *
     * @param mtu that would do, of {@link Complaint#TOO_BIG}
     * @return a refusal, or the reason's verdict when nothing may be said
     */
    static int complain(
            MutableDirectBuffer buffer,
            int offset,
            Bridge bridge,
            long nowNs,
            DropReason reason,
            Complaint complaint,
            int mtu) {
        int etherType = EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH);
        int verdict = etherType == EtherType.IPV4
                ? refuse4(buffer, offset, bridge, nowNs, reason, complaint.type4, complaint.code4, mtu)
                : refuse6(buffer, offset, bridge, nowNs, reason, complaint.type6, complaint.code6, mtu);
        if (Verdict.goesBack(verdict)) {
            turn(buffer, offset, bridge);
        }
        return verdict;
    }

    private static int ipv4(
            MutableDirectBuffer buffer, int offset, int length, Bridge bridge, SubnetTable subnets, long nowNs) {
        int packet = offset + L3;
        int verdict = PacketValidator.ipv4(buffer, packet, length - L3, bridge.gateways);
        if (verdict != PASS) {
            return verdict;
        }
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        if (bridge.gateways.isOwn(destination)) {
            return own4(buffer, offset, length, bridge, nowNs);
        }
        if (Ipv4Header.ttl(buffer, packet) <= 1) {
            return refuse4(buffer, offset, bridge, nowNs, DropReason.TTL_EXPIRED, IcmpHeader.TIME_EXCEEDED, 0);
        }
        if (bridge.gateways.isOnLink(destination)) {
            return bridge.icc
                    ? unreachable4(buffer, offset, bridge, nowNs, DropReason.NO_ROUTE, IcmpHeader.HOST_UNREACHABLE)
                    : prohibited4(buffer, offset, bridge, nowNs, DropReason.ICC_DISABLED);
        }
        return subnets.contains(destination)
                ? prohibited4(buffer, offset, bridge, nowNs, DropReason.ISOLATED)
                : unreachable4(buffer, offset, bridge, nowNs, DropReason.NO_ROUTE, IcmpHeader.NET_UNREACHABLE);
    }

    private static int own4(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, long nowNs) {
        int packet = offset + L3;
        int protocol = Ipv4Header.protocol(buffer, packet);
        if (protocol == IpProtocol.ICMP) {
            int verdict = isOffloaded(buffer, offset) ? DropReason.BAD_ICMP.verdict() : Echo.check4(buffer, packet);
            if (verdict != PASS) {
                return verdict;
            }
            if (!bridge.gatewayAnswers.tryTake(nowNs)) {
                return DropReason.GATEWAY_RATE.verdict();
            }
            Echo.reply4(buffer, packet);
            return Verdict.answer(length);
        }
        int code = hasPorts(protocol) ? IcmpHeader.PORT_UNREACHABLE : IcmpHeader.PROTOCOL_UNREACHABLE;
        return unreachable4(buffer, offset, bridge, nowNs, DropReason.GATEWAY_NO_SERVICE, code);
    }

    private static boolean isOffloaded(MutableDirectBuffer buffer, int offset) {
        return (VirtioNetHeader.flags(buffer, offset) & VirtioNetHeader.NEEDS_CSUM) != 0;
    }

    private static boolean hasPorts(int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP;
    }

    private static int prohibited4(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason) {
        return unreachable4(buffer, offset, bridge, nowNs, reason, IcmpHeader.ADMINISTRATIVELY_PROHIBITED);
    }

    private static int unreachable4(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason, int code) {
        return refuse4(buffer, offset, bridge, nowNs, reason, IcmpHeader.DESTINATION_UNREACHABLE, code);
    }

    private static int refuse4(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason, int type, int code) {
        return refuse4(buffer, offset, bridge, nowNs, reason, type, code, 0);
    }

    private static int refuse4(
            MutableDirectBuffer buffer,
            int offset,
            Bridge bridge,
            long nowNs,
            DropReason reason,
            int type,
            int code,
            int mtu) {
        int packet = offset + L3;
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        Gateways gateways = bridge.gateways;
        int from =
                gateways.isOwn(destination) ? destination : gateways.nearest(Ipv4Header.sourceAddress(buffer, packet));
        if (from == 0 || !IcmpError.isAllowed4(buffer, offset, gateways) || !bridge.errors.tryTake(nowNs)) {
            return reason.verdict();
        }
        return Verdict.refusal(reason, IcmpError.write4(buffer, offset, from, type, code, mtu));
    }

    private static int ipv6(
            MutableDirectBuffer buffer, int offset, int length, Bridge bridge, SubnetTable subnets, long nowNs) {
        int packet = offset + L3;
        int verdict = PacketValidator.ipv6(buffer, packet, length - L3, bridge.gateways);
        if (verdict != PASS) {
            return verdict;
        }
        long hi = Ipv6Header.destinationHi(buffer, packet);
        long lo = Ipv6Header.destinationLo(buffer, packet);
        if (bridge.gateways.isOwn(hi, lo)) {
            return own6(buffer, offset, length, bridge, nowNs);
        }
        if (Ipv6Header.hopLimit(buffer, packet) <= 1) {
            return refuse6(buffer, offset, bridge, nowNs, DropReason.TTL_EXPIRED, Icmpv6Header.TIME_EXCEEDED, 0);
        }
        if (bridge.gateways.isOnLink(hi, lo)) {
            return bridge.icc
                    ? unreachable6(buffer, offset, bridge, nowNs, DropReason.NO_ROUTE, Icmpv6Header.ADDRESS_UNREACHABLE)
                    : prohibited6(buffer, offset, bridge, nowNs, DropReason.ICC_DISABLED);
        }
        return subnets.contains(hi, lo)
                ? prohibited6(buffer, offset, bridge, nowNs, DropReason.ISOLATED)
                : unreachable6(buffer, offset, bridge, nowNs, DropReason.NO_ROUTE, Icmpv6Header.NO_ROUTE);
    }

    private static int own6(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, long nowNs) {
        int packet = offset + L3;
        int packetLength = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        int protocol = Ipv6Extensions.protocol(Ipv6Extensions.walk(buffer, packet, packetLength));
        if (protocol == IpProtocol.ICMPV6) {
            int verdict = isOffloaded(buffer, offset) ? DropReason.BAD_ICMP.verdict() : Echo.check6(buffer, packet);
            if (verdict != PASS) {
                return verdict;
            }
            if (!bridge.gatewayAnswers.tryTake(nowNs)) {
                return DropReason.GATEWAY_RATE.verdict();
            }
            Echo.reply6(buffer, packet);
            return Verdict.answer(length);
        }
        if (hasPorts(protocol)) {
            int code = Icmpv6Header.PORT_UNREACHABLE;
            return unreachable6(buffer, offset, bridge, nowNs, DropReason.GATEWAY_NO_SERVICE, code);
        }
        // Behind extension headers the complaint would have to point at one of them; silence is allowed too.
        return Ipv6Header.nextHeader(buffer, packet) == protocol
                ? refuse6(
                        buffer,
                        offset,
                        bridge,
                        nowNs,
                        DropReason.GATEWAY_NO_SERVICE,
                        Icmpv6Header.PARAMETER_PROBLEM,
                        Icmpv6Header.UNKNOWN_NEXT_HEADER)
                : DropReason.GATEWAY_NO_SERVICE.verdict();
    }

    private static int prohibited6(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason) {
        return unreachable6(buffer, offset, bridge, nowNs, reason, Icmpv6Header.ADMINISTRATIVELY_PROHIBITED);
    }

    private static int unreachable6(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason, int code) {
        return refuse6(buffer, offset, bridge, nowNs, reason, Icmpv6Header.DESTINATION_UNREACHABLE, code);
    }

    private static int refuse6(
            MutableDirectBuffer buffer, int offset, Bridge bridge, long nowNs, DropReason reason, int type, int code) {
        return refuse6(buffer, offset, bridge, nowNs, reason, type, code, 0);
    }

    private static int refuse6(
            MutableDirectBuffer buffer,
            int offset,
            Bridge bridge,
            long nowNs,
            DropReason reason,
            int type,
            int code,
            int mtu) {
        if (!IcmpError.isAllowed6(buffer, offset) || !bridge.errors.tryTake(nowNs)) {
            return reason.verdict();
        }
        int packet = offset + L3;
        Gateways gateways = bridge.gateways;
        long hi = Ipv6Header.destinationHi(buffer, packet);
        long lo = Ipv6Header.destinationLo(buffer, packet);
        if (!gateways.isOwn(hi, lo)) {
            int nearest = gateways.nearest(Ipv6Header.sourceHi(buffer, packet), Ipv6Header.sourceLo(buffer, packet));
            hi = gateways.hi(nearest);
            lo = gateways.lo(nearest);
        }
        return Verdict.refusal(reason, IcmpError.write6(buffer, offset, hi, lo, type, code, mtu));
    }
}
