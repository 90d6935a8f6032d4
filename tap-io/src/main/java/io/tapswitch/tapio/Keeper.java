package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Spawn;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A process that does nothing but hold a {@link FdQueue} open: a shell that waits to read what nobody writes. Its file
 * RUN-DIR/keeper says its process id and, because ids are used again, when it started.
 *
 * <pre>
 *   0  the go-ahead: until this daemon has written the keeper's file, its own death ends the keeper too
 *   1, 2  /dev/null
 *   3, 4  the ends of the queue
 *   5, 6  a pipe, from which it reads for ever
 * </pre>
 *
 * @param pid its process id
 * @param startTicks when it started, as /proc/PID/stat counts
 */
record Keeper(long pid, long startTicks) {
    /** What `ps` shows of it, beside the directory. */
    static final String NAME = "tapswitch-keeper";

    private static final String FILE = "keeper";
    private static final String SHELL = "/bin/sh";
    private static final String PROGRAM = "read -r go && exec <&5 && read -r never";
    private static final long START_PATIENCE_NS = 5_000_000_000L;
    private static final int FIRST_END = 3;
    private static final int O_CLOEXEC = 0x80000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int FIRST_FREE = 10;
    private static final int SIGKILL = 9;
    private static final short POLLIN = 1;

    /** {@return the living keeper of this directory, null when there is none} */
    static @Nullable Keeper of(Path runDirectory) {
        try {
            String[] words =
                    Files.readString(runDirectory.resolve(FILE)).strip().split(" ", -1);
            Keeper keeper = new Keeper(Long.parseLong(words[0]), words.length < 2 ? -1 : Long.parseLong(words[1]));
            return keeper.isOf(runDirectory) ? keeper : null;
        } catch (IOException | NumberFormatException noneOrNonsense) {
            return null;
        }
    }

    /** {@return whether it lives, and is the keeper of this directory} */
    boolean isOf(Path runDirectory) {
        try {
            String[] command =
                    Files.readString(Path.of("/proc", "" + pid, "cmdline")).split("\0", -1);
            return !ProcessStat.hasEnded(pid, startTicks)
                    && List.of(command).containsAll(List.of(NAME, directoryName(runDirectory)));
        } catch (IOException | DeviceException ended) {
            return false;
        }
    }

    private static String directoryName(Path runDirectory) {
        return runDirectory.toAbsolutePath().normalize().toString();
    }

    private static long startTicksOf(long pid) throws IOException {
        ProcessStat stat = ProcessStat.of(pid);
        if (stat == null) {
            throw new IOException("process " + pid + " ended at once");
        }
        return stat.startTicks();
    }

    /** {@return the queue that it holds, null when it ended or holds none} */
    @Nullable
    FdQueue queue(Path runDirectory) {
        int pidfd = Syscalls.pidfdOpen(pid);
        if (pidfd < 0) {
            return null;
        }
        try {
            // Asked again with the process in hand: now it cannot be another one of the same id.
            if (!isOf(runDirectory)) {
                return null;
            }
            int one = Syscalls.pidfdGetfd(pidfd, FIRST_END);
            int other = Syscalls.pidfdGetfd(pidfd, FIRST_END + 1);
            if (one >= 0 && other >= 0 && FdQueue.isEnd(one) && FdQueue.isEnd(other)) {
                return FdQueue.of(one, other);
            }
            for (int fd : new int[] {one, other}) {
                if (fd >= 0) {
                    Syscalls.close(fd);
                }
            }
            if (one == -Errno.EPERM || other == -Errno.EPERM) {
                throw new DeviceException(
                        "no right to take the interfaces' files from the keeper, process " + pid + "; run as root",
                        Errno.EPERM);
            }
            return null;
        } finally {
            Syscalls.close(pidfd);
        }
    }

    /** Starts one that holds the queue, and writes the directory's file. */
    static Keeper start(FdQueue queue, Path runDirectory) {
        int[] go = pipe();
        int[] never = pipe();
        try {
            List<Integer> ends = queue.ends();
            int[] files = {go[0], -1, -1, ends.get(0), ends.get(1), never[0], never[1]};
            return start(files, go[1], runDirectory);
        } finally {
            for (int fd : new int[] {go[0], go[1], never[0], never[1]}) {
                Syscalls.close(fd);
            }
        }
    }

    private static Keeper start(int[] files, int goAhead, Path runDirectory) {
        int[] high = new int[files.length];
        Arrays.fill(high, -1);
        try {
            for (int i = 0; i < high.length; i++) {
                high[i] = files[i] < 0 ? -1 : duplicate(files[i]);
            }
            long pid = Spawn.start(SHELL, List.of("sh", "-c", PROGRAM, NAME, directoryName(runDirectory)), high);
            if (pid < 0) {
                throw new DeviceException(
                        "cannot start the keeper of the interfaces' files, " + SHELL + ": " + Errno.describe(pid),
                        (int) -pid);
            }
            return begin(pid, goAhead, runDirectory);
        } catch (IOException e) {
            throw new DeviceException("cannot write " + runDirectory.resolve(FILE) + ": " + e.getMessage(), e);
        } finally {
            for (int fd : high) {
                if (fd >= 0) {
                    Syscalls.close(fd);
                }
            }
        }
    }

    /** Above the numbers that they get there. One that is missing there would make a keeper that keeps nothing. */
    private static int duplicate(int file) {
        int high = Syscalls.fcntl(file, F_DUPFD_CLOEXEC, FIRST_FREE);
        if (high < 0) {
            throw new DeviceException(
                    "cannot give the keeper of the interfaces' files what it is to keep: " + Errno.describe(high),
                    -high);
        }
        return high;
    }

    /** Lets a process be the keeper; when that fails it is ended. */
    private static Keeper begin(long pid, int goAhead, Path runDirectory) throws IOException {
        try {
            Keeper keeper = new Keeper(pid, startTicksOf(pid));
            keeper.awaitName(runDirectory);
            keeper.write(runDirectory);
            try (Arena arena = Arena.ofConfined()) {
                Syscalls.write(goAhead, arena.allocateFrom("\n").address(), 1);
            }
            return keeper;
        } catch (IOException | RuntimeException e) {
            // A child of ours that nobody waited for: the number is still its own.
            int pidfd = Syscalls.pidfdOpen(pid);
            if (pidfd >= 0) {
                Syscalls.pidfdSendSignal(pidfd, SIGKILL);
                Syscalls.close(pidfd);
                Syscalls.waitForChild(pid);
            }
            throw e;
        }
    }

    /** Waits until it is seen for what it is: a spawn returns microseconds before the new program has its words. */
    private void awaitName(Path runDirectory) {
        long begin = System.nanoTime();
        while (!isOf(runDirectory)) {
            if (System.nanoTime() - begin > START_PATIENCE_NS) {
                throw new DeviceException("the keeper of the interfaces' files, " + SHELL + ", did not start");
            }
            Thread.onSpinWait();
        }
    }

    private static int[] pipe() {
        int[] ends = new int[2];
        int result = Syscalls.pipe(ends, O_CLOEXEC);
        if (result < 0) {
            throw new DeviceException("cannot make a pipe: " + Errno.describe(result), -result);
        }
        return ends;
    }

    private void write(Path runDirectory) throws IOException {
        Path temporary = runDirectory.resolve(FILE + ".new");
        Files.writeString(temporary, pid + " " + startTicks + "\n");
        Files.move(temporary, runDirectory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Ends it, and waits until its files are closed. */
    void end(Path runDirectory) {
        int pidfd = Syscalls.pidfdOpen(pid);
        if (pidfd >= 0) {
            if (isOf(runDirectory)) {
                Syscalls.pidfdSendSignal(pidfd, SIGKILL);
                awaitEnd(pidfd);
                reap();
            }
            Syscalls.close(pidfd);
        }
        try {
            Files.deleteIfExists(runDirectory.resolve(FILE));
        } catch (IOException e) {
            throw new DeviceException("cannot remove " + runDirectory.resolve(FILE) + ": " + e.getMessage(), e);
        }
    }

    private static void awaitEnd(int pidfd) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd: s32 file, s16 events, s16 returned.
            MemorySegment pollfd = arena.allocate(8, 8);
            pollfd.set(ValueLayout.JAVA_INT, 0, pidfd);
            pollfd.set(ValueLayout.JAVA_SHORT, Integer.BYTES, POLLIN);
            int ready = -Errno.EINTR;
            while (ready == -Errno.EINTR) {
                ready = Syscalls.ppoll(pollfd.address(), 1, 0);
            }
        }
    }

    /** Takes its exit status, once it has ended, if it is this process' child. */
    void reap() {
        Syscalls.waitForChild(pid);
    }
}
