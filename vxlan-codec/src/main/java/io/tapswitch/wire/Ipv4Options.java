package io.tapswitch.wire;

import org.agrona.DirectBuffer;

/**
 * Options of an IPv4 header (RFC 791 §3.1), walked once and within bounds.
 *
 * <pre>
 *   one byte:   type 0 (end of list) or 1 (no operation)
 *   the rest:   | type | length | data ... |      length counts all three
 * </pre>
 *
 * <p>A length below 2 would make a naive walk stand still, and one beyond the header would make it read what is not an
 * option; both are malformed. Each step moves at least one byte, so a walk takes at most 40 steps.
 */
public final class Ipv4Options {
    /** Verdict: no options, or well-formed ones that a switch has no opinion on. */
    public static final int PLAIN = 0;
    /** Verdict: well-formed, with a loose or strict source route. */
    public static final int SOURCE_ROUTE = 1;
    /** Verdict: the list is malformed. */
    public static final int MALFORMED = -1;

    private static final int END_OF_LIST = 0;
    private static final int NO_OPERATION = 1;
    private static final int LOOSE_SOURCE_ROUTE = 131;
    private static final int STRICT_SOURCE_ROUTE = 137;

    private Ipv4Options() {}

    /**
     * {@return {@link #PLAIN}, {@link #SOURCE_ROUTE} or {@link #MALFORMED}}
     *
     * @param offset where the IPv4 header begins; all of {@link Ipv4Header#headerLength} bytes must be in the buffer
     */
    public static int verdict(DirectBuffer b, int offset) {
        int end = offset + Ipv4Header.headerLength(b, offset);
        int verdict = PLAIN;
        int i = offset + Ipv4Header.MIN_LENGTH;
        while (i < end) {
            int type = Octets.uint8(b, i);
            if (type == END_OF_LIST) {
                return verdict;
            }
            if (type == NO_OPERATION) {
                i++;
                continue;
            }
            int length = i + 1 < end ? Octets.uint8(b, i + 1) : 0;
            if (length < 2 || length > end - i) {
                return MALFORMED;
            }
            if (type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE) {
                verdict = SOURCE_ROUTE;
            }
            i += length;
        }
        return verdict;
    }

    /** {@return whether the options can be walked to their end} */
    public static boolean wellFormed(DirectBuffer b, int offset) {
        return verdict(b, offset) != MALFORMED;
    }

    /** {@return whether the options are well-formed and ask for a source route (LSRR 131 or SSRR 137)} */
    public static boolean hasSourceRoute(DirectBuffer b, int offset) {
        return verdict(b, offset) == SOURCE_ROUTE;
    }
}
