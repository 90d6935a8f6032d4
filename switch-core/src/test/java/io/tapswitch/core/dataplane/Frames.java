package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/** Builds frames for tests, virtio_net_hdr first, as a TAP delivers them. */
final class Frames {
    static final long BROADCAST = 0xffff_ffff_ffffL;

    private Frames() {}

    /** A mutable frame with its virtio_net_hdr. */
    static final class Frame {
        byte[] bytes;

        Frame(int frameLength) {
            bytes = new byte[VirtioNetHeader.LENGTH + frameLength];
        }

        UnsafeBuffer buffer() {
            return new UnsafeBuffer(bytes);
        }

        /** Sets one byte of the frame, counted from the Ethernet header. */
        Frame with(int index, int value) {
            bytes[VirtioNetHeader.LENGTH + index] = (byte) value;
            return this;
        }

        /** Sets 16 bits of the frame in network order. */
        Frame with16(int index, int value) {
            buffer().putShort(VirtioNetHeader.LENGTH + index, (short) value, ByteOrder.BIG_ENDIAN);
            return this;
        }

        /** Sets 32 bits of the frame in network order. */
        Frame with32(int index, int value) {
            buffer().putInt(VirtioNetHeader.LENGTH + index, value, ByteOrder.BIG_ENDIAN);
            return this;
        }

        /** Cuts the frame, or lengthens it with zeros, to so many bytes from the Ethernet header on. */
        Frame cut(int frameLength) {
            bytes = Arrays.copyOf(bytes, VirtioNetHeader.LENGTH + frameLength);
            return this;
        }

        Frame offload(int flags, int gsoType, int gsoSize, int hdrLen, int csumStart, int csumOffset) {
            UnsafeBuffer b = buffer();
            VirtioNetHeader.flags(b, 0, flags);
            VirtioNetHeader.gsoType(b, 0, gsoType);
            VirtioNetHeader.gsoSize(b, 0, gsoSize);
            VirtioNetHeader.hdrLen(b, 0, hdrLen);
            VirtioNetHeader.csumStart(b, 0, csumStart);
            VirtioNetHeader.csumOffset(b, 0, csumOffset);
            return this;
        }

        /** Makes the IPv4 header checksum right again after a change. */
        Frame ipChecksum() {
            Ipv4Header.updateChecksum(buffer(), VirtioNetHeader.LENGTH + EthernetHeader.LENGTH);
            return this;
        }

        /** {@return the frame from the Ethernet header on} */
        UnsafeBuffer ethernet() {
            return new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
        }
    }

    static Frame ethernet(long destination, long source, int etherType, int payloadLength) {
        Frame frame = new Frame(EthernetHeader.LENGTH + payloadLength);
        UnsafeBuffer b = frame.ethernet();
        EthernetHeader.destination(b, 0, destination);
        EthernetHeader.source(b, 0, source);
        EthernetHeader.etherType(b, 0, etherType);
        return frame;
    }

    static Frame ipv4(long destination, long source, int from, int to, int protocol, int payloadLength) {
        Frame frame = ethernet(destination, source, EtherType.IPV4, Ipv4Header.MIN_LENGTH + payloadLength);
        UnsafeBuffer b = frame.ethernet();
        int ip = EthernetHeader.LENGTH;
        b.putByte(ip, (byte) 0x45);
        Ipv4Header.totalLength(b, ip, Ipv4Header.MIN_LENGTH + payloadLength);
        Ipv4Header.ttl(b, ip, 64);
        Ipv4Header.protocol(b, ip, protocol);
        Ipv4Header.sourceAddress(b, ip, from);
        Ipv4Header.destinationAddress(b, ip, to);
        return frame.ipChecksum();
    }

    static Frame udp(long destination, long source, int from, int to, int payloadLength) {
        return ipv4(destination, source, from, to, IpProtocol.UDP, 8 + payloadLength);
    }

    static Frame echoRequest(long destination, long source, int from, int to, int payloadLength) {
        int icmpLength = IcmpHeader.LENGTH + payloadLength;
        Frame frame = ipv4(destination, source, from, to, IpProtocol.ICMP, icmpLength);
        UnsafeBuffer b = frame.ethernet();
        int icmp = EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH;
        IcmpHeader.type(b, icmp, IcmpHeader.ECHO_REQUEST);
        IcmpHeader.identifier(b, icmp, 7);
        IcmpHeader.sequence(b, icmp, 1);
        for (int i = 0; i < payloadLength; i++) {
            b.putByte(icmp + IcmpHeader.LENGTH + i, (byte) i);
        }
        IcmpHeader.checksum(b, icmp, InternetChecksum.compute(b, icmp, icmpLength));
        return frame;
    }

    static Frame arp(int operation, long destination, long senderMac, int sender, long targetMac, int target) {
        Frame frame = ethernet(destination, senderMac, EtherType.ARP, ArpHeader.LENGTH);
        UnsafeBuffer b = frame.ethernet();
        int arp = EthernetHeader.LENGTH;
        ArpHeader.hardwareType(b, arp, 1);
        ArpHeader.protocolType(b, arp, EtherType.IPV4);
        ArpHeader.hardwareLength(b, arp, 6);
        ArpHeader.protocolLength(b, arp, 4);
        ArpHeader.operation(b, arp, operation);
        ArpHeader.senderMac(b, arp, senderMac);
        ArpHeader.senderAddress(b, arp, sender);
        ArpHeader.targetMac(b, arp, targetMac);
        ArpHeader.targetAddress(b, arp, target);
        return frame;
    }
}
