package io.tapswitch.tapio;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Ethernet frames with IP packets for tests, made byte by byte, so that they judge what tap-io does with such bytes. */
final class IpFrames {
    static final int ETHERNET = 14;
    static final int IPV4 = 20;
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP6 = 58;
    static final int MORE_FRAGMENTS = 0x2000;
    static final int SYN = 2;
    static final int SYN_ACK = 0x12;

    private IpFrames() {}

    /** Four bytes of an IPv4 address, or sixteen of an IPv6 address given as 32 hex digits. */
    static byte[] address(String text) {
        if (!text.contains(".")) {
            return HexFormat.of().parseHex(text);
        }
        byte[] bytes = new byte[4];
        int i = 0;
        for (String part : text.split("\\.", -1)) {
            bytes[i++] = (byte) Integer.parseInt(part);
        }
        return bytes;
    }

    /** {@return the lower half of the v4-mapped address} */
    static long low(String address) {
        return 0xffff_0000_0000L | (ByteBuffer.wrap(address(address)).getInt() & 0xffff_ffffL);
    }

    static byte[] concat(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    static byte[] mac(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    /** An Ethernet frame; the types of a tagged one are 0x8100, the tag and its own. */
    static byte[] ethernet(byte[] to, byte[] from, byte[] packet, int... etherTypes) {
        ByteBuffer types = ByteBuffer.allocate(2 * etherTypes.length);
        for (int type : etherTypes) {
            types.putShort((short) type);
        }
        return concat(to, from, types.array(), packet);
    }

    static byte[] ipv4(String from, String to, int protocol, int id, int fragment, byte[] payload) {
        ByteBuffer header = ByteBuffer.allocate(IPV4);
        header.put((byte) 0x45).put((byte) 0).putShort((short) (IPV4 + payload.length));
        header.putShort((short) id).putShort((short) fragment).put((byte) 64).put((byte) protocol);
        header.putShort((short) 0).put(address(from)).put(address(to));
        header.putShort(10, (short) checksum(0, header.array()));
        return concat(header.array(), payload);
    }

    static byte[] ipv6(String from, String to, int nextHeader, byte[] payload) {
        ByteBuffer header = ByteBuffer.allocate(40);
        header.putInt(0x6000_0000).putShort((short) payload.length).put((byte) nextHeader);
        header.put((byte) 64).put(address(from)).put(address(to));
        return concat(header.array(), payload);
    }

    /** An IPv6 extension header of eight bytes; of a fragment header {@code rest} says which. */
    static byte[] extension(int nextHeader, int fragment, int id, byte[] payload) {
        ByteBuffer header = ByteBuffer.allocate(8);
        header.put((byte) nextHeader).put((byte) 0).putShort((short) fragment).putInt(id);
        return concat(header.array(), payload);
    }

    /** A UDP datagram without a checksum. */
    static byte[] udp(int from, int to, byte[] payload) {
        ByteBuffer header = ByteBuffer.allocate(8);
        header.putShort((short) from).putShort((short) to).putShort((short) (8 + payload.length));
        return concat(header.array(), payload);
    }

    static byte[] tcp(String source, String destination, int from, int to, int sequence, int ack, int flags) {
        return tcp(source, destination, from, to, sequence, ack, flags, new byte[0]);
    }

    /** A TCP segment with options, whose length is a multiple of four. */
    static byte[] tcp(
            String source, String destination, int from, int to, int sequence, int ack, int flags, byte[] options) {
        ByteBuffer header = ByteBuffer.allocate(20 + options.length);
        header.putShort((short) from).putShort((short) to).putInt(sequence).putInt(ack);
        header.put((byte) (header.capacity() / 4 * 16)).put((byte) flags).putShort((short) 0xffff);
        header.put(20, options);
        header.putShort(16, (short) transportChecksum(source, destination, TCP, header.array()));
        return header.array();
    }

    /** The checksum of a transport header, with zero where it is to stand, and its payload; 0 when it stands there. */
    static int transportChecksum(String source, String destination, int protocol, byte[] packet) {
        return checksum(0, concat(pseudoHeader(source, destination, protocol, packet.length), packet));
    }

    /** The part of addresses, protocol and length that is in the checksum of a packet of so many bytes. */
    static byte[] pseudoHeader(String source, String destination, int protocol, int length) {
        byte[] rest = ByteBuffer.allocate(8).putInt(length).putInt(protocol).array();
        return concat(address(source), address(destination), rest);
    }

    /** An ICMP message with its checksum; {@code rest} is the second word. */
    static byte[] icmp(int type, int code, int rest, byte[] payload) {
        ByteBuffer header = ByteBuffer.allocate(8);
        header.put((byte) type).put((byte) code).putShort((short) 0).putInt(rest);
        byte[] message = concat(header.array(), payload);
        ByteBuffer.wrap(message).putShort(2, (short) checksum(0, message));
        return message;
    }

    static int checksum(int begin, byte[] bytes) {
        long sum = begin;
        for (int i = 0; i < bytes.length; i++) {
            sum += (long) (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }
}
