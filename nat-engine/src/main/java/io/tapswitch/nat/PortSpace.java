package io.tapswitch.nat;

import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import org.agrona.collections.Int2IntCounterMap;

/**
 * The ports (or ICMP identifiers) of one outside address and protocol; {@link PortAllocator} tells the rules.
 *
 * <pre>
 *   allowed   in the range and in the worker's slice; never changes
 *   usable    allowed and not reserved
 *   taken     somebody uses it; may be one that is not usable, when it was reserved or recovered meanwhile
 *   free      usable, not taken, and nobody's for long enough
 *   resting   usable, neither taken nor free: in the list, the first released first
 *
 *   free      64 blocks of 16 words of 64 ports; freeOfBlock counts, so that the n-th free port is found in 64 + 16
 *             steps and one {@link Long#expand}, however full it is
 *   list      next and prev, through port 0, which is nobody's: a port leaves the middle without a search
 * </pre>
 */
final class PortSpace {
    static final int NONE = -1;
    static final int PORTS = 1 << 16;
    /** RFC 6888 REQ-8. */
    static final int REST_SECONDS = 120;
    /** Most ports that are woken by one allocation, which takes one. */
    static final int WAKE_LIMIT = 16;
    /** Most taken ports that are tried in a row to lend one. */
    static final int LEND_LIMIT = 1024;
    /** Throws before that. */
    static final int LEND_THROWS = 512;

    private static final int WORDS = PORTS / 64;
    private static final int BLOCK_SHIFT = 4;
    private static final int BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
    /** While at least a quarter is free, this many throws mostly find one; more would cost more than the search. */
    private static final int THROWS = 4;

    private static final int NOBODY = -1;
    private static final char LIST = 0;

    private final RandomGenerator random;
    private final boolean identifiers;
    private final long[] allowed = new long[WORDS];
    private final long[] usable = new long[WORDS];
    private final long[] taken = new long[WORDS];
    private final long[] free = new long[WORDS];
    private final char[] freeOfBlock = new char[WORDS >>> BLOCK_SHIFT];
    // Of full length from the first resting port on, and from the first taken one: most addresses never give a port.
    private char[] next = {LIST};
    private char[] prev = {LIST};
    private int[] releasedSeconds = {0};
    private int[] host = {NOBODY};
    private final Int2IntCounterMap ofHost = new Int2IntCounterMap(0);
    private final int size;
    private int freeCount;
    private int restingCount;

    /** Makes a space in which all that is allowed is free. Identifiers have no classes. */
    PortSpace(boolean identifiers, IntPredicate allowed, RandomGenerator random) {
        this.random = random;
        this.identifiers = identifiers;
        for (int port = 1; port < PORTS; port++) {
            if (allowed.test(port)) {
                set(this.allowed, port);
                set(usable, port);
                addFree(port);
            }
        }
        size = freeCount;
    }

    int allocate(int wanted, int host, long nowMs) {
        wake(nowMs);
        int port = choose(wanted, host);
        if (port != NONE) {
            take(port, host);
        }
        return port;
    }

    private int choose(int wanted, int host) {
        if (has(free, wanted) || (isResting(wanted) && this.host[wanted] == host)) {
            return wanted;
        }
        int first = first(wanted);
        int last = last(wanted);
        int port = pick(first, last);
        if (port == NONE && last < PORTS - 1) {
            port = pick(PortAllocator.FIRST_HIGH, PORTS - 1);
        }
        if (port == NONE) {
            port = longestResting(first, last);
        }
        if (port == NONE && last < PORTS - 1) {
            port = longestResting(PortAllocator.FIRST_HIGH, PORTS - 1);
        }
        return port;
    }

    /** Begins at a port, or at random when that is 0. */
    int lend(int wanted, int from, PortAllocator.PortTest test) {
        if (has(taken, wanted) && has(usable, wanted) && test.isFree(wanted)) {
            return wanted;
        }
        int last = last(wanted);
        int port = lendFrom(first(wanted), last, from, test);
        return port == NONE && last < PORTS - 1 ? lendFrom(PortAllocator.FIRST_HIGH, PORTS - 1, from, test) : port;
    }

    private int lendFrom(int first, int last, int from, PortAllocator.PortTest test) {
        if (from != 0) {
            return lendInRow(first, last, from >= first && from <= last ? from : first, test);
        }
        // At random first: in a row, what others found before lies together, and soon nothing else does.
        for (int i = 0; i < LEND_THROWS; i++) {
            int port = first + random.nextInt(last - first + 1);
            if (has(taken, port) && has(usable, port) && test.isFree(port)) {
                return port;
            }
        }
        return lendInRow(first, last, first + random.nextInt(last - first + 1), test);
    }

    /** When there are so few ports that throws miss them, and for who goes on where a search ended. */
    private int lendInRow(int first, int last, int start, PortAllocator.PortTest test) {
        int word = start >>> 6;
        long bits = taken[word] & usable[word] & -1L << start;
        int tries = 0;
        // One word more than there are: the first one's lower bits come last.
        for (int words = (last >>> 6) - (first >>> 6) + 1; words >= 0; words--) {
            for (; bits != 0; bits &= bits - 1) {
                int port = (word << 6) + Long.numberOfTrailingZeros(bits);
                if (port >= first && port <= last) {
                    if (tries++ == LEND_LIMIT) {
                        return NONE;
                    }
                    if (test.isFree(port)) {
                        return port;
                    }
                }
            }
            word = word == last >>> 6 ? first >>> 6 : word + 1;
            bits = taken[word] & usable[word];
        }
        return NONE;
    }

    void release(int port, long nowMs) {
        if (!has(taken, port)) {
            return;
        }
        clear(taken, port);
        ofHost.decrementAndGet(host[port]);
        if (has(usable, port)) {
            rest(port, nowMs);
        }
    }

    void claim(int port, int host) {
        if (!has(taken, port)) {
            take(port, host);
        }
    }

    void reserve(int port) {
        if (!has(usable, port)) {
            return;
        }
        if (has(free, port)) {
            removeFree(port);
        } else if (!has(taken, port)) {
            unlink(port);
        }
        clear(usable, port);
    }

    void unreserve(int port, long nowMs) {
        if (!has(allowed, port) || has(usable, port)) {
            return;
        }
        set(usable, port);
        if (!has(taken, port)) {
            setHost(port, NOBODY);
            rest(port, nowMs);
        }
    }

    /** {@return whether a host has half of all ports, or more} */
    boolean hasHalf(int host) {
        return ofHost.get(host) >= Math.max(1, size / 2);
    }

    /** {@return ports that nobody has, resting ones included} */
    int available() {
        return freeCount + restingCount;
    }

    int resting() {
        return restingCount;
    }

    private int first(int wanted) {
        if (identifiers || wanted < PortAllocator.FIRST_MIDDLE) {
            return 1;
        }
        return wanted < PortAllocator.FIRST_HIGH ? PortAllocator.FIRST_MIDDLE_CHOICE : PortAllocator.FIRST_HIGH;
    }

    private int last(int wanted) {
        if (identifiers || wanted >= PortAllocator.FIRST_HIGH) {
            return PORTS - 1;
        }
        return (wanted < PortAllocator.FIRST_MIDDLE ? PortAllocator.FIRST_MIDDLE : PortAllocator.FIRST_HIGH) - 1;
    }

    /** Each free port of the class with the same chance, at any fill. */
    private int pick(int first, int last) {
        int count = countFree(first, last);
        if (count == 0) {
            return NONE;
        }
        for (int i = 0; i < THROWS; i++) {
            int port = first + random.nextInt(last - first + 1);
            if (has(free, port)) {
                return port;
            }
        }
        return select(first, random.nextInt(count));
    }

    private int countFree(int first, int last) {
        if (last == PORTS - 1) {
            return first == 1 ? freeCount : freeCount - freeOfBlock[0];
        }
        int count = 0;
        for (int word = first >>> 6; word <= last >>> 6; word++) {
            count += Long.bitCount(word == first >>> 6 ? free[word] & -1L << first : free[word]);
        }
        return count;
    }

    /** The free port from {@code first} on that has {@code rank} free ones before it; there must be one. */
    private int select(int first, int rank) {
        int word = first >>> 6;
        long bits = free[word] & -1L << first;
        int left = rank;
        for (int count = Long.bitCount(bits); left >= count; count = Long.bitCount(bits)) {
            left -= count;
            word++;
            while ((word & BLOCK_MASK) == 0 && left >= freeOfBlock[word >>> BLOCK_SHIFT]) {
                left -= freeOfBlock[word >>> BLOCK_SHIFT];
                word += 1 << BLOCK_SHIFT;
            }
            bits = free[word];
        }
        return (word << 6) + Long.numberOfTrailingZeros(Long.expand(1L << left, bits));
    }

    private int longestResting(int first, int last) {
        if (last == PORTS - 1) {
            // At most the 1 023 ports of the other classes are passed over.
            int port = next[LIST];
            while (port != LIST && port < first) {
                port = next[port];
            }
            return port == LIST ? NONE : port;
        }
        int longest = NONE;
        for (int port = first; port <= last; port++) {
            if (isResting(port) && (longest == NONE || releasedSeconds[port] - releasedSeconds[longest] < 0)) {
                longest = port;
            }
        }
        return longest;
    }

    private void take(int port, int host) {
        if (has(free, port)) {
            removeFree(port);
        } else if (has(usable, port)) {
            unlink(port);
        }
        set(taken, port);
        setHost(port, host);
        ofHost.incrementAndGet(host);
    }

    /** Takes the memory that ports need once they are given, so that no packet has to. */
    void prepare() {
        prepareHosts();
        prepareRest();
    }

    private void prepareHosts() {
        if (host.length < PORTS) {
            host = new int[PORTS];
        }
    }

    private void prepareRest() {
        if (next.length < PORTS) {
            next = new char[PORTS];
            prev = new char[PORTS];
            releasedSeconds = new int[PORTS];
        }
    }

    private void setHost(int port, int whose) {
        prepareHosts();
        host[port] = whose;
    }

    private void rest(int port, long nowMs) {
        prepareRest();
        // Rounded up here and down on waking: never less than the time.
        releasedSeconds[port] = (int) ((nowMs + 999) / 1000);
        int last = prev[LIST];
        next[last] = (char) port;
        prev[port] = (char) last;
        next[port] = LIST;
        prev[LIST] = (char) port;
        restingCount++;
    }

    private void wake(long nowMs) {
        int nowSeconds = (int) (nowMs / 1000);
        for (int i = 0; i < WAKE_LIMIT; i++) {
            int port = next[LIST];
            if (port == LIST || nowSeconds - releasedSeconds[port] < REST_SECONDS) {
                return;
            }
            unlink(port);
            addFree(port);
        }
    }

    private void unlink(int port) {
        next[prev[port]] = next[port];
        prev[next[port]] = prev[port];
        restingCount--;
    }

    private boolean isResting(int port) {
        return has(usable, port) && !has(taken, port) && !has(free, port);
    }

    private void addFree(int port) {
        set(free, port);
        freeOfBlock[port >>> (6 + BLOCK_SHIFT)]++;
        freeCount++;
    }

    private void removeFree(int port) {
        clear(free, port);
        freeOfBlock[port >>> (6 + BLOCK_SHIFT)]--;
        freeCount--;
    }

    private static boolean has(long[] bits, int port) {
        return (bits[port >>> 6] & 1L << port) != 0;
    }

    private static void set(long[] bits, int port) {
        bits[port >>> 6] |= 1L << port;
    }

    private static void clear(long[] bits, int port) {
        bits[port >>> 6] &= ~(1L << port);
    }
}
