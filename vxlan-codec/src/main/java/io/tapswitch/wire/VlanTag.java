package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * VLAN tag (IEEE 802.1Q §9.3). It stands where an untagged frame has its EtherType, and pushes that behind itself.
 *
 * <pre>
 *   0         2             4
 *   +---------+---+-+-------+---------
 *   | TPID/16 |PCP|D| VID   | EtherType or next tag
 *   +---------+---+-+-------+---------
 *              3   1  12 bits
 * </pre>
 */
public final class VlanTag {
    /** Bytes of one tag. */
    public static final int LENGTH = 4;

    private static final int TAG_PROTOCOL_OFFSET = 0;
    private static final int CONTROL_OFFSET = 2;
    private static final int VLAN_ID_MASK = 0xFFF;

    private VlanTag() {}

    /** {@return TPID, see {@link EtherType#isTag}} */
    public static int tagProtocol(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + TAG_PROTOCOL_OFFSET);
    }

    /** Sets the TPID. */
    public static void tagProtocol(MutableDirectBuffer b, int offset, int etherType) {
        Octets.uint16(b, offset + TAG_PROTOCOL_OFFSET, etherType);
    }

    /** {@return VLAN identifier, 0 for a priority tag} */
    public static int vlanId(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CONTROL_OFFSET) & VLAN_ID_MASK;
    }

    /** {@return priority code point, 0-7} */
    public static int priority(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + CONTROL_OFFSET) >>> 13;
    }

    /** {@return drop eligible indicator} */
    public static boolean dropEligible(DirectBuffer b, int offset) {
        return (Octets.uint16(b, offset + CONTROL_OFFSET) & 0x1000) != 0;
    }

    /** Sets the three fields of the tag control information. */
    public static void control(MutableDirectBuffer b, int offset, int priority, boolean dropEligible, int vlanId) {
        int dei = dropEligible ? 0x1000 : 0;
        Octets.uint16(b, offset + CONTROL_OFFSET, (priority & 7) << 13 | dei | (vlanId & VLAN_ID_MASK));
    }

    /** {@return EtherType that follows the tag} */
    public static int etherType(DirectBuffer b, int offset) {
        return Octets.uint16(b, offset + LENGTH);
    }

    /** Sets the EtherType that follows the tag. */
    public static void etherType(MutableDirectBuffer b, int offset, int etherType) {
        Octets.uint16(b, offset + LENGTH, etherType);
    }
}
