package io.tapswitch.tapio;

import java.util.Arrays;
import org.agrona.MutableDirectBuffer;
import org.agrona.collections.IntArrayList;

/**
 * A {@link FrameIo} without a kernel: frames are put in and taken out by the caller, in memory. For tests and
 * benchmarks of everything that stands on a {@code FrameIo}; it counts references as strictly as the real ones.
 */
public final class MemoryFrameIo implements FrameIo {
    /** Sees what would be written to a port. */
    @FunctionalInterface
    public interface Egress {
        /**
         * A write is performed.
         *
         * @return bytes written, or a negative errno
         */
        int onWrite(int port, int slot, int offset, int length);
    }

    /** Accepts everything. */
    public static final Egress ACCEPT = (port, slot, offset, length) -> length;

    private static final int WORDS_PER_WRITE = 4;
    private static final int NO_FILE = -1;

    private final FrameMemory memory;
    private final int firstSlot;
    private final int[] references;
    private final IntArrayList free = new IntArrayList();
    private final IoCounters counters = new IoCounters();
    private final int[] writes;
    private final int[] files = new int[MAX_PORTS];
    private final boolean[] reading = new boolean[MAX_PORTS];
    private final boolean[] removing = new boolean[MAX_PORTS];
    private final IntArrayList removed = new IntArrayList();
    private int writeWords;
    private int inUse;
    private int[] reads = new int[WORDS_PER_WRITE * 64];
    private int readWords;
    private Egress egress = ACCEPT;

    /**
     * Makes one over a slice of the memory.
     *
     * @param memory frame memory
     * @param firstSlot first slot of the slice
     * @param slots number of slots
     */
    public MemoryFrameIo(FrameMemory memory, int firstSlot, int slots) {
        this.memory = memory;
        this.firstSlot = firstSlot;
        references = new int[slots];
        writes = new int[WORDS_PER_WRITE * 65_536];
        Arrays.fill(files, NO_FILE);
        for (int slot = firstSlot + slots - 1; slot >= firstSlot; slot--) {
            free.addInt(slot);
        }
    }

    /** Says what happens to writes from now on. */
    public void egress(Egress newEgress) {
        egress = newEgress;
    }

    /**
     * Lets a frame arrive: the next poll reports it.
     *
     * @param port ingress port
     * @param slot from {@link #allocate}, filled by the caller at {@link FrameMemory#readOffset}
     * @param length bytes, virtio_net_hdr included
     */
    public void arrive(int port, int slot, int length) {
        if (readWords == reads.length) {
            reads = Arrays.copyOf(reads, reads.length * 2);
        }
        reads[readWords++] = port;
        reads[readWords++] = slot;
        reads[readWords++] = FrameMemory.readOffset(slot);
        reads[readWords++] = length;
    }

    @Override
    public IoMode mode() {
        return IoMode.POLL;
    }

    @Override
    public void addPort(int port, int fd, boolean reads) {
        if (files[port] != NO_FILE) {
            throw new IllegalStateException("port " + port + " is in use");
        }
        files[port] = fd;
        reading[port] = reads;
    }

    @Override
    public void removePort(int port) {
        if (files[port] == NO_FILE) {
            throw new IllegalStateException("port " + port + " is not known");
        }
        if (!removing[port]) {
            removing[port] = true;
            removed.addInt(port);
        }
    }

    /** {@return the file of a port, -1 when it has none} */
    public int file(int port) {
        return files[port];
    }

    /** {@return whether the port's file is read here} */
    public boolean reads(int port) {
        return files[port] != NO_FILE && reading[port];
    }

    @Override
    public void write(int port, int slot, int offset, int length) {
        writes[writeWords++] = port;
        writes[writeWords++] = slot;
        writes[writeWords++] = offset;
        writes[writeWords++] = length;
    }

    @Override
    public int poll(FrameHandler handler, long timeoutNs) {
        int writesDone = writeWords;
        for (int i = 0; i < writesDone; i += WORDS_PER_WRITE) {
            int port = writes[i];
            int slot = writes[i + 1];
            boolean open = files[port] != NO_FILE && !removing[port];
            int result = open ? egress.onWrite(port, slot, writes[i + 2], writes[i + 3]) : -77;
            handler.onWritten(port, slot, result);
        }
        writeWords = 0;
        int arrived = readWords;
        for (int i = 0; i < arrived; i += WORDS_PER_WRITE) {
            handler.onFrame(reads[i], reads[i + 1], reads[i + 2], reads[i + 3]);
        }
        readWords = 0;
        int portsRemoved = removed.size();
        for (int i = 0; i < portsRemoved; i++) {
            int port = removed.getInt(i);
            files[port] = NO_FILE;
            removing[port] = false;
            handler.onPortRemoved(port);
        }
        removed.clear();
        return (writesDone + arrived) / WORDS_PER_WRITE + portsRemoved;
    }

    @Override
    public void wake() {
        // poll never waits
    }

    @Override
    public int allocate() {
        if (free.isEmpty()) {
            return -1;
        }
        int slot = free.removeAt(free.size() - 1);
        references[slot - firstSlot] = 1;
        inUse++;
        return slot;
    }

    @Override
    public void retain(int slot, int more) {
        references[slot - firstSlot] += more;
    }

    @Override
    public void release(int slot) {
        int left = --references[slot - firstSlot];
        if (left < 0) {
            throw new IllegalStateException("slot " + slot + " released more often than retained");
        }
        if (left == 0) {
            inUse--;
            free.addInt(slot);
        }
    }

    @Override
    public boolean owns(int slot) {
        return slot >= firstSlot && slot < firstSlot + references.length;
    }

    @Override
    public MutableDirectBuffer buffer() {
        return memory.buffer();
    }

    @Override
    public int slotsInUse() {
        return inUse;
    }

    @Override
    public IoCounters counters() {
        return counters;
    }

    @Override
    public void close() {
        writeWords = 0;
        readWords = 0;
    }
}
