package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Mapping;
import io.tapswitch.tapio.sys.NativeMemory;

/**
 * The provided-buffer ring of one port: buffers that the kernel may read frames into, in the order they were added.
 *
 * <p><b>Theory of operation.</b> One page of entries, written by us and read by the kernel; the tail shares the
 * memory of a reserved field of the first entry (struct io_uring_buf_ring in linux/io_uring.h).
 *
 * <pre>
 *   entry, 16 bytes:  address 8 | length 4 | buffer id 2 | reserved 2 (entry 0: the tail)
 * </pre>
 *
 * <p>Each port has a ring (a buffer group) of its own, so that a flooded port cannot take another's buffers. The ring
 * has room for every buffer a port can ever own, so adding never fails. The owner counts what is inside; the kernel
 * takes from the head without telling, but for the completions. One thread, the ring's.
 */
final class BufferRing {
    /** Room for all buffers of a port; a power of two, as the kernel asks for, and exactly one page. */
    static final int ENTRIES = PooledFrameIo.MOST_SLOTS;

    private static final int ENTRY_LENGTH = 16;
    private static final int BYTES = ENTRIES * ENTRY_LENGTH;
    private static final int LENGTH_OFFSET = 8;
    private static final int ID_OFFSET = 12;
    private static final int TAIL_OFFSET = 14;

    private final Uring uring;
    private final int group;
    private final long address;
    private short tail;

    /** Registers a ring under the group's number. */
    BufferRing(Uring uring, int group) {
        this.uring = uring;
        this.group = group;
        this.address = Mapping.anonymous(BYTES);
        int result = uring.registerBuffers(address, ENTRIES, group);
        if (result < 0) {
            Mapping.unmap(address, BYTES);
            throw new IllegalStateException("cannot register buffers of port " + group + ": " + Errno.describe(result));
        }
    }

    /** Hands a buffer to the kernel. */
    void add(long buffer, int length, int id) {
        long entry = address + (long) (tail & ENTRIES - 1) * ENTRY_LENGTH;
        NativeMemory.putLong(entry, buffer);
        NativeMemory.putInt(entry + LENGTH_OFFSET, length);
        NativeMemory.putShort(entry + ID_OFFSET, (short) id);
        tail++;
        NativeMemory.putShortRelease(address + TAIL_OFFSET, tail);
    }

    /** Takes all buffers back. No read may be pending. */
    void close() {
        uring.unregisterBuffers(group);
        Mapping.unmap(address, BYTES);
    }
}
