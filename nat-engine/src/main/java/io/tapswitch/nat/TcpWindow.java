package io.tapswitch.nat;

/**
 * What is known of one direction of a TCP connection, in one long: how far its sender got, how far the receiver
 * acknowledged, and how much the receiver takes at most.
 *
 * <pre>
 *   bits 63-32  acked     highest acknowledgement that the receiver sent: the next byte it waits for; exact
 *   bits 31-28  scale+1   shift of the window fields that THIS side sends (RFC 7323); 0 means nothing is known at all
 *   bits 27-24  exponent  of the window, 0 to 15
 *   bits 23-17  window    the largest ever offered to this side: (mantissa + 1) * 2^(8 + exponent), rounded up
 *   bits 16-0   count     how far this side got: end = acked rounded down to a unit, + count * unit
 *                         unit = 1 while the window is at most 64 KiB, else 2^(exponent - 1): window / 32768 or finer
 *
 *          acked            end                 edge = acked + window
 *   ---------+---------------+----------------------+-----------------> sequence numbers of this direction
 *    receiver |   in flight   |   may still be sent  |
 *    has it
 * </pre>
 *
 * <p>One word can be stored by one instruction, so a process that is killed at any moment leaves a true one. Rounding
 * is only ever up: what is tracked too generously passes, and nothing valid is refused. The end is rounded to points
 * that do not move with acked, else each acknowledgement would push it a little. The in-flight count has room for a
 * window and a super-frame of 64 KiB more. No method allocates.
 *
 * <p>Windows instead of edges: a receiver that takes its offer back is not followed (RFC 9293 §3.8.6 tells senders to
 * bear that too). Sequence numbers are compared by the sign of their difference.
 */
final class TcpWindow {
    /** Nothing is known. */
    static final long UNKNOWN = 0;
    /** RFC 7323 §2.3: a larger shift is taken for 14. Also what a shift that nobody heard is taken for. */
    static final int MAX_SCALE = 14;
    /** The largest window there is. */
    static final int MAX_WINDOW = 1 << 30;

    /** Least distance behind acked at which a segment still counts as a late copy (Linux: 66 000 for ACKs). */
    private static final int MIN_BEHIND = 66_000;

    private static final int MAX_BEHIND = 1 << 29;

    private static final int SCALE_SHIFT = 28;
    private static final int EXPONENT_SHIFT = 24;
    private static final int MANTISSA_SHIFT = 17;
    private static final int COUNT_MASK = (1 << MANTISSA_SHIFT) - 1;
    private static final int GRAIN_SHIFT = 8;
    private static final int MANTISSAS = 128;

    private TcpWindow() {}

    /** {@return a direction of which this much is known; the window is the one offered to it} */
    static long of(int acked, int end, int window, int scale) {
        int word = ((Math.min(scale, MAX_SCALE) + 1) << SCALE_SHIFT) | windowBits(window);
        return ((long) acked << 32) | ((word + count(acked, end, unitShift(word))) & 0xFFFF_FFFFL);
    }

    static int acked(long w) {
        return (int) (w >>> 32);
    }

    static int end(long w) {
        int shift = unitShift((int) w);
        return (acked(w) & -1 << shift) + (((int) w & COUNT_MASK) << shift);
    }

    static int window(long w) {
        int bits = (int) w;
        int mantissa = (bits >>> MANTISSA_SHIFT) & (MANTISSAS - 1);
        return (mantissa + 1) << (GRAIN_SHIFT + exponent(bits));
    }

    static int scale(long w) {
        return w == UNKNOWN ? MAX_SCALE : ((int) w >>> SCALE_SHIFT) - 1;
    }

    static long scale(long w, int scale) {
        return of(acked(w), end(w), window(w), scale);
    }

    /** The side sent up to {@code end}. */
    static long sent(long w, int end) {
        return end - end(w) > 0 ? of(acked(w), end, window(w), scale(w)) : w;
    }

    /**
     * The side sent its FIN, which ends at {@code end}: nothing is offered to it any more. So the unit becomes the
     * least that is possible, and a new connection of the same numbers or the FIN's own acknowledgement can be told.
     */
    static long finished(long w, int end) {
        return of(acked(w), end, end - acked(w), scale(w));
    }

    /** The other side acknowledged up to {@code ack} and offers {@code window}; neither ever shrinks. */
    static long acknowledged(long w, int ack, int window) {
        int acked = ack - acked(w) > 0 ? ack : acked(w);
        if (acked == acked(w) && window <= window(w)) {
            return w;
        }
        int end = end(w);
        return of(acked, acked - end > 0 ? acked : end, Math.max(window, window(w)), scale(w));
    }

    /** {@return whether all that was sent is acknowledged, to within a unit} */
    static boolean allAcked(long w) {
        return end(w) - acked(w) < 1 << unitShift((int) w);
    }

    /** {@return whether a segment begins within what the receiver takes, or is a late copy of what it has} */
    static boolean fits(long w, int sequence, int end) {
        return sequence - acked(w) - window(w) <= 0 && end - acked(w) + behind(w) >= 0;
    }

    /** {@return whether an acknowledgement is of what was sent, and not of long ago} */
    static boolean acknowledges(long w, int ack) {
        return ack - end(w) <= 0 && ack - acked(w) + behind(w) >= 0;
    }

    /** {@return whether a reset lies where the receiver still listens} */
    static boolean resetFits(long w, int sequence) {
        return sequence - acked(w) >= 0 && sequence - acked(w) - window(w) <= 0;
    }

    /** {@return whether a reset is just where the receiver waits, or just behind all that was sent to it} */
    static boolean resetIsExact(long w, int sequence) {
        return sequence == acked(w) || sequence == end(w);
    }

    private static int behind(long w) {
        // Twice, for the acknowledgement that was seen here may be lost behind. No more, or a sum would overflow.
        return Math.max(Math.min(window(w), MAX_BEHIND / 2) * 2, MIN_BEHIND);
    }

    private static int windowBits(int window) {
        int grains = Math.max(1, (window + (1 << GRAIN_SHIFT) - 1) >>> GRAIN_SHIFT);
        // As many bits as ceil(grains / 128) needs to be shifted away, so that the mantissa is 128 at most.
        int exponent = 32 - Integer.numberOfLeadingZeros((grains - 1) >>> 7);
        int mantissa = (grains + (1 << exponent) - 1) >>> exponent;
        return (exponent << EXPONENT_SHIFT) | ((mantissa - 1) << MANTISSA_SHIFT);
    }

    private static int unitShift(int bits) {
        return Math.max(0, exponent(bits) - 1);
    }

    private static int exponent(int bits) {
        return (bits >>> EXPONENT_SHIFT) & 15;
    }

    private static int count(int acked, int end, int shift) {
        int distance = end - (acked & -1 << shift);
        return distance <= 0 ? 0 : (int) Math.min(COUNT_MASK, ((long) distance + (1L << shift) - 1) >>> shift);
    }
}
