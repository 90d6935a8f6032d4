package io.tapswitch.core.dataplane;

import java.security.SecureRandom;
import java.util.random.RandomGenerator;

/**
 * Theory of operation: the forwarding database of one network in one worker: behind which port is an address?
 *
 * <p><b>Problem.</b> Asked twice a frame (learn the source, look up the destination), filled by senders that nobody
 * trusts (B7, B8), and with several workers the same addresses must be known to all of them without a lock.
 *
 * <p><b>Structure.</b> Each worker has a whole table of its own for each network, a {@link MacTable}. An entry is of
 * one of three kinds, told by the flags in its stamp:
 *
 * <pre>
 *   stamp   | seenMs (56 bits, monotonic clock)                        | flags (8 bits) |
 *
 *   PINNED    the control plane said so. Never ages, never moves, is not counted against the limits.
 *   local     learned by this worker from a frame of a port that it reads. Ages here. UNSHARED in it says that other
 *             workers are to be told (again).
 *   REPLICA   told by the worker that reads the port. Never ages here: its owner tells when it has aged.
 *
 *   worker 0 (reads port 3)                        worker 1
 *   learn(m, 3)  local m->3  -- learned m,3,t -->  learnRemote   REPLICA m->3
 *   age()        gone        -- forgotten m,3 -->  forgetRemote  gone
 * </pre>
 *
 * <p><b>Invariants.</b>
 * <ul>
 *   <li>An address has at most one entry. Of two learned positions of an address the later one holds, of two at the
 *       same millisecond the one at the lower port; so all workers come to the same answer, in whichever order they
 *       hear. (With several workers an address that shows up at a higher port within the same millisecond moves a
 *       frame later.) A worker that is told something older than what it knows itself marks its entry UNSHARED and
 *       tells again, with {@link #seenMs}.
 *   <li>Learned entries, local and replica together, never exceed the limit of their port or of the network. Over a
 *       limit what exists stays and what is new is not learned (B7): its frames are flooded.
 *   <li>The stored time is refreshed when it is more than {@value #REFRESH_MS} ms old, so that a frame usually writes
 *       nothing and the cache line stays clean.
 * </ul>
 *
 * <p><b>Threads.</b> The owning worker's thread, for everything. <b>Limits.</b> {@link MacTable#MAX_CAPACITY} entries.
 * The learned limit of the network is cut to the capacity; what is above it is room for pinned entries.
 * <b>When full</b> {@link #learn} says {@link #FULL} and {@link #pin} says false. Ageing looks at a few slots at a time
 * from where it stopped last, so that no table size makes a stall.
 *
 * <p>IEEE 802.1Q-2018 §8.7 (learning), §8.8.3 (ageing, 300 s).
 */
public final class Fdb {
    /** Answer of {@link #lookup}: not known, flood. */
    public static final int NONE = -1;

    /** The address is where it was. */
    public static final int REFRESHED = 0;
    /** The address is new. */
    public static final int LEARNED = 1;
    /** The address was behind another port. */
    public static final int MOVED = 2;
    /** Not learned, or not moved: a limit is reached. */
    public static final int FULL = 3;
    /** Not learned: the address is pinned to another port. */
    public static final int PINNED_ELSEWHERE = 4;
    /** {@link #learnRemote} only: what is known here is newer. Where it is this worker's own, a share is due. */
    public static final int OUTDATED = 5;

    /** A refresh is written when the stored time is older than this. */
    static final long REFRESH_MS = 1000;

    private static final int FLAG_BITS = 8;
    private static final long PINNED = 1;
    private static final long REPLICA = 2;
    private static final long UNSHARED = 4;

    /** Milliseconds after which a clock made from System.nanoTime() repeats; catalogue row 100. */
    private static final long CLOCK_PERIOD_MS = 18_446_744_073_709L;

    private final MacTable table;
    private final PortCounts learnedOfPort = new PortCounts();
    private final int learnedPerPort;
    private final int learnedPerNetwork;
    private final long unshared;
    private int learned;
    private int cursor;

    /** Is told of entries that were too old. It must not change the table. */
    public interface AgedHandler {
        /**
         * The address was learned by this worker and was not seen for too long.
         *
         * @return true to forget it; false when not all other workers could be told: it stays until a later sweep, for
         *     a replica that nobody takes back would stay for good, and a share is due should it be seen before
         */
        boolean onAged(long mac, int port);
    }

    /** Is shown entries. It must not change the table. */
    public interface Visitor {
        /**
         * One entry.
         *
         * @param replica whether another worker learned it; then {@code seenMs} is when that worker told it last
         * @param seenMs when the address was seen, exact to {@value Fdb#REFRESH_MS} ms; 0 when pinned
         */
        void onEntry(long mac, int port, boolean pinned, boolean replica, long seenMs);
    }

    /**
     * Makes an empty table.
     *
     * @param capacity most entries of all kinds
     * @param learnedPerPort most learned addresses of one port
     * @param learnedPerNetwork most learned addresses
     * @param shared whether other workers hold replicas, so that shares can be due
     */
    public Fdb(int capacity, int learnedPerPort, int learnedPerNetwork, boolean shared) {
        this(capacity, learnedPerPort, learnedPerNetwork, shared, new SecureRandom());
    }

    Fdb(int capacity, int learnedPerPort, int learnedPerNetwork, boolean shared, RandomGenerator keys) {
        this.table = new MacTable(capacity, keys);
        this.learnedPerPort = learnedPerPort;
        this.learnedPerNetwork = Math.min(learnedPerNetwork, capacity);
        this.unshared = shared ? UNSHARED : 0;
    }

    /** {@return the port behind which the address is, or {@link #NONE}} */
    public int lookup(long mac) {
        int slot = table.find(mac);
        return slot == MacTable.ABSENT ? NONE : table.port(slot);
    }

    /**
     * A frame came from the address.
     *
     * @param mac its source, not a group address
     * @param port where it was read
     * @param nowMs monotonic time, of the same clock for all workers
     * @return {@link #REFRESHED}, {@link #LEARNED}, {@link #MOVED}, {@link #FULL} or {@link #PINNED_ELSEWHERE}
     */
    public int learn(long mac, int port, long nowMs) {
        int slot = table.find(mac);
        if (slot == MacTable.ABSENT) {
            return add(mac, port, stampOf(nowMs, unshared));
        }
        long stamp = table.stamp(slot);
        if (table.port(slot) != port) {
            if ((stamp & PINNED) != 0) {
                return PINNED_ELSEWHERE;
            }
            // What others would take for the older sighting must not be taken for the newer one here.
            if (unshared != 0 && !later(slot, port, nowMs)) {
                return REFRESHED;
            }
            return move(slot, port, stampOf(nowMs, unshared));
        }
        // A share that is due carries the present time, and what was told must be what is stored.
        if ((stamp & PINNED) == 0
                && ((stamp & (REPLICA | UNSHARED)) != 0 || elapsedMs(nowMs, seenMsOf(stamp)) > REFRESH_MS)) {
            table.stamp(slot, stampOf(nowMs, stamp & UNSHARED));
        }
        return REFRESHED;
    }

    /** {@return whether other workers are to be told of the address, with {@link #seenMs} as the time} */
    public boolean shareDue(long mac) {
        int slot = table.find(mac);
        return slot != MacTable.ABSENT && (table.stamp(slot) & UNSHARED) != 0;
    }

    /** All other workers were told of the address. */
    public void markShared(long mac) {
        int slot = table.find(mac);
        if (slot != MacTable.ABSENT) {
            table.stamp(slot, table.stamp(slot) & ~UNSHARED);
        }
    }

    /** {@return the stored time of a known address; 0 when it is unknown or pinned} */
    public long seenMs(long mac) {
        int slot = table.find(mac);
        return slot == MacTable.ABSENT ? 0 : seenMsOf(table.stamp(slot));
    }

    /**
     * Another worker, one that reads {@code port}, has learned the address.
     *
     * @param seenMs when it saw the address
     * @return as {@link #learn}, or {@link #OUTDATED}
     */
    public int learnRemote(long mac, int port, long seenMs) {
        int slot = table.find(mac);
        if (slot == MacTable.ABSENT) {
            return add(mac, port, stampOf(seenMs, REPLICA));
        }
        long stamp = table.stamp(slot);
        boolean samePort = table.port(slot) == port;
        if ((stamp & PINNED) != 0) {
            return samePort ? REFRESHED : PINNED_ELSEWHERE;
        }
        if (samePort) {
            // Of a port with several queues each worker that reads one has an entry of its own.
            if ((stamp & REPLICA) != 0 && elapsedMs(seenMs, seenMsOf(stamp)) > 0) {
                table.stamp(slot, stampOf(seenMs, REPLICA));
            }
            return REFRESHED;
        }
        if (later(slot, port, seenMs)) {
            return move(slot, port, stampOf(seenMs, REPLICA));
        }
        if ((stamp & REPLICA) == 0) {
            table.stamp(slot, stamp | unshared);
        }
        return OUTDATED;
    }

    /**
     * The worker that told of the address has forgotten it. An own entry of this worker at the same port (of which it
     * reads another queue) stays, and is told again.
     */
    public void forgetRemote(long mac, int port) {
        int slot = table.find(mac);
        if (slot == MacTable.ABSENT || table.port(slot) != port || (table.stamp(slot) & PINNED) != 0) {
            return;
        }
        if ((table.stamp(slot) & REPLICA) != 0) {
            remove(slot);
        } else {
            table.stamp(slot, table.stamp(slot) | unshared);
        }
    }

    /**
     * Binds an address to a port for good; a learned entry of the address gives way.
     *
     * @return false when the address is pinned to another port, or the table is full
     */
    public boolean pin(long mac, int port) {
        int slot = table.find(mac);
        if (slot != MacTable.ABSENT) {
            if ((table.stamp(slot) & PINNED) != 0) {
                return table.port(slot) == port;
            }
            countLearned(table.port(slot), -1);
            table.port(slot, port);
            table.stamp(slot, PINNED);
            return true;
        }
        if (table.full()) {
            return false;
        }
        table.insert(mac, port, PINNED);
        return true;
    }

    /** Forgets a pinned address; it may be learned from now on. */
    public void unpin(long mac) {
        int slot = table.find(mac);
        if (slot != MacTable.ABSENT && (table.stamp(slot) & PINNED) != 0) {
            table.removeAt(slot);
        }
    }

    /** Forgets everything behind a port, pinned entries too; {@return how many entries that were} */
    public int removePort(int port) {
        return removeOf(port, true);
    }

    /** Forgets what was learned from a port, as when its link went down (B16); {@return how many entries that were} */
    public int forgetLearned(int port) {
        return removeOf(port, false);
    }

    /**
     * Looks at some slots, from where it stopped last, and forgets local learned entries that are too old.
     *
     * @param nowMs time of the clock that {@link #learn} is given
     * @param ageingMs how long an address that is not seen is kept
     * @param slotsToLookAt bound of the work
     * @param handler is asked about each
     * @return how many were forgotten
     */
    public int age(long nowMs, long ageingMs, int slotsToLookAt, AgedHandler handler) {
        int aged = 0;
        int end = table.slots();
        int slot = cursor < end ? cursor : 0;
        for (int i = Math.min(slotsToLookAt, end); i > 0; i--) {
            // What moves into the place of a forgotten entry is looked at again, as part of the same step.
            while (table.occupied(slot) && tooOld(table.stamp(slot), nowMs, ageingMs)) {
                if (!handler.onAged(table.mac(slot), table.port(slot))) {
                    table.stamp(slot, table.stamp(slot) | unshared);
                    break;
                }
                remove(slot);
                aged++;
            }
            slot = (slot + 1) & (end - 1);
        }
        cursor = slot;
        return aged;
    }

    /** Shows all entries, in no order. */
    public void forEach(Visitor visitor) {
        for (int slot = 0; slot < table.slots(); slot++) {
            if (table.occupied(slot)) {
                long stamp = table.stamp(slot);
                boolean pinned = (stamp & PINNED) != 0;
                boolean replica = (stamp & REPLICA) != 0;
                visitor.onEntry(table.mac(slot), table.port(slot), pinned, replica, seenMsOf(stamp));
            }
        }
    }

    /** Is shown addresses that other workers are to be told of. It must not add or remove entries. */
    public interface ShareHandler {
        /** A local learned address. */
        void onShareDue(long mac, int port, long seenMs);
    }

    /** Shows all entries of which a share is due. */
    public void forEachShareDue(ShareHandler handler) {
        for (int slot = 0; slot < table.slots(); slot++) {
            if (table.occupied(slot) && (table.stamp(slot) & UNSHARED) != 0) {
                handler.onShareDue(table.mac(slot), table.port(slot), seenMsOf(table.stamp(slot)));
            }
        }
    }

    /** {@return entries of all kinds} */
    public int size() {
        return table.size();
    }

    /** {@return learned entries, replicas included} */
    public int learnedCount() {
        return learned;
    }

    /** {@return learned entries of a port, replicas included} */
    public int learnedCount(int port) {
        return learnedOfPort.get(port);
    }

    /** {@return slots of the table at its present size: what a whole sweep of {@link #age} looks at} */
    public int slots() {
        return table.slots();
    }

    private int add(long mac, int port, long stamp) {
        if (table.full() || learned >= learnedPerNetwork || learnedOfPort.get(port) >= learnedPerPort) {
            return FULL;
        }
        table.insert(mac, port, stamp);
        countLearned(port, 1);
        return LEARNED;
    }

    private int move(int slot, int port, long stamp) {
        if (learnedOfPort.get(port) >= learnedPerPort) {
            return FULL;
        }
        countLearned(table.port(slot), -1);
        table.port(slot, port);
        table.stamp(slot, stamp);
        countLearned(port, 1);
        return MOVED;
    }

    /** The order in which all workers put the sightings of an address: by time, then by falling port. */
    private boolean later(int slot, int port, long seenMs) {
        long laterMs = elapsedMs(seenMs, seenMsOf(table.stamp(slot)));
        return laterMs > 0 || (laterMs == 0 && port < table.port(slot));
    }

    private int removeOf(int port, boolean pinnedToo) {
        int before = table.size();
        for (int slot = 0; slot < table.slots(); slot++) {
            while (table.occupied(slot)
                    && table.port(slot) == port
                    && (pinnedToo || (table.stamp(slot) & PINNED) == 0)) {
                remove(slot);
            }
        }
        return before - table.size();
    }

    private void remove(int slot) {
        if ((table.stamp(slot) & PINNED) == 0) {
            countLearned(table.port(slot), -1);
        }
        table.removeAt(slot);
    }

    private void countLearned(int port, int amount) {
        learned += amount;
        learnedOfPort.add(port, amount);
    }

    private static boolean tooOld(long stamp, long nowMs, long ageingMs) {
        return (stamp & (PINNED | REPLICA)) == 0 && elapsedMs(nowMs, seenMsOf(stamp)) > ageingMs;
    }

    private static long stampOf(long seenMs, long flags) {
        return seenMs << FLAG_BITS | flags;
    }

    private static long seenMsOf(long stamp) {
        return stamp >> FLAG_BITS;
    }

    /** Milliseconds from {@code thenMs} to {@code nowMs}, also when System.nanoTime() overflowed in between. */
    private static long elapsedMs(long nowMs, long thenMs) {
        long elapsed = nowMs - thenMs;
        if (elapsed < -CLOCK_PERIOD_MS / 2) {
            return elapsed + CLOCK_PERIOD_MS;
        }
        return elapsed > CLOCK_PERIOD_MS / 2 ? elapsed - CLOCK_PERIOD_MS : elapsed;
    }
}
