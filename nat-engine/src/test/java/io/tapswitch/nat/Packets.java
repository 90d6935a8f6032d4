package io.tapswitch.nat;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.SctpHeader;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.zip.CRC32C;
import org.agrona.concurrent.UnsafeBuffer;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6EchoRequestPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV4Rfc791Tos;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.IpV6SimpleFlowLabel;
import org.pcap4j.packet.IpV6SimpleTrafficClass;
import org.pcap4j.packet.SctpPacket;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.UnknownPacket;
import org.pcap4j.packet.namednumber.IcmpV4Code;
import org.pcap4j.packet.namednumber.IcmpV4Type;
import org.pcap4j.packet.namednumber.IcmpV6Code;
import org.pcap4j.packet.namednumber.IcmpV6Type;
import org.pcap4j.packet.namednumber.IpNumber;
import org.pcap4j.packet.namednumber.IpVersion;
import org.pcap4j.packet.namednumber.SctpPort;
import org.pcap4j.packet.namednumber.TcpPort;
import org.pcap4j.packet.namednumber.UdpPort;

/** IP packets as an independent implementation writes them: the judge's, checksums included. */
final class Packets {
    /** Seed of this run, to be had again with {@code -Dseed=}. */
    static final long SEED = Long.getLong("seed", System.nanoTime());

    /** Every protocol that is translated by port or identifier. */
    static final List<Integer> PROTOCOLS = List.of(IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP);

    static {
        System.out.println("packet tests: -Dseed=" + SEED);
    }

    private Packets() {}

    static RandomGenerator random(int salt) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + salt);
    }

    static byte[] bytes(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** {@return a random address of a single host} */
    static InetAddress host(RandomGenerator random, boolean ipv6) {
        byte[] bytes = bytes(random, ipv6 ? 16 : 4);
        bytes[0] = (byte) (ipv6 ? 0xFD : random.nextInt(1, 224));
        try {
            return ipv6 ? Inet6Address.getByAddress(null, bytes, -1) : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    static long hi(InetAddress address) {
        return address instanceof Inet6Address
                ? new UnsafeBuffer(address.getAddress()).getLong(0, java.nio.ByteOrder.BIG_ENDIAN)
                : 0;
    }

    static long lo(InetAddress address) {
        UnsafeBuffer bytes = new UnsafeBuffer(address.getAddress());
        return address instanceof Inet6Address
                ? bytes.getLong(8, java.nio.ByteOrder.BIG_ENDIAN)
                : PacketClass.mapped(bytes.getInt(0, java.nio.ByteOrder.BIG_ENDIAN));
    }

    /**
     * {@return a packet of one of {@link #PROTOCOLS}} An ICMP one is an echo request with the source port as
     * identifier, and the destination port as sequence number.
     */
    static Packet of(
            int protocol, InetAddress from, int sourcePort, InetAddress to, int destinationPort, byte[] payload) {
        return switch (protocol) {
            case IpProtocol.TCP -> tcp(from, sourcePort, to, destinationPort, payload);
            case IpProtocol.UDP -> udp(from, sourcePort, to, destinationPort, payload);
            case IpProtocol.SCTP -> sctp(from, sourcePort, to, destinationPort, payload);
            case IpProtocol.ICMP -> echo(true, from, to, sourcePort, destinationPort, payload);
            default -> throw new IllegalArgumentException("protocol " + protocol);
        };
    }

    static Packet tcp(InetAddress from, int sourcePort, InetAddress to, int destinationPort, byte[] payload) {
        TcpPacket.Builder tcp = new TcpPacket.Builder()
                .srcPort(TcpPort.getInstance((short) sourcePort))
                .dstPort(TcpPort.getInstance((short) destinationPort))
                .sequenceNumber(0x1234_5678)
                .acknowledgmentNumber(0x9ABC_DEF0)
                .ack(true)
                .psh(true)
                .window((short) 0xF0F1)
                .srcAddr(from)
                .dstAddr(to)
                .payloadBuilder(new UnknownPacket.Builder().rawData(payload))
                .correctChecksumAtBuild(true)
                .correctLengthAtBuild(true);
        return ip(IpNumber.TCP, from, to, tcp);
    }

    static Packet udp(InetAddress from, int sourcePort, InetAddress to, int destinationPort, byte[] payload) {
        UdpPacket.Builder udp = new UdpPacket.Builder()
                .srcPort(UdpPort.getInstance((short) sourcePort))
                .dstPort(UdpPort.getInstance((short) destinationPort))
                .srcAddr(from)
                .dstAddr(to)
                .payloadBuilder(new UnknownPacket.Builder().rawData(payload))
                .correctChecksumAtBuild(true)
                .correctLengthAtBuild(true);
        Packet packet = ip(IpNumber.UDP, from, to, udp);
        // The builder sends a sum of 0 as 0, which says that there is no checksum (RFC 768).
        packet.mendChecksum();
        return packet;
    }

    static Packet sctp(InetAddress from, int sourcePort, InetAddress to, int destinationPort, byte[] payload) {
        SctpPacket.Builder sctp = new SctpPacket.Builder()
                .srcPort(SctpPort.getInstance((short) sourcePort))
                .dstPort(SctpPort.getInstance((short) destinationPort))
                .verificationTag(0xCAFE_F00D)
                .chunks(List.of())
                .payloadBuilder(new UnknownPacket.Builder().rawData(payload))
                .checksum(0);
        Packet packet = ip(IpNumber.SCTP, from, to, sctp);
        SctpHeader.checksum(packet.buffer, packet.at(), crc32c(packet));
        return packet;
    }

    /**
     * {@return CRC32c of an SCTP packet} The JDK is the judge of that: pcap4j does not find right what it has computed
     * itself.
     */
    static int crc32c(Packet packet) {
        byte[] sctp = Arrays.copyOfRange(packet.bytes(), packet.transport(), packet.length);
        Arrays.fill(sctp, SctpHeader.CHECKSUM_OFFSET, SctpHeader.LENGTH, (byte) 0);
        CRC32C crc = new CRC32C();
        crc.update(sctp);
        return (int) crc.getValue();
    }

    static Packet echo(
            boolean request, InetAddress from, InetAddress to, int identifier, int sequence, byte[] payload) {
        UnknownPacket.Builder data = new UnknownPacket.Builder().rawData(payload);
        if (from instanceof Inet6Address from6) {
            IcmpV6CommonPacket.Builder icmp = new IcmpV6CommonPacket.Builder()
                    .type(request ? IcmpV6Type.ECHO_REQUEST : IcmpV6Type.ECHO_REPLY)
                    .code(IcmpV6Code.NO_CODE)
                    .srcAddr(from6)
                    .dstAddr((Inet6Address) to)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(new IcmpV6EchoRequestPacket.Builder()
                            .identifier((short) identifier)
                            .sequenceNumber((short) sequence)
                            .payloadBuilder(data));
            return ip(IpNumber.ICMPV6, from, to, icmp);
        }
        IcmpV4CommonPacket.Builder icmp = new IcmpV4CommonPacket.Builder()
                .type(request ? IcmpV4Type.ECHO : IcmpV4Type.ECHO_REPLY)
                .code(IcmpV4Code.NO_CODE)
                .correctChecksumAtBuild(true)
                .payloadBuilder(new IcmpV4EchoPacket.Builder()
                        .identifier((short) identifier)
                        .sequenceNumber((short) sequence)
                        .payloadBuilder(data));
        return ip(IpNumber.ICMPV4, from, to, icmp);
    }

    /** {@return an ICMP or ICMPv6 message with these four bytes behind its checksum, and this behind them} */
    static Packet icmp(int type, int code, InetAddress from, InetAddress to, int word, byte[] body) {
        UnsafeBuffer rest = new UnsafeBuffer(new byte[4 + body.length]);
        rest.putInt(0, word, java.nio.ByteOrder.BIG_ENDIAN);
        rest.putBytes(4, body);
        UnknownPacket.Builder payload = new UnknownPacket.Builder().rawData(rest.byteArray());
        if (from instanceof Inet6Address from6) {
            IcmpV6CommonPacket.Builder icmp = new IcmpV6CommonPacket.Builder()
                    .type(IcmpV6Type.getInstance((byte) type))
                    .code(IcmpV6Code.getInstance((byte) type, (byte) code))
                    .srcAddr(from6)
                    .dstAddr((Inet6Address) to)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(payload);
            return ip(IpNumber.ICMPV6, from, to, icmp);
        }
        IcmpV4CommonPacket.Builder icmp = new IcmpV4CommonPacket.Builder()
                .type(IcmpV4Type.getInstance((byte) type))
                .code(IcmpV4Code.getInstance((byte) type, (byte) code))
                .correctChecksumAtBuild(true)
                .payloadBuilder(payload);
        return ip(IpNumber.ICMPV4, from, to, icmp);
    }

    /** {@return a packet of a protocol that the judge does not look into} */
    static Packet opaque(int protocol, InetAddress from, InetAddress to, byte[] payload) {
        return ip(IpNumber.getInstance((byte) protocol), from, to, new UnknownPacket.Builder().rawData(payload));
    }

    private static Packet ip(
            IpNumber protocol, InetAddress from, InetAddress to, org.pcap4j.packet.Packet.Builder inside) {
        if (from instanceof Inet6Address from6) {
            return new Packet(new IpV6Packet.Builder()
                    .version(IpVersion.IPV6)
                    .trafficClass(IpV6SimpleTrafficClass.newInstance((byte) 0x9A))
                    .flowLabel(IpV6SimpleFlowLabel.newInstance(0xFEDCB))
                    .nextHeader(protocol)
                    .hopLimit((byte) 64)
                    .srcAddr(from6)
                    .dstAddr((Inet6Address) to)
                    .correctLengthAtBuild(true)
                    .payloadBuilder(inside)
                    .build()
                    .getRawData());
        }
        return new Packet(new IpV4Packet.Builder()
                .version(IpVersion.IPV4)
                .tos(IpV4Rfc791Tos.newInstance((byte) 0xB9))
                .identification((short) 0xFACE)
                .dontFragmentFlag(true)
                .ttl((byte) 64)
                .protocol(protocol)
                .srcAddr((Inet4Address) from)
                .dstAddr((Inet4Address) to)
                .payloadBuilder(inside)
                .correctChecksumAtBuild(true)
                .correctLengthAtBuild(true)
                .build()
                .getRawData());
    }

    /** {@return the packet with these IPv4 options, a multiple of 4 bytes} */
    static Packet withOptions(Packet packet, byte... options) {
        byte[] raw = packet.bytes();
        byte[] longer = new byte[raw.length + options.length];
        System.arraycopy(raw, 0, longer, 0, 20);
        System.arraycopy(options, 0, longer, 20, options.length);
        System.arraycopy(raw, 20, longer, 20 + options.length, raw.length - 20);
        UnsafeBuffer b = new UnsafeBuffer(longer);
        Ipv4Header.headerLength(b, 0, 20 + options.length);
        Ipv4Header.totalLength(b, 0, longer.length);
        Ipv4Header.updateChecksum(b, 0);
        return new Packet(longer);
    }

    /** {@return the packet with these IPv6 extension headers, whose last next header field is set here} */
    static Packet withExtensions(Packet packet, int first, int lastHeaderAt, byte... headers) {
        byte[] raw = packet.bytes();
        byte[] longer = new byte[raw.length + headers.length];
        System.arraycopy(raw, 0, longer, 0, 40);
        System.arraycopy(headers, 0, longer, 40, headers.length);
        System.arraycopy(raw, 40, longer, 40 + headers.length, raw.length - 40);
        longer[40 + lastHeaderAt] = raw[6];
        UnsafeBuffer b = new UnsafeBuffer(longer);
        Ipv6Header.nextHeader(b, 0, first);
        Ipv6Header.payloadLength(b, 0, longer.length - 40);
        return new Packet(longer);
    }
}
