package io.tapswitch.vxlan;

import io.tapswitch.wire.IpProtocol;
import org.agrona.DirectBuffer;

/**
 * A super-frame: a TCP or UDP packet longer than the link allows, whose virtio header says into what size its payload
 * is to be cut.
 *
 * <p>The header is believed only where it says what the frame says itself: type and protocol agree, and the partial
 * checksum stands exactly at the transport header's field. What a container may write there through a packet socket
 * would else decide what is cut, and over which bytes a checksum is written.
 */
final class SuperFrame {
    private SuperFrame() {}

    /**
     * {@return bytes of the headers that each piece repeats, from the frame's first byte; or the code of
     * {@link VxlanDrop#OFFLOAD}}
     *
     * @param offset where the virtio header begins, the frame being 10 bytes behind it
     * @param found of the frame
     */
    static int headerLength(DirectBuffer b, int offset, long found) {
        int headerLength = InnerPacket.headerLength(b, offset + TunnelHeader.PLAIN_LENGTH, found);
        if (headerLength < 0
                || TunnelHeader.gsoType(b, offset) != type(TunnelHeader.gsoType(b, offset), found)
                || TunnelHeader.gsoSize(b, offset) == 0
                || (TunnelHeader.flags(b, offset) & TunnelHeader.NEEDS_CSUM) == 0
                || TunnelHeader.csumStart(b, offset) != InnerPacket.transport(found)
                || TunnelHeader.csumOffset(b, offset) != InnerPacket.checksumOffset(found)) {
            return VxlanDrop.OFFLOAD.code();
        }
        return headerLength;
    }

    /** {@return the type that a packet must have, with the ECN bit where the given type has it and it may} */
    private static int type(int given, long found) {
        return InnerPacket.protocol(found) == IpProtocol.TCP
                ? type(found) | (given & TunnelHeader.GSO_ECN)
                : type(found);
    }

    /** {@return the type of a packet's super-frame} */
    static int type(long found) {
        if (InnerPacket.protocol(found) == IpProtocol.UDP) {
            return TunnelHeader.GSO_UDP_L4;
        }
        return InnerPacket.isIpv6(found) ? TunnelHeader.GSO_TCPV6 : TunnelHeader.GSO_TCPV4;
    }
}
