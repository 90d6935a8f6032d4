package io.tapswitch.vxlan;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The header in front of every frame of a TAP that takes super-frames in UDP tunnels: struct
 * virtio_net_hdr_v1_hash_tunnel of linux/virtio_net.h (Linux 6.17), little endian.
 *
 * <pre>
 *   0      1         2         4          6            8             10      20                24
 *   | flags | gsoType | hdrLen  | gsoSize  | csumStart  | csumOffset  | 0 ... | outerTransport | innerNetwork |
 *   |&lt;-------- struct virtio_net_hdr, as of any TAP -------->|                         22
 * </pre>
 *
 * <p>Offsets count from the beginning of the outer Ethernet frame, csumOffset from csumStart. With one of the tunnel
 * bits in gsoType, that field, gsoSize and the checksum's place describe the inner packet, and the last two fields say
 * where the outer UDP and the inner IP header stand; without, they mean nothing.
 *
 * <p>Its first ten bytes are the whole header of a TAP without tunnels, so the accessors of those fields serve for
 * both; {@link #PLAIN_LENGTH} is the shorter one's length.
 */
public final class TunnelHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 24;
    /** Bytes of the header of a TAP that does not know of tunnels. */
    public static final int PLAIN_LENGTH = 10;

    /** Flag: the checksum at csumStart + csumOffset has to be completed. */
    public static final int NEEDS_CSUM = 1;
    /** Flag: the outermost transport checksum was verified. */
    public static final int DATA_VALID = 2;
    /** Flag: of a super-frame in a tunnel, the outer UDP checksum has to be completed too. */
    public static final int UDP_TUNNEL_CSUM = 8;

    /** One packet. */
    public static final int GSO_NONE = 0;
    /** TCP over IPv4, to be cut into segments of gsoSize. */
    public static final int GSO_TCPV4 = 1;
    /** TCP over IPv6, to be cut into segments of gsoSize. */
    public static final int GSO_TCPV6 = 4;
    /** UDP, to be cut into datagrams of gsoSize. */
    public static final int GSO_UDP_L4 = 5;
    /** Or-ed to a type: what is cut is inside a UDP tunnel over IPv4. */
    public static final int GSO_UDP_TUNNEL_IPV4 = 0x20;
    /** Or-ed to a type: what is cut is inside a UDP tunnel over IPv6. */
    public static final int GSO_UDP_TUNNEL_IPV6 = 0x40;
    /** Or-ed to a TCP type: the first segment carries CWR. */
    public static final int GSO_ECN = 0x80;

    private static final int FLAGS = 0;
    private static final int GSO_TYPE = 1;
    private static final int HDR_LEN = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;
    private static final int MIDDLE = 16;
    private static final int OUTER_TRANSPORT = 20;
    private static final int INNER_NETWORK = 22;
    private static final int U16 = 0xFFFF;

    private TunnelHeader() {}

    /** {@return the flags} */
    public static int flags(DirectBuffer b, int offset) {
        return b.getByte(offset + FLAGS) & 0xFF;
    }

    /** {@return how the frame has to be cut} */
    public static int gsoType(DirectBuffer b, int offset) {
        return b.getByte(offset + GSO_TYPE) & 0xFF;
    }

    /** {@return length of the headers that each piece repeats; from the kernel it is only a hint} */
    public static int hdrLen(DirectBuffer b, int offset) {
        return b.getShort(offset + HDR_LEN) & U16;
    }

    /** {@return payload bytes of each piece} */
    public static int gsoSize(DirectBuffer b, int offset) {
        return b.getShort(offset + GSO_SIZE) & U16;
    }

    /** {@return where the checksummed bytes begin} */
    public static int csumStart(DirectBuffer b, int offset) {
        return b.getShort(offset + CSUM_START) & U16;
    }

    /** {@return where the checksum lies, from csumStart} */
    public static int csumOffset(DirectBuffer b, int offset) {
        return b.getShort(offset + CSUM_OFFSET) & U16;
    }

    /** {@return where the outer UDP header begins} */
    public static int outerTransport(DirectBuffer b, int offset) {
        return b.getShort(offset + OUTER_TRANSPORT) & U16;
    }

    /** {@return where the inner IP header begins} */
    public static int innerNetwork(DirectBuffer b, int offset) {
        return b.getShort(offset + INNER_NETWORK) & U16;
    }

    /** Sets where the outer UDP and the inner IP header begin. */
    public static void tunnel(MutableDirectBuffer b, int offset, int outerTransport, int innerNetwork) {
        b.putShort(offset + OUTER_TRANSPORT, (short) outerTransport);
        b.putShort(offset + INNER_NETWORK, (short) innerNetwork);
    }

    /** Sets how the frame has to be cut; to be followed by {@link #checksum}. */
    public static void gso(MutableDirectBuffer b, int offset, int type, int headerLength, int size) {
        b.putByte(offset + GSO_TYPE, (byte) type);
        b.putShort(offset + HDR_LEN, (short) headerLength);
        b.putShort(offset + GSO_SIZE, (short) size);
    }

    /** Sets the flags and which checksum has to be completed. */
    public static void checksum(MutableDirectBuffer b, int offset, int flags, int csumStart, int csumOffset) {
        b.putByte(offset + FLAGS, (byte) flags);
        b.putShort(offset + CSUM_START, (short) csumStart);
        b.putShort(offset + CSUM_OFFSET, (short) csumOffset);
    }

    /** Clears the header: a complete frame of one packet. */
    public static void clear(MutableDirectBuffer b, int offset) {
        b.putLong(offset, 0);
        b.putLong(offset + 8, 0);
        b.putLong(offset + MIDDLE, 0);
    }

    /** Clears the first ten bytes only, the header of a TAP without tunnels. */
    public static void clearPlain(MutableDirectBuffer b, int offset) {
        b.putLong(offset, 0);
        b.putShort(offset + CSUM_OFFSET, (short) 0);
    }
}
