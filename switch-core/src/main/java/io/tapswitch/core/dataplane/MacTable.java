package io.tapswitch.core.dataplane;

/**
 * Theory of operation: the cells under an {@link Fdb}: a map from a MAC address to a port and a stamp, open addressing
 * with linear probing, 16 bytes an entry.
 *
 * <pre>
 *   cells   | 0             | 1          | 2             | 3          | ...
 *           +---------------+------------+---------------+------------+
 *           | port+1  | mac |   stamp    | port+1  | mac |   stamp    | ...      one slot is two longs
 *           +---------------+------------+---------------+------------+
 *   bits      63..48  47..0
 *
 *   home slot of a mac = top bits of mix(mac);  a slot whose first long is 0 is empty
 *
 *   remove B:   . [A] [B] [C] [D] .       C's home is B's slot or before: C moves back; D's home is its own slot: stays
 *               . [A] [C]  .  [D] .       no tombstones, so a table that was full once is as fast as a new one
 * </pre>
 *
 * <p><b>Hash.</b> Two multiplications by secret odd numbers with a shift between them. A sender chooses MACs freely
 * (catalogue row 10, B8), but does not know the numbers, which differ from table to table: it cannot make addresses
 * that meet in one slot. The top bits are taken because they depend on all bits below.
 *
 * <p><b>Size.</b> At most half of the slots are used. A table begins with 16 slots (a switch may have thousands of
 * networks with a handful of addresses each, and every worker has one table of each) and doubles up to the size that
 * the capacity needs, never beyond. The last doubling of the largest table moves {@value #MAX_CAPACITY} / 2 entries,
 * well under a millisecond; a table of the default size takes some ten microseconds for it. This is the only
 * allocation, and happens a dozen times in the life of a network at most.
 *
 * <p><b>Threads.</b> None of its own: everything is called by the worker that owns the table.
 */
final class MacTable {
    /** Most entries of one table: what bounds the time of the last doubling. */
    static final int MAX_CAPACITY = 1 << 16;

    static final int ABSENT = -1;
    static final long MAC_MASK = 0xFFFF_FFFF_FFFFL;

    private static final int PORT_SHIFT = 48;
    private static final int FIRST_SLOTS = 16;

    private long[] cells = new long[2 * FIRST_SLOTS];
    private int mask = FIRST_SLOTS - 1;
    private int shift = Long.SIZE - Integer.numberOfTrailingZeros(FIRST_SLOTS);
    private int size;
    private final int capacity;
    private final long whitening;
    private final long firstFactor;
    private final long secondFactor;

    /**
     * Makes an empty table.
     *
     * @param capacity most entries
     * @param keys secret numbers of this table's hash
     */
    MacTable(int capacity, java.util.random.RandomGenerator keys) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity " + capacity + " is not within 1.." + MAX_CAPACITY);
        }
        this.capacity = capacity;
        this.whitening = keys.nextLong();
        this.firstFactor = keys.nextLong() | 1;
        this.secondFactor = keys.nextLong() | 1;
    }

    /** {@return where the address is, or {@link #ABSENT}} */
    int find(long mac) {
        long[] table = cells;
        int last = mask;
        int slot = homeOf(mac);
        while (true) {
            long key = table[2 * slot];
            if (key == 0) {
                return ABSENT;
            }
            if (((key ^ mac) & MAC_MASK) == 0) {
                return slot;
            }
            slot = (slot + 1) & last;
        }
    }

    /** {@return where the new entry is}; the address must be absent and the table not {@link #full} */
    int insert(long mac, int port, long stamp) {
        if (2 * (size + 1) > slots()) {
            grow();
        }
        size++;
        return place(keyOf(mac, port), stamp);
    }

    /**
     * Takes out the entry at {@code slot}; entries behind it may move towards it, also into {@code slot} itself, which
     * a sweep therefore looks at again.
     */
    void removeAt(int slot) {
        long[] table = cells;
        int hole = slot;
        int next = slot;
        while (true) {
            next = (next + 1) & mask;
            long key = table[2 * next];
            if (key == 0) {
                break;
            }
            // An entry may move to the hole when its home is not behind the hole, seen along the cluster.
            if (((next - homeOf(key)) & mask) >= ((next - hole) & mask)) {
                table[2 * hole] = key;
                table[2 * hole + 1] = table[2 * next + 1];
                hole = next;
            }
        }
        table[2 * hole] = 0;
        table[2 * hole + 1] = 0;
        size--;
    }

    boolean occupied(int slot) {
        return cells[2 * slot] != 0;
    }

    long mac(int slot) {
        return cells[2 * slot] & MAC_MASK;
    }

    int port(int slot) {
        return (int) (cells[2 * slot] >>> PORT_SHIFT) - 1;
    }

    long stamp(int slot) {
        return cells[2 * slot + 1];
    }

    void port(int slot, int port) {
        cells[2 * slot] = keyOf(cells[2 * slot], port);
    }

    void stamp(int slot, long stamp) {
        cells[2 * slot + 1] = stamp;
    }

    int size() {
        return size;
    }

    boolean full() {
        return size >= capacity;
    }

    /** {@return how many slots there are now, a power of two} */
    int slots() {
        return mask + 1;
    }

    /** {@return the slot that the address would have in an empty table} */
    int homeOf(long mac) {
        long mixed = ((mac & MAC_MASK) ^ whitening) * firstFactor;
        return (int) (((mixed ^ (mixed >>> 32)) * secondFactor) >>> shift);
    }

    private int place(long key, long stamp) {
        int slot = homeOf(key);
        while (cells[2 * slot] != 0) {
            slot = (slot + 1) & mask;
        }
        cells[2 * slot] = key;
        cells[2 * slot + 1] = stamp;
        return slot;
    }

    private void grow() {
        long[] old = cells;
        cells = new long[2 * old.length];
        mask = 2 * mask + 1;
        shift--;
        for (int i = 0; i < old.length; i += 2) {
            if (old[i] != 0) {
                place(old[i], old[i + 1]);
            }
        }
    }

    private static long keyOf(long mac, int port) {
        return (mac & MAC_MASK) | (port + 1L) << PORT_SHIFT;
    }
}
