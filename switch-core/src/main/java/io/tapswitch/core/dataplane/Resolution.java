package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Which MAC address has this IP address? ARP requests (RFC 826) and neighbour solicitations (RFC 4861), recognized and
 * answered. Step 5 of the frame's way for members ({@link #answer}), and {@link HostPort}'s for the host.
 *
 * <h2>Theory of operation</h2>
 *
 * The control plane knows every endpoint's addresses, so the switch answers in their name: for the gateway's own
 * addresses, and for those of endpoints whose link is up (B12). The answer is written over the question and goes to the
 * port that asked, nobody else sees either. It is as the endpoint would give it, also to who wants to make sure that an
 * address is free and finds that it is not (RFC 5227, RFC 4862).
 *
 * <p>Left alone, and thus flooded or dropped like any frame: a question of an endpoint for its own address, which tells
 * the others where it is; one for an address that nobody has, or whose owner's link is down (C11); and one that is
 * malformed, which every receiver has to ignore (RFC 4861 section 7.1.1). The last two are no other host's business
 * where the control plane knows all endpoints ({@link Bridging}). Questions count as flooding at the port's
 * storm policer, answered or not (B9).
 */
final class Resolution {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
    private static final int ND_HOP_LIMIT = 255;
    private static final int MULTICAST = 0xff;

    private Resolution() {}

    /** {@return whether a frame is an ARP request, or looks like a neighbour solicitation} */
    static boolean isQuestion(DirectBuffer buffer, int frame, int frameLength) {
        int packet = frame + EthernetHeader.LENGTH;
        int etherType = EthernetHeader.etherType(buffer, frame);
        if (etherType == EtherType.ARP) {
            return ArpHeader.operation(buffer, packet) == ArpHeader.REQUEST;
        }
        int icmp = packet + Ipv6Header.LENGTH;
        return etherType == EtherType.IPV6
                && Ipv6Header.nextHeader(buffer, packet) == IpProtocol.ICMPV6
                && frameLength >= icmp - frame + Icmpv6Header.NEIGHBOUR_LENGTH
                && Icmpv6Header.type(buffer, icmp) == Icmpv6Header.NEIGHBOUR_SOLICITATION;
    }

    /**
     * {@return whether a question is about the address of who asks} It tells the others where that is, or makes sure
     * that it is free (RFC 5227, RFC 4862).
     *
     * @param buffer the frame memory
     * @param frame offset of the Ethernet header of a frame that {@link #isQuestion}
     */
    static boolean isAboutItself(DirectBuffer buffer, int frame) {
        int packet = frame + EthernetHeader.LENGTH;
        if (EthernetHeader.etherType(buffer, frame) == EtherType.ARP) {
            int sender = ArpHeader.senderAddress(buffer, packet);
            return sender == 0 || sender == ArpHeader.targetAddress(buffer, packet);
        }
        long hi = Ipv6Header.sourceHi(buffer, packet);
        long lo = Ipv6Header.sourceLo(buffer, packet);
        int icmp = packet + Ipv6Header.LENGTH;
        return (hi | lo) == 0
                || (hi == Icmpv6Header.targetHi(buffer, icmp) && lo == Icmpv6Header.targetLo(buffer, icmp));
    }

    /**
     * {@return the MAC address that a question is about, where the address says it, or a value that is none} That is so
     * of the link-local addresses that the kernel forms; no table has them.
     *
     * @param buffer the frame memory
     * @param frame offset of the Ethernet header of a frame that {@link #isQuestion}
     */
    static long spelledOut(DirectBuffer buffer, int frame) {
        int icmp = frame + EthernetHeader.LENGTH + Ipv6Header.LENGTH;
        return EthernetHeader.etherType(buffer, frame) == EtherType.IPV6
                        && Icmpv6Header.targetHi(buffer, icmp) == SourceGuard.LINK_LOCAL
                ? SourceGuard.macOf(Icmpv6Header.targetLo(buffer, icmp))
                : -1;
    }

    /**
     * Answers a member's question.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param bridge the network
     * @param ports whose links are up
     * @param port who asks
     * @return an answer, or {@link Verdict#PASS} when it is none of the switch's business
     */
    static int answer(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, PortTable ports, int port) {
        int frame = offset + VirtioNetHeader.LENGTH;
        if (EthernetHeader.etherType(buffer, frame) == EtherType.ARP) {
            int target = ArpHeader.targetAddress(buffer, offset + L3);
            if (bridge.gateways.isOwn(target)) {
                return answer4(buffer, offset, bridge.gatewayMac);
            }
            int owner = bridge.icc ? bridge.neighbours.find(target) : NeighbourTable.NONE;
            return isAnother(bridge.neighbours, owner, ports, port)
                    ? answer4(buffer, offset, bridge.neighbours.mac(owner))
                    : PASS;
        }
        if (!isValidSolicitation(buffer, offset, length)) {
            return PASS;
        }
        int icmp = offset + L3 + Ipv6Header.LENGTH;
        long hi = Icmpv6Header.targetHi(buffer, icmp);
        long lo = Icmpv6Header.targetLo(buffer, icmp);
        if (bridge.gateways.isOwn(hi, lo)) {
            return answer6(buffer, offset, bridge.gatewayMac, Icmpv6Header.ROUTER_FLAG);
        }
        int owner = bridge.icc ? bridge.neighbours.find(hi, lo) : NeighbourTable.NONE;
        return isAnother(bridge.neighbours, owner, ports, port)
                ? answer6(buffer, offset, bridge.neighbours.mac(owner), 0)
                : PASS;
    }

    private static boolean isAnother(NeighbourTable neighbours, int owner, PortTable ports, int port) {
        return owner != NeighbourTable.NONE && neighbours.port(owner) != port && ports.isUp(neighbours.port(owner));
    }

    /** Writes the ARP reply over the request, in the name of {@code mac}. */
    static int answer4(MutableDirectBuffer buffer, int offset, long mac) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int arp = offset + L3;
        VirtioNetHeader.clear(buffer, offset);
        EthernetHeader.destination(buffer, frame, EthernetHeader.source(buffer, frame));
        EthernetHeader.source(buffer, frame, mac);
        int target = ArpHeader.targetAddress(buffer, arp);
        ArpHeader.operation(buffer, arp, ArpHeader.REPLY);
        ArpHeader.targetMac(buffer, arp, ArpHeader.senderMac(buffer, arp));
        ArpHeader.targetAddress(buffer, arp, ArpHeader.senderAddress(buffer, arp));
        ArpHeader.senderMac(buffer, arp, mac);
        ArpHeader.senderAddress(buffer, arp, target);
        return Verdict.answer(L3 + ArpHeader.LENGTH);
    }

    /**
     * {@return whether a receiver must believe a neighbour solicitation (RFC 4861 section 7.1.1)}
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr of a frame that {@link #isQuestion}
     * @param length bytes from there
     */
    static boolean isValidSolicitation(DirectBuffer buffer, int offset, int length) {
        int packet = offset + L3;
        int icmp = packet + Ipv6Header.LENGTH;
        int icmpLength = Ipv6Header.payloadLength(buffer, packet);
        if (icmpLength < Icmpv6Header.NEIGHBOUR_LENGTH
                || icmpLength > length - L3 - Ipv6Header.LENGTH
                || Ipv6Header.version(buffer, packet) != 6
                || Ipv6Header.hopLimit(buffer, packet) != ND_HOP_LIMIT
                || Icmpv6Header.code(buffer, icmp) != 0
                || Icmpv6Header.targetHi(buffer, icmp) >>> 56 == MULTICAST
                || !Echo.isChecksumRight(buffer, packet, icmp, icmpLength)) {
            return false;
        }
        int options = icmp + Icmpv6Header.NEIGHBOUR_LENGTH;
        long mac = NeighbourOptions.find(buffer, options, icmp + icmpLength, NeighbourOptions.SOURCE_LINK_LAYER);
        if ((Ipv6Header.sourceHi(buffer, packet) | Ipv6Header.sourceLo(buffer, packet)) != 0) {
            return mac != NeighbourOptions.MALFORMED;
        }
        return mac == NeighbourOptions.ABSENT && Ipv6Header.destinationHi(buffer, packet) >>> 56 == MULTICAST;
    }

    /** Writes the neighbour advertisement over the solicitation, in the name of {@code mac}. */
    static int answer6(MutableDirectBuffer buffer, int offset, long mac, int flags) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int packet = offset + L3;
        int icmp = packet + Ipv6Header.LENGTH;
        VirtioNetHeader.clear(buffer, offset);
        long hi = Icmpv6Header.targetHi(buffer, icmp);
        long lo = Icmpv6Header.targetLo(buffer, icmp);
        long toHi = Ipv6Header.sourceHi(buffer, packet);
        long toLo = Ipv6Header.sourceLo(buffer, packet);
        int override = flags | Icmpv6Header.OVERRIDE_FLAG;
        if ((toHi | toLo) == 0) {
            // Who has no address yet is told with all the others (RFC 4861 section 7.2.4); only its port hears it.
            EthernetHeader.destination(buffer, frame, Announcement.ALL_NODES_MAC);
            long allHi = Announcement.ALL_NODES_HI;
            Announcement.advertisement(buffer, packet, mac, hi, lo, allHi, Announcement.ALL_NODES_LO, override);
        } else {
            EthernetHeader.destination(buffer, frame, EthernetHeader.source(buffer, frame));
            int solicited = override | Icmpv6Header.SOLICITED_FLAG;
            Announcement.advertisement(buffer, packet, mac, hi, lo, toHi, toLo, solicited);
        }
        EthernetHeader.source(buffer, frame, mac);
        return Verdict.answer(Announcement.ND_LENGTH);
    }
}
