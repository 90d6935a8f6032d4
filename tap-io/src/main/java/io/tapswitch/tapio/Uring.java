package io.tapswitch.tapio;

import static io.tapswitch.tapio.sys.NativeMemory.getInt;
import static io.tapswitch.tapio.sys.NativeMemory.getIntAcquire;
import static io.tapswitch.tapio.sys.NativeMemory.getLong;
import static io.tapswitch.tapio.sys.NativeMemory.putInt;
import static io.tapswitch.tapio.sys.NativeMemory.putIntRelease;
import static io.tapswitch.tapio.sys.NativeMemory.putLong;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.IoUring;
import io.tapswitch.tapio.sys.Mapping;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One io_uring.
 *
 * <p><b>Theory of operation.</b> Two rings in memory shared with the kernel. We write submission entries (SQE) and
 * move the submission tail; one io_uring_enter takes them, waits, and has put completion entries (CQE) when it
 * returns.
 *
 * <pre>
 *   SQEs (64 bytes each)          head (kernel) ...queued... tail (we)
 *   CQEs (16 bytes each)          head (we)     ...ready...  tail (kernel)
 * </pre>
 *
 * <p><b>Set up</b> with SINGLE_ISSUER and DEFER_TASKRUN: one thread makes, uses and closes the ring, and the kernel
 * works completions off only inside io_uring_enter, so every enter asks for them (GETEVENTS) and nothing else ever
 * interrupts the worker. NO_SQARRAY leaves out an indirection that we do not use. Older kernels refuse some flags;
 * {@link #open} steps down until one set is taken. Reading and writing entries needs no system call and allocates
 * nothing.
 *
 * <p><b>Ordering.</b> An SQE is complete before the tail moves over it (release, in {@link #enter}). A CQE is read
 * after its tail (acquire) and before the head gives it back (release), one at a time, so that the consumer of a
 * completion may already cause the next.
 *
 * <p><b>When full.</b> A full submission queue is submitted without waiting ({@link #prepare}). If the kernel refuses
 * even that (EAGAIN, ENOMEM: it has no memory for a request), the thread waits in short steps until it takes them:
 * there is nowhere else to put a frame. A full completion queue loses nothing (feature NODROP): the kernel keeps the
 * rest, says so in {@link #overflowed}, and delivers it in the next enter. Only when it has no memory for that either
 * does it answer EBADR, which is counted by the owner.
 *
 * <p>It knows nothing of TAPs, ports and frames. References: io_uring(7), io_uring_enter(2), linux/io_uring.h.
 */
final class Uring implements AutoCloseable {
    private static final int DEFERRED =
            IoUring.SETUP_SINGLE_ISSUER | IoUring.SETUP_DEFER_TASKRUN | IoUring.SETUP_TASKRUN_FLAG;
    private static final int[] FLAG_SETS = {
        DEFERRED | IoUring.SETUP_NO_SQARRAY, // Linux 6.6
        DEFERRED, // 6.1
        IoUring.SETUP_COOP_TASKRUN | IoUring.SETUP_TASKRUN_FLAG, // 5.19
    };
    private static final int FEATURES = IoUring.FEAT_SINGLE_MMAP | IoUring.FEAT_NODROP | IoUring.FEAT_EXT_ARG;
    /** A wait that only completions end. */
    static final long NO_LIMIT = Long.MAX_VALUE;

    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final int REFUSAL_PAUSE_NS = 100_000;
    // Scratch memory: struct io_uring_getevents_arg with its timespec, a second timespec, and register arguments.
    private static final int WAIT_ARGUMENT_LENGTH = 24;
    private static final int WAIT_ARGUMENT_TIMESPEC = 16;
    private static final int TIMESPEC = 24;
    private static final int PAUSE = 40;
    private static final int PULSE = 56;
    private static final int REGISTER_ARGUMENT = 72;
    private static final int REGISTER_ARGUMENT_LENGTH = 40;

    private final int fd;
    private final long rings;
    private final long ringsLength;
    private final long sqes;
    private final long sqHead;
    private final long sqTail;
    private final long sqFlags;
    private final int sqMask;
    private final long cqHead;
    private final long cqTail;
    private final long cqes;
    private final int cqMask;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment scratchSegment =
            arena.allocate(REGISTER_ARGUMENT + REGISTER_ARGUMENT_LENGTH, Long.BYTES);
    private final long scratch = scratchSegment.address();
    private final IoCounters counters;

    private int enterFd;
    private int enterFlags;
    private int tail;
    private int head;
    private int readyUpTo;
    private long userData;
    private int result;
    private int flags;

    private Uring(int fd, long params, int sqEntries, IoCounters counters) {
        this.fd = fd;
        this.counters = counters;
        int setupFlags = getInt(params + IoUring.PARAMS_FLAGS);
        boolean array = (setupFlags & IoUring.SETUP_NO_SQARRAY) == 0;
        long sq = params + IoUring.PARAMS_SQ;
        long cq = params + IoUring.PARAMS_CQ;
        int cqEntries = getInt(params + IoUring.PARAMS_CQ_ENTRIES);
        int cqesOffset = getInt(cq + IoUring.CQ_CQES);
        int arrayOffset = array ? getInt(sq + IoUring.SQ_ARRAY) : 0;
        this.ringsLength = Math.max(
                cqesOffset + (long) cqEntries * IoUring.CQE_LENGTH, arrayOffset + (long) sqEntries * Integer.BYTES);
        this.rings = mapped(fd, ringsLength, 0);
        this.sqes = mapped(fd, (long) sqEntries * IoUring.SQE_LENGTH, IoUring.OFF_SQES);
        this.sqHead = rings + getInt(sq + IoUring.RING_HEAD);
        this.sqTail = rings + getInt(sq + IoUring.RING_TAIL);
        this.sqFlags = rings + getInt(sq + IoUring.SQ_FLAGS);
        this.sqMask = sqEntries - 1;
        this.cqHead = rings + getInt(cq + IoUring.RING_HEAD);
        this.cqTail = rings + getInt(cq + IoUring.RING_TAIL);
        this.cqMask = getInt(rings + getInt(cq + IoUring.RING_MASK));
        this.cqes = rings + cqesOffset;
        for (int i = 0; array && i < sqEntries; i++) {
            putInt(rings + arrayOffset + (long) i * Integer.BYTES, i);
        }
        this.enterFd = fd;
        registerRing();
    }

    /**
     * Opens a ring for the calling thread. Entries are powers of two.
     *
     * @throws IllegalStateException if the kernel has no usable io_uring; the message says why
     */
    static Uring open(int sqEntries, int cqEntries, IoCounters counters) {
        try (Arena arena = Arena.ofConfined()) {
            int fd = -Errno.EINVAL;
            MemorySegment params = arena.allocate(IoUring.PARAMS_LENGTH, Long.BYTES);
            for (int i = 0; i < FLAG_SETS.length && fd == -Errno.EINVAL; i++) {
                params.fill((byte) 0);
                putInt(params.address() + IoUring.PARAMS_CQ_ENTRIES, cqEntries);
                putInt(
                        params.address() + IoUring.PARAMS_FLAGS,
                        FLAG_SETS[i] | IoUring.SETUP_CQSIZE | IoUring.SETUP_SUBMIT_ALL);
                fd = IoUring.setup(sqEntries, params.address());
            }
            if (fd < 0) {
                throw new IllegalStateException("io_uring cannot be set up: " + Errno.describe(fd));
            }
            if ((getInt(params.address() + IoUring.PARAMS_FEATURES) & FEATURES) != FEATURES) {
                Syscalls.close(fd);
                throw new IllegalStateException("the kernel's io_uring is too old: Linux 5.19 is needed");
            }
            return new Uring(fd, params.address(), sqEntries, counters);
        }
    }

    /** {@return whether the kernel knows an operation} */
    boolean supports(int operation) {
        int entries = 256;
        int entryLength = 8;
        int headerLength = 16;
        try (Arena probing = Arena.ofConfined()) {
            long probe = probing.allocate(headerLength + (long) entries * entryLength, Long.BYTES)
                    .address();
            if (IoUring.register(fd, IoUring.REGISTER_PROBE, probe, entries) < 0) {
                return false;
            }
            // struct io_uring_probe_op: op, resv, flags (u16, bit 0: supported)
            return (getInt(probe + headerLength + (long) operation * entryLength) >>> 16 & 1) != 0;
        }
    }

    /** Makes an empty table of registered files; a negative errno where the kernel or RLIMIT_NOFILE refuses. */
    int registerFiles(int count) {
        long argument = registerArgument();
        putInt(argument, count);
        putInt(argument + 4, IoUring.RSRC_REGISTER_SPARSE);
        return IoUring.register(fd, IoUring.REGISTER_FILES2, argument, 32);
    }

    /** Puts a file into the table, or takes it out with -1. */
    int updateFile(int index, int file) {
        long argument = registerArgument();
        putInt(argument + 16, file);
        putInt(argument, index);
        putLong(argument + 8, argument + 16);
        return IoUring.register(fd, IoUring.REGISTER_FILES_UPDATE, argument, 1);
    }

    /** Registers a ring of provided buffers (struct io_uring_buf_reg). */
    int registerBuffers(long address, int entries, int group) {
        long argument = registerArgument();
        putLong(argument, address);
        putInt(argument + 8, entries);
        putInt(argument + 12, group);
        return IoUring.register(fd, IoUring.REGISTER_PBUF_RING, argument, 1);
    }

    /** Ends the use of a ring of provided buffers. */
    int unregisterBuffers(int group) {
        long argument = registerArgument();
        putInt(argument + 12, group);
        return IoUring.register(fd, IoUring.UNREGISTER_PBUF_RING, argument, 1);
    }

    /**
     * Writes a submission, to be taken by the next {@link #enter}.
     *
     * @param entryFlags IOSQE_ flags
     * @param operationFlags the union of rw_flags and cancel_flags
     * @param bufferGroup with IOSQE_BUFFER_SELECT
     */
    void prepare(
            int operation,
            int entryFlags,
            int file,
            long address,
            int length,
            int operationFlags,
            int bufferGroup,
            long data) {
        while (queued() > sqMask) {
            makeRoom();
        }
        long sqe = sqes + (long) (tail & sqMask) * IoUring.SQE_LENGTH;
        putLong(sqe, operation | entryFlags << 8 | (long) file << 32);
        putLong(sqe + 8, 0);
        putLong(sqe + 16, address);
        putLong(sqe + 24, length | (long) operationFlags << 32);
        putLong(sqe + 32, data);
        putLong(sqe + 40, bufferGroup);
        putLong(sqe + 48, 0);
        putLong(sqe + 56, 0);
        tail++;
    }

    private void makeRoom() {
        int taken = enter(0, 0);
        if (taken <= 0) {
            pause();
        }
    }

    /** Rests for a moment after the kernel refused: it lacks memory, and asking again at once only burns the CPU. */
    void pause() {
        putLong(scratch + PAUSE, 0);
        putLong(scratch + PAUSE + 8, REFUSAL_PAUSE_NS);
        Syscalls.ppoll(0, 0, scratch + PAUSE);
        counters.increment(IoCounters.Counter.OTHER_SYSCALLS);
    }

    /** Writes a submission that completes after a time, once. A wait that it ends needs no timer of its own. */
    void preparePulse(long periodNs, long data) {
        putLong(scratch + PULSE, periodNs / NS_PER_SECOND);
        putLong(scratch + PULSE + 8, periodNs % NS_PER_SECOND);
        prepare(IoUring.OP_TIMEOUT, 0, -1, scratch + PULSE, 1, 0, 0, data);
    }

    /** {@return submissions that the kernel has not taken} */
    int queued() {
        return tail - getIntAcquire(sqHead);
    }

    /** {@return whether completions can be read without a system call} */
    boolean ready() {
        return head != readyUpTo || head != getIntAcquire(cqTail);
    }

    /** {@return how many completions can be read without a system call} */
    int readable() {
        return getIntAcquire(cqTail) - head;
    }

    /** {@return whether the next enter would bring completions} */
    boolean hasWork() {
        return (getIntAcquire(sqFlags) & (IoUring.SQ_TASKRUN | IoUring.SQ_CQ_OVERFLOW)) != 0;
    }

    /** {@return whether completions wait in the kernel because the queue was full; the next enter delivers them} */
    boolean overflowed() {
        return (getInt(sqFlags) & IoUring.SQ_CQ_OVERFLOW) != 0;
    }

    /**
     * Submits everything, works completions off, and waits.
     *
     * @param minComplete completions to wait for, 0 to not wait
     * @param timeoutNs longest wait, or {@link #NO_LIMIT}
     * @return submissions taken, or a negative errno; -ETIME when the time was over
     */
    int enter(int minComplete, long timeoutNs) {
        putIntRelease(sqTail, tail);
        int flags = enterFlags | IoUring.ENTER_GETEVENTS;
        long argument = 0;
        int argumentLength = 0;
        if (minComplete > 0 && timeoutNs != NO_LIMIT) {
            putLong(scratch + TIMESPEC, timeoutNs / NS_PER_SECOND);
            putLong(scratch + TIMESPEC + 8, timeoutNs % NS_PER_SECOND);
            putLong(scratch + WAIT_ARGUMENT_TIMESPEC, scratch + TIMESPEC);
            flags |= IoUring.ENTER_EXT_ARG;
            argument = scratch;
            argumentLength = WAIT_ARGUMENT_LENGTH;
        }
        counters.increment(IoCounters.Counter.WAITS);
        int taken = IoUring.enter(enterFd, queued(), minComplete, flags, argument, argumentLength);
        if (taken < 0 && taken != -Errno.ETIME) {
            refused(taken);
        }
        return taken;
    }

    private void refused(int errno) {
        switch (-errno) {
            case Errno.EINTR, Errno.EAGAIN, Errno.EBUSY, Errno.ENOMEM -> counters.increment(IoCounters.Counter.RETRIES);
            case Errno.EBADR -> counters.increment(IoCounters.Counter.CQ_OVERFLOWS);
            default -> throw new IllegalStateException("io_uring_enter failed: " + Errno.describe(errno));
        }
    }

    /** Moves to the next completion; false when there is none. Its fields are then those of the accessors below. */
    boolean next() {
        if (head == readyUpTo) {
            readyUpTo = getIntAcquire(cqTail);
            if (head == readyUpTo) {
                return false;
            }
        }
        long cqe = cqes + (long) (head & cqMask) * IoUring.CQE_LENGTH;
        userData = getLong(cqe);
        result = getInt(cqe + IoUring.CQE_RESULT);
        flags = getInt(cqe + IoUring.CQE_FLAGS);
        putIntRelease(cqHead, ++head);
        return true;
    }

    /** {@return what the submission carried} */
    long userData() {
        return userData;
    }

    /** {@return bytes or a negative errno} */
    int result() {
        return result;
    }

    /** {@return IORING_CQE_F_ flags} */
    int flags() {
        return flags;
    }

    /** Ends the ring. What is still in flight is cancelled by the kernel, later: cancel and wait before. */
    @Override
    public void close() {
        Mapping.unmap(sqes, (sqMask + 1L) * IoUring.SQE_LENGTH);
        Mapping.unmap(rings, ringsLength);
        Syscalls.close(fd);
    }

    /** Saves the kernel a lookup per enter; where it is refused the plain fd serves. */
    private void registerRing() {
        long argument = registerArgument();
        putInt(argument, -1);
        putLong(argument + 8, fd);
        if (IoUring.register(fd, IoUring.REGISTER_RING_FDS, argument, 1) == 1) {
            enterFd = getInt(argument);
            enterFlags = IoUring.ENTER_REGISTERED_RING;
        }
    }

    private long registerArgument() {
        scratchSegment.asSlice(REGISTER_ARGUMENT).fill((byte) 0);
        return scratch + REGISTER_ARGUMENT;
    }

    private static long mapped(int fd, long bytes, long offset) {
        long address = Mapping.shared(fd, bytes, offset);
        if (Errno.isError(address)) {
            Syscalls.close(fd);
            throw new IllegalStateException("io_uring's rings cannot be mapped: " + Errno.describe(address));
        }
        return address;
    }
}
