package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.IoUring;

/**
 * io_uring with one multishot read per port, which the kernel feeds from the port's own ring of buffers.
 *
 * <p><b>Theory of operation.</b> One read request stays armed and completes once per frame, so in steady state
 * reading costs no submissions. Each port has a {@link BufferRing}; a frame's slot goes back into the ring of the
 * port it was read from.
 *
 * <p><b>How many buffers.</b> A port begins with {@value #START_SLOTS} slots ({@value PooledFrameIo#FEWEST_SLOTS}
 * when more than half of the pool is taken). When a read finds none (-ENOBUFS; the frame stays in the device's queue)
 * and the pool is not scarce the number doubles, up to {@value PooledFrameIo#MOST_SLOTS}. When the pool is scarce, a
 * port with more than it began with gives slots up as they come home. A port without any waiting slot is armed again
 * when one comes home, and not before: a read armed without buffers would end at once, again and again.
 */
final class MultishotFrameIo extends UringFrameIo {
    /** Slots that a port begins with. */
    static final int START_SLOTS = 16;

    MultishotFrameIo(FrameMemory memory, int firstSlot, int slots, long busyPollNs) {
        super(memory, firstSlot, slots, busyPollNs);
        if (!ring.supports(IoUring.OP_READ_MULTISHOT)) {
            close();
            throw new IllegalStateException("the kernel has no multishot reads: Linux 6.7 is needed");
        }
    }

    @Override
    public IoMode mode() {
        return IoMode.MULTISHOT;
    }

    @Override
    void prepareReads(UringPort port) {
        port.buffers = new BufferRing(ring, port.id);
        give(port, pool.halfTaken() ? FEWEST_SLOTS : START_SLOTS);
    }

    @Override
    boolean arm(UringPort port) {
        if (port.waiting == 0) {
            grow(port);
        }
        if (port.waiting == 0) {
            return false;
        }
        if (port.armedBefore) {
            counters.increment(IoCounters.Counter.REARMS);
        }
        port.armedBefore = true;
        if (port.socket == null) {
            prepareRead(port, IoUring.OP_READ_MULTISHOT, IoUring.SQE_BUFFER_SELECT, 0, 0, 0, 0);
        } else {
            int flags = IoUring.SQE_BUFFER_SELECT | IoUring.RECV_MULTISHOT;
            prepareRead(port, IoUring.OP_RECVMSG, flags, port.socket.multishotAddress(), 1, 0, 0);
        }
        return true;
    }

    @Override
    int slotOfRead(UringPort port, int userDataSlot, int completionFlags) {
        if ((completionFlags & IoUring.CQE_F_BUFFER) == 0) {
            return FramePool.NONE;
        }
        port.waiting--;
        return pool.first() + (completionFlags >>> IoUring.CQE_BUFFER_SHIFT);
    }

    @Override
    void onNoBuffers(UringPort port) {
        grow(port);
    }

    @Override
    void home(int slot) {
        int owner = pool.owner(slot);
        UringPort port = owner == FramePool.NONE ? null : port(owner);
        if (port == null) {
            pool.free(slot);
        } else if (port.slots > START_SLOTS && pool.scarce()) {
            port.slots--;
            pool.free(slot);
        } else {
            provide(port, slot);
        }
    }

    private void grow(UringPort port) {
        if (mayTake(port)) {
            counters.increment(IoCounters.Counter.GROWTHS);
            give(port, Math.max(port.slots, FEWEST_SLOTS));
        }
    }

    private void give(UringPort port, int slots) {
        for (int i = 0; i < slots && mayTake(port); i++) {
            int slot = pool.take(port.id);
            if (slot == FramePool.NONE) {
                return;
            }
            port.slots++;
            provide(port, slot);
        }
    }

    private void provide(UringPort port, int slot) {
        BufferRing buffers = port.buffers;
        if (buffers == null) {
            throw new IllegalStateException("port " + port.id + " reads nothing and has no buffers");
        }
        buffers.add(memory.readAddress(slot), FrameMemory.READ_LENGTH, slot - pool.first());
        port.waiting++;
    }
}
