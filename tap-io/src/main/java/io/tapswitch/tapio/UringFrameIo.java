package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.IoUring;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frames by io_uring: what multishot and single-shot reads have in common.
 *
 * <p><b>Theory of operation.</b> Each round of {@link #poll} is one io_uring_enter:
 *
 * <pre>
 *   arm reads that ended --> enter: submit writes and reads, wait --> reap completions --> handler
 *        ^                                                                              | queues writes,
 *        +------------------------------------------------------------------------------+ releases slots
 * </pre>
 *
 * <p><b>Waiting.</b> A TAP write runs the receiver's stack inside the submission and is complete when it returns
 * (measured, Linux 6.18), so its completion must not end the wait: the wait asks for all writes and one more. Then a
 * ping-pong needs one system call per frame. Because that is the kernel's habit and not its promise, no wait outlasts
 * the pulse, and after a write was late, waits end with the first completion for the next
 * {@value #ROUNDS_AFTER_LATE_WRITE} rounds. (Failed writes can be late too: their completions are work for the next
 * wait.)
 *
 * <p><b>The pulse</b> is a timeout request that completes every {@value #PULSE_NS} ns and is the time limit of all long
 * waits. A timeout given to each wait instead programs the CPU's timer twice a frame, which in a virtual machine leaves
 * the guest each time: it cost 5 to 8 us of CPU per frame in a ping-pong (measured, Linux 6.18).
 *
 * <p><b>Before it sleeps</b> a worker looks for completions a while, when the waits before say that it pays ({@link
 * BusyPoll}): the ring has a flag in shared memory that says so, and a look costs no system call but the yield.
 *
 * <p>Writes are carried out in the order of the calls. Their results may come in another order: io_uring completes a
 * failed write later than the successful ones of its batch.
 *
 * <p><b>A port's life.</b> ACTIVE until a read says that the device is gone (GONE, reported once, not read again),
 * REMOVING after {@link #removePort}: one cancellation for all that refers to the file, then the completions of the
 * reads, of the writes and of the cancellation itself are awaited; then the file leaves the table of registered
 * files, and only then may its owner close it: a close with a read in flight would not release the device.
 *
 * <p><b>user_data</b> is {@code kind 8 | port 16 | slot 32}; of a write to a socket its message stands for the slot. A
 * port's number is reused only after its last completion.
 *
 * <p><b>A socket</b> of a {@link TunnelSocket} is a port like a TAP, with other requests: {@link SocketMessages}.
 *
 * <p><b>Failures</b> are a port's own ({@link IoPort}). What the kernel refuses for the moment is asked again, with a
 * pause after several refusals. Owned by one thread; only {@link #wake} is for others.
 */
abstract class UringFrameIo extends PooledFrameIo {
    private static final int SQ_ENTRIES = 512;
    private static final int CQ_ENTRIES = 4096;
    private static final long PULSE_NS = 50_000_000L;
    private static final int ROUNDS_AFTER_LATE_WRITE = 1_000;
    private static final int REFUSALS_BEFORE_PAUSE = 8;
    private static final long CLOSE_LIMIT_NS = 1_000_000_000L;
    private static final long CLOSE_WAIT_NS = 10_000_000L;

    private static final int KIND_WRITE = 1;
    private static final int KIND_READ = 2;
    private static final int KIND_CANCEL = 3;
    private static final int KIND_WAKE = 4;
    private static final int KIND_PULSE = 5;
    private static final int PORT_SHIFT = 8;
    private static final int PORT_MASK = 0xffff;
    private static final int SLOT_SHIFT = 32;

    /** The ring. */
    protected final Uring ring;

    private final boolean registeredFiles;
    private final int fileFlag;
    private final @Nullable UringPort[] ports = new UringPort[MAX_PORTS];
    private final List<UringPort> unarmed = new ArrayList<>();
    private final List<UringPort> removing = new ArrayList<>();
    private final WriteResults refused = new WriteResults();
    private int freshWrites;
    private int writesInFlight;
    private int refusals;
    private int roundsToWaitForOne;
    private boolean wakeArmed;
    private boolean pulseArmed;
    private final BusyPoll busyPoll;

    UringFrameIo(FrameMemory memory, int firstSlot, int slots, long busyPollNs) {
        super(memory, firstSlot, slots);
        this.busyPoll = new BusyPoll(busyPollNs);
        try {
            this.ring = Uring.open(SQ_ENTRIES, CQ_ENTRIES, counters);
        } catch (IllegalStateException e) {
            closeWakeFd();
            throw e;
        }
        // A small RLIMIT_NOFILE refuses the table; then each entry names the file itself, at a lookup's cost.
        this.registeredFiles = ring.registerFiles(MAX_PORTS) >= 0;
        this.fileFlag = registeredFiles ? IoUring.SQE_FIXED_FILE : 0;
    }

    /** Gives a port what it needs to be read: buffers, or a number of reads. */
    abstract void prepareReads(UringPort port);

    /** Arms the port's reads as far as slots allow; false when it has to be tried again. */
    abstract boolean arm(UringPort port);

    /** {@return the slot that the current completion of a read took, or -1} */
    abstract int slotOfRead(UringPort port, int userDataSlot, int completionFlags);

    /** {@return whether the read that just failed only was to say whether a frame is there} */
    boolean foundNothing(int errno) {
        return false;
    }

    /** A read found no buffer. */
    abstract void onNoBuffers(UringPort port);

    @Override
    public final void addPort(int port, int fd, boolean reads) {
        if (ports[port] != null) {
            throw new IllegalStateException("port " + port + " is in use");
        }
        if (registeredFiles) {
            int result = ring.updateFile(port, fd);
            if (result < 0) {
                throw new IllegalStateException(
                        "cannot register the file of port " + port + ": " + Errno.describe(result));
            }
        }
        UringPort added = new UringPort(port, fd, registeredFiles ? port : fd, reads);
        added.socket = SocketMessages.of(fd, memory);
        ports[port] = added;
        if (reads) {
            prepareReads(added);
            list(added);
        }
    }

    @Override
    public final void removePort(int port) {
        UringPort p = ports[port];
        if (p == null) {
            throw new IllegalStateException("port " + port + " is not known");
        }
        if (p.state == IoPort.REMOVING) {
            return;
        }
        p.state = IoPort.REMOVING;
        removing.add(p);
        if (!p.quiet()) {
            p.cancelInFlight = true;
            int fixed = registeredFiles ? IoUring.CANCEL_FD_FIXED : 0;
            ring.prepare(
                    IoUring.OP_ASYNC_CANCEL,
                    0,
                    p.file,
                    0,
                    0,
                    IoUring.CANCEL_ALL | IoUring.CANCEL_FD | fixed,
                    0,
                    data(KIND_CANCEL, port, 0));
        }
    }

    @Override
    public final void write(int port, int slot, int offset, int length) {
        UringPort p = ports[port];
        if (p == null || p.state == IoPort.REMOVING) {
            // It ends like a write to a deleted device.
            refused.add(port, slot, -Errno.EBADFD);
            return;
        }
        if (p.socket != null) {
            send(p, p.socket, slot, offset, length);
            return;
        }
        countWrite(p);
        ring.prepare(
                IoUring.OP_WRITE,
                fileFlag,
                p.file,
                memory.buffer().addressOffset() + offset,
                length,
                0,
                0,
                data(KIND_WRITE, port, slot));
    }

    private void send(UringPort p, SocketMessages socket, int slot, int offset, int length) {
        int message = socket.prepare(slot, offset, length);
        if (message < 0) {
            refused.add(p.id, slot, message);
            return;
        }
        countWrite(p);
        long data = data(KIND_WRITE, p.id, message);
        long address = socket.address(message);
        ring.prepare(IoUring.OP_SENDMSG, fileFlag, p.file, address, 1, SocketMessages.SEND_FLAGS, 0, data);
    }

    private void countWrite(UringPort p) {
        p.writesInFlight++;
        writesInFlight++;
        freshWrites++;
    }

    @Override
    public final int poll(FrameHandler handler, long timeoutNs) {
        int events = refused.report(handler) + finishRemovals(handler);
        long longestNs = armReads(timeoutNs);
        if (!ring.ready() || ring.queued() > 0) {
            submitAndWait(events > 0 ? 0 : longestNs);
        }
        events += reap(handler);
        return removing.isEmpty() ? events : events + finishRemovals(handler);
    }

    private long armReads(long timeoutNs) {
        if (!wakeArmed) {
            wakeArmed = true;
            ring.prepare(IoUring.OP_READ, 0, wakeFd, wakeCountAddress(), Long.BYTES, 0, 0, data(KIND_WAKE, 0, 0));
        }
        if (!pulseArmed) {
            pulseArmed = true;
            ring.preparePulse(PULSE_NS, data(KIND_PULSE, 0, 0));
        }
        long longestNs = timeoutNs;
        for (int i = unarmed.size() - 1; i >= 0; i--) {
            UringPort p = unarmed.get(i);
            boolean resting = p.resting();
            if (p.state != IoPort.ACTIVE || (!resting && arm(p))) {
                p.listed = false;
                UringPort last = unarmed.removeLast();
                if (last != p) {
                    unarmed.set(i, last);
                }
            } else if (resting) {
                longestNs = Math.min(longestNs, IoPort.REST_NS);
            }
        }
        return longestNs;
    }

    private void submitAndWait(long timeoutNs) {
        int fresh = freshWrites;
        freshWrites = 0;
        int minComplete = 0;
        if (timeoutNs > 0 && !ring.ready() && !ring.overflowed()) {
            // A port without buffers has none to read into until its writes are done: then they are what is awaited.
            int more = unarmed.isEmpty() ? 1 : 0;
            minComplete = roundsToWaitForOne == 0 ? Math.max(1, fresh + more) : 1;
        }
        roundsToWaitForOne = Math.max(0, roundsToWaitForOne - 1);
        if (minComplete == 0) {
            enter(0, timeoutNs);
        } else {
            busyPoll.begin();
            if (!busyPoll.finds(ring, minComplete, timeoutNs)) {
                enter(minComplete, timeoutNs);
            }
            busyPoll.end();
        }
    }

    private void enter(int minComplete, long timeoutNs) {
        int taken = ring.enter(minComplete, timeoutNs < PULSE_NS ? timeoutNs : Uring.NO_LIMIT);
        if (taken >= 0 || taken == -Errno.ETIME) {
            refusals = 0;
        } else if (++refusals > REFUSALS_BEFORE_PAUSE) {
            ring.pause();
        }
    }

    private int reap(FrameHandler handler) {
        int events = 0;
        for (int i = 0; i < CQ_ENTRIES && ring.next(); i++) {
            long data = ring.userData();
            int kind = (int) data & 0xff;
            switch (kind) {
                case KIND_READ -> onReadCompleted(handler, data);
                case KIND_WRITE -> onWriteCompleted(handler, data);
                case KIND_CANCEL -> portOf(data).cancelInFlight = false;
                case KIND_WAKE -> wakeArmed = false;
                default -> pulseArmed = false;
            }
            events += kind == KIND_PULSE ? 0 : 1;
        }
        if (ring.overflowed()) {
            counters.increment(IoCounters.Counter.CQ_OVERFLOWS);
        } else if (writesInFlight > freshWrites && ring.queued() == 0 && !ring.ready()) {
            roundsToWaitForOne = ROUNDS_AFTER_LATE_WRITE;
        }
        return events;
    }

    private void onReadCompleted(FrameHandler handler, long data) {
        UringPort p = portOf(data);
        int result = ring.result();
        int flags = ring.flags();
        int slot = slotOfRead(p, (int) (data >>> SLOT_SHIFT), flags);
        if ((flags & IoUring.CQE_F_MORE) == 0) {
            p.readsInFlight--;
        }
        SocketMessages socket = p.socket;
        if (socket != null && slot != FramePool.NONE && result >= 0) {
            p.onReadSucceeded();
            pool.filled(slot);
            p.receive(socket, slot, result);
            handler.onFrame(p.id, slot, socket.offset(), socket.length());
        } else if (result > 0) {
            p.onReadSucceeded();
            pool.filled(slot);
            handler.onFrame(p.id, slot, FrameMemory.readOffset(slot), result);
        } else {
            if (slot != FramePool.NONE) {
                home(slot);
            }
            onReadFailed(handler, p, -result);
        }
        if ((flags & IoUring.CQE_F_MORE) == 0 && p.state == IoPort.ACTIVE) {
            list(p);
        }
    }

    private void onReadFailed(FrameHandler handler, UringPort p, int errno) {
        if (p.state != IoPort.ACTIVE || errno == Errno.ECANCELED || foundNothing(errno)) {
            return;
        }
        if (errno == Errno.ENOBUFS) {
            counters.increment(IoCounters.Counter.NO_BUFFERS);
            onNoBuffers(p);
            return;
        }
        counters.increment(IoCounters.Counter.READ_ERRORS);
        if (p.onReadFailed(errno)) {
            p.state = IoPort.GONE;
            handler.onPortGone(p.id, errno);
        }
    }

    private void onWriteCompleted(FrameHandler handler, long data) {
        UringPort p = portOf(data);
        p.writesInFlight--;
        writesInFlight--;
        int slot = (int) (data >>> SLOT_SHIFT);
        SocketMessages socket = p.socket;
        if (socket == null) {
            handler.onWritten(p.id, slot, ring.result());
        } else {
            handler.onWritten(p.id, socket.slot(slot), socket.sent(slot, ring.result()));
        }
    }

    private int finishRemovals(FrameHandler handler) {
        int events = 0;
        for (int i = removing.size() - 1; i >= 0; i--) {
            UringPort p = removing.get(i);
            if (p.quiet()) {
                UringPort last = removing.removeLast();
                if (last != p) {
                    removing.set(i, last);
                }
                forget(p);
                handler.onPortRemoved(p.id);
                events++;
            }
        }
        return events;
    }

    private void forget(UringPort p) {
        if (registeredFiles) {
            ring.updateFile(p.file, -1);
        }
        if (p.buffers != null) {
            p.buffers.close();
        }
        if (p.socket != null) {
            p.socket.close();
        }
        pool.disown(p.id, memory);
        ports[p.id] = null;
    }

    /** Has the port's reads armed by the next round. */
    private void list(UringPort p) {
        if (!p.listed) {
            p.listed = true;
            unarmed.add(p);
        }
    }

    /** Queues a read of a port. */
    final void prepareRead(UringPort p, int operation, int entryFlags, long address, int length, int flags, int slot) {
        p.readsInFlight++;
        long data = data(KIND_READ, p.id, slot);
        ring.prepare(operation, entryFlags | fileFlag, p.file, address, length, flags, p.id, data);
    }

    /** {@return a known port, or null} */
    final @Nullable UringPort port(int id) {
        return ports[id];
    }

    private UringPort portOf(long data) {
        UringPort p = ports[(int) (data >>> PORT_SHIFT) & PORT_MASK];
        if (p == null) {
            throw new IllegalStateException("a completion of a port that is not known");
        }
        return p;
    }

    private static long data(int kind, int port, int slot) {
        return kind | port << PORT_SHIFT | (long) slot << SLOT_SHIFT;
    }

    @Override
    public final void close() {
        if (wakeFd < 0) {
            return;
        }
        for (UringPort p : ports) {
            if (p != null && p.state != IoPort.REMOVING) {
                removePort(p.id);
            }
        }
        if (wakeArmed) {
            ring.prepare(
                    IoUring.OP_ASYNC_CANCEL,
                    0,
                    wakeFd,
                    0,
                    0,
                    IoUring.CANCEL_ALL | IoUring.CANCEL_FD,
                    0,
                    data(KIND_WAKE, 0, 0));
        }
        FrameHandler discard = new DiscardedEvents(this);
        long beginNs = System.nanoTime();
        finishRemovals(discard);
        while (!removing.isEmpty() && System.nanoTime() - beginNs < CLOSE_LIMIT_NS) {
            submitAndWait(CLOSE_WAIT_NS);
            reap(discard);
            finishRemovals(discard);
        }
        ring.close();
        closeWakeFd();
    }
}
