package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;

/**
 * The host, which is behind one port and in all networks that are not internal.
 *
 * <h2>Theory of operation</h2>
 *
 * The host's TAP has the gateways' addresses and a route to each network's subnets. On it every container and every
 * gateway has the same MAC address, {@link HostSettings#peerMac}, so nothing in the host's neighbour cache is ever out
 * of date; which container is meant is said by the IP address, and the subnets of these networks do not overlap.
 *
 * <pre>
 *   container, to the gateway's MAC     IP destination is an address of the host?
 *        |                              source is the port's own address?
 *        v                              MACs: peerMac -> host
 *   host's TAP
 *        |                              IP source is an address of the host (P7)?
 *        v                              IP destination is an address of an endpoint?
 *   container                           MACs: gateway -> endpoint
 * </pre>
 *
 * <p>Packets are neighbours' packets both ways: the TTL stays, super-frames stay whole. Echo requests to a gateway's
 * address are the gateway's, which answers also where the host is deaf; in fragments they are the host's, because a
 * later fragment does not say whether it belongs to a request or to a reply that the host waits for. Neighbour
 * discovery never reaches the host: its own questions are answered here ({@link Resolution}), and it gets none.
 *
 * <p>Nothing that the host sends is flooded: its broadcasts and multicasts end here. A packet for an address that no
 * endpoint has is answered with "host unreachable" in the name of that address: a gateway's address is the host's own,
 * and the host believes no packet from outside that bears one of those.
 *
 * <p>{@link #toHost} is called by every worker for the frames that it read, {@link HostIngress} by the one that reads
 * the host's TAP; every worker has an instance of its own.
 */
final class HostPort {
    /** ICMP errors per second that the host gets, and how many at once. */
    private static final int ERRORS_PER_SECOND = 1_000;

    private static final int ERRORS_BURST = 100;
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    final int port;
    final long mac;
    final long peerMac;
    /** The host's own addresses. */
    final NeighbourTable addresses;
    /** The endpoints that the host reaches. */
    final NeighbourTable neighbours;

    final TokenBucket errors;

    /**
     * The host as a version says it is.
     *
     * @param settings of that version
     * @param errors the worker's, which outlives versions: {@link #newErrors}
     */
    HostPort(HostSettings settings, TokenBucket errors) {
        port = settings.port();
        mac = settings.mac();
        peerMac = settings.peerMac();
        neighbours = settings.neighbours();
        addresses = settings.own();
        this.errors = errors;
    }

    /** {@return what ICMP errors cost that the host gets from one worker} */
    static TokenBucket newErrors() {
        return new TokenBucket(ERRORS_PER_SECOND, ERRORS_BURST);
    }

    /**
     * Looks whether a frame for a gateway's MAC address is for the host, and makes it one.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr of a frame that passed {@link FrameValidator}
     * @param length bytes from there
     * @param bridge the network it came from, which is not internal
     * @param ports where the port's own addresses are
     * @param ingress the port it came from
     * @return the host's port, a drop reason's verdict, or {@link Verdict#PASS} when it is not for the host
     */
    int toHost(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, PortTable ports, int ingress) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int verdict = switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> toHost4(buffer, offset, length, bridge, ports.address(ingress));
            case EtherType.IPV6 ->
                toHost6(buffer, offset, length, bridge, ports.addressHi(ingress), ports.addressLo(ingress));
            default -> PASS;
        };
        if (verdict == port) {
            EthernetHeader.destination(buffer, frame, mac);
            EthernetHeader.source(buffer, frame, peerMac);
        }
        return verdict;
    }

    private int toHost4(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, int own) {
        int packet = offset + L3;
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        if (addresses.find(destination) == NeighbourTable.NONE) {
            return PASS;
        }
        int verdict = PacketValidator.ipv4(buffer, packet, length - L3, bridge.gateways);
        if (verdict != PASS) {
            return verdict;
        }
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        boolean pings = Ipv4Header.protocol(buffer, packet) == IpProtocol.ICMP
                && !Ipv4Header.isFragment(buffer, packet)
                && Ipv4Header.totalLength(buffer, packet) > headerLength
                && IcmpHeader.type(buffer, packet + headerLength) == IcmpHeader.ECHO_REQUEST;
        if (pings && bridge.gateways.isOwn(destination)) {
            return PASS;
        }
        return Ipv4Header.sourceAddress(buffer, packet) == own ? port : DropReason.SPOOF_IP.verdict();
    }

    private int toHost6(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, long ownHi, long ownLo) {
        int packet = offset + L3;
        long hi = Ipv6Header.destinationHi(buffer, packet);
        long lo = Ipv6Header.destinationLo(buffer, packet);
        if (addresses.find(hi, lo) == NeighbourTable.NONE) {
            return PASS;
        }
        int verdict = PacketValidator.ipv6(buffer, packet, length - L3, bridge.gateways);
        if (verdict != PASS) {
            return verdict;
        }
        if (Ipv6Header.nextHeader(buffer, packet) == IpProtocol.ICMPV6
                && Ipv6Header.payloadLength(buffer, packet) > 0) {
            int type = Icmpv6Header.type(buffer, packet + Ipv6Header.LENGTH);
            if (Icmpv6Header.isNeighbourDiscovery(type)) {
                return DropReason.GATEWAY_NO_SERVICE.verdict();
            }
            if (type == Icmpv6Header.ECHO_REQUEST && bridge.gateways.isOwn(hi, lo)) {
                return PASS;
            }
        }
        boolean isOwn = Ipv6Header.sourceHi(buffer, packet) == ownHi && Ipv6Header.sourceLo(buffer, packet) == ownLo;
        return isOwn ? port : DropReason.SPOOF_IP.verdict();
    }
}
