package io.tapswitch.vxlan;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Says of a packet that came by a UDP socket what the socket did not: that its inner checksum is not finished, and that
 * it is a super-frame. A tunnel TAP says it itself.
 *
 * <h2>Theory of operation</h2>
 *
 * A sender on the same machine (another host that is a namespace of this one) leaves both to the card, and there is no
 * card on the way. The kernel hands the packet over as it is, and tells a socket neither.
 *
 * <p><b>The checksum.</b> An unfinished one is the sum of the pseudo-header (linux/skbuff.h, CHECKSUM_PARTIAL). A
 * finished one may have that value too, once in 65 536 packets; then to finish it again gives the same value, because
 * the sum of everything else is that of an intact packet. So whatever has that value is marked as unfinished. For a
 * damaged packet the outer checksum stands: the kernel has verified it, or the packet was never on a wire.
 *
 * <p><b>The super-frame.</b> One with an unfinished checksum that is longer than the network's MTU. TCP does not care
 * where its bytes are cut, so the largest segments that fit are said to be in it. Datagrams are gone for good once
 * nobody knows where one ends: {@link VxlanDrop#UNMARKED}; {@code ethtool -K DEVICE tx off} at the sender lets it cut
 * them.
 *
 * <p>Stateless; no call allocates.
 */
public final class UnmarkedOffload {
    private UnmarkedOffload() {}

    /**
     * Marks the tunnel header of a packet that is no train and has been read, but not opened.
     *
     * @param tunnel where its {@link TunnelHeader} begins
     * @param inner where the inner Ethernet header begins
     * @param innerLength bytes from there
     * @param mtu of the network
     * @return {@link VxlanDrop#PASS}, or the code of a {@link VxlanDrop}
     */
    public static int mark(MutableDirectBuffer b, int tunnel, int inner, int innerLength, int mtu) {
        long found = InnerPacket.find(b, inner, innerLength);
        int headers = InnerPacket.headerLength(b, inner, found);
        if (headers < 0 || !isUnfinished(b, inner, found)) {
            return VxlanDrop.PASS;
        }
        int network = InnerPacket.network(found);
        int size = mtu - (headers - network);
        int type = TunnelHeader.GSO_NONE;
        int outer = tunnel + TunnelHeader.LENGTH;
        if (InnerPacket.end(found) - network > mtu && size > 0) {
            if (InnerPacket.protocol(found) == IpProtocol.UDP) {
                return VxlanDrop.UNMARKED.code();
            }
            boolean six = EthernetHeader.etherType(b, outer) == EtherType.IPV6;
            type = SuperFrame.type(found) | (six ? TunnelHeader.GSO_UDP_TUNNEL_IPV6 : TunnelHeader.GSO_UDP_TUNNEL_IPV4);
        }
        if (type != TunnelHeader.GSO_NONE) {
            TunnelHeader.gso(b, tunnel, type, 0, size);
            int udp = inner - VxlanHeader.LENGTH - UdpHeader.LENGTH - outer;
            TunnelHeader.tunnel(b, tunnel, udp, inner - outer + network);
        }
        int flags = TunnelHeader.NEEDS_CSUM | TunnelHeader.DATA_VALID;
        int start = inner - outer + InnerPacket.transport(found);
        TunnelHeader.checksum(b, tunnel, flags, start, InnerPacket.checksumOffset(found));
        return VxlanDrop.PASS;
    }

    private static boolean isUnfinished(DirectBuffer b, int inner, long found) {
        int transport = InnerPacket.transport(found);
        long pseudo = InnerPacket.pseudoHeader(b, inner, found, InnerPacket.end(found) - transport);
        int at = inner + transport + InnerPacket.checksumOffset(found);
        return (b.getShort(at, BIG_ENDIAN) & 0xFFFF) == InternetChecksum.fold(pseudo);
    }
}
