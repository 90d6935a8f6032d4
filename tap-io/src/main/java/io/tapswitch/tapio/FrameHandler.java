package io.tapswitch.tapio;

/**
 * What a {@link FrameIo} tells its owner from inside {@link FrameIo#poll}, on the owner's thread. Implementations must
 * not throw and must not call {@code poll}; they may call every other method of the {@code FrameIo}.
 */
public interface FrameHandler {
    /**
     * A frame was read. The handler now holds one reference to the slot and gives it up with
     * {@link FrameIo#release}: at once for a frame that goes nowhere, otherwise in {@link #onWritten}, once for each
     * reference. A write takes no reference by itself; for n writes of one slot it retains n - 1 more.
     *
     * @param port the port it was read from
     * @param slot its slot
     * @param offset where in {@link FrameMemory#buffer()} the virtio_net_hdr begins; the frame follows it
     * @param length bytes that were read, virtio_net_hdr included; equal to {@link FrameMemory#READ_LENGTH} when the
     *     frame may have been cut off
     */
    void onFrame(int port, int slot, int offset, int length);

    /**
     * A write that was queued with {@link FrameIo#write} is done; the kernel no longer reads the slot for it. The
     * handler releases the slot here, or gives it back to the worker that owns it.
     *
     * @param result bytes written, virtio_net_hdr included, or a negative errno
     */
    void onWritten(int port, int slot, int result);

    /**
     * The port's device is gone (deleted, or its namespace died): nothing more will be read from it. The port stays
     * known until {@link FrameIo#removePort}.
     *
     * @param errno positive errno that the read ended with, EBADFD (77) for a deleted device
     */
    void onPortGone(int port, int errno);

    /** After {@link FrameIo#removePort}: no read or write of this worker refers to the file; it may be closed. */
    void onPortRemoved(int port);
}
