package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import org.agrona.MutableDirectBuffer;

/**
 * Step 6 of the frame's way: the switch as a member of the network, at the gateway's address.
 *
 * <h2>Theory of operation</h2>
 *
 * It answers ARP requests for its address (RFC 826) and echo requests to it (RFC 792, RFC 1122 section 3.2.2.6); every
 * other packet is dropped with a reason. An answer is written over the question, in the same slot, and leaves through
 * the port that the question came from: no buffer is taken, nothing is queued, nothing is remembered.
 *
 * <p>Echo requests in fragments are answered fragment by fragment. Every fragment of an echo reply is the fragment of
 * its request with the addresses exchanged, and only the first differs further, in type and checksum; so the sender
 * reassembles a right answer, and a gateway without a reassembly buffer cannot be made to run out of one. The checksum
 * is updated, not computed (RFC 1624), so that a wrong one stays wrong (N24).
 *
 * <p>Answers are limited in rate for each network. That bucket is state with one writer, so each network's gateway
 * belongs to one worker ({@link Bridge#gatewayWorker}); frames for it that another worker read cross by ring, as slot
 * indexes. Called on the owning worker's thread only.
 */
final class Gateway {
    private static final int REPLY_TTL = 64;

    private Gateway() {}

    /** {@return whether the frame asks by ARP for the gateway's MAC address, wherever it was sent to} */
    static boolean isAskedFor(MutableDirectBuffer buffer, int frame, Bridge bridge) {
        int arp = frame + EthernetHeader.LENGTH;
        return bridge.gatewayAddress != 0
                && EthernetHeader.etherType(buffer, frame) == EtherType.ARP
                && ArpHeader.operation(buffer, arp) == ArpHeader.REQUEST
                && ArpHeader.targetAddress(buffer, arp) == bridge.gatewayAddress;
    }

    /**
     * Handles a frame for the gateway that passed {@link FrameValidator}.
     *
     * @param buffer the frame memory; the answer is written over the question
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param bridge its network
     * @param nowNs the batch's time
     * @return {@link Verdict#ANSWER} or a drop reason's verdict
     */
    static int handle(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, long nowNs) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int verdict = switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.ARP -> arp(buffer, frame, bridge, nowNs);
            case EtherType.IPV4 -> ipv4(buffer, offset, length, bridge, nowNs);
            case EtherType.IPV6 -> ipv6(buffer, offset, length);
            default -> DropReason.GATEWAY_NO_SERVICE.verdict();
        };
        if (verdict == Verdict.ANSWER) {
            EthernetHeader.destination(buffer, frame, EthernetHeader.source(buffer, frame));
            EthernetHeader.source(buffer, frame, bridge.gatewayMac);
            buffer.setMemory(offset, VirtioNetHeader.LENGTH, (byte) 0);
        }
        return verdict;
    }

    private static int arp(MutableDirectBuffer buffer, int frame, Bridge bridge, long nowNs) {
        if (!isAskedFor(buffer, frame, bridge)) {
            return DropReason.GATEWAY_NO_SERVICE.verdict();
        }
        if (!bridge.gatewayAnswers.tryTake(nowNs)) {
            return DropReason.GATEWAY_RATE.verdict();
        }
        int arp = frame + EthernetHeader.LENGTH;
        ArpHeader.operation(buffer, arp, ArpHeader.REPLY);
        ArpHeader.targetMac(buffer, arp, ArpHeader.senderMac(buffer, arp));
        ArpHeader.targetAddress(buffer, arp, ArpHeader.senderAddress(buffer, arp));
        ArpHeader.senderMac(buffer, arp, bridge.gatewayMac);
        ArpHeader.senderAddress(buffer, arp, bridge.gatewayAddress);
        return Verdict.ANSWER;
    }

    private static int ipv4(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, long nowNs) {
        int packet = offset + VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
        int packetLength = length - VirtioNetHeader.LENGTH - EthernetHeader.LENGTH;
        int verdict = PacketValidator.ipv4(buffer, packet, packetLength, bridge);
        if (verdict < 0) {
            return verdict;
        }
        if (Ipv4Header.destinationAddress(buffer, packet) != bridge.gatewayAddress) {
            // To be routed. The way out is a port of its own that this switch does not have.
            return Ipv4Header.ttl(buffer, packet) <= 1
                    ? DropReason.TTL_EXPIRED.verdict()
                    : DropReason.NO_ROUTE.verdict();
        }
        if (Ipv4Header.protocol(buffer, packet) != IpProtocol.ICMP) {
            return DropReason.GATEWAY_NO_SERVICE.verdict();
        }
        boolean offloaded = (VirtioNetHeader.flags(buffer, offset) & VirtioNetHeader.NEEDS_CSUM) != 0;
        return offloaded ? DropReason.BAD_ICMP.verdict() : echo(buffer, packet, bridge, nowNs);
    }

    private static int echo(MutableDirectBuffer buffer, int packet, Bridge bridge, long nowNs) {
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        int icmp = packet + headerLength;
        int icmpLength = Ipv4Header.totalLength(buffer, packet) - headerLength;
        boolean first = Ipv4Header.fragmentOffset(buffer, packet) == 0;
        boolean whole = first && !Ipv4Header.moreFragments(buffer, packet);
        if (first) {
            if (icmpLength < IcmpHeader.LENGTH) {
                return DropReason.BAD_ICMP.verdict();
            }
            if (whole && !InternetChecksum.isValid(InternetChecksum.sum(buffer, icmp, icmpLength))) {
                return DropReason.BAD_ICMP.verdict();
            }
            if (IcmpHeader.type(buffer, icmp) != IcmpHeader.ECHO_REQUEST || IcmpHeader.code(buffer, icmp) != 0) {
                return DropReason.GATEWAY_NO_SERVICE.verdict();
            }
        }
        if (!bridge.gatewayAnswers.tryTake(nowNs)) {
            return DropReason.GATEWAY_RATE.verdict();
        }
        if (first) {
            IcmpHeader.type(buffer, icmp, IcmpHeader.ECHO_REPLY);
            int checksum = IcmpHeader.checksum(buffer, icmp);
            IcmpHeader.checksum(buffer, icmp, InternetChecksum.update16(checksum, IcmpHeader.ECHO_REQUEST << 8, 0));
        }
        Ipv4Header.destinationAddress(buffer, packet, Ipv4Header.sourceAddress(buffer, packet));
        Ipv4Header.sourceAddress(buffer, packet, bridge.gatewayAddress);
        Ipv4Header.ttl(buffer, packet, REPLY_TTL);
        Ipv4Header.updateChecksum(buffer, packet);
        return Verdict.ANSWER;
    }

    private static int ipv6(MutableDirectBuffer buffer, int offset, int length) {
        int packet = offset + VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;
        int packetLength = length - VirtioNetHeader.LENGTH - EthernetHeader.LENGTH;
        int verdict = PacketValidator.ipv6(buffer, packet, packetLength);
        return verdict < 0 ? verdict : DropReason.NO_ROUTE.verdict();
    }
}
