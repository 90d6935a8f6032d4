package io.tapswitch.vxlan;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * VXLAN header (RFC 7348 §5), which stands between the outer UDP header and the inner Ethernet frame.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-----------------------------------------------+
 *   |R|R|R|R|I|R|R|R| reserved                                      |
 *   +-+-+-+-+-+-+-+-+-------------------------------+---------------+
 *   | VXLAN network identifier (VNI)                | reserved      |
 *   +-----------------------------------------------+---------------+
 * </pre>
 *
 * <p>Reserved bits are sent as 0, because Linux drops what has one, and ignored on receipt, as the RFC wants it (V5);
 * but for one value of the last byte, {@link #isSealed}, by which we tell an encrypted frame ({@link SealHeader}).
 * Two extensions give them a meaning that is not to be ignored, and they are told from stray bits by what comes with
 * their flag: the generic protocol extension has flag P (0x04) and the next protocol in the fourth byte, the group
 * policy extension has flag G (0x80) and its own flags and a policy in the next three bytes. Both are refused, each
 * under its own name (V15).
 */
public final class VxlanHeader {
    /** Bytes of the header. */
    public static final int LENGTH = 8;
    /** UDP port that IANA gave to VXLAN. */
    public static final int PORT = 4789;
    /** The largest network identifier. */
    public static final int MAX_VNI = 0xFF_FFFF;

    private static final int VNI_OFFSET = 4;
    private static final int LAST_OFFSET = 7;
    /** Encryption, version 1; a frame in clear has 0 here. */
    private static final byte SEALED = (byte) 0xE1;

    private static final int FLAG_I = 1 << 27;
    private static final int FLAG_P = 1 << 26;
    private static final int FLAG_G = 1 << 31;
    private static final int NEXT_PROTOCOL = 0xFF;
    private static final int POLICY = 0xFF_FFFF;

    private VxlanHeader() {}

    /** Writes the whole header. */
    public static void write(MutableDirectBuffer b, int offset, int vni) {
        b.putInt(offset, FLAG_I, BIG_ENDIAN);
        b.putInt(offset + VNI_OFFSET, vni << 8, BIG_ENDIAN);
    }

    /** {@return network identifier, 24 bits} */
    public static int vni(DirectBuffer b, int offset) {
        return b.getInt(offset + VNI_OFFSET, BIG_ENDIAN) >>> 8;
    }

    /** Marks a header that was written: what follows is a {@link SealHeader}. */
    static void seal(MutableDirectBuffer b, int offset) {
        b.putByte(offset + LAST_OFFSET, SEALED);
    }

    /** {@return whether an encrypted frame follows} Others than this switch take such a header for a wrong one. */
    public static boolean isSealed(DirectBuffer b, int offset) {
        return b.getByte(offset + LAST_OFFSET) == SEALED && b.getInt(offset, BIG_ENDIAN) == FLAG_I;
    }

    /**
     * {@return {@link VxlanDrop#PASS}, or the code of a {@link VxlanDrop} if this is not a header with an Ethernet
     * frame behind it}
     *
     * @param length bytes from the header's first to the last of the datagram; may be anything
     */
    public static int check(DirectBuffer b, int offset, int length) {
        if (length < LENGTH) {
            return VxlanDrop.VXLAN_TRUNCATED.code();
        }
        int first = b.getInt(offset, BIG_ENDIAN);
        if (first != FLAG_I) {
            int objection = objection(first);
            if (objection < 0) {
                return objection;
            }
        }
        return length < LENGTH + EthernetHeader.LENGTH ? VxlanDrop.INNER_TRUNCATED.code() : VxlanDrop.PASS;
    }

    /**
     * {@return {@link VxlanDrop#PASS}, or the code of a {@link VxlanDrop} if no network may take the inner frame}
     *
     * @param frame where the inner Ethernet header begins, which was found to be whole
     * @param tagsAllowed whether the network takes frames with VLAN tags
     */
    public static int checkInner(DirectBuffer b, int frame, boolean tagsAllowed) {
        if (EthernetHeader.isGroup(EthernetHeader.source(b, frame))) {
            return VxlanDrop.INNER_SOURCE.code();
        }
        boolean refused = !tagsAllowed && EtherType.isTag(EthernetHeader.etherType(b, frame));
        return refused ? VxlanDrop.INNER_TAG.code() : VxlanDrop.PASS;
    }

    private static int objection(int first) {
        if ((first & FLAG_I) == 0) {
            return VxlanDrop.VXLAN_NO_VNI.code();
        }
        if ((first & FLAG_P) != 0 && (first & NEXT_PROTOCOL) != 0) {
            return VxlanDrop.VXLAN_GPE.code();
        }
        if ((first & FLAG_G) != 0 && (first & POLICY) != 0) {
            return VxlanDrop.VXLAN_GBP.code();
        }
        return VxlanDrop.PASS;
    }
}
