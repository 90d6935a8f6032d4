package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * Step 2 of the frame's way: is this a frame at all, and one that a member of this network may send?
 *
 * <p>Lengths are the only thing that is trusted on entry (O7). What is checked here holds for every frame, bridged or
 * for the gateway: the offload header must describe the frame, the Ethernet header must be whole, sizes must fit the
 * network (B6), the source must be an address that can be one (B5), reserved groups stay (B4), tags only where the
 * network carries them (B11), and an ARP message or an IP header must at least be there. The contents of IP packets
 * between members are none of a bridge's business; packets for the gateway are checked by {@link PacketValidator}.
 */
final class FrameValidator {
    /** Room for an Ethernet header and one tag, which the MTU does not count. */
    static final int L2_OVERHEAD = EthernetHeader.LENGTH + 4;

    /** 01:80:c2:00:00:00, the first of the sixteen addresses that IEEE 802.1D keeps for the link itself. */
    private static final long RESERVED_GROUP = 0x0180_c200_0000L;

    private static final int TCP_MIN_LENGTH = 20;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int UDP_LENGTH = 8;

    private FrameValidator() {}

    /**
     * Checks one frame.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param bridge the network it came from
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int validate(DirectBuffer buffer, int offset, int length, Bridge bridge) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int frameLength = length - VirtioNetHeader.LENGTH;
        if (length >= FrameMemory.READ_LENGTH) {
            return DropReason.TRUNCATED_READ.verdict();
        }
        if (frameLength < EthernetHeader.LENGTH) {
            return DropReason.RUNT.verdict();
        }
        long source = EthernetHeader.source(buffer, frame);
        if (source == 0 || EthernetHeader.isGroup(source)) {
            return DropReason.BAD_SOURCE_MAC.verdict();
        }
        if (source == bridge.gatewayMac) {
            return DropReason.SPOOF_MAC.verdict();
        }
        long destination = EthernetHeader.destination(buffer, frame);
        if (destination == source) {
            return DropReason.REFLECTION.verdict();
        }
        if ((destination & ~0xfL) == RESERVED_GROUP && (bridge.groupForwardMask >>> (destination & 0xf) & 1) == 0) {
            return DropReason.RESERVED_GROUP.verdict();
        }
        int offload = offload(buffer, offset, frameLength, bridge.mtu);
        if (offload != PASS) {
            return offload;
        }
        int packet = frame + EthernetHeader.LENGTH;
        int etherType = EthernetHeader.etherType(buffer, frame);
        return payload(buffer, packet, frameLength - EthernetHeader.LENGTH, etherType, bridge);
    }

    /** The offload header: within the frame, of a known kind, and its segments no larger than the MTU. */
    static int offload(DirectBuffer buffer, int offset, int frameLength, int mtu) {
        boolean partial = (VirtioNetHeader.flags(buffer, offset) & VirtioNetHeader.NEEDS_CSUM) != 0;
        int csumStart = VirtioNetHeader.csumStart(buffer, offset);
        if (partial
                && (csumStart < EthernetHeader.LENGTH
                        || csumStart + VirtioNetHeader.csumOffset(buffer, offset) + 2 > frameLength)) {
            return DropReason.BAD_VNET_HEADER.verdict();
        }
        int gsoType = VirtioNetHeader.gsoType(buffer, offset) & ~VirtioNetHeader.GSO_ECN;
        if (gsoType == VirtioNetHeader.GSO_NONE) {
            return frameLength > mtu + L2_OVERHEAD ? DropReason.OVERSIZE.verdict() : PASS;
        }
        boolean tcp = gsoType == VirtioNetHeader.GSO_TCPV4 || gsoType == VirtioNetHeader.GSO_TCPV6;
        boolean udp = gsoType == VirtioNetHeader.GSO_UDP || gsoType == VirtioNetHeader.GSO_UDP_L4;
        int gsoSize = VirtioNetHeader.gsoSize(buffer, offset);
        int l4Length = tcp ? TCP_MIN_LENGTH : UDP_LENGTH;
        if (!partial
                || !(tcp || udp)
                || gsoSize == 0
                || VirtioNetHeader.hdrLen(buffer, offset) > frameLength
                || csumStart + l4Length > frameLength) {
            return DropReason.BAD_VNET_HEADER.verdict();
        }
        if (tcp) {
            int dataOffset = offset + VirtioNetHeader.LENGTH + csumStart + TCP_DATA_OFFSET;
            l4Length = (buffer.getByte(dataOffset) & 0xf0) >>> 2;
        }
        // Old UDP fragmentation offload counts the size of a fragment's payload, so that no header is added to it.
        int segment = gsoType == VirtioNetHeader.GSO_UDP ? gsoSize : csumStart + l4Length + gsoSize;
        return segment > mtu + L2_OVERHEAD ? DropReason.OVERSIZE.verdict() : PASS;
    }

    /** What follows the EtherType: a header that is there, or tags where the network carries them. */
    static int payload(DirectBuffer buffer, int packet, int length, int etherType, Bridge bridge) {
        return switch (etherType) {
            case EtherType.IPV4 -> atLeast(Ipv4Header.MIN_LENGTH, length);
            case EtherType.IPV6 -> atLeast(Ipv6Header.LENGTH, length);
            case EtherType.ARP -> arp(buffer, packet, length, bridge);
            case EtherType.VLAN, EtherType.QINQ, EtherType.QINQ_OLD ->
                bridge.transparentVlan ? PASS : DropReason.VLAN_TAGGED.verdict();
            default -> PASS;
        };
    }

    private static int atLeast(int headerLength, int payloadLength) {
        return payloadLength < headerLength ? DropReason.TRUNCATED_IP.verdict() : PASS;
    }

    /** ARP for IPv4 over Ethernet, request or reply (RFC 826), and never in the gateway's name. */
    private static int arp(DirectBuffer buffer, int arp, int length, Bridge bridge) {
        if (length < ArpHeader.LENGTH || !ArpHeader.isIpv4OverEthernet(buffer, arp)) {
            return DropReason.BAD_ARP.verdict();
        }
        int operation = ArpHeader.operation(buffer, arp);
        if (operation != ArpHeader.REQUEST && operation != ArpHeader.REPLY) {
            return DropReason.BAD_ARP.verdict();
        }
        return bridge.gateways.isOwn(ArpHeader.senderAddress(buffer, arp)) ? DropReason.SPOOF_ARP.verdict() : PASS;
    }
}
