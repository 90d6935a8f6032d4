package io.tapswitch.tapio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A device of our own on the LAN of one of the host's: a macvtap in bridge mode, with a MAC address of its own.
 *
 * <p><b>Theory of operation.</b> What comes to the parent for our MAC address, for everybody, or for a group that was
 * joined is read here, and what is written here leaves by the parent. The host's stack sees none of it, and sends
 * nothing here: the device has no address, no IPv6 and asks for no neighbours. Frames have the same header in front as
 * those of a {@link TapDevice}, and super-frames pass in the same way. In bridge mode devices of one parent reach each
 * other, but the kernel passes nothing between the parent's own stack and them.
 *
 * <p>Its files are those of a character device with the number that sysfs names. The name in /dev is no help: the
 * device's index is in it, and two namespaces may have the same. So sysfs is asked as this namespace has it, by a mount
 * of its own that nobody else sees, and where /dev does not show that very number a node is made, opened, and removed.
 *
 * <p>Each file is a queue. The kernel puts a frame into one of them by a hash, so a flow's frames come by one queue,
 * but not by its owner's.
 *
 * <p><b>Outliving.</b> The device stays until it is deleted, also without a file; while the files are in a {@link
 * FdVault}, frames wait for the next process. A device that goes, with its parent or by somebody's hand, says nothing:
 * reads wait forever and writes seem to succeed. It is to be looked for ({@link #isOn}).
 *
 * <p>Made on a thread that is in the daemon's namespace; any thread may call.
 */
public final class Macvtap implements AutoCloseable {
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;
    private static final int FLAGS = Tun.IFF_TAP | Tun.IFF_NO_PI | Tun.IFF_VNET_HDR | Tun.IFF_MULTI_QUEUE;
    /** Frames that wait in a queue, as for our TAPs. */
    private static final int QUEUE_LENGTH = TapOptions.DEFAULT_TX_QUEUE_LENGTH;

    private static final int NAMES = 100;
    private static final int SIOCADDMULTI = 0x8931;
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int IFREQ_LENGTH = 40;
    private static final int IFREQ_HARDWARE_ADDRESS = 18;
    private static final int MODE = 0600;
    private static final Path IPV6_SETTINGS = Path.of("/proc/sys/net/ipv6/conf");

    private final List<Integer> files;

    private Macvtap(List<Integer> files) {
        this.files = new ArrayList<>(files);
    }

    /**
     * How one is made.
     *
     * @param parent index of the device of the host
     * @param namePattern its name, with {@code %d} for the first free number
     * @param mac its MAC address, low 48 bits
     * @param mtu in bytes, not above the parent's
     * @param queues how many workers read it
     * @param alias what people read of it in {@code ip link}, and by which it is found when its files are lost
     * @param runDirectory where a node may be made
     */
    public record Plan(
            int parent, String namePattern, long mac, int mtu, int queues, String alias, Path runDirectory) {}

    /**
     * Makes one, up.
     *
     * @throws DeviceException when it cannot be made; nothing is left then
     */
    public static Macvtap create(Plan plan) {
        try (RouteSocket kernel = RouteSocket.open()) {
            String name = add(kernel, plan);
            LinkState link = kernel.link(-1, name);
            if (link == null) {
                throw new DeviceException("the macvtap '" + name + "' is gone as soon as it was made");
            }
            Macvtap device = new Macvtap(List.of());
            try {
                kernel.setLink(link.index(), plan.mtu(), QUEUE_LENGTH, plan.alias());
                kernel.queueingDiscipline(link.index(), "noqueue");
                withoutIpv6(name);
                device.open(name, link.index(), plan.queues(), plan.runDirectory());
                kernel.setFlags(link.index(), Rtnetlink.IFF_UP | Rtnetlink.IFF_NOARP);
                return device;
            } catch (RuntimeException e) {
                device.close();
                kernel.deleteLink(link.index());
                throw e;
            }
        }
    }

    private static String add(RouteSocket kernel, Plan plan) {
        for (int number = 0; number < NAMES; number++) {
            String name = plan.namePattern().replace("%d", Integer.toString(number));
            if (kernel.addMacvtap(name, plan.parent(), plan.mac(), plan.mtu())) {
                return name;
            }
        }
        throw new DeviceException("cannot make a macvtap: all names like '" + plan.namePattern() + "' are taken");
    }

    /**
     * Takes over one that an earlier process made, as its files came out of a {@link FdVault}.
     *
     * @param files all of it; they are this object's from now on, unless this throws
     * @throws DeviceException when it is gone
     */
    public static Macvtap adopt(List<Integer> files) {
        for (int file : files) {
            int result = Tun.getFlags(file);
            if (result < 0) {
                throw new DeviceException(
                        "file " + file + " leads to no macvtap any more: " + Errno.describe(result), -result);
            }
            configure(file, "of file " + file);
        }
        return new Macvtap(files);
    }

    /** {@return whether a file is one of a macvtap that is gone} */
    static boolean isGone(int file) {
        return Tun.getFlags(file) < 0;
    }

    private void open(String name, int index, int count, Path runDirectory) {
        int[] number = number(name, index);
        String node = "/dev/tap" + index;
        boolean made = !isDevice(Path.of(node), number);
        if (made) {
            node = makeNode(number, runDirectory);
        }
        try {
            while (files.size() < count) {
                int file = Syscalls.open(node, O_RDWR_NONBLOCK_CLOEXEC, 0);
                if (file < 0) {
                    throw new DeviceException(
                            "cannot open the macvtap '" + name + "' by " + node + ": " + Errno.describe(file), -file);
                }
                files.add(file);
                int result = Tun.setInterface(file, name, FLAGS);
                if (result < 0) {
                    throw new DeviceException(
                            "cannot set up the macvtap '" + name + "': " + Errno.describe(result), -result);
                }
                configure(file, name);
            }
        } finally {
            if (made) {
                remove(Path.of(node));
            }
        }
    }

    /** Major and minor number of the character device, as this namespace's sysfs has them. */
    private static int[] number(String name, int index) {
        int sysfs = Syscalls.mountNowhere("sysfs");
        if (sysfs < 0) {
            throw new DeviceException("cannot look into sysfs: " + Errno.describe(sysfs), -sysfs);
        }
        try {
            Path file = Path.of("/proc/self/fd/" + sysfs, "class", "net", name, "tap" + index, "dev");
            String[] parts = Files.readString(file).strip().split(":", -1);
            return new int[] {Integer.parseInt(parts[0]), Integer.parseInt(parts[1])};
        } catch (IOException e) {
            throw new DeviceException("the macvtap '" + name + "' has no character device in sysfs", e);
        } finally {
            Syscalls.close(sysfs);
        }
    }

    private static boolean isDevice(Path node, int[] number) {
        try {
            long device = (long) Files.getAttribute(node, "unix:rdev");
            // gnu_dev_major and gnu_dev_minor of sys/sysmacros.h.
            return (((device >>> 8) & 0xfff) | ((device >>> 32) & ~0xfffL)) == number[0]
                    && ((device & 0xff) | ((device >>> 12) & ~0xffL)) == number[1];
        } catch (IOException e) {
            return false;
        }
    }

    /** In the run directory, or where that forbids devices in /dev. */
    private static String makeNode(int[] number, Path runDirectory) {
        int result = 0;
        String unused =
                ".tapswitch-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
        for (Path directory : new Path[] {runDirectory, Path.of("/dev")}) {
            String node = directory.resolve(unused).toString();
            result = Syscalls.mknod(node, MODE, number[0], number[1]);
            if (result >= 0) {
                int file = Syscalls.open(node, O_RDWR_NONBLOCK_CLOEXEC, 0);
                if (file >= 0) {
                    Syscalls.close(file);
                    return node;
                }
                result = file;
                remove(Path.of(node));
            }
        }
        throw new DeviceException(
                "cannot make a device node for the macvtap in " + runDirectory + " or /dev: " + Errno.describe(result)
                        + "; it needs a file system there that is not mounted with nodev, and CAP_MKNOD",
                -result);
    }

    private static void remove(Path node) {
        try {
            Files.deleteIfExists(node);
        } catch (IOException e) {
            throw new DeviceException("cannot remove the device node " + node, e);
        }
    }

    private static void configure(int file, String name) {
        int result = Tun.setHeaderLength(file, TapDevice.HEADER_LENGTH);
        if (result >= 0) {
            int features = Tun.TUN_F_CSUM | Tun.TUN_F_TSO;
            result = Tun.setOffload(file, features | Tun.TUN_F_USO);
            result = result >= 0 ? result : Tun.setOffload(file, features);
        }
        if (result < 0) {
            throw new DeviceException("cannot set up the macvtap '" + name + "': " + Errno.describe(result), -result);
        }
    }

    /** No address of its own (fe80::...), and no frame of the host's with our MAC address. */
    private static void withoutIpv6(String name) {
        Path setting = IPV6_SETTINGS.resolve(name).resolve("disable_ipv6");
        try {
            if (Files.exists(setting)) {
                Files.writeString(setting, "1");
            }
        } catch (IOException e) {
            throw new DeviceException("cannot switch IPv6 off for the macvtap '" + name + "' by " + setting, e);
        }
    }

    /**
     * Has as many files as there are workers; the vault is to be told when that makes a difference.
     *
     * @return whether the {@link #fds} are others than before
     */
    public boolean queues(int count, Path runDirectory) {
        if (files.size() == count) {
            return false;
        }
        while (files.size() > count) {
            Syscalls.close(files.removeLast());
        }
        open(name(), index(), count, runDirectory);
        return true;
    }

    /** Hears a multicast group, by its MAC address; once is enough, however often it is asked. */
    public void join(long group) {
        int socket = Syscalls.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            byte[] name = name().getBytes(StandardCharsets.UTF_8);
            MemorySegment.copy(MemorySegment.ofArray(name), 0, ifreq, 0, name.length);
            for (int i = 0; i < 6; i++) {
                ifreq.set(JAVA_BYTE, IFREQ_HARDWARE_ADDRESS + i, (byte) (group >>> (40 - Byte.SIZE * i)));
            }
            int result = socket < 0 ? socket : Syscalls.ioctl(socket, SIOCADDMULTI, ifreq);
            if (result < 0 && result != -Errno.EEXIST) {
                throw new DeviceException("a macvtap cannot join a group: " + Errno.describe(result), -result);
            }
        } finally {
            if (socket >= 0) {
                Syscalls.close(socket);
            }
        }
    }

    /** Sets the largest packet, not above the parent's MTU. */
    public void mtu(int bytes) {
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = kernel.link(-1, name());
            if (link != null && link.mtuBytes() != bytes) {
                kernel.setMtu(link.index(), bytes);
            }
        }
    }

    /** {@return whether it is there, on the device of the host of this index and with this MAC address} */
    public boolean isOn(int parent, long mac) {
        if (isGone(files.getFirst())) {
            return false;
        }
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = kernel.link(-1, name());
            return link != null && link.macAddress() == mac && isBelow(kernel, link, parent);
        } catch (DeviceException gone) {
            return false;
        }
    }

    /** Of a parent that is a macvlan itself the kernel takes what is below that one. */
    private static boolean isBelow(RouteSocket kernel, LinkState link, int parent) {
        int below = kernel.parent(link.index());
        return below == parent || (below != 0 && below == kernel.parent(parent));
    }

    /**
     * Deletes those whose alias begins so. None may be in use.
     *
     * @return how many there were
     */
    public static int deleteAllOf(String beginOfAlias) {
        if (beginOfAlias.isEmpty()) {
            throw new IllegalArgumentException("all aliases begin with nothing");
        }
        int deleted = 0;
        try (RouteSocket kernel = RouteSocket.open()) {
            for (HostLink link : HostLinks.read()) {
                if (link.kind().equals("macvtap") && link.alias().startsWith(beginOfAlias)) {
                    kernel.deleteLink(link.index());
                    deleted++;
                }
            }
        }
        return deleted;
    }

    /** {@return its open files, one for each queue; they stay this object's} */
    public List<Integer> fds() {
        return List.copyOf(files);
    }

    /** {@return its name} */
    public String name() {
        byte[] name = new byte[Tun.MAX_NAME_LENGTH + 1];
        int result = Tun.getInterface(files.getFirst(), name);
        if (result < 0) {
            throw new DeviceException("the macvtap has no name: " + Errno.describe(result), -result);
        }
        int length = 0;
        while (name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.UTF_8);
    }

    private int index() {
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = kernel.link(-1, name());
            if (link == null) {
                throw new DeviceException("the macvtap is not in this network namespace", Errno.ENODEV);
            }
            return link.index();
        }
    }

    /** Deletes the device, and lets go of its files. */
    public void delete() {
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = isGone(files.getFirst()) ? null : kernel.link(-1, name());
            if (link != null) {
                kernel.deleteLink(link.index());
            }
        } finally {
            close();
        }
    }

    /** Lets go of the files here; the device stays. */
    @Override
    public void close() {
        files.forEach(Syscalls::close);
        files.clear();
    }
}
