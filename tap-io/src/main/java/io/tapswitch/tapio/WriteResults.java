package io.tapswitch.tapio;

import java.util.Arrays;

/**
 * Results of writes that are known before the handler may hear of them. What the handler adds while it is told is
 * kept for the next time. Grows with the largest batch and then allocates nothing.
 */
final class WriteResults {
    private static final int FIRST_LENGTH = 256;
    private static final int FIELDS = 3;

    private int[] added = new int[FIRST_LENGTH * FIELDS];
    private int[] told = new int[FIRST_LENGTH * FIELDS];
    private int length;

    /** Keeps a result. */
    void add(int port, int slot, int result) {
        if (length == added.length) {
            added = Arrays.copyOf(added, length * 2);
        }
        added[length] = port;
        added[length + 1] = slot;
        added[length + 2] = result;
        length += FIELDS;
    }

    /** Tells the handler all results, in the order they were added; returns how many. */
    int report(FrameHandler handler) {
        if (length == 0) {
            return 0;
        }
        int[] results = added;
        int end = length;
        added = told;
        told = results;
        length = 0;
        for (int i = 0; i < end; i += FIELDS) {
            handler.onWritten(results[i], results[i + 1], results[i + 2]);
        }
        return end / FIELDS;
    }
}
