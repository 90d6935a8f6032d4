package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import org.agrona.DirectBuffer;

/**
 * Step 3 of the frame's way: a container speaks only with its own MAC address and its own IP addresses, also in ARP and
 * neighbour discovery (B12, N21). IP, ARP and neighbour discovery that the guard cannot read do not pass, nor do tags,
 * behind which any of them may be. Frames of other protocols bear no IP address; of them the MAC address is checked.
 *
 * <p>A port's addresses are the IPv4 and the IPv6 address that its endpoint was given, and the link-local address that
 * the kernel forms of the MAC (EUI-64, RFC 4291 appendix A). A link-local address that was formed in another way (RFC
 * 7217) is not one of them: nobody but the container could say whose it is.
 *
 * <p>Besides them passes what a host says before it has an address: ARP probes, whose sender is 0.0.0.0 (RFC 5227), and
 * from the unspecified address neighbour and router solicitations (RFC 4862 section 5.4, RFC 4861 section 4.1) and
 * listener reports (RFC 3590). The question whether an address is free takes it away from its owner, who may just be
 * making sure of it: it goes on for the port's own addresses only ({@link #question}).
 *
 * <p>Where the guard is off, one thing is left: nobody speaks in the gateway's name ({@link #gateway}).
 */
final class SourceGuard {
    /** First half of a link-local address. */
    static final long LINK_LOCAL = 0xfe80_0000_0000_0000L;

    private static final int MULTICAST = 0xff;
    /** Bytes of a router solicitation without its options. */
    private static final int ROUTER_SOLICITATION_LENGTH = 8;

    private static final int LISTENER_REPORT = 131;
    private static final int LISTENER_DONE = 132;
    private static final int LISTENER_REPORT_2 = 143;

    private SourceGuard() {}

    /**
     * Checks a frame that passed {@link FrameValidator} and {@link RouterGuard}.
     *
     * @param buffer the frame memory
     * @param frame offset of the Ethernet header
     * @param frameLength bytes from there
     * @param ports whose addresses are compared
     * @param port the ingress port
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int check(DirectBuffer buffer, int frame, int frameLength, PortTable ports, int port) {
        if (EthernetHeader.source(buffer, frame) != ports.mac(port)) {
            return DropReason.SPOOF_MAC.verdict();
        }
        int packet = frame + EthernetHeader.LENGTH;
        int length = frameLength - EthernetHeader.LENGTH;
        return switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> ipv4(buffer, packet, length, ports.address(port));
            case EtherType.IPV6 -> ipv6(buffer, packet, length, ports, port);
            case EtherType.ARP -> arp(buffer, packet, ports.mac(port), ports.address(port));
            case EtherType.VLAN, EtherType.QINQ, EtherType.QINQ_OLD -> DropReason.GUARD_UNREADABLE.verdict();
            default -> PASS;
        };
    }

    /**
     * Checks the packet of a port whose guard is off: its source, or what it advertises, is not the gateway's (B17). In
     * ARP {@link FrameValidator} has seen to it.
     *
     * @param buffer the frame memory
     * @param packet offset behind the Ethernet header, and behind priority tags
     * @param length bytes from there to the end of the frame
     * @param etherType of the packet
     * @param gateways of the network
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int gateway(DirectBuffer buffer, int packet, int length, int etherType, Gateways gateways) {
        switch (etherType) {
            case EtherType.IPV4 -> {
                boolean spoofed = gateways.isOwn(Ipv4Header.sourceAddress(buffer, packet));
                return spoofed ? DropReason.SPOOF_IP.verdict() : PASS;
            }
            case EtherType.IPV6 -> {
                if (gateways.isOwn(Ipv6Header.sourceHi(buffer, packet), Ipv6Header.sourceLo(buffer, packet))) {
                    return DropReason.SPOOF_IP.verdict();
                }
                int icmp = packet + Ipv6Header.LENGTH;
                boolean advertises = length >= Ipv6Header.LENGTH + Icmpv6Header.NEIGHBOUR_LENGTH
                        && Ipv6Header.nextHeader(buffer, packet) == IpProtocol.ICMPV6
                        && Icmpv6Header.type(buffer, icmp) == Icmpv6Header.NEIGHBOUR_ADVERTISEMENT
                        && gateways.isOwn(Icmpv6Header.targetHi(buffer, icmp), Icmpv6Header.targetLo(buffer, icmp));
                return advertises ? DropReason.SPOOF_ND.verdict() : PASS;
            }
            default -> {
                return PASS;
            }
        }
    }

    /**
     * Checks a question of a guarded port that the switch has no answer to: whether an address is free is asked for
     * one's own.
     *
     * @param buffer the frame memory
     * @param frame offset of the Ethernet header of a frame that {@link Resolution#isQuestion}
     * @param ports whose addresses are compared
     * @param port the ingress port
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int question(DirectBuffer buffer, int frame, PortTable ports, int port) {
        int packet = frame + EthernetHeader.LENGTH;
        if (EthernetHeader.etherType(buffer, frame) == EtherType.ARP) {
            int target = ArpHeader.targetAddress(buffer, packet);
            boolean stranger = ArpHeader.senderAddress(buffer, packet) == 0 && target != ports.address(port);
            return stranger ? DropReason.SPOOF_ARP.verdict() : PASS;
        }
        int icmp = packet + Ipv6Header.LENGTH;
        boolean stranger = (Ipv6Header.sourceHi(buffer, packet) | Ipv6Header.sourceLo(buffer, packet)) == 0
                && !isOwn(ports, port, Icmpv6Header.targetHi(buffer, icmp), Icmpv6Header.targetLo(buffer, icmp));
        return stranger ? DropReason.SPOOF_ND.verdict() : PASS;
    }

    private static int ipv4(DirectBuffer buffer, int packet, int length, int address) {
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        if (Ipv4Header.version(buffer, packet) != 4 || headerLength < Ipv4Header.MIN_LENGTH || headerLength > length) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        boolean own = address != 0 && Ipv4Header.sourceAddress(buffer, packet) == address;
        return own ? PASS : DropReason.SPOOF_IP.verdict();
    }

    private static int arp(DirectBuffer buffer, int packet, long mac, int address) {
        int sender = ArpHeader.senderAddress(buffer, packet);
        // Who has no address yet asks; an answer is somebody's.
        boolean own = sender == 0 ? ArpHeader.operation(buffer, packet) == ArpHeader.REQUEST : sender == address;
        return own && ArpHeader.senderMac(buffer, packet) == mac ? PASS : DropReason.SPOOF_ARP.verdict();
    }

    private static int ipv6(DirectBuffer buffer, int packet, int length, PortTable ports, int port) {
        if (Ipv6Header.version(buffer, packet) != 6) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        long hi = Ipv6Header.sourceHi(buffer, packet);
        long lo = Ipv6Header.sourceLo(buffer, packet);
        boolean unspecified = (hi | lo) == 0;
        if (unspecified ? !needsNoSource(buffer, packet, length) : !isOwn(ports, port, hi, lo)) {
            return DropReason.SPOOF_IP.verdict();
        }
        return Ipv6Header.nextHeader(buffer, packet) == IpProtocol.ICMPV6
                ? discovery(buffer, packet, length, ports, port)
                : PASS;
    }

    /** What a host says before it has an address, to a group; {@link RouterGuard} has walked the headers before it. */
    private static boolean needsNoSource(DirectBuffer buffer, int packet, int length) {
        int next = Ipv6Header.nextHeader(buffer, packet);
        if (Ipv6Header.destinationHi(buffer, packet) >>> 56 != MULTICAST) {
            return false;
        }
        if (next == IpProtocol.ICMPV6) {
            int type = Icmpv6Header.type(buffer, packet + Ipv6Header.LENGTH);
            return type == Icmpv6Header.NEIGHBOUR_SOLICITATION
                    || type == Icmpv6Header.ROUTER_SOLICITATION
                    || isListenerReport(type);
        }
        // A listener report bears a router alert, in a hop-by-hop header (RFC 3810 section 5).
        if (next != IpProtocol.HOP_BY_HOP) {
            return false;
        }
        int packetLength = Math.min(length, Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet));
        long walked = Ipv6Extensions.walk(buffer, packet, packetLength);
        return Ipv6Extensions.protocol(walked) == IpProtocol.ICMPV6
                && !Ipv6Extensions.isLaterFragment(walked)
                && isListenerReport(Icmpv6Header.type(buffer, packet + Ipv6Extensions.offset(walked)));
    }

    private static boolean isListenerReport(int type) {
        return type == LISTENER_REPORT || type == LISTENER_DONE || type == LISTENER_REPORT_2;
    }

    private static boolean isOwn(PortTable ports, int port, long hi, long lo) {
        boolean given = (hi | lo) != 0 && hi == ports.addressHi(port) && lo == ports.addressLo(port);
        return given || (hi == LINK_LOCAL && lo == eui64(ports.mac(port)));
    }

    /** The interface identifier of a MAC address: ff:fe in the middle, the universal/local bit inverted. */
    static long eui64(long mac) {
        return (((mac & 0xffff_ff00_0000L) << 16) | 0xff_fe00_0000L | (mac & 0xff_ffffL)) ^ 0x0200_0000_0000_0000L;
    }

    /** {@return the MAC address of an interface identifier that {@link #eui64} formed, or a value that is none} */
    static long macOf(long identifier) {
        long mac = ((identifier >>> 16 & 0xffff_ff00_0000L) | (identifier & 0xff_ffffL)) ^ 0x0200_0000_0000L;
        return eui64(mac) == identifier ? mac : -1;
    }

    /** Neighbour discovery, right behind the IPv6 header: elsewhere {@link RouterGuard} has dropped it. */
    private static int discovery(DirectBuffer buffer, int packet, int length, PortTable ports, int port) {
        int icmp = packet + Ipv6Header.LENGTH;
        int end = icmp + Ipv6Header.payloadLength(buffer, packet);
        int type = Icmpv6Header.type(buffer, icmp);
        boolean solicitsRouter = type == Icmpv6Header.ROUTER_SOLICITATION;
        boolean advertises = type == Icmpv6Header.NEIGHBOUR_ADVERTISEMENT;
        if (!solicitsRouter && !advertises && type != Icmpv6Header.NEIGHBOUR_SOLICITATION) {
            return PASS;
        }
        int options = icmp + (solicitsRouter ? ROUTER_SOLICITATION_LENGTH : Icmpv6Header.NEIGHBOUR_LENGTH);
        if (end > packet + length || options > end) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        if (advertises
                && !isOwn(ports, port, Icmpv6Header.targetHi(buffer, icmp), Icmpv6Header.targetLo(buffer, icmp))) {
            return DropReason.SPOOF_ND.verdict();
        }
        int option = advertises ? NeighbourOptions.TARGET_LINK_LAYER : NeighbourOptions.SOURCE_LINK_LAYER;
        long mac = NeighbourOptions.find(buffer, options, end, option);
        if (mac == NeighbourOptions.MALFORMED) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        return mac == NeighbourOptions.ABSENT || mac == ports.mac(port) ? PASS : DropReason.SPOOF_ND.verdict();
    }
}
