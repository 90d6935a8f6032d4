package io.tapswitch.core.dataplane;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.nat.Fragmentation;
import io.tapswitch.nat.PacketClass;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What NAT must know of a frame beside its packet: the offload header says how complete the checksum is, and into which
 * sizes a super-frame will be cut. Stateless.
 */
final class NatPacket {
    /** Where the IP header begins, counted from the virtio_net_hdr. */
    static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    /** The frame, or each of its segments, fits an MTU as it is. */
    static final int FITS = 0;
    /** It is to be split into fragments; IPv4 without DF. */
    static final int SPLIT = 1;
    /** It must not be passed on: the sender is to be told. */
    static final int TOO_BIG = 2;

    private NatPacket() {}

    /** {@return whether the frame holds an IPv4 packet; else IPv6, of what gets here} */
    static boolean isIpv4(DirectBuffer buffer, int offset) {
        return EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH) == EtherType.IPV4;
    }

    /** {@return the class of an IP frame's packet, or the code of a {@link io.tapswitch.nat.NatDrop}} */
    static long classify(DirectBuffer buffer, int offset, int length) {
        int flags = VirtioNetHeader.flags(buffer, offset);
        int checksum = PacketClass.COMPLETE;
        if ((flags & VirtioNetHeader.NEEDS_CSUM) != 0) {
            int start = VirtioNetHeader.csumStart(buffer, offset) - EthernetHeader.LENGTH;
            checksum = PacketClass.partial(start, VirtioNetHeader.csumOffset(buffer, offset));
        } else if ((flags & VirtioNetHeader.DATA_VALID) != 0) {
            checksum = PacketClass.VERIFIED;
        }
        return isIpv4(buffer, offset)
                ? PacketClass.ipv4(buffer, offset + L3, length - L3, checksum)
                : PacketClass.ipv6(buffer, offset + L3, length - L3, checksum);
    }

    /** {@return bytes of the largest IP packet that the frame becomes on a wire} */
    static int largest(DirectBuffer buffer, int offset, long classified) {
        int whole = PacketClass.length(classified);
        int transport = PacketClass.transport(classified);
        int gsoSize = VirtioNetHeader.gsoSize(buffer, offset);
        int first = switch (VirtioNetHeader.gsoType(buffer, offset) & ~VirtioNetHeader.GSO_ECN) {
            case VirtioNetHeader.GSO_TCPV4, VirtioNetHeader.GSO_TCPV6 ->
                transport + TcpHeader.dataOffset(buffer, offset + L3 + transport) + gsoSize;
            case VirtioNetHeader.GSO_UDP_L4 -> transport + UdpHeader.LENGTH + gsoSize;
            case VirtioNetHeader.GSO_UDP -> transport + gsoSize;
            default -> whole;
        };
        return Math.min(first, whole);
    }

    /**
     * {@return whether a frame, whose packet had been split as {@code shape} says, goes by a way with an MTU}
     *
     * @param fromHost whether the host itself sent it, by a device whose MTU says nothing of the way: it is split then
     *     whatever it says, as if the host had sent it here
     */
    static int fit(DirectBuffer buffer, int offset, long classified, long shape, int mtu, boolean fromHost) {
        int largest = shape == 0
                ? largest(buffer, offset, classified)
                : Math.min(Fragmentation.size(shape), PacketClass.length(classified));
        if (largest <= mtu) {
            return FITS;
        }
        boolean allowed = !PacketClass.isIpv6(classified) && !Ipv4Header.dontFragment(buffer, offset + L3);
        boolean mayBeSplit =
                (allowed || fromHost) && VirtioNetHeader.gsoType(buffer, offset) == VirtioNetHeader.GSO_NONE;
        return mayBeSplit ? SPLIT : TOO_BIG;
    }

    /** {@return whether a card joined TCP segments and verified them, which says nothing of where their checksum is} */
    static boolean isVerifiedSuperFrame(DirectBuffer buffer, int offset) {
        int gsoType = VirtioNetHeader.gsoType(buffer, offset) & ~VirtioNetHeader.GSO_ECN;
        return VirtioNetHeader.flags(buffer, offset) == VirtioNetHeader.DATA_VALID
                && (gsoType == VirtioNetHeader.GSO_TCPV4 || gsoType == VirtioNetHeader.GSO_TCPV6);
    }

    /** {@return whether a verified super-frame is one of TCP, as it says} */
    static boolean isTcp(long classified) {
        return PacketClass.kind(classified) == PacketClass.PORTS && PacketClass.protocol(classified) == IpProtocol.TCP;
    }

    /**
     * Tells the receiver that the checksum was verified, where the card said so: by a header that says that it is not
     * finished yet. "Verified" itself is a word that a TAP does not take, and the receiver would sum again.
     */
    static void vouch(MutableDirectBuffer buffer, int offset, long classified) {
        if (VirtioNetHeader.flags(buffer, offset) != VirtioNetHeader.DATA_VALID) {
            return;
        }
        VirtioNetHeader.flags(buffer, offset, 0);
        int transport = PacketClass.transport(classified);
        int field = switch (PacketClass.kind(classified) == PacketClass.PORTS ? PacketClass.protocol(classified) : 0) {
            case IpProtocol.TCP -> TcpHeader.CHECKSUM_OFFSET;
            case IpProtocol.UDP -> UdpHeader.CHECKSUM_OFFSET;
            default -> 0;
        };
        int at = offset + L3 + transport;
        boolean none = field == UdpHeader.CHECKSUM_OFFSET && UdpHeader.checksum(buffer, at) == 0;
        if (field == 0 || none) {
            return;
        }
        int sum = InternetChecksum.fold(pseudoHeader(buffer, offset + L3, classified));
        buffer.putShort(at + field, (short) sum, BIG_ENDIAN);
        VirtioNetHeader.flags(buffer, offset, VirtioNetHeader.NEEDS_CSUM);
        VirtioNetHeader.csumStart(buffer, offset, EthernetHeader.LENGTH + transport);
        VirtioNetHeader.csumOffset(buffer, offset, field);
    }

    private static long pseudoHeader(DirectBuffer buffer, int packet, long classified) {
        int protocol = PacketClass.protocol(classified);
        int length = PacketClass.length(classified) - PacketClass.transport(classified);
        return PacketClass.isIpv6(classified)
                ? InternetChecksum.pseudoHeader(
                        Ipv6Header.sourceHi(buffer, packet),
                        Ipv6Header.sourceLo(buffer, packet),
                        Ipv6Header.destinationHi(buffer, packet),
                        Ipv6Header.destinationLo(buffer, packet),
                        protocol,
                        length)
                : InternetChecksum.pseudoHeader(
                        Ipv4Header.sourceAddress(buffer, packet),
                        Ipv4Header.destinationAddress(buffer, packet),
                        protocol,
                        length);
    }

    /** Finishes an unfinished checksum, because the packet is to be split. */
    static void complete(MutableDirectBuffer buffer, int offset, int packetLength) {
        if ((VirtioNetHeader.flags(buffer, offset) & VirtioNetHeader.NEEDS_CSUM) != 0) {
            int start = VirtioNetHeader.csumStart(buffer, offset);
            int field = VirtioNetHeader.csumOffset(buffer, offset);
            int length = EthernetHeader.LENGTH + packetLength - start;
            InternetChecksum.complete(buffer, offset + VirtioNetHeader.LENGTH + start, field, length);
        }
        VirtioNetHeader.clear(buffer, offset);
    }
}
