package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Steps 2 to 5 of the way of a frame that the host sent: {@link HostPort} tells the whole story. A host that forwards
 * (ip_forward=1) opens no way in: the source must be one of its own addresses (P7).
 *
 * <p>What comes by the TAP does not say whether the host made it or passed it on. Linux passes no IPv4 packet on that
 * bears one of the host's own addresses as source; but it does so in IPv6, and a neighbour of a host that forwards IPv6
 * gets packets in by that. The answers go to the host (docs/operations.md).
 */
final class HostIngress {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
    /** No packet is larger. */
    private static final int ANY_MTU = 0xffff;

    private HostIngress() {}

    /**
     * Decides a frame of the host.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param host whose frame it is
     * @param ports whose links are up
     * @param bridges the networks
     * @param nowNs the batch's time
     * @return the egress port, an answer, a refusal, or a drop reason's verdict
     */
    static int decide(
            MutableDirectBuffer buffer,
            int offset,
            int length,
            HostPort host,
            PortTable ports,
            @Nullable Bridge[] bridges,
            long nowNs) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int frameLength = length - VirtioNetHeader.LENGTH;
        int verdict = validate(buffer, frame, frameLength, host);
        if (verdict != PASS) {
            return verdict;
        }
        if (Resolution.isQuestion(buffer, frame, frameLength)) {
            return answer(buffer, offset, length, host, ports);
        }
        long destination = EthernetHeader.destination(buffer, frame);
        if (EthernetHeader.isGroup(destination)) {
            return DropReason.HOST_GROUP.verdict();
        }
        if (destination != host.peerMac) {
            return DropReason.HOST_UNKNOWN.verdict();
        }
        return switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> ipv4(buffer, offset, length, host, bridges, nowNs);
            case EtherType.IPV6 -> ipv6(buffer, offset, length, host, bridges, nowNs);
            default -> DropReason.HOST_UNKNOWN.verdict();
        };
    }

    private static int validate(DirectBuffer buffer, int frame, int frameLength, HostPort host) {
        if (frameLength >= FrameMemory.READ_LENGTH - VirtioNetHeader.LENGTH) {
            return DropReason.TRUNCATED_READ.verdict();
        }
        if (frameLength < EthernetHeader.LENGTH) {
            return DropReason.RUNT.verdict();
        }
        if (EthernetHeader.source(buffer, frame) != host.mac) {
            return DropReason.SPOOF_MAC.verdict();
        }
        int length = frameLength - EthernetHeader.LENGTH;
        return switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> length < Ipv4Header.MIN_LENGTH ? DropReason.TRUNCATED_IP.verdict() : PASS;
            case EtherType.IPV6 -> length < Ipv6Header.LENGTH ? DropReason.TRUNCATED_IP.verdict() : PASS;
            case EtherType.ARP -> {
                boolean whole = length >= ArpHeader.LENGTH
                        && ArpHeader.isIpv4OverEthernet(buffer, frame + EthernetHeader.LENGTH);
                yield whole ? PASS : DropReason.BAD_ARP.verdict();
            }
            default -> PASS;
        };
    }

    /** The host asks for an endpoint, and hears the one MAC address that all of them have for it. */
    private static int answer(MutableDirectBuffer buffer, int offset, int length, HostPort host, PortTable ports) {
        NeighbourTable neighbours = host.neighbours;
        boolean arp = EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH) == EtherType.ARP;
        int asked = NeighbourTable.NONE;
        if (arp) {
            asked = neighbours.find(ArpHeader.targetAddress(buffer, offset + L3));
        } else if (Resolution.isValidSolicitation(buffer, offset, length)) {
            int icmp = offset + L3 + Ipv6Header.LENGTH;
            asked = neighbours.find(Icmpv6Header.targetHi(buffer, icmp), Icmpv6Header.targetLo(buffer, icmp));
        }
        if (asked == NeighbourTable.NONE || !ports.isUp(neighbours.port(asked))) {
            return DropReason.HOST_GROUP.verdict();
        }
        return arp
                ? Resolution.answer4(buffer, offset, host.peerMac)
                : Resolution.answer6(buffer, offset, host.peerMac, 0);
    }

    private static int ipv4(
            MutableDirectBuffer buffer, int offset, int length, HostPort host, @Nullable Bridge[] bridges, long nowNs) {
        int packet = offset + L3;
        int verdict = PacketValidator.ipv4Header(buffer, packet, length - L3);
        if (verdict != PASS) {
            return verdict;
        }
        if (host.addresses.find(Ipv4Header.sourceAddress(buffer, packet)) == NeighbourTable.NONE) {
            return DropReason.HOST_SOURCE.verdict();
        }
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        int neighbour = host.neighbours.find(destination);
        verdict = toEndpoint(buffer, offset, length, host, bridges, neighbour);
        if (verdict != DropReason.HOST_UNKNOWN.verdict()
                || !IcmpError.isAllowed4(buffer, offset, Gateways.NONE)
                || !host.errors.tryTake(nowNs)) {
            return verdict;
        }
        int code = IcmpHeader.HOST_UNREACHABLE;
        int written = IcmpError.write4(buffer, offset, destination, IcmpHeader.DESTINATION_UNREACHABLE, code);
        return refusal(buffer, offset, host, written);
    }

    private static int ipv6(
            MutableDirectBuffer buffer, int offset, int length, HostPort host, @Nullable Bridge[] bridges, long nowNs) {
        int packet = offset + L3;
        int verdict = PacketValidator.ipv6Header(buffer, packet, length - L3);
        if (verdict != PASS) {
            return verdict;
        }
        long sourceHi = Ipv6Header.sourceHi(buffer, packet);
        if (host.addresses.find(sourceHi, Ipv6Header.sourceLo(buffer, packet)) == NeighbourTable.NONE) {
            return DropReason.HOST_SOURCE.verdict();
        }
        long hi = Ipv6Header.destinationHi(buffer, packet);
        long lo = Ipv6Header.destinationLo(buffer, packet);
        verdict = toEndpoint(buffer, offset, length, host, bridges, host.neighbours.find(hi, lo));
        if (verdict != DropReason.HOST_UNKNOWN.verdict()
                || !IcmpError.isAllowed6(buffer, offset)
                || !host.errors.tryTake(nowNs)) {
            return verdict;
        }
        int type = Icmpv6Header.DESTINATION_UNREACHABLE;
        int written = IcmpError.write6(buffer, offset, hi, lo, type, Icmpv6Header.ADDRESS_UNREACHABLE);
        return refusal(buffer, offset, host, written);
    }

    private static int refusal(MutableDirectBuffer buffer, int offset, HostPort host, int length) {
        EthernetHeader.destination(buffer, offset + VirtioNetHeader.LENGTH, host.mac);
        EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH, host.peerMac);
        return Verdict.refusal(DropReason.HOST_UNKNOWN, length);
    }

    /** From the gateway to the endpoint at an index of the neighbours, as large as its network allows. */
    private static int toEndpoint(
            MutableDirectBuffer buffer,
            int offset,
            int length,
            HostPort host,
            @Nullable Bridge[] bridges,
            int neighbour) {
        boolean known = neighbour != NeighbourTable.NONE;
        Bridge bridge = known ? bridges[host.neighbours.network(neighbour)] : null;
        int frameLength = length - VirtioNetHeader.LENGTH;
        int verdict = FrameValidator.offload(buffer, offset, frameLength, bridge == null ? ANY_MTU : bridge.mtu);
        if (verdict != PASS) {
            return verdict;
        }
        if (bridge == null) {
            return DropReason.HOST_UNKNOWN.verdict();
        }
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, host.neighbours.mac(neighbour));
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        return host.neighbours.port(neighbour);
    }
}
