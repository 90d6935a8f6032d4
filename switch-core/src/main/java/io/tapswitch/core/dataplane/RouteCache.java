package io.tapswitch.core.dataplane;

import io.tapswitch.nat.NatDrop;
import io.tapswitch.tapio.FrameIo;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Where packets go that leave the host: what the kernel said of each destination, for a while.
 *
 * <h2>Theory of operation</h2>
 *
 * A set-associative table of parallel arrays; the set of a destination is a keyed hash of it, so that nobody outside
 * can choose destinations that push each other out. A miss asks the {@link RouteSource}, which is a system call on the
 * frame's way; so misses are limited, of each port and of all together, and when they come faster, an answer that is
 * too old is better than none. An answer lives {@value #LIFE_MS} ms, or until {@link #flush}: routes or rules have
 * changed.
 * Only what no longer means anything, for the uplinks or addresses are others, is forgotten by {@link #forget}.
 *
 * <p>Of a full set goes what was not used for longest. A new answer counts as used half a life ago: so destinations
 * that are asked for once push each other out, and not those of connections that go on.
 *
 * <p>What is kept is what the frame needs: the uplink's port, the MTU, and the slot of the address that the host itself
 * would send from. One worker's; nothing here allocates.
 */
final class RouteCache {
    static final long LIFE_MS = 10_000;
    /** Questions per second to the kernel, at some 10 us each, and how many at once. */
    private static final int ASKED_PER_SECOND = 10_000;

    private static final int ASKED_BURST = 2_000;
    /** The same of one port: a container that sprays destinations uses up its own questions, not everybody's. */
    private static final int ASKED_PER_SECOND_OF_PORT = 500;

    private static final int ASKED_BURST_OF_PORT = 200;
    private static final long QUESTION_NS = TimeUnit.SECONDS.toNanos(1) / ASKED_PER_SECOND_OF_PORT;
    private static final long BURST_NS = ASKED_BURST_OF_PORT * QUESTION_NS;

    private static final int WAYS = 4;
    private static final int SETS = 2048;
    private static final long NEVER = Long.MIN_VALUE;

    private final RouteSource source;
    private final DatapathCounters counters;
    private final RouteSource.Route answer = new RouteSource.Route();
    private final TokenBucket questions = new TokenBucket(ASKED_PER_SECOND, ASKED_BURST);
    private final long key0;
    private final long key1;
    private final long[] hi = new long[SETS * WAYS];
    private final long[] lo = new long[SETS * WAYS];
    private final long[] untilMs = new long[SETS * WAYS];
    private final long[] usedMs = new long[SETS * WAYS];
    private final int[] ports = new int[SETS * WAYS];
    private final int[] mtus = new int[SETS * WAYS];
    private final int[] slots = new int[SETS * WAYS];
    /** When each port has paid for all its questions, at one for each {@link #QUESTION_NS}. */
    private final long[] paidNs = new long[FrameIo.MAX_PORTS];

    private int asker;

    /**
     * An empty cache.
     *
     * @param source who is asked
     * @param counters the worker's
     * @param key0 first half of the hash's key, random
     * @param key1 second half of it
     */
    RouteCache(RouteSource source, DatapathCounters counters, long key0, long key1) {
        this.source = source;
        this.counters = counters;
        this.key0 = key0;
        this.key1 = key1;
        forget();
    }

    /** Forgets all answers. */
    void forget() {
        Arrays.fill(untilMs, NEVER);
        Arrays.fill(usedMs, NEVER);
    }

    /** All answers are too old: each is asked for again, as fast as questions may be asked. */
    void flush(long nowMs) {
        for (int i = 0; i < untilMs.length; i++) {
            untilMs[i] = Math.min(untilMs[i], nowMs);
        }
    }

    /** Says for which port's frame the next ways are looked for. */
    void askFor(int port) {
        asker = port;
    }

    /**
     * Finds the way to a destination.
     *
     * @param destinationHi first half of the address, 0 of an IPv4 address
     * @param destinationLo second half, of an IPv4 address the v4-mapped one
     * @return an index for the other methods, until the next call; or the code of a {@link NatDrop}
     */
    int find(long destinationHi, long destinationLo, OutsideTable outside, long nowNs, long nowMs) {
        int set = set(destinationHi, destinationLo) * WAYS;
        int victim = set;
        int known = -1;
        for (int i = set; i < set + WAYS; i++) {
            if (lo[i] == destinationLo && hi[i] == destinationHi && untilMs[i] != NEVER) {
                if (untilMs[i] - nowMs > 0) {
                    // The packet that asked is no second use: it looks twice.
                    usedMs[i] = untilMs[i] - nowMs == LIFE_MS ? usedMs[i] : nowMs;
                    return found(i);
                }
                known = i;
            }
            victim = usedMs[i] < usedMs[victim] ? i : victim;
        }
        if (!mayAsk(nowNs)) {
            return known < 0 ? NatDrop.ROUTE_RATE.code() : found(known);
        }
        int index = known < 0 ? victim : known;
        usedMs[index] = known < 0 ? nowMs - LIFE_MS / 2 : nowMs;
        return ask(index, destinationHi, destinationLo, outside, nowMs);
    }

    private boolean mayAsk(long nowNs) {
        long aheadNs = paidNs[asker] - nowNs;
        // More than a burst ahead is nobody: that port never asked.
        if (aheadNs < 0 || aheadNs > BURST_NS) {
            aheadNs = 0;
        }
        if (aheadNs > BURST_NS - QUESTION_NS || !questions.tryTake(nowNs)) {
            return false;
        }
        paidNs[asker] = nowNs + aheadNs + QUESTION_NS;
        return true;
    }

    private int found(int index) {
        return ports[index] < 0 ? NatDrop.NO_ROUTE.code() : index;
    }

    private int ask(int index, long destinationHi, long destinationLo, OutsideTable outside, long nowMs) {
        counters.add(DatapathCounters.Term.ROUTES_ASKED, 1);
        answer.kind = RouteSource.Route.UNREACHABLE;
        answer.mtu = 0;
        (outside.link == null ? source : outside.link).ask(destinationHi, destinationLo, answer);
        hi[index] = destinationHi;
        lo[index] = destinationLo;
        untilMs[index] = nowMs + LIFE_MS;
        ports[index] = OutsideTable.NONE;
        int uplink = answer.kind == RouteSource.Route.UNICAST ? outside.uplink(answer.device) : OutsideTable.NONE;
        if (uplink != OutsideTable.NONE) {
            int mtu = outside.mtu(uplink);
            ports[index] = outside.port(uplink);
            mtus[index] = answer.mtu == 0 ? mtu : Math.min(answer.mtu, mtu);
            boolean sameFamily = NeighbourTable.isMapped(destinationHi, destinationLo)
                    == NeighbourTable.isMapped(answer.sourceHi, answer.sourceLo);
            slots[index] = sameFamily ? outside.slotOfEither(answer.sourceHi, answer.sourceLo) : OutsideTable.NONE;
        }
        return found(index);
    }

    /** {@return the uplink's port} */
    int port(int index) {
        return ports[index];
    }

    /** {@return the largest packet of that way} */
    int mtu(int index) {
        return mtus[index];
    }

    /** {@return the slot of the address to leave with, or the code of a {@link NatDrop}} */
    int slot(int index) {
        return slots[index] < 0 ? NatDrop.NO_OUTSIDE_ADDRESS.code() : slots[index];
    }

    private int set(long high, long low) {
        long h = (high ^ key0) * 0x9e37_79b9_7f4a_7c15L;
        h = (h ^ h >>> 32 ^ low ^ key1) * 0xd6e8_feb8_6659_fd93L;
        h = (h ^ h >>> 32) * 0xd6e8_feb8_6659_fd93L;
        return (int) (h >>> 40) & SETS - 1;
    }
}
