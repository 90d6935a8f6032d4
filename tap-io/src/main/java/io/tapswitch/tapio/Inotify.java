package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** News of what happens in directories (inotify(7)). One thread at a time. */
final class Inotify implements AutoCloseable {
    static final int IN_CLOSE_WRITE = 0x8;
    static final int IN_MOVED_FROM = 0x40;
    static final int IN_MOVED_TO = 0x80;
    static final int IN_CREATE = 0x100;
    static final int IN_DELETE = 0x200;

    private static final int IN_IGNORED = 0x8000;
    private static final int IN_Q_OVERFLOW = 0x4000;
    private static final int IN_CLOEXEC_NONBLOCK = 0x80000 | 0x800;
    // struct inotify_event: s32 watch, u32 mask, u32 cookie, u32 length of the name; the name, padded with zeros.
    private static final int EVENT_LENGTH = 16;
    private static final int EVENT_MASK = 4;
    private static final int EVENT_NAME_LENGTH = 12;
    private static final int NEWS_LENGTH = 16 * 1024;

    /** Hears of events. */
    interface Listener {
        /** Something of this kind happened to this name in a directory; null when any event may have been lost. */
        void onEvent(@Nullable Path file, int mask);
    }

    private final int fd;
    private final Map<Integer, Path> directories = new HashMap<>();

    Inotify() {
        fd = Syscalls.inotify(IN_CLOEXEC_NONBLOCK);
        if (fd < 0) {
            throw new DeviceException(
                    "cannot watch files: " + Errno.describe(fd)
                            + (fd == -Errno.EMFILE ? "; raise the sysctl fs.inotify.max_user_instances" : ""),
                    -fd);
        }
    }

    int fd() {
        return fd;
    }

    /** Watches a directory, once; false when it does not exist. */
    boolean add(Path directory, int mask) {
        if (directories.containsValue(directory)) {
            return true;
        }
        int watch = Syscalls.inotifyAdd(fd, directory.toString(), mask);
        if (watch == -Errno.ENOENT) {
            return false;
        }
        if (watch < 0) {
            throw new DeviceException("cannot watch the directory " + directory + ": " + Errno.describe(watch), -watch);
        }
        directories.put(watch, directory);
        return true;
    }

    /** Watches a directory no longer. */
    void remove(Path directory) {
        directories.entrySet().removeIf(entry -> {
            boolean found = entry.getValue().equals(directory);
            if (found) {
                Syscalls.inotifyRemove(fd, entry.getKey());
            }
            return found;
        });
    }

    /** Tells all that is there, without waiting. */
    void drain(Listener listener) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment news = arena.allocate(NEWS_LENGTH, Long.BYTES);
            long received = Syscalls.read(fd, news.address(), NEWS_LENGTH);
            while (received > 0) {
                parse(news, received, listener);
                received = Syscalls.read(fd, news.address(), NEWS_LENGTH);
            }
        }
    }

    private void parse(MemorySegment news, long received, Listener listener) {
        long at = 0;
        while (at + EVENT_LENGTH <= received) {
            int watch = news.get(ValueLayout.JAVA_INT, at);
            int mask = news.get(ValueLayout.JAVA_INT, at + EVENT_MASK);
            int nameLength = news.get(ValueLayout.JAVA_INT, at + EVENT_NAME_LENGTH);
            Path directory = directories.get(watch);
            if ((mask & IN_IGNORED) != 0) {
                directories.remove(watch);
            } else if ((mask & IN_Q_OVERFLOW) != 0) {
                listener.onEvent(null, mask);
            } else if (directory != null && nameLength > 0) {
                byte[] name = new byte[nameLength];
                MemorySegment.copy(news, ValueLayout.JAVA_BYTE, at + EVENT_LENGTH, name, 0, nameLength);
                int length = 0;
                while (length < nameLength && name[length] != 0) {
                    length++;
                }
                listener.onEvent(directory.resolve(new String(name, 0, length, StandardCharsets.UTF_8)), mask);
            }
            at += EVENT_LENGTH + nameLength;
        }
    }

    @Override
    public void close() {
        Syscalls.close(fd);
    }
}
