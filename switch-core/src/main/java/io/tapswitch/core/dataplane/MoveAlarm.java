package io.tapswitch.core.dataplane;

import java.util.Arrays;

/**
 * Theory of operation: tells an address that moves between ports all the time: two containers have it, or frames loop
 * (B2, B9). The measure is that of EVPN, RFC 7432 §15.1: more than {@value #MOVES} moves in 180 s; then one alarm, and
 * none for that address for 180 s.
 *
 * <p>The times of the last {@value #TIMES} moves of an address are kept, so the window slides exactly. There is
 * room for {@value #SETS} * {@value #WAYS} addresses: an address may be in any of {@value #WAYS} places of its set,
 * and a new one takes the place of the one that moved longest ago. Somebody who makes thousands of addresses move may
 * thus hide one that moves rarely, but not one that moves more often than his.
 *
 * <pre>
 *   place   | key: network, mac | alarmed at | time of move | ... {@value #TIMES} times, a ring | number of moves
 * </pre>
 *
 * <p>For one thread. No allocation after construction.
 */
public final class MoveAlarm {
    /** Moves within the window that are still taken for normal. */
    static final int MOVES = 5;
    /** Length of the window, and shortest time between two alarms of one address. */
    static final long WINDOW_MS = 180_000;

    private static final int SETS = 64;
    private static final int WAYS = 8;
    private static final int TIMES = MOVES + 1;
    private static final long NO_KEY = -1;

    private final long[] keys = new long[SETS * WAYS];
    private final long[] times = new long[SETS * WAYS * TIMES];
    private final int[] moves = new int[SETS * WAYS];
    private final long[] alarmedMs = new long[SETS * WAYS];
    private final boolean[] alarmed = new boolean[SETS * WAYS];

    /** Makes an alarm that has seen nothing. */
    public MoveAlarm() {
        Arrays.fill(keys, NO_KEY);
    }

    /**
     * An address moved.
     *
     * @param network where
     * @param mac the address, low 48 bits
     * @param nowMs monotonic time
     * @return whether to raise an alarm now
     */
    public boolean moved(int network, long mac, long nowMs) {
        long key = (long) network << 48 | mac;
        int place = placeOf(key, nowMs);
        if (keys[place] != key) {
            keys[place] = key;
            moves[place] = 0;
            alarmed[place] = false;
        }
        times[place * TIMES + moves[place] % TIMES] = nowMs;
        moves[place] = moves[place] + 1 < 2 * TIMES ? moves[place] + 1 : TIMES;
        boolean often = moves[place] >= TIMES && nowMs - times[place * TIMES + moves[place] % TIMES] < WINDOW_MS;
        if (!often || (alarmed[place] && nowMs - alarmedMs[place] < WINDOW_MS)) {
            return false;
        }
        alarmed[place] = true;
        alarmedMs[place] = nowMs;
        return true;
    }

    /** The address's place, else a free one of its set, else that of the address which moved longest ago. */
    private int placeOf(long key, long nowMs) {
        int first = (int) ((key * 0x9E37_79B9_7F4A_7C15L) >>> 58) * WAYS;
        int oldest = first;
        long oldestMs = -1;
        for (int place = first; place < first + WAYS; place++) {
            if (keys[place] == key) {
                return place;
            }
            long sinceMs = keys[place] == NO_KEY ? Long.MAX_VALUE : nowMs - lastMs(place);
            if (sinceMs > oldestMs) {
                oldestMs = sinceMs;
                oldest = place;
            }
        }
        return oldest;
    }

    private long lastMs(int place) {
        return times[place * TIMES + (moves[place] + TIMES - 1) % TIMES];
    }
}
