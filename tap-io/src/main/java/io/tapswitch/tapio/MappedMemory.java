package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Mapping;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Memory outside of the heap for one owner, zeroed; a page costs nothing until something is written to it. What is in
 * it goes with the process; what has to stay lies in a {@link FlowFile}.
 */
public final class MappedMemory implements AutoCloseable {
    private final long address;
    private final long length;
    private final UnsafeBuffer buffer;
    private boolean closed;

    private MappedMemory(long length) {
        this.address = Mapping.anonymous(length);
        this.length = length;
        this.buffer = new UnsafeBuffer(address, (int) length);
    }

    /**
     * Maps so many bytes.
     *
     * @param bytes 1 to 2 GiB less one
     * @throws IllegalStateException when the kernel refuses
     */
    public static MappedMemory map(long bytes) {
        return new MappedMemory(FlowFile.checkLength(bytes));
    }

    /** {@return the memory, aligned to a page} */
    public AtomicBuffer buffer() {
        return buffer;
    }

    /** Gives the memory back; nothing may use it any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Mapping.unmap(address, length);
        }
    }
}
