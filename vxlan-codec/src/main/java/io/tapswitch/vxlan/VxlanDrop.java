package io.tapswitch.vxlan;

import java.util.Locale;

/**
 * Why a frame does not enter a tunnel, or does not come out of it. Each reason has a counter of its own (V15).
 *
 * <p>On the frame's way a reason is a negative number, {@link #code}; 0 and above is no drop.
 */
public enum VxlanDrop {
    /** Fewer bytes than the outer headers have. */
    OUTER_TRUNCATED("outer headers are cut off"),
    /** Neither IPv4 nor IPv6, or not UDP in it. */
    OUTER_PROTOCOL("outer packet is not UDP over IPv4 or IPv6"),
    /** Outer version or lengths contradict each other or the frame. */
    OUTER_LENGTH("bad outer IP header"),
    /** Outer IPv4 header checksum is wrong. */
    OUTER_CHECKSUM("wrong outer IP header checksum"),
    /** A part of an outer packet: tunnel endpoints do not fragment (RFC 7348 §4.3). */
    OUTER_FRAGMENT("outer packet is a fragment"),
    /** Outer UDP length below 8 or beyond the packet. */
    UDP_LENGTH("bad outer UDP length"),
    /** Outer UDP checksum is there and wrong (V3). */
    UDP_CHECKSUM("wrong outer UDP checksum"),
    /** No outer UDP checksum over IPv6 (V3, RFC 8200 §8.1). */
    UDP_CHECKSUM_ABSENT("no outer UDP checksum over IPv6"),
    /** The virtio header contradicts the frame. */
    OFFLOAD("offload header does not describe the frame"),
    /** Fewer bytes behind UDP than a VXLAN header has (V4). */
    VXLAN_TRUNCATED("VXLAN header is cut off"),
    /** Flag I is clear (V4), as with anything else that is sent to this port (V15). */
    VXLAN_NO_VNI("VXLAN header without a network identifier"),
    /** The generic protocol extension: another protocol than Ethernet may follow (V15). */
    VXLAN_GPE("VXLAN-GPE, which is not spoken here"),
    /** The group policy extension (V15). */
    VXLAN_GBP("VXLAN group policy, which is not spoken here"),
    /** Fewer than 14 bytes inside (V4). */
    INNER_TRUNCATED("inner Ethernet header is cut off"),
    /** Inner source is a group address (V4). */
    INNER_SOURCE("inner source is a group address"),
    /** A VLAN tag inside, in a network that allows none (V6, RFC 7348 §6.1). */
    INNER_TAG("inner VLAN tag in a network that allows none"),
    /** Congestion was marked outside on what cannot carry the mark inside (V14, RFC 6040 §4.2). */
    INNER_ECN("congestion mark on an inner packet that is not capable of it"),
    /** With the outer headers, longer than an IP packet can be: it has to be segmented first. */
    TOO_LONG("too long for one outer packet"),
    /** A super-frame of more pieces than are made or taken at once. */
    TOO_MANY("super-frame of too many pieces"),
    /** No bytes left in the slot to put a received frame right. */
    NO_ROOM("no room in the frame's slot"),
    /** Datagrams in one packet that a socket received, of a sender on this machine. */
    UNMARKED("datagrams in one packet, and nobody says where one ends"),
    /** Not encrypted, in a network that is (V13). */
    CLEAR("in clear, in an encrypted network"),
    /** Encrypted, in a network that is not (V13). */
    SEALED("encrypted, in a network that is not"),
    /** Fewer bytes than an encrypted frame has around it. */
    SEAL_TRUNCATED("encrypted frame is cut off"),
    /** Encrypted with a key that is none of its sender's. */
    SEAL_KEY("encrypted with a key that is not known of its sender"),
    /** Its counter was seen before, or is too old to be told (RFC 4303 §3.4.3). */
    SEAL_REPLAY("encrypted frame came before, or too late"),
    /** The tag is wrong: somebody without the key made or changed it. */
    SEAL_FORGED("encrypted frame is forged or damaged"),
    /** There is no key to encrypt with, or none of its counters is left. */
    SEAL_NO_KEY("no key left to encrypt with");

    /** Not a drop. */
    public static final int PASS = 0;

    private static final VxlanDrop[] VALUES = values();

    private final String sentence;

    VxlanDrop(String sentence) {
        this.sentence = sentence;
    }

    /** {@return this reason as a negative number} */
    public int code() {
        return -1 - ordinal();
    }

    /** {@return the reason of a negative number} */
    public static VxlanDrop of(int code) {
        return VALUES[-1 - code];
    }

    /** {@return the name for counters: lower case with underscores} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** {@return what happened, for people} */
    public String sentence() {
        return sentence;
    }

    /** {@return how many reasons there are} */
    public static int count() {
        return VALUES.length;
    }
}
