package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Ethernet II header (IEEE 802.3 §3.1.1).
 *
 * <pre>
 *   0                   6                   12        14
 *   +-------------------+-------------------+---------+----------
 *   | destination (48)  | source (48)       | type/16 | payload
 *   +-------------------+-------------------+---------+----------
 * </pre>
 *
 * <p>MAC addresses are longs whose low 48 bits are the address as it is written: {@code 02:42:ac:12:00:02} is
 * {@code 0x0242ac120002L}.
 */
public final class EthernetHeader {
    /** Bytes of the header without tags. */
    public static final int LENGTH = 14;
    /** ff:ff:ff:ff:ff:ff. */
    public static final long BROADCAST = 0xFFFF_FFFF_FFFFL;
    /** Where the type stands, and where the first VLAN tag would be. */
    public static final int ETHER_TYPE_OFFSET = 12;

    private static final int DESTINATION_OFFSET = 0;
    private static final int SOURCE_OFFSET = 6;
    /** Individual/group bit: lowest bit of the first octet (IEEE 802 §8.2). */
    private static final long GROUP_BIT = 1L << 40;

    private EthernetHeader() {}

    /** {@return destination MAC address} */
    public static long destination(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + DESTINATION_OFFSET) >>> 16;
    }

    /** Sets the destination MAC address. */
    public static void destination(MutableDirectBuffer b, int offset, long mac) {
        Octets.uint48(b, offset + DESTINATION_OFFSET, mac);
    }

    /** {@return source MAC address} */
    public static long source(DirectBuffer b, int offset) {
        return Octets.int64(b, offset + SOURCE_OFFSET) >>> 16;
    }

    /** Sets the source MAC address. */
    public static void source(MutableDirectBuffer b, int offset, long mac) {
        Octets.uint48(b, offset + SOURCE_OFFSET, mac);
    }

    /** {@return type, or length when below {@link EtherType#MIN}} */
    public static int etherType(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + ETHER_TYPE_OFFSET);
    }

    /** Sets the type. */
    public static void etherType(MutableDirectBuffer b, int offset, int etherType) {
        Octets.uint16(b, offset + ETHER_TYPE_OFFSET, etherType);
    }

    /** {@return whether the address is a group address: broadcast or multicast} */
    public static boolean isGroup(long mac) {
        return (mac & GROUP_BIT) != 0;
    }
}
