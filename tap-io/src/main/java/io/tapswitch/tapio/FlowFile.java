package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Mapping;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Memory that outlives the process: a file that is mapped, for what the next daemon must find as this one left it.
 *
 * <p><b>Theory of operation.</b> A store into the mapping is in the page cache, which is the kernel's: a killed process
 * loses none, and nothing has to be flushed for that. All blocks of the file are there before it is mapped
 * (fallocate(2)), because a store for which no block can be had is a SIGBUS. On a tmpfs that is all; on a disk the
 * kernel would also write the pages out and stall stores meanwhile (27 ms were measured on ext4), so the file belongs
 * where {@link #isMemory()} says true, and the caller warns when it is not.
 *
 * <p>Invariants: one process has it open (flock(2), given up by the kernel when the process dies, however it dies). A
 * file of another length is brought to the wanted one, and what is in it stays as far as it reaches: whether it can be
 * believed, its header tells. A new file is zeros.
 *
 * <p>Limits: 2 GiB less one, an Agrona buffer's. What survives is what was stored, in no order but that of the
 * processor: a reader must recognize what was torn.
 */
public final class FlowFile implements AutoCloseable {
    private static final int O_RDWR_CREAT_CLOEXEC = 2 | 0x40 | 0x80000;
    private static final int OWNER_ONLY = 0600;
    private static final Set<String> MEMORY = Set.of("tmpfs", "ramfs", "hugetlbfs");

    private final Path path;
    private final int fd;
    private final long address;
    private final int length;
    private final UnsafeBuffer buffer;
    private boolean closed;

    private FlowFile(Path path, int fd, long address, int length) {
        this.path = path;
        this.fd = fd;
        this.address = address;
        this.length = length;
        this.buffer = new UnsafeBuffer(address, length);
    }

    /**
     * Opens a file, and makes it when it is not there.
     *
     * @param bytes its length, 1 to 2 GiB less one
     * @throws DeviceException with EAGAIN when another process has it, with ENOSPC when there is no room for it
     */
    public static FlowFile open(Path path, long bytes) {
        int length = checkLength(bytes);
        int fd = require("open", path, Syscalls.open(path.toString(), O_RDWR_CREAT_CLOEXEC, OWNER_ONLY));
        try {
            if (Syscalls.lock(fd) == -Errno.EAGAIN) {
                throw new DeviceException(
                        path + " is another process'; each daemon needs a run directory of its own", Errno.EAGAIN);
            }
            require("set the length of", path, Syscalls.truncate(fd, length));
            require("reserve " + length + " bytes for", path, allocate(fd, length));
            long address = Mapping.file(fd, length);
            if (Errno.isError(address)) {
                require("map", path, (int) address);
            }
            return new FlowFile(path, fd, address, length);
        } catch (DeviceException e) {
            Syscalls.close(fd);
            throw e;
        }
    }

    private static int allocate(int fd, int length) {
        while (true) {
            int result = Syscalls.allocate(fd, length);
            // A signal to this thread makes a tmpfs give up, and what it had begun is undone.
            if (result != -Errno.EINTR) {
                return result;
            }
        }
    }

    static int checkLength(long bytes) {
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(bytes + " bytes: must be 1 to " + Integer.MAX_VALUE);
        }
        return (int) bytes;
    }

    private static int require(String what, Path path, int result) {
        if (result < 0) {
            throw new DeviceException(
                    "cannot " + what + " " + path + ": " + Errno.describe(result)
                            + (result == -Errno.ENOSPC ? "; let its file system be larger, or have fewer flows" : ""),
                    -result);
        }
        return result;
    }

    /** {@return the file's bytes, aligned to a page} */
    public AtomicBuffer buffer() {
        return buffer;
    }

    /** {@return whether the file lies in memory (tmpfs), and no disk can stall a store} */
    public boolean isMemory() {
        try {
            return MEMORY.contains(Files.getFileStore(path).type());
        } catch (IOException e) {
            throw new DeviceException("cannot tell on which file system " + path + " is", e);
        }
    }

    /** Lets go of it; the file stays, and nothing may use the buffer any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Mapping.unmap(address, length);
            Syscalls.close(fd);
        }
    }
}
