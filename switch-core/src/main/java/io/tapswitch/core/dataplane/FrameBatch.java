package io.tapswitch.core.dataplane;

/**
 * Frames that one poll delivered, as parallel arrays: what the datapath works on at a time. Reused for every batch.
 */
public final class FrameBatch {
    /** Most frames in a batch. A fuller poll is worked on in several batches. */
    public static final int CAPACITY = 256;

    final int[] ports = new int[CAPACITY];
    final int[] slots = new int[CAPACITY];
    final int[] offsets = new int[CAPACITY];
    final int[] lengths = new int[CAPACITY];
    /** Index of the first frame that was not looked at yet. */
    int next;

    private int size;

    /**
     * Adds a frame; the batch must not be full.
     *
     * @param port ingress port
     * @param slot where it lies
     * @param offset of its virtio_net_hdr in the frame memory
     * @param length bytes, virtio_net_hdr included
     */
    public void add(int port, int slot, int offset, int length) {
        int i = size++;
        ports[i] = port;
        slots[i] = slot;
        offsets[i] = offset;
        lengths[i] = length;
    }

    /** {@return number of frames} */
    public int size() {
        return size;
    }

    /** {@return whether no further frame fits} */
    public boolean isFull() {
        return size == CAPACITY;
    }

    /** Empties the batch. */
    public void clear() {
        size = 0;
        next = 0;
    }
}
