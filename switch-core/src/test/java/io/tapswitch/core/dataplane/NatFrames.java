package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/** Packets of both families, with right checksums, for tests of the way out and in, and what they say on arrival. */
final class NatFrames {
    static final int IP = EthernetHeader.LENGTH;

    private final long destinationMac;
    private final long sourceMac;

    /** Frames from one MAC address to another. */
    NatFrames(long destinationMac, long sourceMac) {
        this.destinationMac = destinationMac;
        this.sourceMac = sourceMac;
    }

    /** An address and a port, as frames show them. */
    record End(IpAddress address, int port) {
        static End of(String address, int port) {
            return new End(IpAddress.parse(address), port);
        }

        @Override
        public String toString() {
            return address.isIpv6() ? "[" + address + "]:" + port : address + ":" + port;
        }
    }

    Frame udp(End from, End to, int payloadLength) {
        Frame frame = ip(from, to, IpProtocol.UDP, UdpHeader.LENGTH + payloadLength);
        int at = transport(frame);
        UnsafeBuffer b = frame.ethernet();
        UdpHeader.sourcePort(b, at, from.port);
        UdpHeader.destinationPort(b, at, to.port);
        UdpHeader.length(b, at, UdpHeader.LENGTH + payloadLength);
        fill(b, at + UdpHeader.LENGTH, payloadLength);
        return checksum(frame);
    }

    Frame tcp(End from, End to, int flags, int sequence, int acknowledgement, int payloadLength) {
        Frame frame = ip(from, to, IpProtocol.TCP, TcpHeader.MIN_LENGTH + payloadLength);
        int at = transport(frame);
        UnsafeBuffer b = frame.ethernet();
        TcpHeader.sourcePort(b, at, from.port);
        TcpHeader.destinationPort(b, at, to.port);
        TcpHeader.sequence(b, at, sequence);
        TcpHeader.acknowledgement(b, at, acknowledgement);
        TcpHeader.dataOffset(b, at, TcpHeader.MIN_LENGTH);
        TcpHeader.flags(b, at, flags);
        TcpHeader.window(b, at, 0xffff);
        fill(b, at + TcpHeader.MIN_LENGTH, payloadLength);
        return checksum(frame);
    }

    /** An echo request or reply; the port of who asks is the identifier. */
    Frame echo(End from, End to, boolean request, int identifier, int payloadLength) {
        boolean six = from.address.isIpv6();
        Frame frame = ip(from, to, six ? IpProtocol.ICMPV6 : IpProtocol.ICMP, IcmpHeader.LENGTH + payloadLength);
        int at = transport(frame);
        UnsafeBuffer b = frame.ethernet();
        IcmpHeader.type(b, at, request ? six ? 128 : 8 : six ? 129 : 0);
        IcmpHeader.identifier(b, at, identifier);
        IcmpHeader.sequence(b, at, 1);
        fill(b, at + IcmpHeader.LENGTH, payloadLength);
        return checksum(frame);
    }

    /** "Port unreachable" about a packet that {@code from} got and {@code to} sent. */
    Frame portUnreachable(End from, End to, Frame about) {
        boolean six = from.address.isIpv6();
        int quoted = about.ethernet().capacity() - IP;
        Frame frame = ip(from, to, six ? IpProtocol.ICMPV6 : IpProtocol.ICMP, IcmpHeader.LENGTH + quoted);
        int at = transport(frame);
        UnsafeBuffer b = frame.ethernet();
        IcmpHeader.type(b, at, six ? 1 : 3);
        IcmpHeader.code(b, at, six ? 4 : 3);
        b.putBytes(at + IcmpHeader.LENGTH, about.ethernet(), IP, quoted);
        return checksum(frame);
    }

    /** {@return the packet that an ICMP error quotes, as a frame} */
    static Frame quoted(Frame error) {
        int at = transport(error) + IcmpHeader.LENGTH;
        int length = error.ethernet().capacity() - at;
        Frame quoted = Frames.ethernet(0, 0, EthernetHeader.etherType(error.ethernet(), 0), length);
        quoted.ethernet().putBytes(IP, error.ethernet(), at, length);
        return quoted;
    }

    private Frame ip(End from, End to, int protocol, int length) {
        if (from.address instanceof Ipv4Address source && to.address instanceof Ipv4Address destination) {
            Frame frame = Frames.ipv4(destinationMac, sourceMac, source.bits(), destination.bits(), protocol, length);
            Ipv4Header.identification(frame.ethernet(), IP, 0x1234);
            return frame.ipChecksum();
        }
        Ipv6Address source = (Ipv6Address) from.address;
        Ipv6Address destination = (Ipv6Address) to.address;
        Frame frame = Frames.ethernet(destinationMac, sourceMac, EtherType.IPV6, Ipv6Header.LENGTH + length);
        UnsafeBuffer b = frame.ethernet();
        b.putByte(IP, (byte) 0x60);
        Ipv6Header.payloadLength(b, IP, length);
        Ipv6Header.nextHeader(b, IP, protocol);
        Ipv6Header.hopLimit(b, IP, 64);
        Ipv6Header.source(b, IP, source.hi(), source.lo());
        Ipv6Header.destination(b, IP, destination.hi(), destination.lo());
        return frame;
    }

    private static void fill(UnsafeBuffer b, int at, int length) {
        for (int i = 0; i < length; i++) {
            b.putByte(at + i, (byte) (i * 7));
        }
    }

    static boolean isIpv6(Frame frame) {
        return EthernetHeader.etherType(frame.ethernet(), 0) == EtherType.IPV6;
    }

    static int transport(Frame frame) {
        return IP + (isIpv6(frame) ? Ipv6Header.LENGTH : Ipv4Header.headerLength(frame.ethernet(), IP));
    }

    static int protocol(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        return isIpv6(frame) ? Ipv6Header.nextHeader(b, IP) : Ipv4Header.protocol(b, IP);
    }

    private static int checksumField(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> TcpHeader.CHECKSUM_OFFSET;
            case IpProtocol.UDP -> UdpHeader.CHECKSUM_OFFSET;
            default -> 2;
        };
    }

    /** Writes the transport checksum, after a change. */
    static Frame checksum(Frame frame) {
        int field = transport(frame) + checksumField(protocol(frame));
        frame.with16(field, 0);
        int sum = InternetChecksum.finishUdp(pseudoHeader(frame) + transportSum(frame));
        return frame.with16(field, sum);
    }

    /** Leaves the checksum to the device, as a container's kernel does. */
    static Frame partial(Frame frame) {
        int field = checksumField(protocol(frame));
        frame.with16(transport(frame) + field, InternetChecksum.fold(pseudoHeader(frame)));
        return frame.offload(VirtioNetHeader.NEEDS_CSUM, 0, 0, 0, transport(frame), field);
    }

    private static long transportSum(Frame frame) {
        int at = transport(frame);
        return InternetChecksum.sum(frame.ethernet(), at, packetEnd(frame) - at);
    }

    private static int packetEnd(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        return IP
                + (isIpv6(frame) ? Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, IP) : Ipv4Header.totalLength(b, IP));
    }

    private static long pseudoHeader(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        int protocol = protocol(frame);
        int length = packetEnd(frame) - transport(frame);
        if (protocol == IpProtocol.ICMP) {
            return 0;
        }
        return isIpv6(frame)
                ? InternetChecksum.pseudoHeader(
                        Ipv6Header.sourceHi(b, IP),
                        Ipv6Header.sourceLo(b, IP),
                        Ipv6Header.destinationHi(b, IP),
                        Ipv6Header.destinationLo(b, IP),
                        protocol,
                        length)
                : InternetChecksum.pseudoHeader(
                        Ipv4Header.sourceAddress(b, IP), Ipv4Header.destinationAddress(b, IP), protocol, length);
    }

    /** {@return whether IP and transport checksums are right, or the transport's is left to the device rightly} */
    static boolean checksumsRight(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        if (!isIpv6(frame) && !Ipv4Header.checksumValid(b, IP)) {
            return false;
        }
        int field = transport(frame) + checksumField(protocol(frame));
        if ((VirtioNetHeader.flags(frame.buffer(), 0) & VirtioNetHeader.NEEDS_CSUM) != 0) {
            return (b.getShort(field, java.nio.ByteOrder.BIG_ENDIAN) & 0xffff)
                    == InternetChecksum.fold(pseudoHeader(frame));
        }
        return InternetChecksum.isValid(pseudoHeader(frame) + transportSum(frame));
    }

    /** A frame that a switch wrote. */
    static Frame of(byte[] bytes) {
        Frame frame = new Frame(bytes.length - VirtioNetHeader.LENGTH);
        frame.bytes = bytes;
        return frame;
    }

    static IpAddress sourceAddress(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        return isIpv6(frame)
                ? new Ipv6Address(Ipv6Header.sourceHi(b, IP), Ipv6Header.sourceLo(b, IP))
                : Ipv4Address.fromBits(Ipv4Header.sourceAddress(b, IP));
    }

    static IpAddress destinationAddress(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        return isIpv6(frame)
                ? new Ipv6Address(Ipv6Header.destinationHi(b, IP), Ipv6Header.destinationLo(b, IP))
                : Ipv4Address.fromBits(Ipv4Header.destinationAddress(b, IP));
    }

    /** {@return source address and port; of an echo its identifier} */
    static End source(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        int at = transport(frame);
        return new End(
                sourceAddress(frame), isEcho(frame) ? IcmpHeader.identifier(b, at) : UdpHeader.sourcePort(b, at));
    }

    /** {@return destination address and port; of an echo its identifier} */
    static End destination(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        int at = transport(frame);
        return new End(
                destinationAddress(frame),
                isEcho(frame) ? IcmpHeader.identifier(b, at) : UdpHeader.destinationPort(b, at));
    }

    private static boolean isEcho(Frame frame) {
        return protocol(frame) == IpProtocol.ICMP || protocol(frame) == IpProtocol.ICMPV6;
    }

    static int ttl(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        return isIpv6(frame) ? Ipv6Header.hopLimit(b, IP) : Ipv4Header.ttl(b, IP);
    }

    static Frame ttl(Frame frame, int ttl) {
        if (isIpv6(frame)) {
            Ipv6Header.hopLimit(frame.ethernet(), IP, ttl);
            return frame;
        }
        Ipv4Header.ttl(frame.ethernet(), IP, ttl);
        return frame.ipChecksum();
    }

    static Frame dontFragment(Frame frame) {
        return frame.with16(IP + 6, 0x4000).ipChecksum();
    }

    /** Fragments of a frame, of at most so many bytes of IP packet, in order. */
    static List<Frame> fragments(Frame whole, int size) {
        UnsafeBuffer b = whole.ethernet();
        int packetLength = packetEnd(whole) - IP;
        long shape = isIpv6(whole)
                ? io.tapswitch.nat.Fragmentation.shape6(size, Ipv6Header.LENGTH, 0x5678)
                : io.tapswitch.nat.Fragmentation.shape(size);
        int pieces = io.tapswitch.nat.Fragmentation.pieces(b, IP, packetLength, shape);
        List<Frame> fragments = new ArrayList<>();
        for (int i = 0; i < pieces; i++) {
            Frame piece = new Frame(IP + size + 64);
            UnsafeBuffer out = piece.ethernet();
            out.putBytes(0, b, 0, IP);
            int length = io.tapswitch.nat.Fragmentation.write(b, IP, packetLength, shape, i, out, IP);
            fragments.add(piece.cut(IP + length));
        }
        return fragments;
    }
}
