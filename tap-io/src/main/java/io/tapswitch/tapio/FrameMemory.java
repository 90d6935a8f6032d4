package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Mapping;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The memory that all frames live in: one anonymous mapping, cut into slots of equal size, shared by all workers.
 *
 * <pre>
 *   slot i begins at i * SLOT_LENGTH
 *   +----------+------------------------------------------------------+
 *   | HEADROOM | READ_LENGTH: virtio_net_hdr, Ethernet frame           |
 *   +----------+------------------------------------------------------+
 * </pre>
 *
 * <p>A slot takes the largest super-frame (10 + 14 + 65535 bytes) with room to spare, and has headroom in front so
 * that an encapsulation moves an offset and no bytes. SLOT_LENGTH is an odd number of cache lines: were it a multiple
 * of the page size, the headers of all slots would share the same few cache sets. Pages are touched by their first
 * frame only, so a mapping of 1 GiB costs what is used. Agrona's buffers address by int, which bounds the mapping to
 * 2 GiB.
 */
public final class FrameMemory implements AutoCloseable {
    /** Bytes kept free before a frame that is read. */
    public static final int HEADROOM = 128;
    /** Bytes from one slot to the next: 1 091 cache lines. */
    public static final int SLOT_LENGTH = 69_824;
    /** Bytes a read may fill. */
    public static final int READ_LENGTH = SLOT_LENGTH - HEADROOM;
    /** Default size of the mapping. */
    public static final long DEFAULT_BYTES = 1L << 30;

    private final UnsafeBuffer buffer;
    private final int slots;
    private final Runnable unmap;

    private FrameMemory(UnsafeBuffer buffer, int slots, Runnable unmap) {
        this.buffer = buffer;
        this.slots = slots;
        this.unmap = unmap;
    }

    /**
     * Maps memory of {@code bytes}, at most 2 GiB, rounded down to whole slots.
     *
     * @throws IllegalArgumentException if that is less than two slots
     * @throws IllegalStateException if the kernel refuses the mapping
     */
    public static FrameMemory map(long bytes) {
        int slots = (int) (Math.min(bytes, Integer.MAX_VALUE) / SLOT_LENGTH);
        if (slots < 2) {
            throw new IllegalArgumentException(
                    "frame memory of " + bytes + " bytes holds no two slots of " + SLOT_LENGTH + " bytes");
        }
        int length = slots * SLOT_LENGTH;
        long address = Mapping.anonymous(length);
        return new FrameMemory(new UnsafeBuffer(address, length), slots, () -> Mapping.unmap(address, length));
    }

    /** Heap memory of a few slots, for tests and benchmarks without a kernel. */
    public static FrameMemory onHeap(int slots) {
        return new FrameMemory(new UnsafeBuffer(new byte[slots * SLOT_LENGTH]), slots, () -> {});
    }

    /** {@return the whole memory; a frame's offset is an index into it} */
    public UnsafeBuffer buffer() {
        return buffer;
    }

    /** {@return how many slots there are} */
    public int slots() {
        return slots;
    }

    /** {@return where a read frame's virtio_net_hdr begins in slot {@code slot}} */
    public static int readOffset(int slot) {
        return slot * SLOT_LENGTH + HEADROOM;
    }

    /** {@return the native address of a slot's read area; only for mapped memory} */
    long readAddress(int slot) {
        return buffer.addressOffset() + readOffset(slot);
    }

    /** Gives the pages of a run of slots back to the system, but for those shared with a neighbour. */
    void discard(int slot, int count) {
        Mapping.discard(buffer.addressOffset() + (long) slot * SLOT_LENGTH, (long) count * SLOT_LENGTH);
    }

    /** Gives the memory back; nothing may use it any more. */
    @Override
    public void close() {
        unmap.run();
    }
}
