package io.tapswitch.tapio;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The header in front of every frame of a TAP with IFF_VNET_HDR: struct virtio_net_hdr of linux/virtio_net.h, in
 * native byte order, which is little endian on both processors we run on.
 *
 * <pre>
 *   0      1         2         4          6            8             10
 *   | flags | gsoType | hdrLen  | gsoSize  | csumStart  | csumOffset  |
 * </pre>
 *
 * <p>csumStart and hdrLen count from the beginning of the Ethernet frame, csumOffset from csumStart.
 */
public final class VirtioNetHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 10;

    /** Flag: the checksum at csumStart + csumOffset has to be completed. */
    public static final int NEEDS_CSUM = 1;
    /** Flag: the checksum was verified. */
    public static final int DATA_VALID = 2;

    /** One packet. */
    public static final int GSO_NONE = 0;
    /** TCP over IPv4, to be cut into segments of gsoSize. */
    public static final int GSO_TCPV4 = 1;
    /** UDP, to be cut into IP fragments. */
    public static final int GSO_UDP = 3;
    /** TCP over IPv6, to be cut into segments of gsoSize. */
    public static final int GSO_TCPV6 = 4;
    /** UDP, to be cut into datagrams of gsoSize. */
    public static final int GSO_UDP_L4 = 5;
    /** Or-ed to a TCP type: the first segment carries CWR. */
    public static final int GSO_ECN = 0x80;

    private static final int FLAGS = 0;
    private static final int GSO_TYPE = 1;
    private static final int HDR_LEN = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;
    private static final int U16 = 0xffff;

    private VirtioNetHeader() {}

    /** {@return the flags} */
    public static int flags(DirectBuffer buffer, int offset) {
        return buffer.getByte(offset + FLAGS) & 0xff;
    }

    /** Sets the flags. */
    public static void flags(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putByte(offset + FLAGS, (byte) value);
    }

    /** {@return how the frame has to be cut} */
    public static int gsoType(DirectBuffer buffer, int offset) {
        return buffer.getByte(offset + GSO_TYPE) & 0xff;
    }

    /** Sets how the frame has to be cut. */
    public static void gsoType(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putByte(offset + GSO_TYPE, (byte) value);
    }

    /** {@return length of the headers that each piece repeats; a hint} */
    public static int hdrLen(DirectBuffer buffer, int offset) {
        return buffer.getShort(offset + HDR_LEN) & U16;
    }

    /** Sets the length of the headers. */
    public static void hdrLen(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putShort(offset + HDR_LEN, (short) value);
    }

    /** {@return payload bytes of each piece} */
    public static int gsoSize(DirectBuffer buffer, int offset) {
        return buffer.getShort(offset + GSO_SIZE) & U16;
    }

    /** Sets the payload bytes of each piece. */
    public static void gsoSize(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putShort(offset + GSO_SIZE, (short) value);
    }

    /** {@return where the checksummed bytes begin} */
    public static int csumStart(DirectBuffer buffer, int offset) {
        return buffer.getShort(offset + CSUM_START) & U16;
    }

    /** Sets where the checksummed bytes begin. */
    public static void csumStart(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putShort(offset + CSUM_START, (short) value);
    }

    /** {@return where the checksum lies, from csumStart} */
    public static int csumOffset(DirectBuffer buffer, int offset) {
        return buffer.getShort(offset + CSUM_OFFSET) & U16;
    }

    /** Sets where the checksum lies. */
    public static void csumOffset(MutableDirectBuffer buffer, int offset, int value) {
        buffer.putShort(offset + CSUM_OFFSET, (short) value);
    }

    /** Clears the header: a complete frame of one packet. */
    public static void clear(MutableDirectBuffer buffer, int offset) {
        buffer.putLong(offset, 0);
        buffer.putShort(offset + CSUM_OFFSET, (short) 0);
    }
}
