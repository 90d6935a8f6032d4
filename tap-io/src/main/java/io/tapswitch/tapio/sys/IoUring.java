package io.tapswitch.tapio.sys;

/**
 * The kernel's io_uring interface as far as it is used: numbers and offsets of include/uapi/linux/io_uring.h, and its
 * three system calls. The calls have the same numbers on every architecture.
 */
public final class IoUring {
    /** Submission entry (struct io_uring_sqe): its length. */
    public static final int SQE_LENGTH = 64;
    /** Completion entry (struct io_uring_cqe): its length. */
    public static final int CQE_LENGTH = 16;
    /** Offset of the result in a completion. */
    public static final int CQE_RESULT = 8;
    /** Offset of the flags in a completion. */
    public static final int CQE_FLAGS = 12;

    /** struct io_uring_params. */
    public static final int PARAMS_LENGTH = 120;

    /** Offset of cq_entries in struct io_uring_params. */
    public static final int PARAMS_CQ_ENTRIES = 4;
    /** Offset of flags in struct io_uring_params. */
    public static final int PARAMS_FLAGS = 8;
    /** Offset of features in struct io_uring_params. */
    public static final int PARAMS_FEATURES = 20;
    /** Offset of sq_off (struct io_sqring_offsets). */
    public static final int PARAMS_SQ = 40;
    /** Offset of cq_off (struct io_cqring_offsets). */
    public static final int PARAMS_CQ = 80;
    /** Offset of head in both offset structures. */
    public static final int RING_HEAD = 0;
    /** Offset of tail in both offset structures. */
    public static final int RING_TAIL = 4;
    /** Offset of ring_mask in both offset structures. */
    public static final int RING_MASK = 8;
    /** Offset of flags in struct io_sqring_offsets. */
    public static final int SQ_FLAGS = 16;
    /** Offset of array in struct io_sqring_offsets. */
    public static final int SQ_ARRAY = 24;
    /** Offset of cqes in struct io_cqring_offsets. */
    public static final int CQ_CQES = 20;

    /** mmap offset of the submission entries. */
    public static final long OFF_SQES = 0x1000_0000L;

    /** Setup: size of the completion queue is given. */
    public static final int SETUP_CQSIZE = 1 << 3;
    /** Setup: an invalid submission does not stop those after it. */
    public static final int SETUP_SUBMIT_ALL = 1 << 7;
    /** Setup: no interrupts for completions. */
    public static final int SETUP_COOP_TASKRUN = 1 << 8;
    /** Setup: a flag of the submission ring says that completions are to be worked off. */
    public static final int SETUP_TASKRUN_FLAG = 1 << 9;
    /** Setup: one thread submits. */
    public static final int SETUP_SINGLE_ISSUER = 1 << 12;
    /** Setup: completions are worked off when the thread waits. */
    public static final int SETUP_DEFER_TASKRUN = 1 << 13;
    /** Setup: no indirection array of the submission queue. */
    public static final int SETUP_NO_SQARRAY = 1 << 16;

    /** Feature: one mapping for both rings. */
    public static final int FEAT_SINGLE_MMAP = 1;
    /** Feature: completions are kept when the queue is full. */
    public static final int FEAT_NODROP = 1 << 1;
    /** Feature: a wait takes a timeout. */
    public static final int FEAT_EXT_ARG = 1 << 8;

    /** Enter: wait for completions, and work them off. */
    public static final int ENTER_GETEVENTS = 1;
    /** Enter: the argument is a struct io_uring_getevents_arg. */
    public static final int ENTER_EXT_ARG = 1 << 3;
    /** Enter: the ring is named by its registered index. */
    public static final int ENTER_REGISTERED_RING = 1 << 4;

    /** State of the submission ring: completions wait in the kernel because the queue was full. */
    public static final int SQ_CQ_OVERFLOW = 1 << 1;

    /** State of the submission ring: completions are to be worked off by the next enter. */
    public static final int SQ_TASKRUN = 1 << 2;

    /** Submission flag: the file is a registered one. */
    public static final int SQE_FIXED_FILE = 1;
    /** Submission flag: the kernel picks a provided buffer. */
    public static final int SQE_BUFFER_SELECT = 1 << 5;
    /**
     * IORING_RECV_MULTISHOT, which stands in the field behind the submission flags: recvmsg again and again, into
     * provided buffers (Linux 6.0).
     */
    public static final int RECV_MULTISHOT = 1 << 9;

    /** RWF_NOWAIT of linux/fs.h, operation flag of a read: EAGAIN when nothing is there (TAPs: Linux 5.11). */
    public static final int READ_NOWAIT = 1 << 3;
    /** MSG_DONTWAIT, operation flag of recvmsg: the same. */
    public static final int RECV_NOWAIT = 1 << 6;

    /** Completion flag: the upper 16 bits of the flags name a buffer. */
    public static final int CQE_F_BUFFER = 1;
    /** Completion flag: the request goes on. */
    public static final int CQE_F_MORE = 1 << 1;
    /** Where the buffer's number begins in the flags. */
    public static final int CQE_BUFFER_SHIFT = 16;

    /** Operation: sendmsg. */
    public static final int OP_SENDMSG = 9;
    /** Operation: recvmsg. */
    public static final int OP_RECVMSG = 10;
    /** IORING_OP_TIMEOUT. */
    public static final int OP_TIMEOUT = 11;
    /** Operation: cancel others. */
    public static final int OP_ASYNC_CANCEL = 14;
    /** Operation: read. */
    public static final int OP_READ = 22;
    /** Operation: write. */
    public static final int OP_WRITE = 23;
    /** Operation: read again and again, into provided buffers (Linux 6.7). */
    public static final int OP_READ_MULTISHOT = 49;

    /** Cancel: all that match. */
    public static final int CANCEL_ALL = 1;
    /** Cancel: match the file. */
    public static final int CANCEL_FD = 1 << 1;
    /** Cancel: match everything. */
    public static final int CANCEL_ANY = 1 << 2;
    /** Cancel: the file is a registered one. */
    public static final int CANCEL_FD_FIXED = 1 << 3;

    /** Register: change registered files. */
    public static final int REGISTER_FILES_UPDATE = 6;
    /** Register: which operations are there. */
    public static final int REGISTER_PROBE = 8;
    /** Register: table of files, possibly empty. */
    public static final int REGISTER_FILES2 = 13;
    /** Register: the ring's own file. */
    public static final int REGISTER_RING_FDS = 20;
    /** Register: a ring of provided buffers. */
    public static final int REGISTER_PBUF_RING = 22;
    /** Register: end of a ring of provided buffers. */
    public static final int UNREGISTER_PBUF_RING = 23;
    /** struct io_uring_rsrc_register: all entries are empty at first. */
    public static final int RSRC_REGISTER_SPARSE = 1;

    private static final int SETUP = 425;
    private static final int ENTER = 426;
    private static final int REGISTER = 427;

    private IoUring() {}

    /** io_uring_setup(2); the ring's fd or a negative errno. */
    public static int setup(int entries, long params) {
        return (int) Syscalls.syscall(SETUP, entries, params, 0, 0, 0, 0);
    }

    /** io_uring_enter(2); the number of submissions taken or a negative errno. */
    public static int enter(int ring, int submit, int minComplete, int flags, long argument, int argumentLength) {
        return (int) Syscalls.syscall(ENTER, ring, submit, minComplete, flags, argument, argumentLength);
    }

    /** io_uring_register(2). */
    public static int register(int ring, int opcode, long argument, int count) {
        return (int) Syscalls.syscall(REGISTER, ring, opcode, argument, count, 0, 0);
    }
}
