package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells when processes end that need not be our children, and with what exit code.
 *
 * <p><b>Theory of operation.</b> A pidfd is readable as soon as its process has ended (pidfd_open(2), Linux 5.3). How
 * it ended is known to its parent alone, until the parent has taken note; from then on the pidfd says it too (ioctl
 * PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15). Between the two a good parent lets microseconds pass, so it is
 * asked again for {@value #STATUS_PATIENCE_MS} ms. Where nobody can say it, the end is told without a code.
 *
 * <p>A process that cannot be looked at, because this process has no file number left, is not taken for one that ended:
 * it is tried again. Listeners are called on a thread of this object's own, one at a time, once for each process. Any
 * thread may call.
 */
public final class ProcessWatch implements AutoCloseable {
    private static final int STATUS_PATIENCE_MS = 1_000;
    private static final int STATUS_PAUSE_MS = 10;
    private static final int OPEN_PAUSE_MS = 1_000;
    private static final short POLLIN = 1;

    // struct pidfd_info of linux/pidfd.h, in its first size: u64 mask, u64 cgroup, ten u32 ids, s32 exit status. The
    // kernel fills what is there of it.
    private static final int INFO_LENGTH = 64;
    private static final int INFO_EXIT_STATUS = 60;
    private static final long INFO_EXIT = 1 << 3;
    /** _IOWR(0xFF, 11, struct pidfd_info). */
    private static final long PIDFD_GET_INFO = 0xC000_0000L | INFO_LENGTH << 16 | 0xFF << 8 | 11;

    private static final int STATUS_SIGNAL = 0x7f;
    /** What shells and docker add to the number of the signal that ended a process. */
    private static final int SIGNALLED = 128;

    private final DescriptorPoll poll = DescriptorPoll.start("process-watch");
    private final Set<Watched> watched = new HashSet<>();

    /** A process that is watched. */
    public final class Watched {
        private final long pid;
        private final long startTicks;
        private final Consumer<@Nullable Integer> onEnded;
        private int pidfd = -1;

        private Watched(long pid, long startTicks, Consumer<@Nullable Integer> onEnded) {
            this.pid = pid;
            this.startTicks = startTicks;
            this.onEnded = onEnded;
        }

        /** Sends it a signal; one that has ended hears nothing. */
        public void signal(int signal) {
            synchronized (ProcessWatch.this) {
                if (!watched.contains(this)) {
                    return;
                }
                int result = pidfd < 0 ? -Errno.EMFILE : Syscalls.pidfdSendSignal(pidfd, signal);
                if (result < 0 && result != -Errno.ESRCH) {
                    throw new DeviceException(
                            "cannot send signal " + signal + " to process " + pid + ": " + Errno.describe(result),
                            -result);
                }
            }
        }

        /** Watches it no longer; a call may be under way. */
        public void forget() {
            synchronized (ProcessWatch.this) {
                if (watched.remove(this)) {
                    close();
                }
            }
        }

        private void close() {
            if (pidfd >= 0) {
                poll.remove(pidfd);
                Syscalls.close(pidfd);
                pidfd = -1;
            }
        }
    }

    /**
     * Watches a process until it ends or is forgotten.
     *
     * @param pid its id
     * @param startTicks when it started ({@link ProcessStat}): one that got the id later is not meant
     * @param onEnded hears that it has ended, also when it did before this call, and its exit code: 128 + n when signal
     *     n ended it, null when nobody knows it
     */
    public Watched watch(long pid, long startTicks, Consumer<@Nullable Integer> onEnded) {
        Watched one = new Watched(pid, startTicks, onEnded);
        synchronized (this) {
            watched.add(one);
        }
        open(one);
        return one;
    }

    private void open(Watched one) {
        boolean ended = false;
        synchronized (this) {
            if (!watched.contains(one)) {
                return;
            }
            int pidfd = Syscalls.pidfdOpen(one.pid);
            try {
                // Asked with the process in hand: now it cannot be another one of the same id.
                ProcessStat stat = ProcessStat.of(one.pid);
                ended = stat == null || stat.startTicks() != one.startTicks;
                if (!ended && pidfd >= 0) {
                    one.pidfd = pidfd;
                    poll.add(pidfd, () -> onReadable(one));
                    return;
                }
            } catch (DeviceException e) {
                // Nobody knows, so it is not said to have ended.
            }
            if (pidfd >= 0) {
                Syscalls.close(pidfd);
            }
        }
        if (ended) {
            poll.after(Duration.ZERO, () -> tell(one, null));
        } else {
            poll.after(Duration.ofMillis(OPEN_PAUSE_MS), () -> open(one));
        }
    }

    private void onReadable(Watched one) {
        synchronized (this) {
            // Asked again, because a number that was just closed may be another process's already.
            if (one.pidfd < 0 || !isReadable(one.pidfd)) {
                return;
            }
            // Readable for ever from now on.
            poll.remove(one.pidfd);
        }
        askHow(one, STATUS_PATIENCE_MS);
    }

    private static boolean isReadable(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd: s32 file, s16 events, s16 returned; struct __kernel_timespec: no time.
            MemorySegment pollfd = arena.allocate(8, 8);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd);
            pollfd.set(ValueLayout.JAVA_SHORT, Integer.BYTES, POLLIN);
            return Syscalls.ppoll(
                            pollfd.address(),
                            1,
                            arena.allocate(2 * Long.BYTES, Long.BYTES).address())
                    > 0;
        }
    }

    private void askHow(Watched one, int patienceMs) {
        Integer code;
        synchronized (this) {
            if (!watched.contains(one)) {
                return;
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment info = arena.allocate(INFO_LENGTH, Long.BYTES);
                info.set(ValueLayout.JAVA_LONG, 0, INFO_EXIT);
                int result = Syscalls.ioctl(one.pidfd, PIDFD_GET_INFO, info);
                boolean isSaid = result >= 0 && (info.get(ValueLayout.JAVA_LONG, 0) & INFO_EXIT) != 0;
                if (result >= 0 && !isSaid && patienceMs > 0) {
                    poll.after(Duration.ofMillis(STATUS_PAUSE_MS), () -> askHow(one, patienceMs - STATUS_PAUSE_MS));
                    return;
                }
                code = isSaid ? code(info.get(ValueLayout.JAVA_INT, INFO_EXIT_STATUS)) : null;
            }
        }
        tell(one, code);
    }

    /** {@return the exit code of a status as wait(2) gives it} */
    static int code(int status) {
        int signal = status & STATUS_SIGNAL;
        return signal == 0 ? status >> 8 & 0xff : SIGNALLED + signal;
    }

    private void tell(Watched one, @Nullable Integer code) {
        synchronized (this) {
            if (!watched.remove(one)) {
                return;
            }
            one.close();
        }
        one.onEnded.accept(code);
    }

    /** Ends the watch. */
    @Override
    public void close() {
        poll.close();
        synchronized (this) {
            watched.forEach(Watched::close);
            watched.clear();
        }
    }
}
