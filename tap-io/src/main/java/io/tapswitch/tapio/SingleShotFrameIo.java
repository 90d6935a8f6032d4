package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.IoUring;

/**
 * io_uring with a few single-shot reads in flight per port, for kernels before 6.7.
 *
 * <p><b>Theory of operation.</b> Up to {@value #DEPTH} reads of a port wait for frames, each with a slot of its own;
 * more cost ping-pong latency (64 cost a third of it, measured), because each arriving frame wakes them all. A
 * completed read is replaced at once by one with a fresh slot, so that reading does not wait for the frame's writes;
 * a slot that comes home goes to the pool, where the last is the next to be used. While the pool is scarce a port has
 * {@value PooledFrameIo#FEWEST_SLOTS} reads in flight, and never more than {@value PooledFrameIo#MOST_SLOTS} slots,
 * in flight or in use.
 */
final class SingleShotFrameIo extends UringFrameIo {
    private static final int DEPTH = 8;

    SingleShotFrameIo(FrameMemory memory, int firstSlot, int slots) {
        // No busy poll: with several reads in flight it was seen to hand a few of 200 000 frames on out of order (B15).
        super(memory, firstSlot, slots, 0);
    }

    @Override
    public IoMode mode() {
        return IoMode.SINGLE;
    }

    @Override
    void prepareReads(UringPort port) {
        port.depth = pool.halfTaken() ? FEWEST_SLOTS : DEPTH;
    }

    @Override
    boolean arm(UringPort port) {
        int depth = pool.scarce() ? FEWEST_SLOTS : port.depth;
        while (port.readsInFlight < depth) {
            int slot = mayTake(port) ? pool.take(port.id) : FramePool.NONE;
            if (slot == FramePool.NONE) {
                // With one read in flight the port is not stuck, and each completion comes by here again.
                return port.readsInFlight > 0;
            }
            port.slots++;
            if (port.socket == null) {
                prepareRead(port, IoUring.OP_READ, 0, memory.readAddress(slot), FrameMemory.READ_LENGTH, slot);
            } else {
                prepareRead(port, IoUring.OP_RECVMSG, 0, port.socket.readAddress(slot), 1, slot);
            }
        }
        return true;
    }

    @Override
    int slotOfRead(UringPort port, int userDataSlot, int completionFlags) {
        return userDataSlot;
    }

    @Override
    void onNoBuffers(UringPort port) {
        // Only reads from provided buffers end like this.
    }

    @Override
    void home(int slot) {
        int owner = pool.owner(slot);
        UringPort port = owner == FramePool.NONE ? null : port(owner);
        if (port != null) {
            port.slots--;
        }
        pool.free(slot);
    }
}
