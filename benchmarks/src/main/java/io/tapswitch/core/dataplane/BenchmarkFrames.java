package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import org.agrona.MutableDirectBuffer;

/** The network and the frames that are measured; frames are written with a virtio_net_hdr before them. */
final class BenchmarkFrames {
    static final NetworkSettings NETWORK =
            new NetworkSettings(0, 0x0a00_0001, 0x0242_0a00_0001L, 24, 1500, false, 0, Integer.MAX_VALUE, 64, 1024);
    static final int SMALL_LENGTH = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH + 20 + 8 + 64;
    static final int SUPER_LENGTH = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH + 65_212;

    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    private BenchmarkFrames() {}

    static long mac(int port) {
        return 0x0242_0a00_0002L + port;
    }

    /** A datagram of 64 bytes with a complete checksum (0: none). */
    static void small(MutableDirectBuffer b, int offset, long destination) {
        headers(b, offset, destination, IpProtocol.UDP, SMALL_LENGTH);
        UdpHeader.sourcePort(b, offset + L3 + 20, 40_000);
        UdpHeader.destinationPort(b, offset + L3 + 20, 7001);
        UdpHeader.length(b, offset + L3 + 20, 72);
    }

    /** What a TCP sender hands over at full speed: 64 KiB to be cut into segments of 1448 bytes (O1). */
    static void superFrame(MutableDirectBuffer b, int offset, long destination) {
        headers(b, offset, destination, IpProtocol.TCP, SUPER_LENGTH);
        TcpHeader.dataOffset(b, offset + L3 + 20, 32);
        TcpHeader.flags(b, offset + L3 + 20, TcpHeader.ACK);
        VirtioNetHeader.flags(b, offset, VirtioNetHeader.NEEDS_CSUM);
        VirtioNetHeader.gsoType(b, offset, VirtioNetHeader.GSO_TCPV4);
        VirtioNetHeader.gsoSize(b, offset, 1448);
        VirtioNetHeader.hdrLen(b, offset, EthernetHeader.LENGTH + 52);
        VirtioNetHeader.csumStart(b, offset, EthernetHeader.LENGTH + 20);
        VirtioNetHeader.csumOffset(b, offset, TcpHeader.CHECKSUM_OFFSET);
    }

    private static void headers(MutableDirectBuffer b, int offset, long destination, int protocol, int length) {
        b.setMemory(offset, length, (byte) 0);
        EthernetHeader.destination(b, offset + VirtioNetHeader.LENGTH, destination);
        EthernetHeader.source(b, offset + VirtioNetHeader.LENGTH, mac(0));
        EthernetHeader.etherType(b, offset + VirtioNetHeader.LENGTH, EtherType.IPV4);
        Ipv4Header.headerLength(b, offset + L3, 20);
        Ipv4Header.totalLength(b, offset + L3, length - L3);
        Ipv4Header.ttl(b, offset + L3, 64);
        Ipv4Header.protocol(b, offset + L3, protocol);
        Ipv4Header.sourceAddress(b, offset + L3, 0x0a00_0002);
        Ipv4Header.destinationAddress(b, offset + L3, 0x0a00_0003);
        Ipv4Header.updateChecksum(b, offset + L3);
    }
}
