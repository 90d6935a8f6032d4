package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.nat.PacketClass;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import org.agrona.MutableDirectBuffer;

/**
 * A TCP reset, written over the segment that it answers (RFC 9293 section 3.5.2): from who the segment was for, and
 * with the numbers that the sender takes. A segment that acknowledges something says by that where to reset; another
 * one is acknowledged itself.
 */
final class ResetSegment {
    private static final int TTL = 64;

    private ResetSegment() {}

    /**
     * Writes it.
     *
     * @param offset of the virtio_net_hdr
     * @param classified class of the segment, which is no reset
     * @return bytes of the frame, virtio_net_hdr included; its Ethernet addresses and offload are left to the caller
     */
    static int write(MutableDirectBuffer buffer, int offset, long classified) {
        int packet = offset + L3;
        int tcp = packet + PacketClass.transport(classified);
        int flags = TcpHeader.flags(buffer, tcp);
        int sourcePort = TcpHeader.sourcePort(buffer, tcp);
        int destinationPort = TcpHeader.destinationPort(buffer, tcp);
        int payload =
                PacketClass.length(classified) - PacketClass.transport(classified) - TcpHeader.dataOffset(buffer, tcp);
        boolean acknowledges = (flags & TcpHeader.ACK) != 0;
        int counted = payload + (flags & TcpHeader.SYN) / TcpHeader.SYN + (flags & TcpHeader.FIN);
        int sequence = acknowledges ? TcpHeader.acknowledgement(buffer, tcp) : 0;
        int acknowledgement = acknowledges ? 0 : TcpHeader.sequence(buffer, tcp) + counted;
        int written = PacketClass.isIpv6(classified) ? header6(buffer, packet) : header4(buffer, packet);

        int reset = packet + written;
        buffer.setMemory(reset, TcpHeader.MIN_LENGTH, (byte) 0);
        TcpHeader.sourcePort(buffer, reset, destinationPort);
        TcpHeader.destinationPort(buffer, reset, sourcePort);
        TcpHeader.sequence(buffer, reset, sequence);
        TcpHeader.acknowledgement(buffer, reset, acknowledgement);
        TcpHeader.dataOffset(buffer, reset, TcpHeader.MIN_LENGTH);
        TcpHeader.flags(buffer, reset, acknowledges ? TcpHeader.RST : TcpHeader.RST | TcpHeader.ACK);
        long sum = pseudoHeader(buffer, packet, PacketClass.isIpv6(classified))
                + InternetChecksum.sum(buffer, reset, TcpHeader.MIN_LENGTH);
        TcpHeader.checksum(buffer, reset, InternetChecksum.finish(sum));
        return L3 + written + TcpHeader.MIN_LENGTH;
    }

    private static int header4(MutableDirectBuffer buffer, int packet) {
        int source = Ipv4Header.sourceAddress(buffer, packet);
        int destination = Ipv4Header.destinationAddress(buffer, packet);
        buffer.setMemory(packet, Ipv4Header.MIN_LENGTH, (byte) 0);
        Ipv4Header.headerLength(buffer, packet, Ipv4Header.MIN_LENGTH);
        Ipv4Header.totalLength(buffer, packet, Ipv4Header.MIN_LENGTH + TcpHeader.MIN_LENGTH);
        Ipv4Header.fragment(buffer, packet, true, false, 0);
        Ipv4Header.ttl(buffer, packet, TTL);
        Ipv4Header.protocol(buffer, packet, IpProtocol.TCP);
        Ipv4Header.sourceAddress(buffer, packet, destination);
        Ipv4Header.destinationAddress(buffer, packet, source);
        Ipv4Header.updateChecksum(buffer, packet);
        return Ipv4Header.MIN_LENGTH;
    }

    private static int header6(MutableDirectBuffer buffer, int packet) {
        long sourceHi = Ipv6Header.sourceHi(buffer, packet);
        long sourceLo = Ipv6Header.sourceLo(buffer, packet);
        long destinationHi = Ipv6Header.destinationHi(buffer, packet);
        long destinationLo = Ipv6Header.destinationLo(buffer, packet);
        Ipv6Header.trafficClassAndFlowLabel(buffer, packet, 0, 0);
        Ipv6Header.payloadLength(buffer, packet, TcpHeader.MIN_LENGTH);
        Ipv6Header.nextHeader(buffer, packet, IpProtocol.TCP);
        Ipv6Header.hopLimit(buffer, packet, TTL);
        Ipv6Header.source(buffer, packet, destinationHi, destinationLo);
        Ipv6Header.destination(buffer, packet, sourceHi, sourceLo);
        return Ipv6Header.LENGTH;
    }

    private static long pseudoHeader(MutableDirectBuffer buffer, int packet, boolean ipv6) {
        return ipv6
                ? InternetChecksum.pseudoHeader(
                        Ipv6Header.sourceHi(buffer, packet),
                        Ipv6Header.sourceLo(buffer, packet),
                        Ipv6Header.destinationHi(buffer, packet),
                        Ipv6Header.destinationLo(buffer, packet),
                        IpProtocol.TCP,
                        TcpHeader.MIN_LENGTH)
                : InternetChecksum.pseudoHeader(
                        Ipv4Header.sourceAddress(buffer, packet),
                        Ipv4Header.destinationAddress(buffer, packet),
                        IpProtocol.TCP,
                        TcpHeader.MIN_LENGTH);
    }
}
