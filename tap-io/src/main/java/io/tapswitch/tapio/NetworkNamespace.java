package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An open network namespace.
 *
 * <p><b>Theory of operation.</b> The object <em>is</em> an open file of nsfs, from the factory method to
 * {@link #close()}. That file keeps the namespace alive: {@code ip netns del} of a namespace that is held so removes
 * its name and nothing else, its devices live on, and a read that is pending on them never ends (requirement R1).
 * Therefore it is held for as long as something is done with the namespace and no longer:
 *
 * <pre>
 *   try (NetworkNamespace namespace = NetworkNamespace.parse(text)) {
 *       ... move, configure, remember namespace.identity() ...
 *   }
 * </pre>
 *
 * <p>To remember which namespace it was, keep its {@link Identity}, which holds nothing: two names of one namespace
 * have the same identity. The kernel may give it to another namespace once the first is gone.
 *
 * <p>A thread is in one namespace, and setns(2) moves the calling thread only. {@link #call} therefore makes a
 * platform thread of its own for each call and lets it end afterwards: a thread of a pool, or the carrier of a
 * virtual thread, would take others' work into the container. A process that is started there is born into the
 * namespace.
 *
 * <p>Thread safety: all methods on any thread; what runs while another thread closes the object fails.
 */
public final class NetworkNamespace implements AutoCloseable {
    /** Where {@code ip netns} keeps the names (NETNS_RUN_DIR of iproute2). */
    public static final Path NAMES = Path.of("/run/netns");

    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final long NS_GET_NSTYPE = 0xb703L;

    private final int fd;
    private final String description;
    private boolean closed;

    private NetworkNamespace(int fd, String description) {
        this.fd = fd;
        this.description = description;
    }

    /** Which namespace it is: device and inode of its file (namespaces(7)). */
    public record Identity(long device, long inode) {
        private static final Pattern TEXT = Pattern.compile("net:\\[(\\d+)]");

        /** {@return the inode in what {@link #toString} gave, -1 when that is something else} */
        public static long inodeOf(String text) {
            Matcher matcher = TEXT.matcher(text);
            return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
        }

        @Override
        public String toString() {
            return "net:[" + inode + "]";
        }
    }

    /**
     * Opens what a user means: with a slash it is a path, all digits a process id, else a name that {@code ip netns}
     * knows.
     */
    public static NetworkNamespace parse(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new DeviceException("no path or name holds the character NUL", Errno.EINVAL);
        }
        if (text.indexOf('/') >= 0) {
            return ofPath(Path.of(text));
        }
        if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            try {
                return ofPid(Long.parseLong(text));
            } catch (NumberFormatException tooLong) {
                throw new DeviceException(
                        "no network namespace of process " + text + ": no process has such an id", Errno.ENOENT);
            }
        }
        return ofName(text);
    }

    /** Opens a namespace that {@code ip netns} knows by this name. */
    public static NetworkNamespace ofName(String name) {
        if (name.isBlank() || name.indexOf('/') >= 0 || name.equals(".") || name.equals("..")) {
            throw new DeviceException(
                    "'" + name + "' is not a name of a network namespace; see `ip netns list`", Errno.EINVAL);
        }
        Path path = NAMES.resolve(name);
        return open(path, "'" + name + "'", path + " does not exist; make it with `ip netns add " + name + "`");
    }

    /** Opens a namespace by a path: a bind mount of it, or a link under /proc. */
    public static NetworkNamespace ofPath(Path path) {
        return open(path, "at " + path, path + " does not exist; `lsns -t net` lists what there is");
    }

    /** Opens the namespace that a process is in. */
    public static NetworkNamespace ofPid(long pid) {
        Path path = Path.of("/proc", Long.toString(pid), "ns", "net");
        return open(path, "of process " + pid, "no process " + pid + " is running (or it has just ended)");
    }

    /** Opens the namespace that the calling thread is in; the daemon's, outside of {@link #call}. */
    public static NetworkNamespace current() {
        return open(Path.of("/proc/thread-self/ns/net"), "of this process", "is /proc mounted?");
    }

    /**
     * Makes a namespace that has no name and that nobody else is in: it lasts as long as this object, and as what is
     * opened inside.
     *
     * @param description for people, after "network namespace"
     */
    public static NetworkNamespace create(String description) {
        FutureTask<NetworkNamespace> task = new FutureTask<>(() -> {
            int result = Syscalls.unshare(CLONE_NEWNET);
            if (result < 0) {
                throw new DeviceException(
                        "cannot make the network namespace " + description + ": " + Errno.describe(result)
                                + (result == -Errno.EPERM ? "; run as root" : ""),
                        -result);
            }
            return open(Path.of("/proc/thread-self/ns/net"), description, "is /proc mounted?");
        });
        Thread thread = Thread.ofPlatform().name("new-namespace").daemon().start(task);
        return await(task, thread);
    }

    /** Takes over an open file of nsfs. */
    static NetworkNamespace ofDescriptor(int fd, String description) {
        return new NetworkNamespace(fd, description);
    }

    private static NetworkNamespace open(Path path, String what, String ifMissing) {
        int fd = Syscalls.open(path.toString(), O_RDONLY_CLOEXEC, 0);
        if (fd < 0) {
            int errno = -fd;
            throw new DeviceException(
                    "no network namespace " + what + ": "
                            + switch (errno) {
                                case Errno.ENOENT -> ifMissing;
                                case Errno.EACCES, Errno.EPERM ->
                                    "no right to open " + path
                                            + ": that takes root, and of another process CAP_SYS_PTRACE";
                                default -> "cannot open " + path + ": " + Errno.describe(errno);
                            },
                    errno);
        }
        // A leftover of `ip netns add` is a plain file; other kinds of namespaces have a type of their own.
        int type = Syscalls.ioctl(fd, NS_GET_NSTYPE, 0);
        if (type != CLONE_NEWNET) {
            Syscalls.close(fd);
            throw new DeviceException(
                    "no network namespace " + what + ": " + path
                            + (type < 0 ? " is not a namespace" : " is a namespace of another kind"),
                    Errno.EINVAL);
        }
        return new NetworkNamespace(fd, what);
    }

    /** {@return which namespace this is} */
    public Identity identity() {
        try {
            Map<String, Object> attributes = Files.readAttributes(Path.of("/proc/self/fd", "" + fd()), "unix:dev,ino");
            return new Identity((Long) Objects.requireNonNull(attributes.get("dev")), (Long)
                    Objects.requireNonNull(attributes.get("ino")));
        } catch (IOException e) {
            throw new DeviceException("cannot identify the network namespace " + description, e);
        }
    }

    /** Work that is done inside a namespace and may end with an exception of its own kind. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object, X extends Exception> {
        /** Does it, on a thread that is in the namespace. */
        T run() throws X;
    }

    /**
     * Does something inside the namespace, on a platform thread made for it, and waits for the end. An interrupt of
     * the waiting thread is passed on to the work.
     *
     * @throws X what the work threw
     */
    public <T extends @Nullable Object, X extends Exception> T call(Work<T, X> work) throws X {
        int target = fd();
        Callable<T> inside = () -> {
            int result = Syscalls.setns(target, CLONE_NEWNET);
            if (result < 0) {
                throw new DeviceException(
                        "cannot enter the network namespace " + description + ": " + Errno.describe(result)
                                + (result == -Errno.EPERM ? "; run as root" : ""),
                        -result);
            }
            return work.run();
        };
        FutureTask<T> task = new FutureTask<>(inside);
        Thread thread = Thread.ofPlatform().name("in-namespace").daemon().start(task);
        return await(task, thread);
    }

    @SuppressWarnings("unchecked") // a Work can throw X and unchecked exceptions only
    private static <T extends @Nullable Object, X extends Exception> T await(FutureTask<T> task, Thread thread)
            throws X {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    T result = task.get();
                    // The thread is still a moment inside the namespace, which it would keep alive.
                    thread.join();
                    return result;
                } catch (InterruptedException e) {
                    interrupted = true;
                    thread.interrupt();
                } catch (ExecutionException e) {
                    Throwable cause = Objects.requireNonNull(e.getCause());
                    if (cause instanceof Error error) {
                        throw error;
                    }
                    throw (X) cause;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@return a path by which another process can open this namespace for as long as this object is open} */
    public Path path() {
        return Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(fd()));
    }

    synchronized int fd() {
        if (closed) {
            throw new IllegalStateException("the network namespace " + description + " was closed");
        }
        return fd;
    }

    /** Lets the namespace go: from here on this object does not keep it alive. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Syscalls.close(fd);
        }
    }

    @Override
    public String toString() {
        return description;
    }
}
