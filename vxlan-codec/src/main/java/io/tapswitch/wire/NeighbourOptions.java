package io.tapswitch.wire;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Options of neighbour discovery messages (RFC 4861 §4.6), of which the link-layer address options are read.
 *
 * <pre>
 *   +---------------+---------------+-------------------------------+
 *   | type          | length / 8    | link-layer address (6 bytes)  |
 *   +---------------+---------------+                               +
 *   |                                                               |
 *   +---------------------------------------------------------------+
 * </pre>
 */
public final class NeighbourOptions {
    /** Type: link-layer address of the sender. */
    public static final int SOURCE_LINK_LAYER = 1;
    /** Type: link-layer address of the target. */
    public static final int TARGET_LINK_LAYER = 2;
    /** Bytes of a link-layer address option for Ethernet. */
    public static final int LINK_LAYER_LENGTH = 8;
    /** There is no such option. */
    public static final long ABSENT = -1;
    /** An option is cut off or has length 0, or one that must be unique comes with different contents. */
    public static final long MALFORMED = -2;

    private static final int UNIT = 8;

    private NeighbourOptions() {}

    /**
     * {@return the MAC address of the options of a type, {@link #ABSENT} or {@link #MALFORMED}} Which of several equal
     * options a receiver believes is not defined, so several that differ are malformed.
     *
     * @param offset where the first option begins
     * @param end where the message ends
     */
    public static long find(DirectBuffer b, int offset, int end, int type) {
        long found = ABSENT;
        int i = offset;
        while (i < end) {
            if (end - i < UNIT) {
                return MALFORMED;
            }
            int length = Octets.uint8(b, i + 1) * UNIT;
            if (length == 0 || length > end - i) {
                return MALFORMED;
            }
            if (Octets.uint8(b, i) == type) {
                long mac = Octets.uint48(b, i + 2);
                if (length != LINK_LAYER_LENGTH || (found != ABSENT && found != mac)) {
                    return MALFORMED;
                }
                found = mac;
            }
            i += length;
        }
        return found;
    }

    /** Writes a link-layer address option. */
    public static void linkLayer(MutableDirectBuffer b, int offset, int type, long mac) {
        Octets.uint8(b, offset, type);
        Octets.uint8(b, offset + 1, LINK_LAYER_LENGTH / UNIT);
        Octets.uint48(b, offset + 2, mac);
    }
}
