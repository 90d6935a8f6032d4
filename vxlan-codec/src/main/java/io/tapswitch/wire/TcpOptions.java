package io.tapswitch.wire;

import org.agrona.DirectBuffer;

/**
 * Options of a TCP header (RFC 9293 §3.1, §3.2), walked within bounds: each step moves at least one byte.
 *
 * <pre>
 *   one byte:   kind 0 (end of list) or 1 (no operation)
 *   the rest:   | kind | length | data ... |      length counts all three
 * </pre>
 */
public final class TcpOptions {
    /** Kind of the maximum segment size. */
    public static final int MAX_SEGMENT_SIZE = 2;
    /** Kind of the window scale (RFC 7323). */
    public static final int WINDOW_SCALE = 3;
    /** Kind of "selective acknowledgements permitted" (RFC 2018). */
    public static final int SACK_PERMITTED = 4;
    /** Kind of the timestamps (RFC 7323). */
    public static final int TIMESTAMPS = 8;
    /** Answer of {@link #find}: the header has no such option. */
    public static final int ABSENT = -1;
    /** Answer of {@link #find}: the list is malformed before the option was found. */
    public static final int MALFORMED = -2;

    private static final int END_OF_LIST = 0;
    private static final int NO_OPERATION = 1;
    /** Not a kind, so that a walk for it sees the whole list. */
    private static final int NO_KIND = -1;

    private TcpOptions() {}

    /**
     * {@return index in the buffer of the first option of the kind (of its kind byte), {@link #ABSENT} or
     * {@link #MALFORMED}} The option's own length byte has been checked to stay within the header.
     *
     * @param offset where the TCP header begins; all of {@link TcpHeader#dataOffset} bytes must be in the buffer
     * @param wanted a kind of two or more bytes
     */
    public static int find(DirectBuffer b, int offset, int wanted) {
        int end = offset + TcpHeader.dataOffset(b, offset);
        int i = offset + TcpHeader.MIN_LENGTH;
        while (i < end) {
            int kind = Octets.uint8(b, i);
            if (kind == END_OF_LIST) {
                return ABSENT;
            }
            if (kind == NO_OPERATION) {
                i++;
                continue;
            }
            int length = i + 1 < end ? Octets.uint8(b, i + 1) : 0;
            if (length < 2 || length > end - i) {
                return MALFORMED;
            }
            if (kind == wanted) {
                return i;
            }
            i += length;
        }
        return ABSENT;
    }

    /** {@return length of the option at an index that {@link #find} returned, kind and length bytes included} */
    public static int length(DirectBuffer b, int index) {
        return Octets.uint8(b, index + 1);
    }

    /** {@return whether the options can be walked to their end} */
    public static boolean wellFormed(DirectBuffer b, int offset) {
        return find(b, offset, NO_KIND) != MALFORMED;
    }

    /** {@return maximum segment size, or a negative answer as {@link #find}'s} */
    public static int maxSegmentSize(DirectBuffer b, int offset) {
        int index = find(b, offset, MAX_SEGMENT_SIZE);
        if (index < 0) {
            return index;
        }
        return length(b, index) == 4 ? Octets.uint16(b, index + 2) : MALFORMED;
    }
}
