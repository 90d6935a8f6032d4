package io.tapswitch.vxlan;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.UdpHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Takes a frame out of its tunnel (RFC 7348 §4.1). One object per worker, used for one frame after the other.
 *
 * <h2>Theory of operation</h2>
 *
 * Whose frame it is has to be known before anything is done with it, so it goes in two steps. {@link #read} looks at
 * the outer headers and the VXLAN header and changes nothing; then the caller looks up network and peer by {@link
 * #vni} and the outer source (V7), and drops, or calls {@link #open}, which verifies the outer checksum and leaves an
 * ordinary frame of a TAP where the inner frame was:
 *
 * <pre>
 *   read     | tunnel header 24 | Ethernet, IP, UDP, VXLAN | inner Ethernet frame
 *   opened                                 | virtio 10     | inner Ethernet frame
 *                                          returned
 * </pre>
 *
 * <p>Three things come in, told apart by the tunnel header:
 *
 * <pre>
 *   gsoType              what                                     checksums
 *   0                    one packet                               see below
 *   TCP or UDP, tunnel   a super-frame in one outer packet        inner partial; the outer verified by the kernel,
 *                                                                 or never on a wire
 *   UDP                  a train: one outer header, and a VXLAN   outer verified by the kernel; inner complete, and
 *                        packet every gsoSize bytes               to be verified: {@link Coalescing}
 * </pre>
 *
 * <p>With one packet and NEEDS_CSUM the frame was never on a wire: the unfinished checksum is the outer one, or it is
 * the inner one, and then it remains so. DATA_VALID says that the card has verified the outer one. Else it is
 * verified here, unless there is none (V3): over IPv6 one is required, if not configured otherwise. The inner
 * checksum is left to the container.
 *
 * <p>Every byte may be hostile: what is read was compared with the length before. No call allocates.
 */
public final class Decapsulation {
    private static final int IP = EthernetHeader.LENGTH;
    private static final int GSO_TUNNEL = TunnelHeader.GSO_UDP_TUNNEL_IPV4 | TunnelHeader.GSO_UDP_TUNNEL_IPV6;

    private final boolean checksumRequired;

    private int tunnel;
    private int frame;
    /** Where the outer UDP header is, from the outer frame's first byte. */
    private int udp;

    private int udpLength;
    private int innerLength;
    private boolean ipv6;
    private long sourceHi;
    private long sourceLo;
    private int mark;
    private int vni;
    private boolean train;

    /**
     * For one worker.
     *
     * @param checksumRequired whether packets over IPv6 must have a UDP checksum, as they must by RFC 8200 §8.1
     */
    public Decapsulation(boolean checksumRequired) {
        this.checksumRequired = checksumRequired;
    }

    /**
     * {@return {@link VxlanDrop#PASS} if this is a packet of a tunnel, or the code of a {@link VxlanDrop}} After a drop
     * the accessors say nothing.
     *
     * @param offset where the {@link TunnelHeader} begins
     * @param length of that header and the outer frame
     */
    public int read(DirectBuffer b, int offset, int length) {
        tunnel = offset;
        frame = offset + TunnelHeader.LENGTH;
        int frameLength = length - TunnelHeader.LENGTH;
        if (frameLength < EthernetHeader.LENGTH) {
            return VxlanDrop.OUTER_TRUNCATED.code();
        }
        int type = EthernetHeader.etherType(b, frame);
        ipv6 = type == EtherType.IPV6;
        if (!ipv6 && type != EtherType.IPV4) {
            return VxlanDrop.OUTER_PROTOCOL.code();
        }
        int available = frameLength - IP;
        int payload = ipv6 ? readIpv6(b, frame + IP, available) : readIpv4(b, frame + IP, available);
        if (payload < 0) {
            return payload;
        }
        if (payload < UdpHeader.LENGTH) {
            return VxlanDrop.OUTER_TRUNCATED.code();
        }
        udpLength = UdpHeader.length(b, frame + udp);
        if (udpLength < UdpHeader.LENGTH || udpLength > payload) {
            return VxlanDrop.UDP_LENGTH.code();
        }
        int vxlan = frame + udp + UdpHeader.LENGTH;
        int objection = VxlanHeader.check(b, vxlan, udpLength - UdpHeader.LENGTH);
        if (objection < 0) {
            return objection;
        }
        vni = VxlanHeader.vni(b, vxlan);
        innerLength = udpLength - UdpHeader.LENGTH - VxlanHeader.LENGTH;
        return readOffload(b);
    }

    /** {@return bytes behind the IP header, or the code of a {@link VxlanDrop}} */
    private int readIpv4(DirectBuffer b, int packet, int available) {
        if (available < Ipv4Header.MIN_LENGTH) {
            return VxlanDrop.OUTER_TRUNCATED.code();
        }
        int headerLength = Ipv4Header.headerLength(b, packet);
        int length = Ipv4Header.totalLength(b, packet);
        if (Ipv4Header.version(b, packet) != 4
                || headerLength < Ipv4Header.MIN_LENGTH
                || length < headerLength
                || length > available) {
            return VxlanDrop.OUTER_LENGTH.code();
        }
        if (!Ipv4Header.checksumValid(b, packet)) {
            return VxlanDrop.OUTER_CHECKSUM.code();
        }
        if (Ipv4Header.isFragment(b, packet)) {
            return VxlanDrop.OUTER_FRAGMENT.code();
        }
        if (Ipv4Header.protocol(b, packet) != IpProtocol.UDP) {
            return VxlanDrop.OUTER_PROTOCOL.code();
        }
        udp = IP + headerLength;
        sourceHi = 0;
        sourceLo = Ipv4Address.mapped(Ipv4Header.sourceAddress(b, packet));
        mark = Ipv4Header.ecn(b, packet);
        return length - headerLength;
    }

    /** {@return bytes behind the IP header, or the code of a {@link VxlanDrop}} Extension headers are not expected. */
    private int readIpv6(DirectBuffer b, int packet, int available) {
        if (available < Ipv6Header.LENGTH) {
            return VxlanDrop.OUTER_TRUNCATED.code();
        }
        int length = Ipv6Header.payloadLength(b, packet);
        if (Ipv6Header.version(b, packet) != 6 || length > available - Ipv6Header.LENGTH) {
            return VxlanDrop.OUTER_LENGTH.code();
        }
        int protocol = Ipv6Header.nextHeader(b, packet);
        if (protocol != IpProtocol.UDP) {
            VxlanDrop drop = protocol == IpProtocol.FRAGMENT ? VxlanDrop.OUTER_FRAGMENT : VxlanDrop.OUTER_PROTOCOL;
            return drop.code();
        }
        udp = IP + Ipv6Header.LENGTH;
        sourceHi = Ipv6Header.sourceHi(b, packet);
        sourceLo = Ipv6Header.sourceLo(b, packet);
        mark = Ipv6Header.trafficClass(b, packet) & 3;
        return length;
    }

    private int readOffload(DirectBuffer b) {
        int type = TunnelHeader.gsoType(b, tunnel);
        int size = TunnelHeader.gsoSize(b, tunnel);
        train = type == TunnelHeader.GSO_UDP_L4;
        if (train) {
            return size < VxlanHeader.LENGTH + EthernetHeader.LENGTH ? VxlanDrop.OFFLOAD.code() : VxlanDrop.PASS;
        }
        if (type == TunnelHeader.GSO_NONE) {
            return VxlanDrop.PASS;
        }
        int expected = ipv6 ? TunnelHeader.GSO_UDP_TUNNEL_IPV6 : TunnelHeader.GSO_UDP_TUNNEL_IPV4;
        boolean wrong = (type & GSO_TUNNEL) != expected || TunnelHeader.outerTransport(b, tunnel) != udp || size == 0;
        return wrong ? VxlanDrop.OFFLOAD.code() : VxlanDrop.PASS;
    }

    /**
     * Makes an ordinary frame of a TAP of the one that was {@link #read}, if it is no train.
     *
     * @param tagsAllowed whether its network takes VLAN tags (V6)
     * @return where its virtio header of 10 bytes begins, its length being {@link #length}; or the code of a
     *     {@link VxlanDrop}
     */
    public int open(MutableDirectBuffer b, boolean tagsAllowed) {
        int inner = innerOffset();
        int objection = VxlanHeader.isSealed(b, vxlanOffset())
                ? VxlanDrop.SEALED.code()
                : VxlanHeader.checkInner(b, inner, tagsAllowed);
        if (objection < 0) {
            return objection;
        }
        int type = TunnelHeader.gsoType(b, tunnel) & ~GSO_TUNNEL;
        int size = TunnelHeader.gsoSize(b, tunnel);
        int flags = TunnelHeader.flags(b, tunnel);
        int csumOffset = TunnelHeader.csumOffset(b, tunnel);
        int csumStart = TunnelHeader.csumStart(b, tunnel) - (inner - frame);
        boolean partial = (flags & TunnelHeader.NEEDS_CSUM) != 0;
        boolean outerPartial = partial && TunnelHeader.csumStart(b, tunnel) == udp;
        if (partial && !outerPartial && !Encapsulation.isInside(csumStart, csumOffset, innerLength)) {
            return VxlanDrop.OFFLOAD.code();
        }
        if (type == TunnelHeader.GSO_NONE && !outerPartial && (flags & TunnelHeader.DATA_VALID) == 0) {
            int covered = partial ? inner + csumStart : inner + innerLength;
            int rest = partial ? ~b.getShort(covered + csumOffset, BIG_ENDIAN) & 0xFFFF : 0;
            objection = verify(b, covered, rest);
            if (objection < 0) {
                return objection;
            }
        }
        objection = Congestion.leave(b, inner, innerLength, mark);
        if (objection < 0) {
            return objection;
        }
        int plain = inner - TunnelHeader.PLAIN_LENGTH;
        TunnelHeader.clearPlain(b, plain);
        if (partial && !outerPartial) {
            TunnelHeader.checksum(b, plain, TunnelHeader.NEEDS_CSUM, csumStart, csumOffset);
        }
        return type == TunnelHeader.GSO_NONE ? plain : superFrame(b, plain, innerLength, type, size);
    }

    /**
     * The same, of a packet that was decrypted by {@link TunnelCipher}. The tag says more than the outer checksum,
     * which nobody verifies then.
     *
     * @param opened where the packet is, from its VXLAN header on
     * @param length bytes of it
     * @return as {@link #open}
     */
    public int openSealed(MutableDirectBuffer b, DirectBuffer opened, int length, boolean tagsAllowed) {
        if (TunnelHeader.gsoType(b, tunnel) != TunnelHeader.GSO_NONE) {
            return VxlanDrop.OFFLOAD.code();
        }
        int inner = innerOffset();
        innerLength = length - VxlanHeader.LENGTH;
        b.putBytes(inner, opened, VxlanHeader.LENGTH, innerLength);
        int objection = VxlanHeader.checkInner(b, inner, tagsAllowed);
        if (objection == VxlanDrop.PASS) {
            objection = Congestion.leave(b, inner, innerLength, mark);
        }
        if (objection < 0) {
            return objection;
        }
        TunnelHeader.clearPlain(b, inner - TunnelHeader.PLAIN_LENGTH);
        return inner - TunnelHeader.PLAIN_LENGTH;
    }

    /**
     * {@return {@link VxlanDrop#PASS} if the outer UDP checksum is right, or may be absent and is}
     *
     * @param end of the bytes that are summed
     * @param rest sum of those behind: a partial checksum's bytes add up to the complement of its field
     */
    private int verify(DirectBuffer b, int end, int rest) {
        int at = frame + udp;
        if (UdpHeader.checksum(b, at) == 0) {
            return ipv6 && checksumRequired ? VxlanDrop.UDP_CHECKSUM_ABSENT.code() : VxlanDrop.PASS;
        }
        int addresses = ipv6 ? 32 : 8;
        int from = frame + IP + (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH) - addresses;
        long sum = InternetChecksum.sum(b, from, addresses) + IpProtocol.UDP + udpLength;
        sum += InternetChecksum.sum(b, at, end - at) + rest;
        return InternetChecksum.isValid(sum) ? VxlanDrop.PASS : VxlanDrop.UDP_CHECKSUM.code();
    }

    /** Describes the inner super-frame as the kernel would have; {@return plain, or a drop if it is none} */
    private static int superFrame(MutableDirectBuffer b, int plain, int innerLength, int type, int size) {
        long found = InnerPacket.find(b, plain + TunnelHeader.PLAIN_LENGTH, innerLength);
        TunnelHeader.gso(b, plain, type, 0, size);
        int headerLength = SuperFrame.headerLength(b, plain, found);
        if (headerLength < 0) {
            return headerLength;
        }
        // What the kernel says here may be the length of all that it has in one piece.
        TunnelHeader.gso(b, plain, type, headerLength, size);
        return plain;
    }

    /** {@return network identifier} */
    public int vni() {
        return vni;
    }

    /** {@return first half of the outer source; 0 of IPv4} */
    public long sourceHi() {
        return sourceHi;
    }

    /** {@return second half of the outer source; of IPv4 the v4-mapped one} */
    public long sourceLo() {
        return sourceLo;
    }

    /** {@return the ECN mark of the outer packet, for {@link Coalescing}} */
    public int mark() {
        return mark;
    }

    /** {@return whether VXLAN packets follow each other, to be taken apart by {@link Coalescing} and not opened} */
    public boolean isTrain() {
        return train;
    }

    /** {@return whether the first packet is encrypted} */
    public boolean isSealed(DirectBuffer b) {
        return VxlanHeader.isSealed(b, vxlanOffset());
    }

    /** {@return where the first VXLAN header begins} */
    public int vxlanOffset() {
        return frame + udp + UdpHeader.LENGTH;
    }

    /** {@return bytes from there to the end of the datagram} */
    public int vxlanLength() {
        return udpLength - UdpHeader.LENGTH;
    }

    /** {@return where the inner Ethernet header begins; of a train the first one} */
    public int innerOffset() {
        return vxlanOffset() + VxlanHeader.LENGTH;
    }

    /** {@return bytes of an opened frame, virtio header included} */
    public int length() {
        return TunnelHeader.PLAIN_LENGTH + innerLength;
    }
}
