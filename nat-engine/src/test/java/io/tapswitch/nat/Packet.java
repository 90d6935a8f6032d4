package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.SctpPacket;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UdpPacket;

/** A packet in the middle of a buffer, as it lies in a frame's slot, with guards around that nobody may touch. */
final class Packet {
    /** Behind a virtio_net_hdr and an Ethernet header. */
    static final int AT = 24;

    private static final int BEHIND = 40;
    private static final byte GUARD = 0x5A;

    final UnsafeBuffer buffer;
    final int length;

    Packet(byte[] bytes) {
        length = bytes.length;
        buffer = new UnsafeBuffer(new byte[AT + length + BEHIND]);
        buffer.setMemory(0, buffer.capacity(), GUARD);
        buffer.putBytes(AT, bytes);
    }

    Packet copy() {
        return new Packet(bytes());
    }

    byte[] bytes() {
        return Arrays.copyOfRange(buffer.byteArray(), AT, AT + length);
    }

    boolean ipv6() {
        return Ipv4Header.version(buffer, AT) == 6;
    }

    int transport() {
        return ipv6() ? Ipv6Header.LENGTH : Ipv4Header.headerLength(buffer, AT);
    }

    /** {@return where the transport header is in the buffer, in a packet without IPv6 extensions} */
    int at() {
        return AT + transport();
    }

    long classified() {
        return classified(PacketClass.COMPLETE);
    }

    long classified(int checksum) {
        return ipv6() ? PacketClass.ipv6(buffer, AT, length, checksum) : PacketClass.ipv4(buffer, AT, length, checksum);
    }

    /** Flips one bit of the byte. */
    Packet flip(int indexInPacket, int bit) {
        int index = AT + indexInPacket;
        buffer.putByte(index, (byte) (buffer.getByte(index) ^ (1 << bit)));
        return this;
    }

    /** Makes the checksum of a TCP or UDP packet right again after a change. */
    void mendChecksum() {
        int protocol = ipv6() ? Ipv6Header.nextHeader(buffer, AT) : Ipv4Header.protocol(buffer, AT);
        int segment = length - transport();
        int field = at() + (protocol == IpProtocol.TCP ? TcpHeader.CHECKSUM_OFFSET : UdpHeader.CHECKSUM_OFFSET);
        buffer.putShort(field, (short) 0);
        int checksum = InternetChecksum.finishUdp(pseudoHeader(protocol) + InternetChecksum.sum(buffer, at(), segment));
        buffer.putShort(field, (short) checksum, java.nio.ByteOrder.BIG_ENDIAN);
    }

    /** {@return sum of the pseudo-header with the whole segment's length} */
    long pseudoHeader(int protocol) {
        int segment = length - transport();
        return ipv6()
                ? InternetChecksum.pseudoHeader(
                        Ipv6Header.sourceHi(buffer, AT),
                        Ipv6Header.sourceLo(buffer, AT),
                        Ipv6Header.destinationHi(buffer, AT),
                        Ipv6Header.destinationLo(buffer, AT),
                        protocol,
                        segment)
                : InternetChecksum.pseudoHeader(
                        Ipv4Header.sourceAddress(buffer, AT),
                        Ipv4Header.destinationAddress(buffer, AT),
                        protocol,
                        segment);
    }

    /** {@return the packet as the judge reads it} */
    IpPacket judged() {
        assertThat(buffer.byteArray()).startsWith(guards(AT)).endsWith(guards(BEHIND));
        try {
            return ipv6() ? IpV6Packet.newPacket(bytes(), 0, length) : IpV4Packet.newPacket(bytes(), 0, length);
        } catch (IllegalRawDataException e) {
            throw new AssertionError(e);
        }
    }

    /** {@return whether the judge finds the IP header's checksum and the transport's right} */
    boolean isValid() {
        IpPacket ip = judged();
        if (ip instanceof IpV4Packet v4 && !v4.getHeader().hasValidChecksum(false)) {
            return false;
        }
        return isTransportValid(ip);
    }

    private boolean isTransportValid(IpPacket ip) {
        var from = ip.getHeader().getSrcAddr();
        var to = ip.getHeader().getDstAddr();
        return switch (ip.getPayload()) {
            case TcpPacket tcp -> tcp.hasValidChecksum(from, to, false);
            case UdpPacket udp -> udp.hasValidChecksum(from, to, false);
            case SctpPacket _ -> SctpHeader.checksum(buffer, at()) == Packets.crc32c(this);
            case IcmpV4CommonPacket icmp -> icmp.hasValidChecksum(false);
            case IcmpV6CommonPacket icmp ->
                icmp.hasValidChecksum((java.net.Inet6Address) from, (java.net.Inet6Address) to, false);
            default -> true;
        };
    }

    private static byte[] guards(int length) {
        byte[] guards = new byte[length];
        Arrays.fill(guards, GUARD);
        return guards;
    }
}
