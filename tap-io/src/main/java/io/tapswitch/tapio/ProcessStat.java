package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What /proc/PID/stat says of a process (proc(5)), as far as it tells one process from a later one with the same id.
 *
 * @param startTicks when it started, in clock ticks since the machine did
 * @param ended whether only its remains are left, for its parent to see
 */
public record ProcessStat(long startTicks, boolean ended) {
    private static final int O_CLOEXEC = 0x80000;
    /** 52 numbers of at most 20 digits, and the command. */
    private static final int LENGTH_MAX = 4096;

    // Fields 3 and 22, counted from behind the command in parentheses.
    private static final int STATE = 0;
    private static final int START_TICKS = 22 - 3;

    /**
     * {@return what is known of a process, null when there is none}
     *
     * @throws DeviceException when that cannot be found out, such as without a file number: it may live
     */
    public static @Nullable ProcessStat of(long pid) {
        return read("/proc/" + pid + "/stat");
    }

    /** {@return whether there is no living process any more with this id that started then} */
    public static boolean hasEnded(long pid, long startTicks) {
        ProcessStat now = of(pid);
        return now == null || now.ended || now.startTicks != startTicks;
    }

    static @Nullable ProcessStat read(String path) {
        int fd = Syscalls.open(path, O_CLOEXEC, 0);
        if (fd == -Errno.ENOENT || fd == -Errno.ESRCH) {
            return null;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(LENGTH_MAX);
            long length = fd < 0 ? fd : Syscalls.read(fd, bytes.address(), LENGTH_MAX);
            if (length == -Errno.ESRCH) {
                return null;
            }
            if (length <= 0) {
                throw new DeviceException("cannot read " + path + ": " + Errno.describe(length), (int) -length);
            }
            return parse(
                    new String(bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1));
        } finally {
            if (fd >= 0) {
                Syscalls.close(fd);
            }
        }
    }

    private static ProcessStat parse(String stat) {
        // The command may hold anything, parentheses too; what follows the last one does not.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        boolean ended = fields[STATE].equals("Z") || fields[STATE].equals("X");
        return new ProcessStat(Long.parseLong(fields[START_TICKS]), ended);
    }
}
