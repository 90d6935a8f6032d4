package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.concat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Frames of a tunnel TAP, made and taken apart byte by byte: VXLAN (RFC 7348) behind a virtio header of 24 bytes. */
final class TunnelFrames {
    static final int VXLAN_PORT = 4789;
    static final int VNI = 42;
    /** Bytes of UDP and VXLAN header. */
    static final int VXLAN = 16;

    static final int NEEDS_CSUM = 1;
    static final int TUNNEL_CSUM = 8;
    static final int TCP4_IN_TUNNEL4 = 0x21;
    static final int UDP_IN_TUNNEL4 = 0x25;
    static final int UDP_IN_TUNNEL6 = 0x45;
    static final int DATAGRAMS = 5;

    private TunnelFrames() {}

    /** An address with colons is one of 32 hex digits in {@link IpFrames}, so that is how IPv6 is told here. */
    static boolean isSix(String address) {
        return !address.contains(".");
    }

    /** What the switch writes for a whole inner frame: all checksums are there. */
    static byte[] plain(String from, String to, int sourcePort, byte[] inner) {
        return concat(new byte[TunnelTap.HEADER_LENGTH], outer(from, to, sourcePort, inner, false));
    }

    /**
     * What the switch writes for a super-frame whose transport header has the sum of its pseudo-header as checksum.
     *
     * @param headers bytes of inner headers
     * @param checksum where in the inner transport header the checksum is
     */
    static byte[] superFrame(
            String from, String to, byte[] inner, int type, int size, int headers, int transport, int checksum) {
        byte[] frame = outer(from, to, 50_000, inner, true);
        int outer = frame.length - inner.length;
        ByteBuffer virtio = ByteBuffer.allocate(TunnelTap.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        virtio.put((byte) (NEEDS_CSUM | TUNNEL_CSUM)).put((byte) type).putShort((short) (outer + headers));
        virtio.putShort((short) size).putShort((short) (outer + transport)).putShort((short) checksum);
        virtio.putShort(20, (short) (outer - VXLAN)).putShort(22, (short) (outer + IpFrames.ETHERNET));
        return concat(virtio.array(), frame);
    }

    /** The outer headers, with addresses of Ethernet that the way out fills in, and the inner frame. */
    private static byte[] outer(String from, String to, int sourcePort, byte[] inner, boolean partial) {
        byte[] vxlan =
                ByteBuffer.allocate(8).putInt(0x0800_0000).putInt(VNI << 8).array();
        byte[] datagram = IpFrames.udp(sourcePort, VXLAN_PORT, concat(vxlan, inner));
        int sum = partial
                ? ~IpFrames.checksum(0, IpFrames.pseudoHeader(from, to, IpFrames.UDP, datagram.length))
                : IpFrames.transportChecksum(from, to, IpFrames.UDP, datagram);
        ByteBuffer.wrap(datagram).putShort(6, (short) sum);
        byte[] packet = isSix(from)
                ? IpFrames.ipv6(from, to, IpFrames.UDP, datagram)
                : IpFrames.ipv4(from, to, IpFrames.UDP, 1, 0, datagram);
        return IpFrames.ethernet(new byte[6], new byte[6], packet, isSix(from) ? 0x86dd : 0x0800);
    }

    static int type(byte[] frame) {
        return frame[1] & 0x7f;
    }

    /** The packet of a frame, without the headers of virtio and Ethernet. */
    static byte[] packet(byte[] frame) {
        return Arrays.copyOfRange(frame, TunnelTap.HEADER_LENGTH + IpFrames.ETHERNET, frame.length);
    }

    /** The inner frames of what was read: one, which may be a super-frame, or one of each datagram that was merged. */
    static List<byte[]> inner(byte[] frame) {
        byte[] packet = packet(frame);
        int begin = (packet[0] >>> 4 == 6 ? 40 : IpFrames.IPV4) + VXLAN - 8;
        int length = packet.length - begin;
        int size = type(frame) == DATAGRAMS
                ? ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).getShort(4) & 0xffff
                : length;
        List<byte[]> all = new ArrayList<>();
        for (int at = begin; at < packet.length; at += size) {
            if (ByteBuffer.wrap(packet).getLong(at) != (0x0800_0000_0000_0000L | VNI << 8)) {
                throw new AssertionError("no VXLAN header of our network");
            }
            all.add(Arrays.copyOfRange(packet, at + 8, Math.min(at + size, packet.length)));
        }
        return all;
    }
}
