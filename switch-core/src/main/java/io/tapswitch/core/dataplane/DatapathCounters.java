package io.tapswitch.core.dataplane;

import io.tapswitch.dns.DnsResult;
import io.tapswitch.tapio.FrameIo;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * Theory of operation: what one worker counts. The worker adds with plain loads and ordered stores, nobody else writes,
 * and any thread reads at any time without stopping it (architecture.md, R16).
 *
 * <pre>
 *   totals   | pad | RECEIVED | TRANSMITTED | DROPPED | GENERATED | ...  one per Term | pad |
 *   rows[p]  | pad | rxFrames | rxBytes | txFrames | txBytes | drops by reason ... | queries by result | pad |
 *                  a row is made when its port is added, so unused ports cost four bytes each
 * </pre>
 *
 * <p><b>Invariants.</b> A counter never goes back, and a 64-bit value is never torn: that is what an ordered store
 * guarantees. Two counters read one after the other may be from different moments. The terms RECEIVED, TRANSMITTED and
 * DROPPED count what all rows together ever counted, also of ports that are gone or whose row was begun anew: the
 * conservation of frames is a statement about terms.
 *
 * <p>The padding of 128 bytes on both sides keeps two workers' counters out of each other's cache lines and of the
 * lines that the prefetcher fetches in pairs. Counting for a port that was never added goes to the terms and to a row
 * that is not shown.
 *
 * <p><b>Threads.</b> {@code rx, tx, drop, add, resetPort}: the owner. The rest: any.
 */
public final class DatapathCounters {
    /** What is counted for the worker as a whole. */
    public enum Term {
        /** Frames read from ports. */
        RECEIVED,
        /** Frames written to ports. */
        TRANSMITTED,
        /** Frames dropped. */
        DROPPED,
        /** Frames the switch made itself. */
        GENERATED,
        /** Further copies of flooded frames. */
        COPIED,
        /** Further segments of super-frames. */
        SPLIT,
        /** Frames the switch answered or kept. */
        CONSUMED,
        /** Segments and fragments joined to others. */
        MERGED,
        /** Fragments that were kept to be joined. */
        FRAGMENTS_KEPT,
        /** Kept fragments that were joined or dropped; kept ones less these are held. */
        FRAGMENTS_LET_GO,
        /** Packets that were kept until their next hop on an own link is known. */
        LINK_HELD,
        /** Kept packets that were sent or dropped; kept ones less these are held. */
        LINK_LET_GO,
        /** Writes queued; less {@link #TX_DONE} it is the frames held for a poll. */
        TX_QUEUED,
        /** Writes that were performed or refused. */
        TX_DONE,
        /** Frames given to another worker. */
        HANDED_OVER,
        /** Frames taken from another worker. */
        TAKEN_OVER,
        /** Addresses learned. */
        FDB_LEARNED,
        /** Addresses that moved to another port. */
        FDB_MOVED,
        /** Addresses forgotten because of their age. */
        FDB_AGED,
        /** Addresses not learned because of a limit. */
        FDB_FULL,
        /** Addresses that move all the time. */
        FDB_FLAPPING,
        /** Frames put on rings to other workers. */
        HANDOFF_FRAMES,
        /** Learned and forgotten addresses put on rings to other workers. */
        HANDOFF_LEARNED,
        /** Times a ring to another worker was full. */
        HANDOFF_FULL,
        /** Questions to the kernel for a route. */
        ROUTES_ASKED,
        /** Times that less was found to fit on the way to another host than was known. */
        PATH_MTU_LOWERED,
        /** Commands of the control plane carried out. */
        COMMANDS,
        /** Turns of the worker's duty cycle that brought frames. */
        BATCHES;

        private static final Term[] VALUES = values();

        /** {@return the name that stats and metrics show: lower case with underscores} */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle ROWS = MethodHandles.arrayElementVarHandle(long[][].class);

    private static final int PAD = 128 / Long.BYTES;
    private static final int RX_FRAMES = PAD;
    private static final int RX_BYTES = PAD + 1;
    private static final int TX_FRAMES = PAD + 2;
    private static final int TX_BYTES = PAD + 3;
    private static final int DROPS = PAD + 4;
    private static final int QUERIES = DROPS + DropReason.count();
    private static final DnsResult[] RESULTS = DnsResult.values();

    private final long[][] rows;
    private final long[] totals = new long[PAD + Term.VALUES.length + PAD];
    private final long[] unknownPorts = newRow();

    /** Makes counters that stand at 0, of no port. */
    public DatapathCounters() {
        this(FrameIo.MAX_PORTS);
    }

    DatapathCounters(int ports) {
        rows = new long[ports][];
        Arrays.fill(rows, unknownPorts);
    }

    /** Begins to count for a port, at 0, also when a port of this id was there before. */
    public void resetPort(int port) {
        ROWS.setRelease(rows, port, newRow());
    }

    /** A frame was read from a port. */
    public void rx(int port, int bytes) {
        long[] row = rows[port];
        increase(row, RX_FRAMES, 1);
        increase(row, RX_BYTES, bytes);
        add(Term.RECEIVED, 1);
    }

    /** A frame was written to a port. */
    public void tx(int port, int bytes) {
        long[] row = rows[port];
        increase(row, TX_FRAMES, 1);
        increase(row, TX_BYTES, bytes);
        add(Term.TRANSMITTED, 1);
    }

    /** A frame passed a peer's port, inside an outer frame that is counted at the tunnels' port. */
    void inner(int peer, int bytes, boolean sent) {
        long[] row = rows[peer];
        increase(row, sent ? TX_FRAMES : RX_FRAMES, 1);
        increase(row, sent ? TX_BYTES : RX_BYTES, bytes);
    }

    /**
     * A frame was dropped.
     *
     * @param port the port it came from, or was for
     * @param verdict {@link DropReason#verdict()}
     */
    public void drop(int port, int verdict) {
        increase(rows[port], DROPS - 1 - verdict, 1);
        add(Term.DROPPED, 1);
    }

    /** A frame was dropped. */
    public void drop(int port, DropReason reason) {
        drop(port, reason.verdict());
    }

    /** So many frames were dropped for one reason. */
    void drop(int port, DropReason reason, long frames) {
        increase(rows[port], DROPS + reason.ordinal(), frames);
        add(Term.DROPPED, frames);
    }

    /** A query for a name came from a port, and ended so. */
    void dns(int port, DnsResult result) {
        increase(rows[port], QUERIES + result.ordinal(), 1);
    }

    /** Adds to a term. */
    public void add(Term term, long amount) {
        increase(totals, PAD + term.ordinal(), amount);
    }

    /** {@return what a term stands at} */
    public long get(Term term) {
        return (long) LONGS.getVolatile(totals, PAD + term.ordinal());
    }

    /** {@return what a term stands at, over all workers} */
    public static long sum(Term term, DatapathCounters... workers) {
        long sum = 0;
        for (DatapathCounters worker : workers) {
            sum += worker.get(term);
        }
        return sum;
    }

    /** {@return the counters of a port since it was added, over all workers} */
    public static CounterSnapshot snapshot(int port, DatapathCounters... workers) {
        long[] sum = newRow();
        for (DatapathCounters worker : workers) {
            worker.addRowTo(port, sum);
        }
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            long frames = sum[DROPS + reason.ordinal()];
            if (frames != 0) {
                drops.put(reason, frames);
            }
        }
        Map<DnsResult, Long> queries = new EnumMap<>(DnsResult.class);
        for (DnsResult result : RESULTS) {
            long count = sum[QUERIES + result.ordinal()];
            if (count != 0) {
                queries.put(result, count);
            }
        }
        return new CounterSnapshot(
                port,
                sum[RX_FRAMES],
                sum[RX_BYTES],
                sum[TX_FRAMES],
                sum[TX_BYTES],
                Map.copyOf(drops),
                Map.copyOf(queries));
    }

    private void addRowTo(int port, long[] sum) {
        long[] row = (long[]) ROWS.getAcquire(rows, port);
        if (row == unknownPorts) {
            return;
        }
        for (int i = PAD; i < row.length - PAD; i++) {
            sum[i] += (long) LONGS.getVolatile(row, i);
        }
    }

    private static long[] newRow() {
        return new long[QUERIES + RESULTS.length + PAD];
    }

    private static void increase(long[] counters, int index, long amount) {
        LONGS.setRelease(counters, index, counters[index] + amount);
    }
}
