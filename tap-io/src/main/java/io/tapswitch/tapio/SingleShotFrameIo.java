package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.IoUring;

/**
 * io_uring with single-shot reads, for kernels before 6.7.
 *
 * <h2>Theory of operation</h2>
 *
 * One read of a port waits for a frame. When it has brought one, the next submission asks for more: a run of reads
 * that do not wait (RWF_NOWAIT), and behind them the next one that does.
 *
 * <pre>
 *   submission     | takes what is there, or EAGAIN ... | waits |
 *                    eager reads, 0 to {@value #MOST_EAGER}               one
 * </pre>
 *
 * <p>So the kernel carries all out in order, in the submission, and at most one is left. Several that wait would each
 * be woken by each frame, and in vain but for one: 64 of them cost a third of a ping-pong's latency (measured), and
 * one that was woken in vain 128 times is given to a thread of the kernel's (APOLL_MAX_RETRY, io_uring/poll.c), which
 * reads beside the worker; then frames are handed on out of order (B15: seen, 12 of 200 000).
 *
 * <p>How many are eager follows what they bring: twice as many after a run that was full, half after one that was not.
 * A port whose frames come one by one has none, but for a try after each {@value #ROUNDS_WITHOUT} frames.
 *
 * <p>Each read has a slot of its own; a slot that comes home goes to the pool, where the last is the next to be used.
 * While the pool is scarce there are no eager reads.
 */
final class SingleShotFrameIo extends UringFrameIo {
    private static final int MOST_EAGER = 32;
    private static final int ROUNDS_WITHOUT = 16;
    /** Of a read's slot in user_data: it is an eager one. */
    private static final int EAGER = 1 << 30;

    private boolean eager;

    SingleShotFrameIo(FrameMemory memory, int firstSlot, int slots, long busyPollNs) {
        super(memory, firstSlot, slots, busyPollNs);
    }

    @Override
    public IoMode mode() {
        return IoMode.SINGLE;
    }

    @Override
    void prepareReads(UringPort port) {
        // The first read is the one that waits.
    }

    @Override
    boolean arm(UringPort port) {
        if (port.readsInFlight > 0) {
            return true;
        }
        int last = take(port);
        if (last == FramePool.NONE) {
            return false;
        }
        int more = pool.scarce() ? 0 : port.nextEager(MOST_EAGER, ROUNDS_WITHOUT);
        for (int i = 0; i < more; i++) {
            int slot = take(port);
            if (slot == FramePool.NONE) {
                break;
            }
            port.eager++;
            read(port, slot, EAGER);
        }
        read(port, last, 0);
        return true;
    }

    private int take(UringPort port) {
        int slot = mayTake(port) ? pool.take(port.id) : FramePool.NONE;
        port.slots += slot == FramePool.NONE ? 0 : 1;
        return slot;
    }

    private void read(UringPort port, int slot, int mark) {
        if (port.socket == null) {
            int flags = mark == 0 ? 0 : IoUring.READ_NOWAIT;
            long address = memory.readAddress(slot);
            prepareRead(port, IoUring.OP_READ, 0, address, FrameMemory.READ_LENGTH, flags, slot | mark);
        } else {
            int flags = mark == 0 ? 0 : IoUring.RECV_NOWAIT;
            prepareRead(port, IoUring.OP_RECVMSG, 0, port.socket.readAddress(slot), 1, flags, slot | mark);
        }
    }

    @Override
    int slotOfRead(UringPort port, int userDataSlot, int completionFlags) {
        eager = (userDataSlot & EAGER) != 0;
        if (eager && ring.result() >= 0) {
            port.eagerBrought++;
        }
        return userDataSlot & ~EAGER;
    }

    @Override
    boolean foundNothing(int errno) {
        return eager && errno == Errno.EAGAIN;
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
