package io.tapswitch.vxlan;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which frames of one sender's worker have come already (RFC 4303 §3.4.3), without a lock: they may come to several
 * workers here.
 *
 * <h2>Theory of operation</h2>
 *
 * The sequence is cut into blocks of 32, and a ring of words has the last 128 blocks. A word says which block it is
 * about, and which of that block came:
 *
 * <pre>
 *   sequence   | round, 32 bits | word, 7 bits | bit, 5 bits |
 *   word       | round, 32 bits | came, 32 bits |
 * </pre>
 *
 * <p>A word goes to a later round and never back, and a bit that is set remains for as long as the round; each change
 * is one compare-and-set. So nothing is ever taken twice, and what is {@link #REACH} behind the latest or less is taken
 * once. There is no common field that every frame would have to write.
 */
public final class ReplayWindow {
    /** How far a frame may be behind the latest one and still be told from one that came. */
    public static final int REACH = 4064;

    private static final int WORDS = 128;
    private static final int WORD_SHIFT = 5;
    private static final int ROUND_SHIFT = 12;
    private static final int LAST_SHIFT = 44;

    private final AtomicLongArray words = new AtomicLongArray(WORDS);
    private final long from;

    /** Nothing came yet. */
    public ReplayWindow() {
        this(0);
    }

    /**
     * Of what came before, not more is known than that it was less.
     *
     * @param from first sequence that may be taken
     */
    public ReplayWindow(long from) {
        this.from = from;
    }

    /** {@return whether a frame may be taken} It changes nothing: who sent the frame is not known yet. Any thread. */
    public boolean isNew(long sequence) {
        return isPossible(sequence) && with(words.getAcquire(index(sequence)), sequence) != 0;
    }

    /** Takes a frame whose sender is known. {@return whether nobody took it before} Any thread. */
    public boolean take(long sequence) {
        if (!isPossible(sequence)) {
            return false;
        }
        int index = index(sequence);
        while (true) {
            long word = words.getAcquire(index);
            long next = with(word, sequence);
            if (next == 0) {
                return false;
            }
            if (words.compareAndSet(index, word, next)) {
                return true;
            }
        }
    }

    private boolean isPossible(long sequence) {
        return sequence >= from && sequence >>> LAST_SHIFT == 0;
    }

    /** {@return the first sequence behind all that came} What is taken at this moment may be missing. Any thread. */
    public long next() {
        long next = from;
        for (int i = 0; i < WORDS; i++) {
            long word = words.getAcquire(i);
            int came = (int) word;
            if (came != 0) {
                long round = word >>> Integer.SIZE;
                int bit = Integer.SIZE - Integer.numberOfLeadingZeros(came);
                next = Math.max(next, (round << ROUND_SHIFT | (long) i << WORD_SHIFT) + bit);
            }
        }
        return next;
    }

    private static int index(long sequence) {
        return (int) (sequence >>> WORD_SHIFT) & WORDS - 1;
    }

    /** {@return the word with one frame more, or 0 when that came before or too late} */
    private static long with(long word, long sequence) {
        long round = sequence >>> ROUND_SHIFT;
        long bit = 1L << (sequence & 31);
        long known = word >>> Integer.SIZE;
        if (round == known) {
            return (word & bit) == 0 ? word | bit : 0;
        }
        return round > known ? round << Integer.SIZE | bit : 0;
    }
}
