package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.NeighbourOptions;
import org.agrona.MutableDirectBuffer;

/**
 * Frames in an endpoint's name that tell its neighbours which MAC address has its IP address (B13): gratuitous ARP (RFC
 * 5227 section 3) and unsolicited neighbour advertisement (RFC 4861 section 7.2.6). Neighbours that know the address
 * take the MAC over; others do nothing.
 */
final class Announcement {
    /** Bytes of the ARP announcement, virtio_net_hdr included. */
    static final int ARP_LENGTH = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH + ArpHeader.LENGTH;
    /** Bytes of the neighbour advertisement, virtio_net_hdr included. */
    static final int ND_LENGTH = VirtioNetHeader.LENGTH
            + EthernetHeader.LENGTH
            + Ipv6Header.LENGTH
            + Icmpv6Header.NEIGHBOUR_LENGTH
            + NeighbourOptions.LINK_LAYER_LENGTH;

    /** ff02::1, and the Ethernet address that is mapped to it (RFC 2464 section 7). */
    static final long ALL_NODES_HI = 0xff02_0000_0000_0000L;

    static final long ALL_NODES_LO = 1;
    static final long ALL_NODES_MAC = 0x3333_0000_0001L;
    private static final int ND_HOP_LIMIT = 255;

    private Announcement() {}

    /** Writes a gratuitous ARP request at {@code offset}. */
    static void arp(MutableDirectBuffer buffer, int offset, long mac, int address) {
        VirtioNetHeader.clear(buffer, offset);
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, EthernetHeader.BROADCAST);
        EthernetHeader.source(buffer, frame, mac);
        EthernetHeader.etherType(buffer, frame, EtherType.ARP);
        int arp = frame + EthernetHeader.LENGTH;
        ArpHeader.ipv4OverEthernet(buffer, arp);
        ArpHeader.operation(buffer, arp, ArpHeader.REQUEST);
        ArpHeader.senderMac(buffer, arp, mac);
        ArpHeader.senderAddress(buffer, arp, address);
        ArpHeader.targetMac(buffer, arp, 0);
        ArpHeader.targetAddress(buffer, arp, address);
    }

    /** Writes an unsolicited neighbour advertisement to all nodes, with the override flag, at {@code offset}. */
    static void neighbour(MutableDirectBuffer buffer, int offset, long mac, long hi, long lo) {
        VirtioNetHeader.clear(buffer, offset);
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, ALL_NODES_MAC);
        EthernetHeader.source(buffer, frame, mac);
        EthernetHeader.etherType(buffer, frame, EtherType.IPV6);
        int packet = frame + EthernetHeader.LENGTH;
        advertisement(buffer, packet, mac, hi, lo, ALL_NODES_HI, ALL_NODES_LO, Icmpv6Header.OVERRIDE_FLAG);
    }

    /**
     * Writes the IPv6 packet of a neighbour advertisement for an address, which is also its source.
     *
     * @param buffer the frame memory
     * @param packet where it is written
     * @param mac whose the address is
     * @param hi first half of the address
     * @param lo second half of the address
     * @param toHi first half of the destination
     * @param toLo second half of the destination
     * @param flags of the advertisement
     */
    static void advertisement(
            MutableDirectBuffer buffer, int packet, long mac, long hi, long lo, long toHi, long toLo, int flags) {
        int length = Icmpv6Header.NEIGHBOUR_LENGTH + NeighbourOptions.LINK_LAYER_LENGTH;
        Ipv6Header.trafficClassAndFlowLabel(buffer, packet, 0, 0);
        Ipv6Header.payloadLength(buffer, packet, length);
        Ipv6Header.nextHeader(buffer, packet, IpProtocol.ICMPV6);
        Ipv6Header.hopLimit(buffer, packet, ND_HOP_LIMIT);
        Ipv6Header.source(buffer, packet, hi, lo);
        Ipv6Header.destination(buffer, packet, toHi, toLo);
        int icmp = packet + Ipv6Header.LENGTH;
        Icmpv6Header.type(buffer, icmp, Icmpv6Header.NEIGHBOUR_ADVERTISEMENT);
        Icmpv6Header.code(buffer, icmp, 0);
        Icmpv6Header.checksum(buffer, icmp, 0);
        Icmpv6Header.neighbourFlags(buffer, icmp, flags);
        Icmpv6Header.target(buffer, icmp, hi, lo);
        NeighbourOptions.linkLayer(
                buffer, icmp + Icmpv6Header.NEIGHBOUR_LENGTH, NeighbourOptions.TARGET_LINK_LAYER, mac);
        long sum = InternetChecksum.pseudoHeader(hi, lo, toHi, toLo, IpProtocol.ICMPV6, length)
                + InternetChecksum.sum(buffer, icmp, length);
        Icmpv6Header.checksum(buffer, icmp, InternetChecksum.finish(sum));
    }
}
