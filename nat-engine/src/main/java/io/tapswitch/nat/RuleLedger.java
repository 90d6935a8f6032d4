package io.tapswitch.nat;

import java.util.Arrays;
import org.agrona.collections.Int2IntHashMap;

/**
 * What went through each rule, of flows that have ended, and what was begun and refused.
 *
 * <p>A packet costs nothing here: a flow counts its own packets, and what it has counted is added to its rule when it
 * ends. A reading adds the flows that live. It goes over the table in steps, while flows end between them; one that
 * ends after its step would be added twice, so what it had is noted as counted, and left out at the end:
 *
 * <pre>
 *   0 connections   1 refused   2, 3 packets, bytes in   4, 5 packets, bytes out   6-9 of these: counted already
 * </pre>
 *
 * <p>Rows are made when a version comes; no other call allocates. The worker's thread.
 */
final class RuleLedger {
    private static final int ABSENT = -1;

    private static final int CONNECTIONS = 0;
    private static final int REFUSED = 1;
    private static final int ENDED = 2;
    private static final int COUNTED = 6;
    private static final int ROW = 10;

    private final Int2IntHashMap rows = new Int2IntHashMap(ABSENT);
    private final FlowEntries flows;
    private long[] numbers = new long[16 * ROW];
    private int[] free = new int[16];
    private int freeCount;
    private int used;
    /** A reading has added the flows below this slot; 0 when there is none. */
    private int readUpTo;

    RuleLedger(FlowEntries flows) {
        this.flows = flows;
    }

    /** A rule is there from now on. */
    void open(int rule) {
        if (rows.get(rule) != ABSENT) {
            return;
        }
        int row = freeCount > 0 ? free[--freeCount] : used++;
        if (used * ROW > numbers.length) {
            numbers = Arrays.copyOf(numbers, 2 * numbers.length);
        }
        Arrays.fill(numbers, row * ROW, (row + 1) * ROW, 0);
        rows.put(rule, row);
    }

    /** A rule is gone, and so are its flows. */
    void close(int rule) {
        int row = rows.remove(rule);
        if (row != ABSENT) {
            if (freeCount == free.length) {
                free = Arrays.copyOf(free, 2 * freeCount);
            }
            free[freeCount++] = row;
        }
    }

    void connection(int rule) {
        add(rule, CONNECTIONS, 1);
    }

    void refused(int rule) {
        add(rule, REFUSED, 1);
    }

    /** An inbound flow ends; it can still be read. */
    void ended(int slot) {
        int row = rows.get(flows.rule(slot));
        if (row == ABSENT) {
            return;
        }
        add(row * ROW + ENDED, slot);
        if (slot < readUpTo) {
            add(row * ROW + COUNTED, slot);
        }
    }

    /** A reading begins. */
    void beginReading() {
        readUpTo = 0;
        for (int row = 0; row < used; row++) {
            Arrays.fill(numbers, row * ROW + COUNTED, (row + 1) * ROW, 0);
        }
    }

    /** A reading adds a flow. */
    void read(int slot, RuleTotals totals) {
        RuleTotals.Total total = totals.of(flows.rule(slot));
        total.packetsIn += flows.packets(slot, FlowEntries.TO_INSIDE);
        total.bytesIn += flows.bytes(slot, FlowEntries.TO_INSIDE);
        total.packetsOut += flows.packets(slot, FlowEntries.TO_PEER);
        total.bytesOut += flows.bytes(slot, FlowEntries.TO_PEER);
    }

    /** A reading has added all flows below a slot. */
    void readUpTo(int slot) {
        readUpTo = slot;
    }

    /** A reading adds what has ended, and is over. */
    void endReading(RuleTotals totals) {
        readUpTo = 0;
        rows.forEachInt((rule, row) -> {
            RuleTotals.Total total = totals.of(rule);
            int at = row * ROW;
            total.connections += numbers[at + CONNECTIONS];
            total.refused += numbers[at + REFUSED];
            total.packetsIn += numbers[at + ENDED] - numbers[at + COUNTED];
            total.bytesIn += numbers[at + ENDED + 1] - numbers[at + COUNTED + 1];
            total.packetsOut += numbers[at + ENDED + 2] - numbers[at + COUNTED + 2];
            total.bytesOut += numbers[at + ENDED + 3] - numbers[at + COUNTED + 3];
        });
    }

    private void add(int rule, int column, long amount) {
        int row = rows.get(rule);
        if (row != ABSENT) {
            numbers[row * ROW + column] += amount;
        }
    }

    private void add(int at, int slot) {
        numbers[at] += flows.packets(slot, FlowEntries.TO_INSIDE);
        numbers[at + 1] += flows.bytes(slot, FlowEntries.TO_INSIDE);
        numbers[at + 2] += flows.packets(slot, FlowEntries.TO_PEER);
        numbers[at + 3] += flows.bytes(slot, FlowEntries.TO_PEER);
    }
}
