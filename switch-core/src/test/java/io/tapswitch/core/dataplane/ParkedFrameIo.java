package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameHandler;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.IoCounters;
import io.tapswitch.tapio.IoMode;
import io.tapswitch.tapio.MemoryFrameIo;
import java.util.concurrent.locks.LockSupport;
import org.agrona.MutableDirectBuffer;

/** In-memory I/O for a worker that has a thread: a poll with nothing to do sleeps, as one in the kernel would. */
final class ParkedFrameIo implements FrameIo {
    private final MemoryFrameIo io;
    private final Thread owner = Thread.currentThread();

    /** Makes one over a slice of the memory, for the thread that calls this. */
    ParkedFrameIo(FrameMemory memory, int firstSlot, int slots) {
        io = new MemoryFrameIo(memory, firstSlot, slots);
    }

    @Override
    public int poll(FrameHandler handler, long timeoutNs) {
        int events = io.poll(handler, 0);
        if (events == 0 && timeoutNs > 0) {
            LockSupport.parkNanos(this, timeoutNs);
        }
        return events;
    }

    @Override
    public void wake() {
        LockSupport.unpark(owner);
    }

    @Override
    public IoMode mode() {
        return io.mode();
    }

    @Override
    public void addPort(int port, int fd, boolean reads) {
        io.addPort(port, fd, reads);
    }

    @Override
    public void removePort(int port) {
        io.removePort(port);
    }

    @Override
    public void write(int port, int slot, int offset, int length) {
        io.write(port, slot, offset, length);
    }

    @Override
    public int allocate() {
        return io.allocate();
    }

    @Override
    public void retain(int slot, int references) {
        io.retain(slot, references);
    }

    @Override
    public void release(int slot) {
        io.release(slot);
    }

    @Override
    public boolean owns(int slot) {
        return io.owns(slot);
    }

    @Override
    public MutableDirectBuffer buffer() {
        return io.buffer();
    }

    @Override
    public int slotsInUse() {
        return io.slotsInUse();
    }

    @Override
    public IoCounters counters() {
        return io.counters();
    }

    @Override
    public void close() {
        io.close();
    }
}
