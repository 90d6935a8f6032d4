package io.tapswitch.wire;

/** Values of the EtherType field (IEEE 802 registration authority, include/uapi/linux/if_ether.h). */
public final class EtherType {
    /** Smallest value that is a type; below it the field is the length of an 802.3 frame (IEEE 802.3 §3.2.6). */
    public static final int MIN = 0x600;
    /** IPv4. */
    public static final int IPV4 = 0x0800;
    /** ARP. */
    public static final int ARP = 0x0806;
    /** 802.1Q tag (C-tag). */
    public static final int VLAN = 0x8100;
    /** IPv6. */
    public static final int IPV6 = 0x86DD;
    /** 802.1ad tag (S-tag). */
    public static final int QINQ = 0x88A8;
    /** Outer tag of equipment older than 802.1ad. */
    public static final int QINQ_OLD = 0x9100;

    private EtherType() {}

    /** {@return whether the value announces a VLAN tag of any kind} */
    public static boolean isTag(int etherType) {
        return etherType == VLAN || etherType == QINQ || etherType == QINQ_OLD;
    }
}
