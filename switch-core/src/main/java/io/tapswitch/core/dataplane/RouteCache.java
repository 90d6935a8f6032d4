package io.tapswitch.core.dataplane;

import io.tapswitch.nat.NatDrop;
import java.util.Arrays;

/**
 * Where packets go that leave the host: what the kernel said of each destination, for a while.
 *
 * <h2>Theory of operation</h2>
 *
 * A set-associative table of parallel arrays; the set of a destination is a keyed hash of it, so that nobody outside
 * can choose destinations that push each other out. A miss asks the {@link RouteSource}, which is a system call on the
 * frame's way; so misses are limited, and when they come faster, an answer that is too old is better than none. An
 * answer lives {@value #LIFE_MS} ms, or until {@link #flush}: routes, rules or addresses have changed.
 *
 * <p>What is kept is what the frame needs: the uplink's port, the MTU, and the slot of the address that the host itself
 * would send from. One worker's; nothing here allocates.
 */
final class RouteCache {
    static final long LIFE_MS = 10_000;
    /** Questions per second to the kernel, at some 10 us each, and how many at once. */
    private static final int ASKED_PER_SECOND = 10_000;

    private static final int ASKED_BURST = 2_000;
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
    private final int[] ports = new int[SETS * WAYS];
    private final int[] mtus = new int[SETS * WAYS];
    private final int[] slots = new int[SETS * WAYS];

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
        flush();
    }

    /** Forgets all answers. */
    void flush() {
        Arrays.fill(untilMs, NEVER);
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
        int oldest = set;
        int known = -1;
        for (int i = set; i < set + WAYS; i++) {
            if (lo[i] == destinationLo && hi[i] == destinationHi && untilMs[i] != NEVER) {
                if (untilMs[i] - nowMs > 0) {
                    return found(i);
                }
                known = i;
            }
            oldest = untilMs[i] < untilMs[oldest] ? i : oldest;
        }
        if (!questions.tryTake(nowNs)) {
            return known < 0 ? NatDrop.ROUTE_RATE.code() : found(known);
        }
        return ask(known < 0 ? oldest : known, destinationHi, destinationLo, outside, nowMs);
    }

    private int found(int index) {
        return ports[index] < 0 ? NatDrop.NO_ROUTE.code() : index;
    }

    private int ask(int index, long destinationHi, long destinationLo, OutsideTable outside, long nowMs) {
        counters.add(DatapathCounters.Term.ROUTES_ASKED, 1);
        answer.kind = RouteSource.Route.UNREACHABLE;
        answer.mtu = 0;
        source.ask(destinationHi, destinationLo, answer);
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
