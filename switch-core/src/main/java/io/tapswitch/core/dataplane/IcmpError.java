package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ICMP errors, written over the frame that they are about.
 *
 * <pre>
 *   before   | vnet | Ethernet | IP header | ...                            |
 *   after    | vnet | Ethernet | IP header | ICMP header | quote of the old IP packet |
 * </pre>
 *
 * <p>The quote is as much as fits into the packet that every host must accept: 576 bytes of IPv4 (RFC 1812 section
 * 4.3.2.3), 1280 of IPv6 (RFC 4443 section 2.4 c); {@link Quotation} makes it honest. A slot has room for it behind any
 * frame.
 *
 * <p>Never answered are (RFC 1122 section 3.2.2, RFC 4443 section 2.4 e): ICMP errors, packets whose ICMP type cannot
 * be seen, later fragments, packets to a multicast or broadcast address, and packets whose source is no single host.
 *
 * <p>Both methods take packets whose headers {@link PacketValidator} found right.
 */
final class IcmpError {
    private static final int MAX_IPV4 = 576;
    private static final int MAX_IPV6 = 1280;
    private static final int TTL = 64;
    /** Internetwork control, as RFC 1812 section 4.3.2.5 recommends for errors. */
    private static final int DSCP_CONTROL = 48;

    private static final int MULTICAST = 0xff;
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    private IcmpError() {}

    /** {@return whether an error about this IPv4 packet may be sent at all} */
    static boolean isAllowed4(DirectBuffer buffer, int offset, Gateways gateways) {
        int packet = offset + L3;
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        if (!PacketValidator.isHost(Ipv4Header.sourceAddress(buffer, packet))
                || !PacketValidator.isHost(destination)
                || gateways.isBroadcast(destination)
                || Ipv4Header.fragmentOffset(buffer, packet) != 0) {
            return false;
        }
        if (Ipv4Header.protocol(buffer, packet) != IpProtocol.ICMP) {
            return true;
        }
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        return Ipv4Header.totalLength(buffer, packet) >= headerLength + IcmpHeader.LENGTH
                && !IcmpHeader.isError(IcmpHeader.type(buffer, packet + headerLength));
    }

    /** {@return whether an error about this IPv6 packet may be sent at all} */
    static boolean isAllowed6(DirectBuffer buffer, int offset) {
        int packet = offset + L3;
        if (!PacketValidator.isHost(Ipv6Header.sourceHi(buffer, packet), Ipv6Header.sourceLo(buffer, packet))
                || Ipv6Header.destinationHi(buffer, packet) >>> 56 == MULTICAST) {
            return false;
        }
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        long walked = Ipv6Extensions.walk(buffer, packet, length);
        if (walked < 0 || Ipv6Extensions.isLaterFragment(walked)) {
            return false;
        }
        if (Ipv6Extensions.protocol(walked) != IpProtocol.ICMPV6) {
            return true;
        }
        int icmp = Ipv6Extensions.offset(walked);
        if (length < icmp + Icmpv6Header.LENGTH) {
            return false;
        }
        int type = Icmpv6Header.type(buffer, packet + icmp);
        return !Icmpv6Header.isError(type) && !Icmpv6Header.isNeighbourDiscovery(type);
    }

    /** As the other, of an error without an MTU. */
    static int write4(MutableDirectBuffer buffer, int offset, int from, int type, int code) {
        return write4(buffer, offset, from, type, code, 0);
    }

    /** As the other, of an error without an MTU. */
    static int write6(MutableDirectBuffer buffer, int offset, long fromHi, long fromLo, int type, int code) {
        return write6(buffer, offset, fromHi, fromLo, type, code, 0);
    }

    /**
     * Writes an error about the IPv4 packet at {@code offset} to its sender.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param from the address that the error comes from
     * @param type of the error
     * @param code of the error
     * @param mtu of the next hop, 0 where the error has none
     * @return bytes of the error's frame, virtio_net_hdr included; its Ethernet addresses are left to the caller
     */
    static int write4(MutableDirectBuffer buffer, int offset, int from, int type, int code, int mtu) {
        int packet = offset + L3;
        Quotation.prepare(buffer, offset, Ipv4Header.totalLength(buffer, packet));
        int to = Ipv4Header.sourceAddress(buffer, packet);
        int header = Ipv4Header.MIN_LENGTH + IcmpHeader.LENGTH;
        int quoted = Math.min(Ipv4Header.totalLength(buffer, packet), MAX_IPV4 - header);
        buffer.putBytes(packet + header, buffer, packet, quoted);
        buffer.setMemory(packet, header, (byte) 0);
        Ipv4Header.headerLength(buffer, packet, Ipv4Header.MIN_LENGTH);
        Ipv4Header.dscp(buffer, packet, DSCP_CONTROL);
        Ipv4Header.totalLength(buffer, packet, header + quoted);
        Ipv4Header.fragment(buffer, packet, true, false, 0);
        Ipv4Header.ttl(buffer, packet, TTL);
        Ipv4Header.protocol(buffer, packet, IpProtocol.ICMP);
        Ipv4Header.sourceAddress(buffer, packet, from);
        Ipv4Header.destinationAddress(buffer, packet, to);
        Ipv4Header.updateChecksum(buffer, packet);
        int icmp = packet + Ipv4Header.MIN_LENGTH;
        IcmpHeader.type(buffer, icmp, type);
        IcmpHeader.code(buffer, icmp, code);
        IcmpHeader.nextHopMtu(buffer, icmp, mtu);
        IcmpHeader.updateChecksum(buffer, icmp, IcmpHeader.LENGTH + quoted);
        return L3 + header + quoted;
    }

    /**
     * Writes an error about the IPv6 packet at {@code offset} to its sender.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param fromHi first half of the address that the error comes from
     * @param fromLo second half of it
     * @param type of the error
     * @param code of the error
     * @param mtu of the next hop, 0 where the error has none
     * @return bytes of the error's frame, virtio_net_hdr included; its Ethernet addresses are left to the caller
     */
    static int write6(MutableDirectBuffer buffer, int offset, long fromHi, long fromLo, int type, int code, int mtu) {
        int packet = offset + L3;
        Quotation.prepare(buffer, offset, Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet));
        long toHi = Ipv6Header.sourceHi(buffer, packet);
        long toLo = Ipv6Header.sourceLo(buffer, packet);
        int header = Ipv6Header.LENGTH + Icmpv6Header.LENGTH;
        int whole = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        int quoted = Math.min(whole, MAX_IPV6 - header);
        buffer.putBytes(packet + header, buffer, packet, quoted);
        int icmp = packet + Ipv6Header.LENGTH;
        int length = Icmpv6Header.LENGTH + quoted;
        Ipv6Header.trafficClassAndFlowLabel(buffer, packet, DSCP_CONTROL << 2, 0);
        Ipv6Header.payloadLength(buffer, packet, length);
        Ipv6Header.nextHeader(buffer, packet, IpProtocol.ICMPV6);
        Ipv6Header.hopLimit(buffer, packet, TTL);
        Ipv6Header.source(buffer, packet, fromHi, fromLo);
        Ipv6Header.destination(buffer, packet, toHi, toLo);
        buffer.setMemory(icmp, Icmpv6Header.LENGTH, (byte) 0);
        Icmpv6Header.type(buffer, icmp, type);
        Icmpv6Header.code(buffer, icmp, code);
        if (type == Icmpv6Header.PACKET_TOO_BIG) {
            Icmpv6Header.mtu(buffer, icmp, mtu);
        } else if (type == Icmpv6Header.PARAMETER_PROBLEM) {
            // The one parameter that is ever complained of here: the next header, at octet 6 of a bare IPv6 header.
            Icmpv6Header.pointer(buffer, icmp, 6);
        }
        long sum = InternetChecksum.pseudoHeader(fromHi, fromLo, toHi, toLo, IpProtocol.ICMPV6, length)
                + InternetChecksum.sum(buffer, icmp, length);
        Icmpv6Header.checksum(buffer, icmp, InternetChecksum.finish(sum));
        return L3 + header + quoted;
    }
}
