package io.tapswitch.tapio;

import io.tapswitch.tapio.SteeringMaps.Address;
import io.tapswitch.tapio.SteeringProgram.Entrance;
import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.BpfProgram;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes from the host's own devices the frames that are the switch's, and sends out what the switch writes.
 *
 * <p><b>Theory of operation.</b> The switch shares the host's addresses: single ports of them are published ports or
 * NAT's. A BPF program at a device's entrance (tcx, before the host's stack and its firewall) redirects the frames for
 * these ports into a TAP, where the switch reads them; a second program at the TAP sends what the switch writes there
 * out of the device, and lets the kernel fill in the neighbour's address. The loopback device has a TAP of its own, and
 * by it the host's own clients are served.
 *
 * <pre>
 *   remote --> uplink --[in: ours?]--------------> TAP of the uplink --read--> switch
 *                 |        \-- no --> host's stack          |
 *   remote &lt;-- uplink &lt;--[out: neighbour, device]---- TAP &lt;--write-- switch
 *                 \--[in: a tunnel's?]---------> tunnel TAP of the uplink, both ways likewise
 *   host   --> lo -----[in: ours?]---------------> TAP of lo ---read--> switch
 *   host   &lt;-- lo &lt;----[out: to lo's entrance]--------- TAP &lt;--write-- switch
 * </pre>
 *
 * <p>Which frames are ours is told by marks, one byte a port ({@link PortMarks}), of each address of the host
 * ({@link #marks}); {@link SteeringProgram} says what is done with each.
 *
 * <p><b>Death.</b> Maps and links are pinned in a bpffs: without, they would go with the process, and the host's stack
 * would answer the switch's flows with RST. So that a dead switch does not hold the ports for ever, the programs look
 * at the last {@link #beat}: while it is younger than the grace time, frames go to the TAP, which persists and drops
 * them when nobody reads; when it is older, each frame is the host's again. A new process {@link #open}s what is there:
 * marks are as they were, and {@link #steer} puts its programs in the place of the old without a frame between them. It
 * settles the marks before its first beat.
 *
 * <p>Invariants: our program is the first at a device after {@link #steer}, because one before it could starve it;
 * {@link #isFirst} tells whether it still is, and steering again mends it. Everything belongs to the network namespace
 * of the calling thread, which is the daemon's.
 *
 * <p>Limits: Linux 6.6 for tcx, and 5.11 for filters of traffic control in its place ({@link FilterAttachment}); {@link
 * SteeringMaps#MAX_ADDRESSES} addresses; devices with Ethernet headers or none, and lo; a process in a time namespace
 * of its own has another clock than the programs. Any thread may call; a beat and the marks are plain stores.
 */
public final class Steering implements AutoCloseable {
    /** How old a beat may be by default. */
    public static final Duration DEFAULT_GRACE = Duration.ofSeconds(5);
    /** Names under which the attachments pin what belongs to a device. */
    private static final Pattern PIN_OF_DEVICE = Pattern.compile(SteeringMaps.VERSION + "-(?:link|filter)-(\\d+)");

    /** Index of the loopback device in each network namespace. */
    public static final int LOOPBACK = 1;

    private static final int O_RDONLY_CLOEXEC = 0x80000;

    /** Address by which the rest of 127/8 is marked, what has no marks of its own: 127.0.0.0, v4-mapped. */
    public static final long LOOPBACK_NET_LOW = 0xffff_7f00_0000L;

    private static final String GUARD = SteeringMaps.VERSION + "-bind";

    private final Path directory;
    private final SteeringMaps maps;
    private final LoopbackSettings loopback;
    private final DeviceFeatures features;
    private final Attachment attachment;
    private boolean closed;

    private Steering(Path directory, SteeringMaps maps, Attachment attachment) {
        this.directory = directory;
        this.attachment = attachment;
        this.maps = maps;
        this.loopback = new LoopbackSettings(maps);
        this.features = new DeviceFeatures(maps);
    }

    /**
     * Opens the steering that an earlier process left in a directory, or begins one. What another version of the
     * programs left, with another layout of the maps, is removed.
     *
     * @param directory in a bpffs ({@link BpfDirectory}), of this daemon alone
     * @throws DeviceException when the kernel or the rights do not allow it
     */
    public static Steering open(Path directory, Duration grace) {
        return open(
                directory,
                grace,
                TcxAttachment.exists() ? new TcxAttachment(directory) : new FilterAttachment(directory));
    }

    /** {@link #open} with a way to attach of one's choice, which has to stay the same in a directory. */
    static Steering open(Path directory, Duration grace, Attachment attachment) {
        try {
            if (SteeringMaps.isOfAnotherVersion(directory)) {
                removeAll(directory);
            }
        } catch (IOException e) {
            throw new DeviceException("cannot read " + directory, e);
        }
        SteeringMaps maps = SteeringMaps.open(directory);
        maps.control(SteeringProgram.CONTROL_GRACE, grace.toNanos());
        return new Steering(directory, maps, attachment);
    }

    /** Loads the classes that programs are made with; for a start that has a thread to spare. */
    public static void loadEarly() {
        SteeringExit.out(Entrance.ETHERNET, LOOPBACK);
        SteeringExit.queue();
        Bpf.queryTcx(LOOPBACK, new int[1]);
    }

    /** Says that the switch lives, at a time of {@link System#nanoTime()}, the clock that the programs read too. */
    public void beat(long nowNs) {
        maps.control(SteeringProgram.CONTROL_BEAT, nowNs);
    }

    /** {@return when the last beat was, 0 for never or at rest} */
    public long lastBeatNs() {
        return maps.controlAt(SteeringProgram.CONTROL_BEAT);
    }

    /** Lets everything be the host's from now until the next beat. */
    public void rest() {
        maps.control(SteeringProgram.CONTROL_BEAT, 0);
    }

    /**
     * {@return the marks of one of the host's addresses, those that were there or none}
     *
     * @param high the upper half of an IPv6 or v4-mapped address, network order
     * @param low its lower half
     */
    public synchronized PortMarks marks(long high, long low) {
        requireOpen();
        return maps.marks(new Address(high, low));
    }

    /** Forgets an address that the host has no more. */
    public synchronized void forget(long high, long low) {
        requireOpen();
        maps.remove(new Address(high, low));
    }

    /** Forgets all addresses but those that {@code keep} holds: what an earlier process left and this one has not. */
    public synchronized void forgetAllBut(AddressPredicate keep) {
        requireOpen();
        for (Address address : maps.known()) {
            if (!keep.test(address.high(), address.low())) {
                maps.remove(address);
            }
        }
    }

    /** Tells some addresses from others. */
    @FunctionalInterface
    public interface AddressPredicate {
        /** {@return whether this address is one of them} */
        boolean test(long high, long low);
    }

    /**
     * Steers a device's frames into a TAP, and the TAP's out of the device; again after a program was attached before
     * ours. For {@link #LOOPBACK} the host is allowed to see 127.0.0.1 behind a device (route_localnet and accept_local
     * of lo only); large receive offload of a device goes off. Both are as they were after {@link #unsteer}. Tunnels do
     * not end there: what is for their port is the host's.
     *
     * @param device index of a device with Ethernet headers, or with none, or of lo
     * @param tap index of the device's own TAP, up
     */
    public synchronized void steer(int device, int tap) {
        steerWith(device, tap, 0);
        features.restoreUdpForwarding(device);
    }

    /**
     * As {@link #steer(int, int)}; and frames for a port that is a tunnel's ({@link PortMarks#markTunnel}) go into a
     * TAP of their own, with errors about what was sent to such a port. What is written there leaves by the device too.
     * UDP GRO for such frames goes on.
     *
     * @param tunnelTap index of the device's {@link TunnelTap}, up
     */
    public synchronized void steer(int device, int tap, int tunnelTap) {
        steerWith(device, tap, tunnelTap);
        features.withUdpForwarding(device);
    }

    private void steerWith(int device, int tap, int tunnelTap) {
        requireOpen();
        Entrance entrance = entrance(device);
        if (entrance == Entrance.LOOPBACK) {
            loopback.allow();
        }
        features.withoutLargeReceive(device);
        // The way out first: a frame that is taken wants an answer.
        attach(tap, "tsw_out", SteeringExit.out(entrance, device));
        if (tunnelTap != 0) {
            attach(tunnelTap, "tsw_out", SteeringExit.out(entrance, device));
        }
        attach(device, "tsw_in", SteeringProgram.in(entrance, maps, tap, tunnelTap));
    }

    private static Entrance entrance(int device) {
        if (device == LOOPBACK) {
            return Entrance.LOOPBACK;
        }
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = kernel.link(-1, device);
            if (link == null) {
                throw new DeviceException("there is no device " + device + " to steer", Errno.ENODEV);
            }
            return link.macAddress() == 0 ? Entrance.RAW : Entrance.ETHERNET;
        }
    }

    private void attach(int device, String name, BpfProgram program) {
        int loaded = load(name, Bpf.PROG_TYPE_SCHED_CLS, program);
        try {
            attachment.attach(device, loaded);
        } finally {
            Syscalls.close(loaded);
        }
    }

    private static int load(String name, int type, BpfProgram program) {
        Bpf.Loaded loaded = Bpf.loadProgram(name, type, program);
        if (loaded.result() < 0) {
            throw new DeviceException(
                    "the kernel does not take the BPF program " + name + ": " + Errno.describe(loaded.result())
                            + (loaded.result() == -Errno.EPERM ? "; run as root (CAP_BPF, CAP_NET_ADMIN)" : "")
                            + "\n" + loaded.log(),
                    -loaded.result());
        }
        return loaded.result();
    }

    /**
     * Lets a TAP with several queues give each frame that is steered into it to the queue of the worker that owns it.
     * It stays so when the process ends.
     *
     * @param tapFile one of the TAP's files
     */
    public static void queueByOwner(int tapFile) {
        int program = load("tsw_queue", Bpf.PROG_TYPE_SOCKET_FILTER, SteeringExit.queue());
        int result = Tun.setSteering(tapFile, program);
        Syscalls.close(program);
        if (result < 0) {
            throw new DeviceException("cannot steer the queues of a TAP: " + Errno.describe(result), -result);
        }
    }

    /**
     * Refuses binds to marked ports to the processes of a cgroup, in the calling thread's network namespace, until
     * {@link #unguardBinds}; again after a restart, which puts its programs in the place of the old.
     *
     * @param cgroup of version 2, {@link BindGuard#cgroupRoot()} for all processes
     * @throws DeviceException when the kernel cannot; what steers is not concerned
     */
    public synchronized void guardBinds(Path cgroup) {
        requireOpen();
        int directoryFile = Syscalls.open(cgroup.toString(), O_RDONLY_CLOEXEC, 0);
        if (directoryFile < 0) {
            throw new DeviceException(
                    "cannot open the cgroup " + cgroup + ": " + Errno.describe(directoryFile), -directoryFile);
        }
        try {
            guard(directoryFile, false);
            guard(directoryFile, true);
        } finally {
            Syscalls.close(directoryFile);
        }
    }

    private void guard(int cgroup, boolean six) {
        Path pin = guardPin(six);
        int program = BindGuard.load(maps, six);
        try {
            int pinned = Bpf.openPin(pin);
            boolean replaced = pinned >= 0 && Bpf.updateLink(pinned, program) >= 0;
            closeFile(pinned);
            if (replaced) {
                return;
            }
            // Of a cgroup that is gone perhaps.
            TcxAttachment.remove(pin);
            int type = six ? Bpf.CGROUP_INET6_BIND : Bpf.CGROUP_INET4_BIND;
            int link = Bpf.createCgroupLink(program, cgroup, type);
            int result = link < 0 ? link : Bpf.pin(pin, link);
            closeFile(link);
            if (result < 0) {
                throw new DeviceException("cannot guard binds in a cgroup: " + Errno.describe(result), -result);
            }
        } finally {
            Syscalls.close(program);
        }
    }

    private static void closeFile(int file) {
        if (file >= 0) {
            Syscalls.close(file);
        }
    }

    private Path guardPin(boolean six) {
        return directory.resolve(GUARD + (six ? "6" : "4"));
    }

    /** Lets everybody bind as if there were no switch. */
    public synchronized void unguardBinds() {
        requireOpen();
        TcxAttachment.remove(guardPin(false));
        TcxAttachment.remove(guardPin(true));
    }

    /** {@return whether our program is the first that sees what comes into a device that is steered} */
    public synchronized boolean isFirst(int device) {
        requireOpen();
        return attachment.isFirst(device);
    }

    /** Steers a device and its TAP no more; the host's stack has all of its frames. */
    public synchronized void unsteer(int device, int tap) {
        requireOpen();
        attachment.detach(device);
        attachment.detach(tap);
        if (device == LOOPBACK) {
            loopback.restore();
        }
        features.restore(device);
    }

    /** As {@link #unsteer(int, int)}, of a device with a tunnel TAP. */
    public synchronized void unsteer(int device, int tap, int tunnelTap) {
        unsteer(device, tap);
        attachment.detach(tunnelTap);
    }

    /**
     * Detaches the programs of all other devices: those that an earlier process steered and this one does not. A device
     * that is gone took its programs with it.
     *
     * @param devices indexes of devices and of TAPs whose programs stay
     */
    public synchronized void unsteerAllBut(Set<Integer> devices) {
        requireOpen();
        for (int device : pinnedDevices()) {
            if (!devices.contains(device)) {
                attachment.detach(device);
            }
        }
    }

    private Set<Integer> pinnedDevices() {
        Set<Integer> pinned = new TreeSet<>();
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
            for (Path pin : pins) {
                Matcher device = PIN_OF_DEVICE.matcher(pin.getFileName().toString());
                if (device.matches()) {
                    pinned.add(Integer.valueOf(device.group(1)));
                }
            }
        } catch (IOException e) {
            throw new DeviceException("cannot read " + directory, e);
        }
        return pinned;
    }

    /**
     * Removes everything that any version left in a directory: programs off their devices, maps, and what was set on
     * lo and on uplinks. No process may use it.
     */
    public static void removeAll(Path directory) {
        if (!Files.isDirectory(directory)) {
            return;
        }
        if (Files.exists(directory.resolve(SteeringMaps.VERSION + "-control"))) {
            try (SteeringMaps maps = SteeringMaps.open(directory)) {
                new LoopbackSettings(maps).restore();
                new DeviceFeatures(maps).restore();
            }
        }
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
            FilterAttachment.detachAll(directory);
            for (Path pin : pins) {
                TcxAttachment.remove(pin);
            }
        } catch (IOException e) {
            throw new DeviceException("cannot read " + directory, e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the steering was closed");
        }
    }

    /** Lets go of everything here; what is pinned stays and steers on until the grace time is over. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            attachment.close();
            maps.close();
        }
    }
}
