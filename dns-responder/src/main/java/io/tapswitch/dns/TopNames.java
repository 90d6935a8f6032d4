package io.tapswitch.dns;

import java.nio.ByteBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Which names are asked for most, of as many as anybody likes to ask for, in a table of fixed size.
 *
 * <h2>Theory of operation</h2>
 *
 * Space-Saving (Metwally, Agrawal, El Abbadi 2005) in small sets: a name's keyed hash says its set, and a name that has
 * no place there takes that of the one with the lowest count, and its count with it.
 *
 * <pre>
 *   hashes  | set 0: 8 | set 1: 8 | ...     a cache line each; so are the counts
 *   names   | 256 octets for each           written when a name comes in, read by whoever wants to know
 * </pre>
 *
 * <p>A name is known by its hash of 64 bits alone: the key is the process's own, so nobody can choose two that agree,
 * and if two ever did, they would be counted as one.
 *
 * <p><b>What a count says.</b> A name was asked for at most {@code count} times since the table was made, and at least
 * {@code count - inherited} times since it came in. A flood of random names raises the counts of the lowest in each set
 * together and pushes them out; a name that is asked for more often than a {@link #CAPACITY}th of all queries stays,
 * but for bad luck with its set. Random names inherit nearly all of their counts, so who sorts by what is certain does
 * not see them.
 *
 * <p><b>Groups.</b> The same name in two groups (networks) is two. A group that is gone is forgotten at once, because
 * its number may be another's then.
 *
 * <p><b>Threads.</b> One, which counts, and copies sets for others to read. Counting and copying allocate nothing.
 */
public final class TopNames {
    /** Sets there are. */
    public static final int SETS = 128;

    private static final int WAYS = 8;
    /** Names there can be in the table. */
    public static final int CAPACITY = SETS * WAYS;

    private static final int NAME = 256;
    private static final int SET_SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(SETS);
    /** Spreads numbers of groups over all bits: 2 to the 64 by the golden ratio, made odd. */
    private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

    private final long[] hashes = new long[CAPACITY];
    private final long[] counts = new long[CAPACITY];
    private final long[] inherited = new long[CAPACITY];
    private final int[] groups = new int[CAPACITY];
    private final MutableDirectBuffer names = new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY * NAME));

    /** Reads a name's counts. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Takes one.
         *
         * @param name as text
         * @param group whose
         * @param least times that it was asked for, at least
         * @param most the same, at most
         */
        void on(String name, int group, long least, long most);
    }

    /** An empty one. */
    public TopNames() {}

    /** A query came; one that has no question counts for no name. */
    public void add(DnsQuery query, int group) {
        if (query.questionLength() != 0) {
            add(query.name(), group);
        }
    }

    /** A name was asked for. */
    public void add(FoldedName name, int group) {
        long hash = name.hash() + (group + 1) * SPREAD;
        int first = (int) (hash >>> SET_SHIFT) * WAYS;
        for (int i = first; i < first + WAYS; i++) {
            if (hashes[i] == hash && counts[i] != 0) {
                counts[i]++;
                return;
            }
        }
        replace(first, hash, name, group);
    }

    private void replace(int first, long hash, FoldedName name, int group) {
        int lowest = first;
        for (int i = first + 1; i < first + WAYS; i++) {
            if (counts[i] < counts[lowest]) {
                lowest = i;
            }
        }
        hashes[lowest] = hash;
        inherited[lowest] = counts[lowest];
        counts[lowest]++;
        groups[lowest] = group;
        name.store(names, lowest * NAME);
    }

    /** Forgets what was asked in a group. */
    public void forget(int group) {
        for (int i = 0; i < CAPACITY; i++) {
            if (groups[i] == group) {
                counts[i] = 0;
            }
        }
    }

    /** Copies sets to another table, for somebody else to read there. */
    public void copyTo(TopNames other, int firstSet, int sets) {
        int first = firstSet * WAYS;
        int length = sets * WAYS;
        System.arraycopy(counts, first, other.counts, first, length);
        System.arraycopy(inherited, first, other.inherited, first, length);
        System.arraycopy(groups, first, other.groups, first, length);
        other.names.putBytes(first * NAME, names, first * NAME, length * NAME);
    }

    /** Reads all names that have a count. */
    public void forEach(Reader reader) {
        for (int i = 0; i < CAPACITY; i++) {
            if (counts[i] != 0) {
                reader.on(DnsName.text(names, i * NAME), groups[i], counts[i] - inherited[i], counts[i]);
            }
        }
    }
}
