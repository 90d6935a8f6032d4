package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ARP (RFC 826) and neighbour discovery (RFC 4861) of an own link, as bytes: one set of words for both. Who speaks is
 * the sender of ARP, the source of a solicitation and the target of an advertisement. Stateless.
 */
public final class LinkFrames {
    /** It is not to be believed. */
    static final long MALFORMED = -1;
    /** It does not say which MAC address the speaker has. */
    static final long NO_MAC = 0;

    private static final long SOLICITED_NODE_LO = 0x1_ff00_0000L;
    private static final long SOLICITED_NODE_MAC = 0x3333_ff00_0000L;
    private static final int LOW_24 = 0xff_ffff;
    private static final int HOP_LIMIT = 255;

    private LinkFrames() {}

    /** {@return the MAC address of the group in which an IPv6 address is asked for (RFC 4291 section 2.7.1)} */
    public static long solicitedNodeMac(long lo) {
        return SOLICITED_NODE_MAC | (lo & LOW_24);
    }

    /** {@return whether a frame, whose Ethernet header is there, is one of these} */
    static boolean isMeant(DirectBuffer buffer, int offset, int length) {
        int etherType = EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH);
        if (etherType == EtherType.ARP) {
            return true;
        }
        return etherType == EtherType.IPV6
                && length >= L3 + Ipv6Header.LENGTH + Icmpv6Header.LENGTH
                && Ipv6Header.nextHeader(buffer, offset + L3) == IpProtocol.ICMPV6
                && Icmpv6Header.isNeighbourDiscovery(Icmpv6Header.type(buffer, offset + L3 + Ipv6Header.LENGTH));
    }

    private static boolean isArp(DirectBuffer buffer, int offset) {
        return EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH) == EtherType.ARP;
    }

    /** {@return the speaker's MAC address, {@link #NO_MAC}, or {@link #MALFORMED}} */
    static long senderMac(DirectBuffer buffer, int offset, int length) {
        if (isArp(buffer, offset)) {
            int arp = offset + L3;
            if (length < L3 + ArpHeader.LENGTH || !ArpHeader.isIpv4OverEthernet(buffer, arp)) {
                return MALFORMED;
            }
            int operation = ArpHeader.operation(buffer, arp);
            long mac = ArpHeader.senderMac(buffer, arp);
            return (operation != ArpHeader.REQUEST && operation != ArpHeader.REPLY) || isNobodys(mac) ? MALFORMED : mac;
        }
        int icmp = offset + L3 + Ipv6Header.LENGTH;
        boolean question = isQuestion(buffer, offset);
        if (question
                ? !Resolution.isValidSolicitation(buffer, offset, length)
                : !isValidAdvert(buffer, offset, length)) {
            return MALFORMED;
        }
        int end = icmp + Ipv6Header.payloadLength(buffer, offset + L3);
        int option = question ? NeighbourOptions.SOURCE_LINK_LAYER : NeighbourOptions.TARGET_LINK_LAYER;
        long mac = NeighbourOptions.find(buffer, icmp + Icmpv6Header.NEIGHBOUR_LENGTH, end, option);
        if (mac == NeighbourOptions.ABSENT) {
            // An answer to one may leave it out, for who asked knows it (RFC 4861 section 4.4).
            return question ? NO_MAC : EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH);
        }
        return isNobodys(mac) ? MALFORMED : mac;
    }

    private static boolean isNobodys(long mac) {
        return mac <= 0 || EthernetHeader.isGroup(mac);
    }

    /** RFC 4861 section 7.1.2. */
    private static boolean isValidAdvert(DirectBuffer buffer, int offset, int length) {
        int packet = offset + L3;
        int icmp = packet + Ipv6Header.LENGTH;
        int icmpLength = Ipv6Header.payloadLength(buffer, packet);
        return icmpLength >= Icmpv6Header.NEIGHBOUR_LENGTH
                && icmpLength <= length - L3 - Ipv6Header.LENGTH
                && Ipv6Header.version(buffer, packet) == 6
                && Ipv6Header.hopLimit(buffer, packet) == HOP_LIMIT
                && Icmpv6Header.type(buffer, icmp) == Icmpv6Header.NEIGHBOUR_ADVERTISEMENT
                && Icmpv6Header.code(buffer, icmp) == 0
                && Icmpv6Header.targetHi(buffer, icmp) >>> 56 != 0xff
                && Echo.isChecksumRight(buffer, packet, icmp, icmpLength);
    }

    /** {@return whether it asks, of frames that are not malformed} */
    static boolean isQuestion(DirectBuffer buffer, int offset) {
        return isArp(buffer, offset)
                ? ArpHeader.operation(buffer, offset + L3) == ArpHeader.REQUEST
                : Icmpv6Header.type(buffer, offset + L3 + Ipv6Header.LENGTH) == Icmpv6Header.NEIGHBOUR_SOLICITATION;
    }

    /** {@return first half of the speaker's address, 0 of an IPv4 address} */
    static long senderHi(DirectBuffer buffer, int offset) {
        if (isArp(buffer, offset)) {
            return 0;
        }
        int packet = offset + L3;
        return isQuestion(buffer, offset)
                ? Ipv6Header.sourceHi(buffer, packet)
                : Icmpv6Header.targetHi(buffer, packet + Ipv6Header.LENGTH);
    }

    /** {@return second half of it, of an IPv4 address the v4-mapped one; 0 for none} */
    static long senderLo(DirectBuffer buffer, int offset) {
        int packet = offset + L3;
        if (isArp(buffer, offset)) {
            int address = ArpHeader.senderAddress(buffer, packet);
            return address == 0 ? 0 : Ipv4Address.mapped(address);
        }
        return isQuestion(buffer, offset)
                ? Ipv6Header.sourceLo(buffer, packet)
                : Icmpv6Header.targetLo(buffer, packet + Ipv6Header.LENGTH);
    }

    /** {@return whether an address is the switch's own on the link} */
    static boolean isOurs(long hi, long lo, OwnLink of) {
        return NeighbourTable.isMapped(hi, lo)
                ? of.address4 != 0 && (int) lo == of.address4
                : of.hasIpv6() && hi == of.addressHi && lo == of.addressLo;
    }

    /** {@return whether a question is for one of our addresses, or an answer was sent to us} */
    static boolean isForUs(DirectBuffer buffer, int offset, OwnLink of) {
        int packet = offset + L3;
        if (isArp(buffer, offset)) {
            return of.address4 != 0 && ArpHeader.targetAddress(buffer, packet) == of.address4;
        }
        int icmp = packet + Ipv6Header.LENGTH;
        return isQuestion(buffer, offset)
                ? isOurs(Icmpv6Header.targetHi(buffer, icmp), Icmpv6Header.targetLo(buffer, icmp), of)
                : isOurs(Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet), of)
                        && (Icmpv6Header.neighbourFlags(buffer, icmp) & Icmpv6Header.SOLICITED_FLAG) != 0;
    }

    /** Writes the answer over a question for one of our addresses. */
    static int answer(MutableDirectBuffer buffer, int offset, OwnLink of) {
        return isArp(buffer, offset)
                ? Resolution.answer4(buffer, offset, of.mac)
                : Resolution.answer6(buffer, offset, of.mac, 0);
    }

    /**
     * Writes a question for an address.
     *
     * @param to the MAC address that is asked
     * @param probe whether that is who had it; else everybody is asked
     * @return bytes of the frame
     */
    static int question(MutableDirectBuffer buffer, int offset, OwnLink of, long hi, long lo, long to, boolean probe) {
        int frame = offset + VirtioNetHeader.LENGTH;
        if (NeighbourTable.isMapped(hi, lo)) {
            Announcement.arp(buffer, offset, of.mac, of.address4);
            EthernetHeader.destination(buffer, frame, to);
            ArpHeader.targetAddress(buffer, offset + L3, (int) lo);
            return Announcement.ARP_LENGTH;
        }
        VirtioNetHeader.clear(buffer, offset);
        EthernetHeader.destination(buffer, frame, probe ? to : solicitedNodeMac(lo));
        EthernetHeader.source(buffer, frame, of.mac);
        EthernetHeader.etherType(buffer, frame, EtherType.IPV6);
        int packet = offset + L3;
        int length = Icmpv6Header.NEIGHBOUR_LENGTH + NeighbourOptions.LINK_LAYER_LENGTH;
        long toHi = probe ? hi : Announcement.ALL_NODES_HI;
        long toLo = probe ? lo : SOLICITED_NODE_LO | (lo & LOW_24);
        Ipv6Header.trafficClassAndFlowLabel(buffer, packet, 0, 0);
        Ipv6Header.payloadLength(buffer, packet, length);
        Ipv6Header.nextHeader(buffer, packet, IpProtocol.ICMPV6);
        Ipv6Header.hopLimit(buffer, packet, HOP_LIMIT);
        Ipv6Header.source(buffer, packet, of.addressHi, of.addressLo);
        Ipv6Header.destination(buffer, packet, toHi, toLo);
        int icmp = packet + Ipv6Header.LENGTH;
        Icmpv6Header.type(buffer, icmp, Icmpv6Header.NEIGHBOUR_SOLICITATION);
        Icmpv6Header.code(buffer, icmp, 0);
        Icmpv6Header.checksum(buffer, icmp, 0);
        Icmpv6Header.neighbourFlags(buffer, icmp, 0);
        Icmpv6Header.target(buffer, icmp, hi, lo);
        NeighbourOptions.linkLayer(
                buffer, icmp + Icmpv6Header.NEIGHBOUR_LENGTH, NeighbourOptions.SOURCE_LINK_LAYER, of.mac);
        long sum = InternetChecksum.pseudoHeader(of.addressHi, of.addressLo, toHi, toLo, IpProtocol.ICMPV6, length)
                + InternetChecksum.sum(buffer, icmp, length);
        Icmpv6Header.checksum(buffer, icmp, InternetChecksum.finish(sum));
        return Announcement.ND_LENGTH;
    }
}
