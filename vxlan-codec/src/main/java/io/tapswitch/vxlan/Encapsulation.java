package io.tapswitch.vxlan;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Puts frames into one tunnel: to one peer, in one network (RFC 7348 §5). One object per tunnel; it never changes, so
 * every worker may use it.
 *
 * <h2>Theory of operation</h2>
 *
 * The frame stays where it is, and the outer headers go into the headroom before it:
 *
 * <pre>
 *   before                                          offset
 *   | headroom                                      | virtio 10 | inner Ethernet frame
 *   after           returned
 *   | headroom ...  | tunnel header 24 | Ethernet, IP, UDP, VXLAN: 50 or 70 | inner Ethernet frame
 * </pre>
 *
 * <p>All of the outer headers but five fields is the same for every frame of a tunnel, and so is the sum of it: they
 * are made once, and copied. The frame's own are the two lengths, the identification, the source port ({@link
 * FlowEntropy}), the ECN mark ({@link Congestion}), and the checksums, which follow from the prepared sums without
 * reading the headers again. TTL is 64, DSCP is 0 (V14), and an outer packet is never to be fragmented (O12).
 *
 * <p>The outer UDP checksum is always set (V3): Linux does not join received packets without one. Nobody reads a
 * payload for it that need not be read:
 *
 * <pre>
 *   the inner frame is             inner checksum      outer UDP checksum
 *   a super-frame                  stays partial       partial, of the whole: the kernel, or the card, makes both
 *                                                      for each segment (UDP_TUNNEL_CSUM)
 *   one packet, partial checksum   completed here      from it: the bytes it covers add up to the complement of
 *                                                      the field, whatever they are (local checksum offload)
 *   one packet, complete           not our business    partial: the kernel, or the card, completes it
 * </pre>
 *
 * <p>Inside, a partial checksum is thus never left to a receiver without being marked as a tunnel's, where some would
 * not look for it. A super-frame of a single segment is a packet: the kernel takes it for one too, and would leave the
 * outer checksum unfinished.
 *
 * <p>No call allocates.
 */
public final class Encapsulation {
    /** Bytes that a tunnel over IPv4 adds to a packet of the network: O10. */
    public static final int IPV4_OVERHEAD =
            EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH + UdpHeader.LENGTH + VxlanHeader.LENGTH;
    /** Bytes that a tunnel over IPv6 adds. */
    public static final int IPV6_OVERHEAD =
            EthernetHeader.LENGTH + Ipv6Header.LENGTH + UdpHeader.LENGTH + VxlanHeader.LENGTH;
    /** Time to live, or hop limit, of outer packets. */
    public static final int TTL = 64;

    private static final int IP = EthernetHeader.LENGTH;
    private static final int MAX_IP_LENGTH = 0xFFFF;
    private static final int UDP_AND_VXLAN = UdpHeader.LENGTH + VxlanHeader.LENGTH;

    /** The outer headers; the last word overlaps the one before, as their length is not a multiple of 8. */
    private final long[] template;

    private final int overhead;
    private final boolean ipv6;
    /** Where the outer UDP header is, from the outer frame's first byte. */
    private final int udp;
    /** Sum of the outer IPv4 header without its length and identification. */
    private final long ipSum;
    /** Sum of the outer addresses, protocol and ports of the pseudo-header, without the length. */
    private final long pseudoSum;
    /** Sum of the UDP and the VXLAN header without source port and length. */
    private final long headerSum;
    /** The longest inner frame, so that an outer IP length does not overflow. */
    private final int longest;

    private Encapsulation(UnsafeBuffer template, boolean ipv6, int destinationPort, int vni) {
        this.ipv6 = ipv6;
        overhead = template.capacity();
        udp = overhead - UDP_AND_VXLAN;
        UdpHeader.destinationPort(template, udp, destinationPort);
        VxlanHeader.write(template, udp + UdpHeader.LENGTH, vni);
        headerSum = InternetChecksum.sum(template, udp, UDP_AND_VXLAN);
        ipSum = ipv6 ? 0 : InternetChecksum.sum(template, IP, Ipv4Header.MIN_LENGTH);
        int addresses = ipv6 ? 32 : 8;
        pseudoSum = InternetChecksum.sum(template, udp - addresses, addresses) + IpProtocol.UDP;
        longest = MAX_IP_LENGTH - UDP_AND_VXLAN - (ipv6 ? 0 : Ipv4Header.MIN_LENGTH);
        this.template = new long[(overhead + Long.BYTES - 1) / Long.BYTES];
        for (int i = 0; i < this.template.length; i++) {
            this.template[i] = template.getLong(wordOffset(i));
        }
    }

    /**
     * {@return a tunnel over IPv4}
     *
     * @param sourceMac of the outer frame, which the kernel may write anew
     * @param destinationMac of the outer frame, likewise
     * @param source address of this host
     * @param destination address of the peer
     * @param port where it listens, {@link VxlanHeader#PORT} or what its host says
     * @param vni network identifier
     */
    public static Encapsulation ipv4(
            long sourceMac, long destinationMac, int source, int destination, int port, int vni) {
        UnsafeBuffer b = ethernet(sourceMac, destinationMac, EtherType.IPV4, IPV4_OVERHEAD);
        Ipv4Header.headerLength(b, IP, Ipv4Header.MIN_LENGTH);
        Ipv4Header.fragment(b, IP, true, false, 0);
        Ipv4Header.ttl(b, IP, TTL);
        Ipv4Header.protocol(b, IP, IpProtocol.UDP);
        Ipv4Header.sourceAddress(b, IP, source);
        Ipv4Header.destinationAddress(b, IP, destination);
        return new Encapsulation(b, false, port, vni);
    }

    /** {@return a tunnel over IPv6; the parameters are as those of {@link #ipv4}, each address two longs} */
    public static Encapsulation ipv6(
            long sourceMac,
            long destinationMac,
            long sourceHi,
            long sourceLo,
            long destinationHi,
            long destinationLo,
            int port,
            int vni) {
        UnsafeBuffer b = ethernet(sourceMac, destinationMac, EtherType.IPV6, IPV6_OVERHEAD);
        Ipv6Header.trafficClassAndFlowLabel(b, IP, 0, 0);
        Ipv6Header.nextHeader(b, IP, IpProtocol.UDP);
        Ipv6Header.hopLimit(b, IP, TTL);
        Ipv6Header.source(b, IP, sourceHi, sourceLo);
        Ipv6Header.destination(b, IP, destinationHi, destinationLo);
        return new Encapsulation(b, true, port, vni);
    }

    private static UnsafeBuffer ethernet(long sourceMac, long destinationMac, int type, int overhead) {
        UnsafeBuffer b = new UnsafeBuffer(new byte[overhead]);
        EthernetHeader.destination(b, 0, destinationMac);
        EthernetHeader.source(b, 0, sourceMac);
        EthernetHeader.etherType(b, 0, type);
        return b;
    }

    /** {@return bytes of the outer headers, without the tunnel header} */
    public int overhead() {
        return overhead;
    }

    /** {@return bytes that {@link #apply} needs before the virtio header} */
    public int headroom() {
        return TunnelHeader.LENGTH + overhead - TunnelHeader.PLAIN_LENGTH;
    }

    /**
     * Puts a frame into the tunnel.
     *
     * @param offset where the virtio header of 10 bytes begins, with {@link #headroom} bytes before it
     * @param length of that header and the frame, which has at least an Ethernet header
     * @param identification of the outer IPv4 packet; a super-frame uses up one for each of its pieces
     * @return where the {@link TunnelHeader} begins, the end being what it was; or the code of a {@link VxlanDrop}, and
     *     nothing has changed. {@link VxlanDrop#TOO_LONG}: {@link Segmentation} makes it fit
     */
    public int apply(MutableDirectBuffer b, int offset, int length, int identification) {
        int frame = offset + TunnelHeader.PLAIN_LENGTH;
        int frameLength = length - TunnelHeader.PLAIN_LENGTH;
        if (frameLength > longest) {
            return VxlanDrop.TOO_LONG.code();
        }
        int flags = TunnelHeader.flags(b, offset);
        int gsoType = TunnelHeader.gsoType(b, offset);
        boolean partial = (flags & TunnelHeader.NEEDS_CSUM) != 0;
        long found = InnerPacket.find(b, frame, frameLength);
        int headerLength = 0;
        if (gsoType != TunnelHeader.GSO_NONE) {
            headerLength = SuperFrame.headerLength(b, offset, found);
            if (headerLength < 0) {
                return headerLength;
            }
            if (InnerPacket.end(found) - headerLength <= TunnelHeader.gsoSize(b, offset)) {
                headerLength = 0;
            }
        } else if (partial
                && !isInside(TunnelHeader.csumStart(b, offset), TunnelHeader.csumOffset(b, offset), frameLength)) {
            return VxlanDrop.OFFLOAD.code();
        }
        int outer = frame - overhead;
        int start = outer - TunnelHeader.LENGTH;
        int mark = Congestion.mark(b, frame, found);
        int port = FlowEntropy.sourcePort(b, frame, found);
        if (headerLength > 0) {
            describeSuperFrame(b, start, offset, headerLength, found);
            headers(b, outer, frameLength + UDP_AND_VXLAN, identification, mark, port);
            UdpHeader.checksum(b, outer + udp, InternetChecksum.fold(pseudoSum + frameLength + UDP_AND_VXLAN));
        } else if (partial) {
            int csumStart = TunnelHeader.csumStart(b, offset);
            int csumOffset = TunnelHeader.csumOffset(b, offset);
            long rest = complete(b, frame, frameLength, csumStart, csumOffset);
            TunnelHeader.clear(b, start);
            headers(b, outer, frameLength + UDP_AND_VXLAN, identification, mark, port);
            UdpHeader.checksum(b, outer + udp, checksum(b, outer, frame, frameLength, csumStart, rest));
        } else {
            TunnelHeader.clear(b, start);
            TunnelHeader.checksum(b, start, TunnelHeader.NEEDS_CSUM, udp, UdpHeader.CHECKSUM_OFFSET);
            headers(b, outer, frameLength + UDP_AND_VXLAN, identification, mark, port);
            UdpHeader.checksum(b, outer + udp, InternetChecksum.fold(pseudoSum + frameLength + UDP_AND_VXLAN));
        }
        return start;
    }

    /** {@return whether a partial checksum stands in the frame, and where checksums stand: on a word of the sum} */
    static boolean isInside(int csumStart, int csumOffset, int frameLength) {
        return csumStart >= EthernetHeader.LENGTH
                && ((csumStart | csumOffset) & 1) == 0
                && csumStart + csumOffset + Short.BYTES <= frameLength;
    }

    /** Completes the inner checksum; {@return sum of the bytes that it covers} They are not read twice. */
    private static long complete(MutableDirectBuffer b, int frame, int frameLength, int csumStart, int csumOffset) {
        int segment = frame + csumStart;
        int field = b.getShort(segment + csumOffset, BIG_ENDIAN) & 0xFFFF;
        InternetChecksum.complete(b, segment, csumOffset, frameLength - csumStart);
        return ~field & 0xFFFF;
    }

    /** {@return the outer UDP checksum, from the sum of the frame's bytes that begin at csumStart} */
    private int checksum(MutableDirectBuffer b, int outer, int frame, int frameLength, int csumStart, long rest) {
        int udpLength = frameLength + UDP_AND_VXLAN;
        long sum = pseudoSum + headerSum + 2L * udpLength + UdpHeader.sourcePort(b, outer + udp);
        return InternetChecksum.finishUdp(sum + InternetChecksum.sum(b, frame, csumStart) + rest);
    }

    private void describeSuperFrame(MutableDirectBuffer b, int start, int offset, int headerLength, long found) {
        int tunnel = ipv6 ? TunnelHeader.GSO_UDP_TUNNEL_IPV6 : TunnelHeader.GSO_UDP_TUNNEL_IPV4;
        int gsoType = TunnelHeader.gsoType(b, offset) | tunnel;
        int gsoSize = TunnelHeader.gsoSize(b, offset);
        int flags = TunnelHeader.NEEDS_CSUM | TunnelHeader.UDP_TUNNEL_CSUM;
        TunnelHeader.clear(b, start);
        TunnelHeader.gso(b, start, gsoType, overhead + headerLength, gsoSize);
        int csumStart = overhead + InnerPacket.transport(found);
        TunnelHeader.checksum(b, start, flags, csumStart, InnerPacket.checksumOffset(found));
        TunnelHeader.tunnel(b, start, udp, overhead + InnerPacket.network(found));
    }

    private int wordOffset(int word) {
        return Math.min(word * Long.BYTES, overhead - Long.BYTES);
    }

    /** Writes the outer headers but for the UDP checksum. */
    private void headers(MutableDirectBuffer b, int outer, int udpLength, int identification, int mark, int port) {
        for (int i = 0; i < template.length; i++) {
            b.putLong(outer + wordOffset(i), template[i]);
        }
        int ip = outer + IP;
        if (ipv6) {
            Ipv6Header.payloadLength(b, ip, udpLength);
            Ipv6Header.trafficClassAndFlowLabel(b, ip, mark, 0);
        } else {
            int totalLength = Ipv4Header.MIN_LENGTH + udpLength;
            int id = identification & 0xFFFF;
            Ipv4Header.ecn(b, ip, mark);
            Ipv4Header.totalLength(b, ip, totalLength);
            Ipv4Header.identification(b, ip, id);
            Ipv4Header.checksum(b, ip, InternetChecksum.finish(ipSum + totalLength + id + mark));
        }
        UdpHeader.sourcePort(b, outer + udp, port);
        UdpHeader.length(b, outer + udp, udpLength);
    }

    /** {@return bytes of encrypted packets that one outer packet can carry, VXLAN headers included} */
    public int sealedRoom() {
        return longest + VxlanHeader.LENGTH;
    }

    /** {@return the ECN mark that the outer packet of a frame gets (V14)} */
    public static int mark(DirectBuffer b, int frame, int length) {
        return Congestion.mark(b, frame, InnerPacket.find(b, frame, length));
    }

    /**
     * Puts outer headers before encrypted packets ({@link TunnelCipher}) that stand one behind the other. Several of
     * them leave in one write, and the kernel, or the card, cuts between them (UDP_SEGMENT). The outer checksum is
     * theirs too.
     *
     * @param vxlan where the first one's VXLAN header begins, with {@link #headroom} bytes and 2 more before it
     * @param length bytes of all, at most {@link #sealedRoom}
     * @param size bytes of each but the last, which may be shorter
     * @param mark ECN mark of what was encrypted
     * @param port source port of what was encrypted, {@link FlowEntropy}
     * @param identification of the first outer IPv4 packet
     * @return where the {@link TunnelHeader} begins
     */
    public int around(MutableDirectBuffer b, int vxlan, int length, int size, int mark, int port, int identification) {
        int outer = vxlan + VxlanHeader.LENGTH - overhead;
        int start = outer - TunnelHeader.LENGTH;
        TunnelHeader.clear(b, start);
        if (length > size) {
            TunnelHeader.gso(b, start, TunnelHeader.GSO_UDP_L4, overhead - VxlanHeader.LENGTH, size);
        }
        TunnelHeader.checksum(b, start, TunnelHeader.NEEDS_CSUM, udp, UdpHeader.CHECKSUM_OFFSET);
        int udpLength = UdpHeader.LENGTH + length;
        headers(b, outer, udpLength, identification, mark, port);
        VxlanHeader.seal(b, vxlan);
        UdpHeader.checksum(b, outer + udp, InternetChecksum.fold(pseudoSum + udpLength));
        return start;
    }
}
