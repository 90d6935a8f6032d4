package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * The directory in which a daemon's BPF objects have names, so that they outlive it: one of its own in the system's
 * bpffs, and where there is none, a bpffs that is mounted as {@code bpf} in the run directory.
 *
 * <p>A bpffs lives as long as its mount: mounted in a mount namespace that dies with the daemon it keeps nothing. That
 * is why the system's comes first, and why a daemon that systemd gives a mount namespace of its own needs it.
 */
public final class BpfDirectory {
    /** Where a system mounts its bpffs. */
    public static final Path SYSTEM = Path.of("/sys/fs/bpf");

    private static final String TYPE = "bpf";
    private static final long MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8;
    private static final long MS_PRIVATE = 1 << 18;
    private static final int MNT_DETACH = 2;

    private BpfDirectory() {}

    /**
     * {@return the directory of the daemon with this run directory, made when it is not there}
     *
     * @param system the system's bpffs, {@link #SYSTEM}
     * @throws DeviceException when none can be mounted
     */
    public static Path open(Path system, Path runDirectory) {
        try {
            if (isMounted(system)) {
                return Files.createDirectories(own(system, runDirectory));
            }
            Path mount = Files.createDirectories(mountPoint(runDirectory));
            if (!isMounted(mount)) {
                require(mount, Syscalls.mount(TYPE, mount.toString(), MS_NOSUID_NODEV_NOEXEC, "mode=0700"));
                // Else it would appear in the mount namespaces of containers, and stay there after it is unmounted.
                require(mount, Syscalls.mount(TYPE, mount.toString(), MS_PRIVATE, ""));
            }
            // The root of a bpffs has files of the kernel's own, which cannot be removed.
            return Files.createDirectories(own(mount, runDirectory));
        } catch (IOException e) {
            throw new DeviceException("cannot make a directory for BPF objects", e);
        }
    }

    /**
     * {@return the directory of the daemon with this run directory, also when it is in another mount namespace: `ip
     * netns exec` gives each command one of its own, in which a bpffs is that nobody else sees}
     *
     * @param root the file system as somebody sees it who outlives daemons, such as {@code /proc/PID/root} of the
     *     keeper: what an earlier daemon has mounted lives as long as that one
     * @param system the system's bpffs, {@link #SYSTEM}
     * @throws DeviceException when none can be mounted
     */
    public static Path open(Path root, Path system, Path runDirectory) {
        if (!Files.isDirectory(own(system, runDirectory))
                && !Files.isDirectory(own(mountPoint(runDirectory), runDirectory))) {
            for (Path mount : new Path[] {system, mountPoint(runDirectory)}) {
                Path there = own(root.resolve(Path.of("/").relativize(mount)), runDirectory);
                if (Files.isDirectory(there)) {
                    return there;
                }
            }
        }
        return open(system, runDirectory);
    }

    /** {@return whether {@link #open} would find a directory that is there already} */
    public static boolean isThere(Path root, Path system, Path runDirectory) {
        for (Path mount : new Path[] {system, mountPoint(runDirectory)}) {
            Path elsewhere = root.resolve(Path.of("/").relativize(mount));
            if (Files.isDirectory(own(mount, runDirectory)) || Files.isDirectory(own(elsewhere, runDirectory))) {
                return true;
            }
        }
        return false;
    }

    /** Removes the directory with all names in it, and the mount when it was made for it; not there is no mistake. */
    public static void remove(Path system, Path runDirectory) {
        Path mount = mountPoint(runDirectory);
        try {
            if (isMounted(system)) {
                clear(own(system, runDirectory));
                Files.deleteIfExists(own(system, runDirectory));
            }
            if (isMounted(mount)) {
                clear(own(mount, runDirectory));
                require(mount, Syscalls.unmount(mount.toString(), MNT_DETACH));
            }
            Files.deleteIfExists(mount);
        } catch (IOException e) {
            throw new DeviceException("cannot remove the directory of BPF objects", e);
        }
    }

    private static Path mountPoint(Path runDirectory) {
        return runDirectory.toAbsolutePath().normalize().resolve("bpf");
    }

    /** Two daemons of one system have two run directories, of which a bpffs' name may not bear the dots. */
    private static Path own(Path system, Path runDirectory) {
        CRC32 crc = new CRC32();
        crc.update(runDirectory.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
        return system.resolve("tapswitch-" + HexFormat.of().toHexDigits((int) crc.getValue()));
    }

    private static void clear(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
                for (Path pin : pins) {
                    Files.deleteIfExists(pin);
                }
            }
        }
    }

    private static boolean isMounted(Path directory) {
        try {
            return Files.isDirectory(directory)
                    && TYPE.equals(Files.getFileStore(directory).type());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void require(Path mount, int result) {
        if (result < 0) {
            throw new DeviceException(
                    "cannot mount a file system for BPF objects at " + mount + ": " + Errno.describe(result)
                            + (result == -Errno.EPERM ? "; run as root, or mount one at " + SYSTEM : ""),
                    -result);
        }
    }
}
