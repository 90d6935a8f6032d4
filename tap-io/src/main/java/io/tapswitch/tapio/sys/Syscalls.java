package io.tapswitch.tapio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.Locale;

/**
 * Linux system calls.
 *
 * <p><b>Theory of operation.</b> Everything goes through one downcall, libc's variadic {@code syscall(2)}, with six
 * longs: one place where errno is captured, and no dependence on which wrappers a libc has. The price over libc's own
 * wrappers was not measurable (132 ns for getppid either way). Each method here is a number and the argument order of
 * the manual page. The numbers differ between x86_64 and aarch64 (asm/unistd.h and asm-generic/unistd.h) up to 424 and
 * are the same from there on.
 *
 * <p>Results are the kernel's own: zero or positive, or a negative errno ({@link Errno}). Nothing is retried, EINTR
 * included. errno is captured into a segment per thread, so that no call allocates. Any thread may call; a blocking
 * call blocks its thread (for a virtual thread: its carrier).
 *
 * <p>Addresses are longs where the frame path calls, and memory segments where a call is rare and safety is worth a
 * check. A segment must be native memory.
 */
public final class Syscalls {
    private static final boolean ARM = switch (System.getProperty("os.arch").toLowerCase(Locale.ROOT)) {
        case "amd64", "x86_64" -> false;
        case "aarch64" -> true;
        default ->
            throw new UnsupportedOperationException(
                    "tapswitch knows the system calls of x86_64 and aarch64, not of " + System.getProperty("os.arch"));
    };
    private static final int READ = ARM ? 63 : 0;
    private static final int WRITE = ARM ? 64 : 1;
    private static final int CLOSE = ARM ? 57 : 3;
    private static final int MMAP = ARM ? 222 : 9;
    private static final int MUNMAP = ARM ? 215 : 11;
    private static final int IOCTL = ARM ? 29 : 16;
    private static final int MADVISE = ARM ? 233 : 28;
    private static final int SOCKET = ARM ? 198 : 41;
    private static final int SENDTO = ARM ? 206 : 44;
    private static final int RECVFROM = ARM ? 207 : 45;
    private static final int SENDMSG = ARM ? 211 : 46;
    private static final int RECVMSG = ARM ? 212 : 47;
    private static final int BIND = ARM ? 200 : 49;
    private static final int GETSOCKNAME = ARM ? 204 : 51;
    private static final int SOCKETPAIR = ARM ? 199 : 53;
    private static final int SETSOCKOPT = ARM ? 208 : 54;
    private static final int GETSOCKOPT = ARM ? 209 : 55;
    private static final int UMOUNT2 = ARM ? 39 : 166;
    private static final int MOUNT = ARM ? 40 : 165;
    private static final int WAIT4 = ARM ? 260 : 61;
    private static final int FCNTL = ARM ? 25 : 72;
    private static final int FLOCK = ARM ? 32 : 73;
    private static final int FTRUNCATE = ARM ? 46 : 77;
    private static final int FALLOCATE = ARM ? 47 : 285;
    private static final int OPENAT = ARM ? 56 : 257;
    private static final int PPOLL = ARM ? 73 : 271;
    private static final int INOTIFY_ADD_WATCH = ARM ? 27 : 254;
    private static final int INOTIFY_RM_WATCH = ARM ? 28 : 255;
    private static final int EVENTFD2 = ARM ? 19 : 290;
    private static final int PIPE2 = ARM ? 59 : 293;
    private static final int MKNODAT = ARM ? 33 : 259;
    private static final int INOTIFY_INIT1 = ARM ? 26 : 294;
    private static final int SETNS = ARM ? 268 : 308;
    private static final int UNSHARE = ARM ? 97 : 272;
    private static final int BPF = ARM ? 280 : 321;
    private static final int PIDFD_SEND_SIGNAL = 424;
    private static final int FSOPEN = 430;
    private static final int FSCONFIG = 431;
    private static final int FSMOUNT = 432;
    private static final int FSCONFIG_CMD_CREATE = 6;
    private static final int CLOSE_AT_EXEC = 1;
    private static final int MOUNT_ATTR_RDONLY_NOSUID_NODEV_NOEXEC = 15;
    private static final int PIDFD_OPEN = 434;
    private static final int PIDFD_GETFD = 438;
    private static final int AT_FDCWD = -100;
    private static final int LOCK_EX_NB = 2 | 4;

    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
    private static final MemoryLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE_LAYOUT
            .varHandle(MemoryLayout.PathElement.groupElement("errno"))
            .withInvokeExactBehavior();
    private static final MethodHandle SYSCALL = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                    CAPTURE);
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE_LAYOUT));

    private Syscalls() {}

    /** Any system call by its number; unused arguments are 0. */
    public static long syscall(long number, long a, long b, long c, long d, long e, long f) {
        MemorySegment captured = CAPTURED.get();
        long result;
        try {
            result = (long) SYSCALL.invokeExact(captured, number, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw new AssertionError("a downcall does not throw", t);
        }
        return result == -1 ? -(int) ERRNO.get(captured, 0L) : result;
    }

    /** open(2); {@code mode} matters with O_CREAT only. */
    public static int open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) syscall(OPENAT, AT_FDCWD, arena.allocateFrom(path).address(), flags, mode, 0, 0);
        }
    }

    /** close(2). */
    public static int close(int fd) {
        return (int) syscall(CLOSE, fd, 0, 0, 0, 0, 0);
    }

    /** read(2). */
    public static long read(int fd, long address, long length) {
        return syscall(READ, fd, address, length, 0, 0, 0);
    }

    /** write(2). */
    public static long write(int fd, long address, long length) {
        return syscall(WRITE, fd, address, length, 0, 0, 0);
    }

    /** ioctl(2) with a pointer. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        try {
            return (int) syscall(IOCTL, fd, request, address(argument), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    /** ioctl(2) with a number. */
    public static int ioctl(int fd, long request, long argument) {
        return (int) syscall(IOCTL, fd, request, argument, 0, 0, 0);
    }

    /** fcntl(2) with a number. */
    public static int fcntl(int fd, int command, long argument) {
        return (int) syscall(FCNTL, fd, command, argument, 0, 0, 0);
    }

    /** flock(2), exclusive and without waiting. */
    public static int lock(int fd) {
        return (int) syscall(FLOCK, fd, LOCK_EX_NB, 0, 0, 0, 0);
    }

    /** ftruncate(2). */
    public static int truncate(int fd, long length) {
        return (int) syscall(FTRUNCATE, fd, length, 0, 0, 0, 0);
    }

    /** fallocate(2) from the file's begin. */
    public static int allocate(int fd, long length) {
        return (int) syscall(FALLOCATE, fd, 0, 0, length, 0, 0);
    }

    /** mmap(2); the address, or a negative errno. */
    public static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        return syscall(MMAP, address, length, protection, flags, fd, offset);
    }

    /** munmap(2). */
    public static int munmap(long address, long length) {
        return (int) syscall(MUNMAP, address, length, 0, 0, 0, 0);
    }

    /** madvise(2). */
    public static int madvise(long address, long length, int advice) {
        return (int) syscall(MADVISE, address, length, advice, 0, 0, 0);
    }

    /**
     * ppoll(2) without a signal mask.
     *
     * @param pollfds address of {@code count} times struct pollfd
     * @param timespec address of a struct __kernel_timespec that the kernel counts down, 0 to wait without end
     */
    public static int ppoll(long pollfds, int count, long timespec) {
        return (int) syscall(PPOLL, pollfds, count, timespec, 0, 0, 0);
    }

    /** eventfd2(2). */
    public static int eventfd(int initial, int flags) {
        return (int) syscall(EVENTFD2, initial, flags, 0, 0, 0, 0);
    }

    /** setns(2): moves the calling thread only. Never on a virtual or pooled thread. */
    public static int setns(int fd, int namespaceType) {
        return (int) syscall(SETNS, fd, namespaceType, 0, 0, 0, 0);
    }

    /** unshare(2): gives the calling thread a namespace of its own. Never on a virtual or pooled thread. */
    public static int unshare(int namespaceTypes) {
        return (int) syscall(UNSHARE, namespaceTypes, 0, 0, 0, 0, 0);
    }

    /** socket(2). */
    public static int socket(int domain, int type, int protocol) {
        return (int) syscall(SOCKET, domain, type, protocol, 0, 0, 0);
    }

    /** bind(2); the whole segment is the socket address. */
    public static int bind(int fd, MemorySegment socketAddress) {
        try {
            return (int) syscall(BIND, fd, address(socketAddress), socketAddress.byteSize(), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(socketAddress);
        }
    }

    /** getsockname(2); {@code length} is a socklen_t, in and out. */
    public static int getsockname(int fd, MemorySegment socketAddress, MemorySegment length) {
        try {
            return (int) syscall(GETSOCKNAME, fd, address(socketAddress), address(length), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(socketAddress);
            Reference.reachabilityFence(length);
        }
    }

    /** setsockopt(2) with the whole segment as the value. */
    public static int setsockopt(int fd, int level, int name, MemorySegment value) {
        try {
            return (int) syscall(SETSOCKOPT, fd, level, name, address(value), value.byteSize(), 0);
        } finally {
            Reference.reachabilityFence(value);
        }
    }

    /** setsockopt(2) with an int. */
    public static int setsockopt(int fd, int level, int name, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return setsockopt(fd, level, name, arena.allocateFrom(JAVA_INT, value));
        }
    }

    /** sendto(2) of the whole segment; {@link MemorySegment#NULL} as destination of a connected socket. */
    public static long sendto(int fd, MemorySegment bytes, int flags, MemorySegment destination) {
        try {
            return syscall(
                    SENDTO, fd, address(bytes), bytes.byteSize(), flags, address(destination), destination.byteSize());
        } finally {
            Reference.reachabilityFence(bytes);
            Reference.reachabilityFence(destination);
        }
    }

    /** recvfrom(2) into the segment, without asking who sent it. */
    public static long recv(int fd, MemorySegment bytes, int flags) {
        try {
            return syscall(RECVFROM, fd, address(bytes), bytes.byteSize(), flags, 0, 0);
        } finally {
            Reference.reachabilityFence(bytes);
        }
    }

    /** recvmsg(2) with a struct msghdr whose pointers the caller keeps alive. */
    public static long recvmsg(int fd, MemorySegment messageHeader, int flags) {
        try {
            return syscall(RECVMSG, fd, address(messageHeader), flags, 0, 0, 0);
        } finally {
            Reference.reachabilityFence(messageHeader);
        }
    }

    /** sendmsg(2) with a struct msghdr whose pointers the caller keeps alive. */
    public static long sendmsg(int fd, MemorySegment messageHeader, int flags) {
        try {
            return syscall(SENDMSG, fd, address(messageHeader), flags, 0, 0, 0);
        } finally {
            Reference.reachabilityFence(messageHeader);
        }
    }

    /** recvmsg(2) with the address of a struct msghdr. */
    public static int recvmsg(int fd, long messageHeader, int flags) {
        return (int) syscall(RECVMSG, fd, messageHeader, flags, 0, 0, 0);
    }

    /** sendmsg(2) with the address of a struct msghdr. */
    public static int sendmsg(int fd, long messageHeader, int flags) {
        return (int) syscall(SENDMSG, fd, messageHeader, flags, 0, 0, 0);
    }

    /** socketpair(2); {@code fds} receives the two. */
    public static int socketpair(int domain, int type, int[] fds) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(JAVA_INT, 2);
            int result = (int) syscall(SOCKETPAIR, domain, type, 0, address(pair), 0, 0);
            fds[0] = pair.getAtIndex(JAVA_INT, 0);
            fds[1] = pair.getAtIndex(JAVA_INT, 1);
            return result;
        }
    }

    /** getsockopt(2) of an int; a negative errno on failure, so for values that are never negative. */
    public static int getsockopt(int fd, int level, int name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
            int result = (int) syscall(GETSOCKOPT, fd, level, name, address(value), address(length), 0);
            return result < 0 ? result : value.get(JAVA_INT, 0);
        }
    }

    /** getsockopt(2) into the whole segment. */
    public static int getsockopt(int fd, int level, int name, MemorySegment value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
            return (int) syscall(GETSOCKOPT, fd, level, name, address(value), address(length), 0);
        } finally {
            Reference.reachabilityFence(value);
        }
    }

    /** pipe2(2); {@code fds} receives the end to read and the end to write. */
    public static int pipe(int[] fds, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(JAVA_INT, 2);
            int result = (int) syscall(PIPE2, address(pair), flags, 0, 0, 0, 0);
            fds[0] = pair.getAtIndex(JAVA_INT, 0);
            fds[1] = pair.getAtIndex(JAVA_INT, 1);
            return result;
        }
    }

    /** pidfd_open(2): a file that stands for a process and is readable once it has ended (Linux 5.3). */
    public static int pidfdOpen(long pid) {
        return (int) syscall(PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
    }

    /** pidfd_getfd(2): a copy of another process' open file, closed at exec (Linux 5.6). */
    public static int pidfdGetfd(int pidfd, int theirFd) {
        return (int) syscall(PIDFD_GETFD, pidfd, theirFd, 0, 0, 0, 0);
    }

    /** pidfd_send_signal(2). */
    public static int pidfdSendSignal(int pidfd, int signal) {
        return (int) syscall(PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0, 0, 0);
    }

    /** wait4(2) of one child, whose status is thrown away. */
    public static int waitForChild(long pid) {
        return (int) syscall(WAIT4, pid, 0, 0, 0, 0, 0);
    }

    /** inotify_init1(2). */
    public static int inotify(int flags) {
        return (int) syscall(INOTIFY_INIT1, flags, 0, 0, 0, 0, 0);
    }

    /** inotify_add_watch(2); the watch's descriptor. */
    public static int inotifyAdd(int fd, String path, int mask) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) syscall(INOTIFY_ADD_WATCH, fd, arena.allocateFrom(path).address(), mask, 0, 0, 0);
        }
    }

    /** inotify_rm_watch(2). */
    public static int inotifyRemove(int fd, int watch) {
        return (int) syscall(INOTIFY_RM_WATCH, fd, watch, 0, 0, 0, 0);
    }

    /** bpf(2) with a union bpf_attr whose pointers the caller keeps alive. */
    public static int bpf(int command, MemorySegment attributes) {
        try {
            return (int) syscall(BPF, command, address(attributes), attributes.byteSize(), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(attributes);
        }
    }

    /** mount(2) of a file system without a device; with {@code MS_PRIVATE} the type counts for nothing. */
    public static int mount(String type, String directory, long flags, String options) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(type).address();
            return (int) syscall(
                    MOUNT,
                    name,
                    arena.allocateFrom(directory).address(),
                    name,
                    flags,
                    arena.allocateFrom(options).address(),
                    0);
        }
    }

    /** umount2(2). */
    public static int unmount(String directory, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) syscall(UMOUNT2, arena.allocateFrom(directory).address(), flags, 0, 0, 0, 0);
        }
    }

    /** mknod(2) of a character device. */
    public static int mknod(String path, int mode, int major, int minor) {
        // makedev of linux/kdev_t.h, as new_encode_dev has it.
        long device = (minor & 0xff) | ((long) major << 8) | ((minor & ~0xffL) << 12);
        try (Arena arena = Arena.ofConfined()) {
            return (int) syscall(MKNODAT, AT_FDCWD, arena.allocateFrom(path).address(), 0x2000 | mode, device, 0, 0);
        }
    }

    /**
     * Mounts a file system without a device, as the calling thread's namespaces have it, at no place: only by the file
     * that is returned can it be read (fsopen(2), fsmount(2)).
     */
    public static int mountNowhere(String type) {
        try (Arena arena = Arena.ofConfined()) {
            int context = (int) syscall(FSOPEN, arena.allocateFrom(type).address(), CLOSE_AT_EXEC, 0, 0, 0, 0);
            if (context < 0) {
                return context;
            }
            try {
                int made = (int) syscall(FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0, 0);
                return made < 0
                        ? made
                        : (int) syscall(
                                FSMOUNT, context, CLOSE_AT_EXEC, MOUNT_ATTR_RDONLY_NOSUID_NODEV_NOEXEC, 0, 0, 0);
            } finally {
                close(context);
            }
        }
    }

    private static long address(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("the kernel needs native memory, not a heap segment");
        }
        return segment.address();
    }
}
