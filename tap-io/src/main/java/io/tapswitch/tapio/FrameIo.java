package io.tapswitch.tapio;

import org.agrona.MutableDirectBuffer;

/**
 * One worker's I/O: frames of its ports in, frames out to any port. Single-threaded: the thread that made it calls
 * everything but {@link #wake()}.
 *
 * <p>A slot is an index into {@link FrameMemory}. A read frame's slot comes with one reference; {@link #retain} adds
 * references before several writes of one slot (flooding), {@link #release} takes one away, and at zero the slot goes
 * back to the buffers of the port it was read from. Neither call does anything to slots of another worker: those are
 * returned to their owner, who releases them.
 */
public interface FrameIo extends AutoCloseable {
    /** {@return the way frames are moved} */
    IoMode mode();

    /**
     * Makes a port known. Every worker that may write to the port must know it; one worker reads a given file.
     *
     * @param port id below {@link #MAX_PORTS}, not in use
     * @param fd open TAP file; stays the caller's, who closes it after {@link FrameHandler#onPortRemoved}
     * @param reads whether this worker reads the file
     */
    void addPort(int port, int fd, boolean reads);

    /**
     * Ends reading from and writing to a port: cancels what is pending and reports {@link FrameHandler#onPortRemoved}
     * from a later {@link #poll}. Frames that were read and not yet handled are still delivered before.
     */
    void removePort(int port);

    /**
     * Queues a write of {@code length} bytes at {@code offset} of the frame memory, virtio_net_hdr first. It is
     * carried out by the next {@link #poll}, in the order of the calls, and reported by {@link
     * FrameHandler#onWritten}. The slot's bytes must not change until then.
     */
    void write(int port, int slot, int offset, int length);

    /**
     * Carries out queued writes, waits until something happened or the time is over, and reports everything that
     * happened. At most one system call in steady state.
     *
     * @param handler receives the events; always the same object
     * @param timeoutNs longest wait; 0 to not wait. It may end sooner with nothing to report
     * @return number of events reported
     */
    int poll(FrameHandler handler, long timeoutNs);

    /** Ends a waiting {@link #poll} early, or the next one. The only method for other threads; it is a system call. */
    void wake();

    /** Takes a free slot with one reference for a frame that the caller makes; -1 when the pool is used up. */
    int allocate();

    /** Adds references to a slot of this worker. */
    void retain(int slot, int references);

    /** Gives up one reference to a slot of this worker; at zero the slot can be read into again. */
    void release(int slot);

    /** {@return whether the slot belongs to this worker's pool} */
    boolean owns(int slot);

    /** {@return frame memory, shared by all workers} */
    MutableDirectBuffer buffer();

    /** {@return slots of this worker that are neither free nor waiting in a port's buffers, for conservation checks} */
    int slotsInUse();

    /** {@return counters of this worker's I/O that any thread may read} */
    IoCounters counters();

    /** Cancels everything, waits for it, and gives the ring and the pool back. */
    @Override
    void close();

    /** Most ports that one switch can have, workers and gateways included. */
    int MAX_PORTS = 8192;
}
