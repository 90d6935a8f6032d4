package io.tapswitch.tapio;

import io.tapswitch.tapio.NetworkNamespace.Identity;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds out when nobody else needs a network namespace that <em>we</em> keep alive, by a TAP that was opened inside
 * ({@link TapDevice#reattach}): the kernel says nothing then, since for it the namespace lives.
 *
 * <p><b>Theory of operation.</b> Nobody needs it when the handle by which it was found is gone or is another
 * namespace's, no process is in it (/proc/PID/ns/net), and no bind mount holds it (/proc/self/mountinfo). It is looked
 * at when something happened to a handle - a name went from its directory (inotify), a process ended (pidfd) - and
 * every {@value #PERIOD_MS} ms besides, because processes elsewhere and plain unmounts say nothing. Each look is one
 * stat a namespace; only for those without a handle the processes are listed.
 *
 * <p>Calls are made on a thread of this object's own, once for each namespace. Where nothing is watched, nothing is
 * done. Any thread may call.
 */
public final class NamespaceWatch implements AutoCloseable {
    private static final int PERIOD_MS = 1_000;
    private static final Pattern PROCESS_PATH = Pattern.compile("/proc/(\\d+)/ns/net");
    private static final Pattern MOUNTED = Pattern.compile(" net:\\[(\\d+)] ");

    private final Inotify inotify = new Inotify();
    private final DescriptorPoll poll = DescriptorPoll.start("namespace-watch");
    private final Map<Object, Watched> watched = new HashMap<>();
    private boolean lookIsPlanned;

    private record Watched(Path path, long inode, int pidfd, Runnable gone) {}

    /** Begins with nothing to watch. */
    public NamespaceWatch() {
        poll.add(inotify.fd(), () -> {
            synchronized (this) {
                inotify.drain((file, mask) -> {});
            }
            look();
        });
    }

    /**
     * Watches a namespace until it is gone or no longer wanted.
     *
     * @param key by which it is forgotten
     * @param path by which it was found
     * @param inode of the namespace, which tells it apart ({@link Identity#inode})
     * @param gone called once when nobody else needs the namespace
     */
    public synchronized void watch(Object key, Path path, long inode, Runnable gone) {
        Matcher process = PROCESS_PATH.matcher(path.toString());
        int pidfd = process.matches() ? Syscalls.pidfdOpen(Long.parseLong(process.group(1))) : -1;
        Path directory = path.getParent();
        if (pidfd >= 0) {
            poll.add(pidfd, () -> {
                // Readable for ever from now on; the periodic look goes on where others are in the namespace.
                poll.remove(pidfd);
                look();
            });
        } else if (directory != null) {
            try {
                inotify.add(directory, Inotify.IN_DELETE | Inotify.IN_MOVED_FROM);
            } catch (DeviceException noWatchLeft) {
                // Slower and nothing worse: the periodic look finds out as well.
            }
        }
        watched.put(key, new Watched(path, inode, pidfd, gone));
        poll.after(Duration.ZERO, this::look);
        plan();
    }

    /** Watches it no longer; a call may be under way. */
    public synchronized void forget(Object key) {
        Watched one = watched.remove(key);
        if (one != null && one.pidfd() >= 0) {
            poll.remove(one.pidfd());
            Syscalls.close(one.pidfd());
        }
        Path directory = one == null ? null : one.path().getParent();
        if (directory != null
                && watched.values().stream()
                        .noneMatch(other -> directory.equals(other.path().getParent()))) {
            inotify.remove(directory);
        }
    }

    private void plan() {
        if (!lookIsPlanned && !watched.isEmpty()) {
            lookIsPlanned = true;
            poll.after(Duration.ofMillis(PERIOD_MS), () -> {
                synchronized (this) {
                    lookIsPlanned = false;
                    // First, so that a look that fails, for want of files say, is not the last one.
                    plan();
                }
                look();
            });
        }
    }

    private void look() {
        List<Runnable> calls = new ArrayList<>();
        synchronized (this) {
            Map<Object, Watched> lost = new HashMap<>(watched);
            lost.values().removeIf(one -> inode(one.path()) == one.inode());
            if (!lost.isEmpty()) {
                Set<Long> needed = inodesInUse();
                lost.forEach((key, one) -> {
                    if (!needed.contains(one.inode())) {
                        forget(key);
                        calls.add(one.gone());
                    }
                });
            }
        }
        // Each on its own: what one throws is reported and keeps no other from its call.
        calls.forEach(call -> poll.after(Duration.ZERO, call));
    }

    private static long inode(Path path) {
        try {
            return (Long) Files.getAttribute(path, "unix:ino");
        } catch (IOException gone) {
            return -1;
        }
    }

    /** The namespaces that some process is in or some mount holds. */
    private static Set<Long> inodesInUse() {
        Set<Long> inodes = new HashSet<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                inodes.add(inode(process.resolve("ns/net")));
            }
            Matcher mounted = MOUNTED.matcher(Files.readString(Path.of("/proc/self/mountinfo")));
            while (mounted.find()) {
                inodes.add(Long.parseLong(mounted.group(1)));
            }
        } catch (IOException e) {
            throw new DeviceException("cannot list the processes in /proc", e);
        }
        return inodes;
    }

    /** Ends the watch. */
    @Override
    public void close() {
        poll.close();
        synchronized (this) {
            watched.values().stream()
                    .mapToInt(Watched::pidfd)
                    .filter(fd -> fd >= 0)
                    .forEach(Syscalls::close);
            watched.clear();
            inotify.close();
        }
    }
}
