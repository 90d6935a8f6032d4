package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * ARP packet for IPv4 over Ethernet (RFC 826).
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   | hardware type                 | protocol type                 |
 *   +---------------+---------------+-------------------------------+
 *   | hw length     | prot. length  | operation                     |
 *   +---------------+---------------+-------------------------------+
 *   | sender hardware address (6 bytes)                             |
 *   +                               +-------------------------------+
 *   |                               | sender protocol address ...   |
 *   +-------------------------------+-------------------------------+
 *   | ... sender protocol address   | target hardware address ...   |
 *   +-------------------------------+                               +
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   | target protocol address                                       |
 *   +---------------------------------------------------------------+
 * </pre>
 */
public final class ArpHeader {
    /** Bytes of the packet. */
    public static final int LENGTH = 28;
    /** Operation: who has the target address? */
    public static final int REQUEST = 1;
    /** Operation: the sender has it. */
    public static final int REPLY = 2;
    /** Hardware type of Ethernet. */
    public static final int ETHERNET = 1;
    /** Hardware length of Ethernet. */
    public static final int MAC_LENGTH = 6;
    /** Protocol length of IPv4. */
    public static final int ADDRESS_LENGTH = 4;

    private static final int HARDWARE_TYPE_OFFSET = 0;
    private static final int PROTOCOL_TYPE_OFFSET = 2;
    private static final int HARDWARE_LENGTH_OFFSET = 4;
    private static final int PROTOCOL_LENGTH_OFFSET = 5;
    private static final int OPERATION_OFFSET = 6;
    private static final int SENDER_MAC_OFFSET = 8;
    private static final int SENDER_ADDRESS_OFFSET = 14;
    private static final int TARGET_MAC_OFFSET = 18;
    private static final int TARGET_ADDRESS_OFFSET = 24;

    private ArpHeader() {}

    /** {@return whether the first four fields say IPv4 over Ethernet, which the place of the others depends on} */
    public static boolean isIpv4OverEthernet(DirectBuffer b, int offset) {
        return hardwareType(b, offset) == ETHERNET
                && protocolType(b, offset) == EtherType.IPV4
                && hardwareLength(b, offset) == MAC_LENGTH
                && protocolLength(b, offset) == ADDRESS_LENGTH;
    }

    /** Writes the first four fields for IPv4 over Ethernet. */
    public static void ipv4OverEthernet(MutableDirectBuffer b, int offset) {
        hardwareType(b, offset, ETHERNET);
        protocolType(b, offset, EtherType.IPV4);
        hardwareLength(b, offset, MAC_LENGTH);
        protocolLength(b, offset, ADDRESS_LENGTH);
    }

    /** {@return hardware type, {@link #ETHERNET}} */
    public static int hardwareType(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + HARDWARE_TYPE_OFFSET);
    }

    /** Sets the hardware type. */
    public static void hardwareType(MutableDirectBuffer b, int offset, int hardwareType) {
        Octets.uint16(b, offset + HARDWARE_TYPE_OFFSET, hardwareType);
    }

    /** {@return protocol type, an EtherType} */
    public static int protocolType(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + PROTOCOL_TYPE_OFFSET);
    }

    /** Sets the protocol type. */
    public static void protocolType(MutableDirectBuffer b, int offset, int etherType) {
        Octets.uint16(b, offset + PROTOCOL_TYPE_OFFSET, etherType);
    }

    /** {@return bytes of a hardware address} */
    public static int hardwareLength(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + HARDWARE_LENGTH_OFFSET);
    }

    /** Sets the bytes of a hardware address. */
    public static void hardwareLength(MutableDirectBuffer b, int offset, int length) {
        Octets.uint8(b, offset + HARDWARE_LENGTH_OFFSET, length);
    }

    /** {@return bytes of a protocol address} */
    public static int protocolLength(DirectBuffer b, int offset) {
        return Octets.uint8(b, offset + PROTOCOL_LENGTH_OFFSET);
    }

    /** Sets the bytes of a protocol address. */
    public static void protocolLength(MutableDirectBuffer b, int offset, int length) {
        Octets.uint8(b, offset + PROTOCOL_LENGTH_OFFSET, length);
    }

    /** {@return operation, {@link #REQUEST} or {@link #REPLY}} */
    public static int operation(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + OPERATION_OFFSET);
    }

    /** Sets the operation. */
    public static void operation(MutableDirectBuffer b, int offset, int operation) {
        Octets.uint16(b, offset + OPERATION_OFFSET, operation);
    }

    /** {@return sender hardware address} */
    public static long senderMac(DirectBuffer b, int offset) {
        return Octets.uint48(b, offset + SENDER_MAC_OFFSET);
    }

    /** Sets the sender hardware address. */
    public static void senderMac(MutableDirectBuffer b, int offset, long mac) {
        Octets.uint48(b, offset + SENDER_MAC_OFFSET, mac);
    }

    /** {@return sender protocol address} */
    public static int senderAddress(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + SENDER_ADDRESS_OFFSET);
    }

    /** Sets the sender protocol address. */
    public static void senderAddress(MutableDirectBuffer b, int offset, int address) {
        Octets.int32(b, offset + SENDER_ADDRESS_OFFSET, address);
    }

    /** {@return target hardware address} */
    public static long targetMac(DirectBuffer b, int offset) {
        return Octets.uint48(b, offset + TARGET_MAC_OFFSET);
    }

    /** Sets the target hardware address. */
    public static void targetMac(MutableDirectBuffer b, int offset, long mac) {
        Octets.uint48(b, offset + TARGET_MAC_OFFSET, mac);
    }

    /** {@return target protocol address} */
    public static int targetAddress(DirectBuffer b, int offset) {
        return Octets.int32(b, offset + TARGET_ADDRESS_OFFSET);
    }

    /** Sets the target protocol address. */
    public static void targetAddress(MutableDirectBuffer b, int offset, int address) {
        Octets.int32(b, offset + TARGET_ADDRESS_OFFSET, address);
    }
}
