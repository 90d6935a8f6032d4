package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A TAP device: a network interface whose other end is one or more files of ours.
 *
 * <p><b>Theory of operation.</b> The device is made in the daemon's namespace and then moved to the container's
 * ({@link LinkCommand.MoveToNamespace}), never opened inside: a file of /dev/net/tun holds the namespace it was opened
 * in, and a container's namespace that our file held would outlive its deletion, with the device in it and a read
 * that never ends (requirement R1). Opened outside, the device dies with the container's namespace, poll says POLLERR
 * and reads end with EBADFD. {@link #create} refuses to run on a thread that is elsewhere.
 *
 * <pre>
 *   fds()[0] ==queue 0==\
 *   fds()[1] ==queue 1===+== device, in the container's namespace, under a name that may change
 *   ...                 /
 * </pre>
 *
 * <p>Each frame has a struct virtio_net_hdr of 10 bytes in front. Checksum and segmentation offload is on, so that TCP
 * and UDP super-frames of up to 64 KiB cross in one piece; without UDP segmentation where the kernel does not know it
 * (before Linux 6.2). A {@link TunnelTap} has longer headers. The files are non-blocking and closed at exec.
 *
 * <p>A device that shall outlive the process is made to {@link #persist}, and its files are put into a {@link FdVault},
 * from where the next process {@link #adopt}s them: the container sees nothing of it. When the vault is lost too, the
 * device stands there without carrier, and can only be attached to from inside ({@link #reattach}).
 *
 * <p>Invariants: the device lives as long as one of its files, and what is pending on a file keeps it: cancel reads
 * before {@link #close()} (requirement R3). The name is asked from the kernel, so it follows renames and moves.
 *
 * <p>Limits and failures: a name that a device of the same name still has is tried again for two seconds, because the
 * files of a killed process are let go a moment after its death; each other failure is reported at once, with what to
 * do. Any thread may call; files are handed out by number, so only the owner closes.
 */
public final class TapDevice implements AutoCloseable {
    /** Bytes of the header in front of each frame. */
    public static final int HEADER_LENGTH = 10;

    private static final String TUN_FILE = "/dev/net/tun";
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final long BUSY_PATIENCE_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long FIRST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final TapOptions options;
    private final int headerLength;
    private final boolean udpSegmentation;
    // Grows only; guarded by this object.
    private int[] fds;
    private boolean closed;

    /** Also sets what all files of the device share. */
    private TapDevice(int[] fds, String name, TapOptions options, int headerLength) {
        this.fds = fds;
        this.options = options;
        this.headerLength = headerLength;
        this.udpSegmentation = configure(fds[0], name, headerLength);
    }

    /**
     * Makes a device in the daemon's namespace; it is down.
     *
     * @param name a name that no device there has
     * @throws DeviceException when it cannot be made; nothing is left then
     */
    public static TapDevice create(String name, TapOptions options) {
        requireOwnNamespace();
        return create(name, options, flags(options), HEADER_LENGTH);
    }

    /**
     * Makes a device that can get more queues later, however many it begins with, in the calling thread's namespace. It
     * is to stay there, and its files keep that namespace: for the daemon's own.
     *
     * @param pattern a name in which the kernel puts the first free number for {@code %d}, or one without
     * @param headerLength {@link #HEADER_LENGTH} or {@link TunnelTap#HEADER_LENGTH}
     */
    static TapDevice createMultiQueue(String pattern, int queues, int headerLength) {
        TapOptions options = new TapOptions(queues, TapOptions.DEFAULT_TX_QUEUE_LENGTH);
        return create(pattern, options, flags(options) | Tun.IFF_MULTI_QUEUE, headerLength);
    }

    /**
     * Makes a device in the calling thread's namespace, where it is to stay: its file keeps that namespace, so this is
     * for one that is the daemon's own.
     */
    static TapDevice createHere(String name) {
        return create(name, TapOptions.DEFAULT, flags(TapOptions.DEFAULT), HEADER_LENGTH);
    }

    private static TapDevice create(String pattern, TapOptions options, int flags, int headerLength) {
        LinkText.checkLink(pattern);
        int[] fds = new int[options.queues()];
        Arrays.fill(fds, -1);
        try {
            String name = pattern;
            for (int i = 0; i < fds.length; i++) {
                fds[i] = openFile();
                // A device that exists is somebody's, or a persistent one that would come with its old settings.
                attach(fds[i], name, flags | (i == 0 ? Tun.IFF_TUN_EXCL : 0));
                name = nameOf(fds[i]);
            }
            return new TapDevice(fds, name, options, headerLength);
        } catch (DeviceException e) {
            closeAll(fds);
            throw e;
        }
    }

    private static int flags(TapOptions options) {
        return Tun.IFF_TAP | Tun.IFF_NO_PI | Tun.IFF_VNET_HDR | (options.queues() > 1 ? Tun.IFF_MULTI_QUEUE : 0);
    }

    private static void closeAll(int[] fds) {
        for (int fd : fds) {
            if (fd >= 0) {
                Syscalls.close(fd);
            }
        }
    }

    /**
     * Takes over the files of a device that an earlier process made, as they came out of a {@link FdVault}. Nothing of
     * the device changes.
     *
     * @param files all of one device, one a queue; they are this object's from now on, unless this throws
     * @throws DeviceException with EBADFD when the device is gone
     */
    public static TapDevice adopt(List<Integer> files) {
        int[] fds = files.stream().mapToInt(Integer::intValue).toArray();
        for (int fd : fds) {
            int result = Tun.getFlags(fd);
            if (result < 0) {
                throw new DeviceException(
                        "file " + fd + " leads to no TAP any more: " + Errno.describe(result), -result);
            }
        }
        TapOptions options = new TapOptions(fds.length, TapOptions.DEFAULT_TX_QUEUE_LENGTH);
        int headerLength =
                Tun.headerLength(fds[0]) == TunnelTap.HEADER_LENGTH ? TunnelTap.HEADER_LENGTH : HEADER_LENGTH;
        return new TapDevice(fds, "of file " + fds[0], options, headerLength);
    }

    /**
     * Attaches to a persistent device that no process holds, where it is: the last resort when its files are lost. They
     * are opened inside the namespace and so <em>keep it alive</em>: it is to be watched ({@link NamespaceWatch}), and
     * the device closed when nobody else needs the namespace.
     *
     * @param options with as many queues as the device was made with
     * @throws DeviceException with ENODEV when there is no persistent TAP of this name, with EBUSY when it is held
     */
    public static TapDevice reattach(NetworkNamespace namespace, String name, TapOptions options) {
        LinkText.checkLink(name);
        return namespace.call(() -> {
            if (!kindOf(name).map("tun"::equals).orElse(false)) {
                throw new DeviceException(
                        "there is no TAP '" + name + "' in the network namespace " + namespace, Errno.ENODEV);
            }
            int[] fds = new int[options.queues()];
            Arrays.fill(fds, -1);
            try {
                for (int i = 0; i < fds.length; i++) {
                    fds[i] = openFile();
                    attach(fds[i], name, flags(options));
                    if ((Tun.getFlags(fds[i]) & Tun.IFF_PERSIST) == 0) {
                        // The one that was there has gone meanwhile, and this is a new one.
                        throw new DeviceException("the TAP '" + name + "' is not persistent", Errno.ENODEV);
                    }
                }
                return new TapDevice(fds, name, options, HEADER_LENGTH);
            } catch (DeviceException e) {
                closeAll(fds);
                throw e;
            }
        });
    }

    private static void requireOwnNamespace() {
        try {
            Path here = Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net"));
            if (!here.equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net")))) {
                throw new IllegalStateException("a TAP is opened in the daemon's network namespace and then moved: "
                        + "its file would keep a container's namespace alive (this thread is in " + here + ")");
            }
        } catch (IOException e) {
            throw new DeviceException("cannot tell which network namespace this is; is /proc mounted?", e);
        }
    }

    private static int openFile() {
        int fd = Syscalls.open(TUN_FILE, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
        if (fd >= 0) {
            return fd;
        }
        throw new DeviceException(
                "cannot open " + TUN_FILE + ": "
                        + switch (-fd) {
                            case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO ->
                                "the kernel's TUN/TAP driver is missing; load it with "
                                        + "`modprobe tun`, and in a container pass the device in";
                            case Errno.EPERM, Errno.EACCES -> "no right to; run as root";
                            case Errno.EMFILE, Errno.ENFILE ->
                                Errno.describe(fd) + "; raise the limit of open files (`ulimit -n`)";
                            default -> Errno.describe(fd);
                        },
                -fd);
    }

    private static void attach(int fd, String name, int flags) {
        long deadlineNs = System.nanoTime() + BUSY_PATIENCE_NS;
        long pauseNs = FIRST_PAUSE_NS;
        while (true) {
            int result = Tun.setInterface(fd, name, flags);
            if (result >= 0) {
                return;
            }
            if (result != -Errno.EBUSY
                    || !mayGoAway(name)
                    || System.nanoTime() - deadlineNs >= 0
                    || Thread.interrupted()) {
                throw refusal(name, -result);
            }
            LockSupport.parkNanos(pauseNs);
            pauseNs = Math.min(2 * pauseNs, LONGEST_PAUSE_NS);
        }
    }

    /** Sets what all files of the device share; true when the kernel takes UDP super-frames. */
    private static boolean configure(int fd, String name, int headerLength) {
        boolean tunnel = headerLength == TunnelTap.HEADER_LENGTH;
        int result = Tun.setHeaderLength(fd, headerLength);
        if (result >= 0) {
            int features = Tun.TUN_F_CSUM | Tun.TUN_F_TSO;
            result = Tun.setOffload(fd, features | Tun.TUN_F_USO | (tunnel ? Tun.TUN_F_UDP_TUNNEL : 0));
            if (result >= 0) {
                return true;
            }
            // A tunnel's TAP is of use with all of it only.
            result = tunnel ? result : Tun.setOffload(fd, features);
        }
        if (result < 0) {
            String reason = tunnel && result == -Errno.EINVAL ? TunnelTap.TOO_OLD : Errno.describe(result);
            throw new DeviceException("cannot set up the TAP '" + name + "': " + reason, -result);
        }
        return false;
    }

    /** Whether the name belongs to a TAP, whose owner may be about to let it go. */
    private static boolean mayGoAway(String name) {
        return kindOf(name).map("tun"::equals).orElse(true);
    }

    private static Optional<String> kindOf(String name) {
        try (RouteSocket kernel = RouteSocket.open()) {
            return Optional.ofNullable(kernel.link(-1, name)).map(LinkState::kind);
        }
    }

    private static DeviceException refusal(String name, int errno) {
        String reason = switch (errno) {
            case Errno.EBUSY ->
                kindOf(name)
                        .map(kind -> "tun".equals(kind)
                                ? "there is a TAP of this name, held by another process or persistent; "
                                        + "end that process or `ip link delete " + name + "`"
                                : "the name belongs to a " + (kind.isEmpty() ? "device" : kind) + " that is no TAP; "
                                        + "choose another name")
                        .orElse("a TAP of this name has only just gone; try again");
            case Errno.EPERM, Errno.EACCES -> "no right to make network devices; run as root (CAP_NET_ADMIN)";
            case Errno.EINVAL -> "the kernel does not take the name or the flags (EINVAL)";
            default -> Errno.describe(errno);
        };
        return new DeviceException("cannot make the TAP '" + name + "': " + reason, errno);
    }

    /** {@return the device's open files, one for each queue; they stay this object's} */
    public synchronized int[] fds() {
        return fds.clone();
    }

    /**
     * Says whether the device stays, with all that hangs on it, when its last file is closed; then it has no carrier
     * until somebody attaches to it again. As made it does not stay.
     */
    public synchronized void persist(boolean on) {
        requireOpen();
        int result = Tun.setPersistent(fds[0], on);
        if (result < 0) {
            throw new DeviceException("cannot make a TAP outlive this process: " + Errno.describe(result), -result);
        }
    }

    /**
     * Lets frames come through the first queues only, or through more of them again: a device with more queues than
     * there are workers. What waits in a queue that is taken off is lost. A device of one queue stays as it is.
     *
     * @param count 1 or more
     */
    public synchronized void attachedQueues(int count) {
        requireOpen();
        for (int i = 1; i < fds.length; i++) {
            int flags = Tun.getFlags(fds[i]);
            boolean attached = (flags & Tun.IFF_DETACH_QUEUE) == 0;
            int result = Math.min(flags, 0);
            if (flags >= 0 && attached != i < count) {
                result = Tun.setQueue(fds[i], attached ? Tun.IFF_DETACH_QUEUE : Tun.IFF_ATTACH_QUEUE);
            }
            if (result < 0) {
                throw new DeviceException("cannot switch queue " + i + " of a TAP: " + Errno.describe(result), -result);
            }
        }
    }

    /**
     * Gives a device with several queues more of them, on a thread that is in the device's namespace.
     *
     * @param count what it has afterwards; with fewer than it has nothing happens
     */
    synchronized void addQueues(int count) {
        requireOpen();
        int[] more = new int[Math.max(0, count - fds.length)];
        Arrays.fill(more, -1);
        try {
            String name = nameOf(fds[0]);
            for (int i = 0; i < more.length; i++) {
                more[i] = openFile();
                attach(more[i], name, flags(options) | Tun.IFF_MULTI_QUEUE);
            }
        } catch (DeviceException e) {
            closeAll(more);
            throw e;
        }
        int[] all = Arrays.copyOf(fds, fds.length + more.length);
        System.arraycopy(more, 0, all, fds.length, more.length);
        fds = all;
    }

    /**
     * Lets what the device's namespace sends go straight into the device's own queue, with no queueing discipline in
     * front. For a device in the daemon's namespace.
     */
    public void sendWithoutQueueing() {
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState state = kernel.link(-1, name());
            if (state == null) {
                throw new DeviceException("the TAP is not in this network namespace", Errno.ENODEV);
            }
            kernel.queueingDiscipline(state.index(), "noqueue");
        }
    }

    /** {@return how it was made} */
    public TapOptions options() {
        return options;
    }

    /** {@return bytes of the header in front of each frame} */
    int headerLength() {
        return headerLength;
    }

    /** {@return whether the kernel takes and gives UDP super-frames here, besides those of TCP} */
    public boolean udpSegmentation() {
        return udpSegmentation;
    }

    /**
     * {@return the name the device has now, in the namespace it is in now}
     *
     * @throws DeviceException with EBADFD when the device was deleted, or died with its namespace
     */
    public synchronized String name() {
        requireOpen();
        return nameOf(fds[0]);
    }

    private static String nameOf(int fd) {
        byte[] name = new byte[Tun.MAX_NAME_LENGTH + 1];
        int result = Tun.getInterface(fd, name);
        if (result < 0) {
            throw new DeviceException("the TAP has no name: " + Errno.describe(result), -result);
        }
        int length = 0;
        while (name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.UTF_8);
    }

    /**
     * {@return the namespace that the device is in now, open: it is to be closed soon}
     *
     * @throws DeviceException with EBADFD when the device was deleted, or died with its namespace
     */
    public synchronized NetworkNamespace namespace() {
        requireOpen();
        int result = Tun.openNamespace(fds[0]);
        if (result < 0) {
            throw new DeviceException("the TAP is in no namespace: " + Errno.describe(result), -result);
        }
        return NetworkNamespace.ofDescriptor(result, "of a TAP");
    }

    /** {@return whether the owner closed it} */
    public synchronized boolean isClosed() {
        return closed;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the TAP was closed");
        }
    }

    /** Closes the files. The device goes with the last one, at once unless a read or write of a ring still holds it. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            for (int fd : fds) {
                Syscalls.close(fd);
            }
        }
    }
}
