package io.tapswitch.tapio;

import org.jspecify.annotations.Nullable;

/** A port of a ring: what is in flight for it. Written by the ring's thread only. */
final class UringPort extends IoPort {
    /** Index of the registered file, or the fd where the table could not be made. */
    final int file;
    /** Ring of provided buffers; only for multishot reads. */
    @Nullable
    BufferRing buffers;
    /** Slots that wait in the buffer ring. */
    int waiting;
    /** Single-shot reads of the last run that did not wait. */
    int eager;
    /** How many of them brought a frame. */
    int eagerBrought;
    /** Runs without such reads that were in a row. */
    private int runsWithout;
    /** Reads in flight; a multishot read counts as one. */
    int readsInFlight;
    /** Writes queued or in flight. */
    int writesInFlight;

    boolean cancelInFlight;
    /** Waits in the list of ports that need a read armed. */
    boolean listed;

    boolean armedBefore;

    UringPort(int id, int fd, int file, boolean reads) {
        super(id, fd, reads);
        this.file = file;
    }

    /**
     * {@return how many reads of the next run are not to wait: twice as many as of the last one when that was full,
     * half as many otherwise} It counts as begun, with none of them.
     *
     * @param most of them
     * @param runs without any, after which there is one
     */
    int nextEager(int most, int runs) {
        int next = eagerBrought < eager ? eager / 2 : 2 * eager;
        if (eager == 0) {
            runsWithout++;
            next = runsWithout < runs ? 0 : 1;
        } else {
            runsWithout = 0;
        }
        eager = 0;
        eagerBrought = 0;
        return Math.min(next, most);
    }

    /** Makes a frame of what was read into a slot, by the kind of its reads. */
    void receive(SocketMessages from, int slot, int result) {
        if (buffers != null) {
            from.receivedByMultishot(slot, result);
        } else {
            from.received(slot, result);
        }
    }

    /** {@return whether nothing of the kernel refers to the file any more} */
    boolean quiet() {
        return readsInFlight == 0 && writesInFlight == 0 && !cancelInFlight;
    }
}
