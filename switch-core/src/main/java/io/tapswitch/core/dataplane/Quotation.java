package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.MutableDirectBuffer;

/**
 * Makes of a frame, as a TAP delivered it, the packet that would have been first on a wire, for an ICMP error to quote.
 * A super-frame becomes its first segment, with the lengths and flags that a card would give it, and an unfinished
 * checksum is finished. The sender compares a quote with what it remembers, and must not find there what only its own
 * kernel has ever seen.
 */
final class Quotation {
    private static final int FIN_AND_PSH = TcpHeader.FIN | TcpHeader.PSH;

    private Quotation() {}

    /**
     * Does it in place, and clears the offload header.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr of a frame whose offload header and IP header were found right
     * @param packetLength bytes of the IP packet, as its header says
     */
    static void prepare(MutableDirectBuffer buffer, int offset, int packetLength) {
        if ((VirtioNetHeader.flags(buffer, offset) & VirtioNetHeader.NEEDS_CSUM) != 0) {
            int frame = offset + VirtioNetHeader.LENGTH;
            int segment = VirtioNetHeader.csumStart(buffer, offset);
            int segmentLength = EthernetHeader.LENGTH + packetLength - segment;
            int checksum = VirtioNetHeader.csumOffset(buffer, offset);
            if (segment >= EthernetHeader.LENGTH + headerLength(buffer, frame) && segmentLength >= checksum + 2) {
                int first = firstSegment(buffer, offset, frame + segment, segmentLength);
                InternetChecksum.complete(buffer, frame + segment, checksum, first);
            }
        }
        VirtioNetHeader.clear(buffer, offset);
    }

    private static int headerLength(MutableDirectBuffer buffer, int frame) {
        return EthernetHeader.etherType(buffer, frame) == EtherType.IPV4
                ? Ipv4Header.headerLength(buffer, frame + EthernetHeader.LENGTH)
                : Ipv6Header.LENGTH;
    }

    /** {@return bytes of the first segment's transport header and payload, after the headers were made to say so} */
    private static int firstSegment(MutableDirectBuffer buffer, int offset, int transport, int length) {
        int gsoSize = VirtioNetHeader.gsoSize(buffer, offset);
        int first = switch (VirtioNetHeader.gsoType(buffer, offset) & ~VirtioNetHeader.GSO_ECN) {
            case VirtioNetHeader.GSO_TCPV4, VirtioNetHeader.GSO_TCPV6 ->
                TcpHeader.dataOffset(buffer, transport) + gsoSize;
            case VirtioNetHeader.GSO_UDP_L4 -> UdpHeader.LENGTH + gsoSize;
            default -> length;
        };
        if (first >= length) {
            return length;
        }
        if (VirtioNetHeader.gsoType(buffer, offset) == VirtioNetHeader.GSO_UDP_L4) {
            UdpHeader.length(buffer, transport, first);
        } else {
            TcpHeader.flags(buffer, transport, TcpHeader.flags(buffer, transport) & ~FIN_AND_PSH);
        }
        shorten(buffer, offset, length - first);
        // The unfinished checksum is that of the pseudo-header, which holds the length.
        int field = transport + VirtioNetHeader.csumOffset(buffer, offset);
        int partial = InternetChecksum.updatePartial16(uint16(buffer, field), length, first);
        buffer.putShort(field, (short) partial, java.nio.ByteOrder.BIG_ENDIAN);
        return first;
    }

    private static int uint16(MutableDirectBuffer buffer, int index) {
        return buffer.getShort(index, java.nio.ByteOrder.BIG_ENDIAN) & 0xffff;
    }

    private static void shorten(MutableDirectBuffer buffer, int offset, int bytes) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int packet = frame + EthernetHeader.LENGTH;
        if (EthernetHeader.etherType(buffer, frame) == EtherType.IPV4) {
            Ipv4Header.totalLength(buffer, packet, Ipv4Header.totalLength(buffer, packet) - bytes);
            Ipv4Header.updateChecksum(buffer, packet);
        } else {
            Ipv6Header.payloadLength(buffer, packet, Ipv6Header.payloadLength(buffer, packet) - bytes);
        }
    }
}
