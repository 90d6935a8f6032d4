package io.tapswitch.core.control;

import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.TextFile;
import io.tapswitch.core.ipam.DefaultPools;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DirectoryLock;
import io.tapswitch.wire.Ipv6Prefix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: what survives the daemon.
 *
 * <p>One directory belongs to one daemon at a time: it holds a lock on the file {@code lock} as long as it lives, and
 * the kernel gives the lock up when it dies, however it dies (R14). The desired state is one JSON file:
 *
 * <pre>
 *   STATE-DIR/lock                       locked, holds the daemon's pid for people
 *   STATE-DIR/state.json                 {"version": 3, "change": 17, "networks": [...], ...}
 *   STATE-DIR/state.json.new             the next one while it is written
 *   STATE-DIR/state.json.corrupt-TIME    copy of one that could not be read
 *   STATE-DIR/tunnel-keys.json           {@link io.tapswitch.core.overlay.KeyFile}
 *   STATE-DIR/tunnel-marks.json          {@link io.tapswitch.core.overlay.MarkFile}
 *   STATE-DIR/logs/ID.log, ID.run        what run keeps of a container; goes when the container is forgotten
 * </pre>
 *
 * <p>A change is written to the new file, forced to the disk, and renamed over the old one, and the directory is forced
 * too: after a crash there is the old or the new state, never half of one. {@link StateRules} hold for what is written
 * and for what is read.
 *
 * <p>A file that cannot be read, or that a newer version wrote, stays as it is: the daemon refuses to start, names
 * file, line and fault, and keeps one copy aside for those who mend the original in haste (R13). It never starts with
 * less than there was.
 *
 * <p>A disk that is full or read-only is a {@link Refusal} of one line; what was on the disk stays.
 *
 * <p>Called under the controller's lock only.
 */
public final class StateDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateDirectory.class);

    /** A state of 4 000 containers has 6 MiB. */
    private static final int BYTES_MAX = 256 << 20;

    private static final String FILE = "state.json";

    /** As the logs beside it: commands and labels are nobody else's affair. */
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final Set<StandardOpenOption> WRITE_NEW =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path directory;
    private final DirectoryLock lock;
    private final StateWriter writer = new StateWriter();

    private StateDirectory(Path directory, DirectoryLock lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /**
     * Takes possession of a directory, which is made when missing.
     *
     * @param directory where
     * @return the directory, this daemon's until closed
     */
    public static StateDirectory open(Path directory) {
        return open(directory, "give this one a directory of its own with --state-dir");
    }

    /**
     * The same, for one that does not want just any directory but this one.
     *
     * @param directory where
     * @param remedy what to do when a daemon has it
     * @return the directory, ours until closed
     */
    public static StateDirectory open(Path directory, String remedy) {
        try {
            Files.createDirectories(directory);
            DirectoryLock lock = DirectoryLock.tryTake(directory);
            if (lock == null) {
                throw Refusal.conflict(
                        "state directory " + directory + " is in use by another tapswitch daemon: " + remedy);
            }
            return new StateDirectory(directory, lock);
        } catch (FileAlreadyExistsException e) {
            throw Refusal.failed("cannot use state directory " + directory + ": " + e.getFile() + " is no directory");
        } catch (IOException e) {
            throw Refusal.failed("cannot use state directory " + directory + ": " + TextFile.reason(e));
        }
    }

    /** Removes what daemons and containers have left in the directory, and the directory when nothing else is in it. */
    public void erase() {
        try {
            deleteAll(directory.resolve("logs"));
            try (var files = Files.newDirectoryStream(directory, "{state,cluster,tunnel-keys,tunnel-marks}.json*")) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            lock.deleteFile();
            Files.delete(directory);
        } catch (java.nio.file.DirectoryNotEmptyException e) {
            // Somebody keeps other things there.
        } catch (IOException e) {
            throw Refusal.failed("cannot empty state directory " + directory + ": " + TextFile.reason(e));
        }
    }

    private static void deleteAll(Path folder) throws IOException {
        if (!Files.isDirectory(folder, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (var files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /** {@return where the directory is} */
    public Path path() {
        return directory;
    }

    /** {@return where this installation's IPv6 subnets come from when nobody chose one; always the same} */
    public Ipv6Prefix localPool() {
        String machine;
        try {
            // machine-id(5): unique, and not to be shown to others as it is; the pool is made of a hash.
            machine = Files.readString(Path.of("/etc/machine-id"), StandardCharsets.UTF_8)
                    .strip();
        } catch (IOException e) {
            machine = "";
        }
        return DefaultPools.localPool(machine + " " + directory.toAbsolutePath().normalize());
    }

    private Path file() {
        return directory.resolve(FILE);
    }

    /** {@return the state that was written last, an empty one when nothing was ever written} */
    public DesiredState load() {
        if (!Files.exists(file(), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return DesiredState.EMPTY;
        }
        try {
            return StateReader.read(new Source(file().toString()), TextFile.read(file(), BYTES_MAX));
        } catch (StateReader.NewerVersion e) {
            throw Refusal.failed("state file " + file() + " " + e.getMessage()
                    + ": start the tapswitch that wrote it, or move the file away to start without networks and"
                    + " containers" + keepAside("newer"));
        } catch (Refusal e) {
            throw Refusal.failed("state file cannot be read: " + e.sentence()
                    + " (nothing was changed; mend the file, or move it away to start without networks and containers"
                    + keepAside("corrupt") + ")");
        }
    }

    /** Copies the file that is refused, once, and says where to. */
    private String keepAside(String why) {
        try {
            try (DirectoryStream<Path> copies = Files.newDirectoryStream(directory, FILE + "." + why + "-*")) {
                for (Path copy : copies) {
                    if (Files.mismatch(copy, file()) < 0) {
                        return "; a copy is " + copy.getFileName();
                    }
                }
            }
            Path copy = directory.resolve(FILE + "." + why + "-" + TIME.format(Instant.now()));
            Files.copy(file(), copy);
            return "; a copy is " + copy.getFileName();
        } catch (IOException e) {
            return "";
        }
    }

    /** Writes the state; when this returns, it is on the disk. When it throws, the state before is. */
    public void save(DesiredState state) {
        StateRules.Fault fault = StateRules.firstFault(state);
        if (fault != null) {
            throw new IllegalStateException("this state could not be read back: " + fault.sentence());
        }
        Path next = directory.resolve(FILE + ".new");
        try {
            ByteBuffer buffer = ByteBuffer.wrap(writer.write(state));
            try (FileChannel channel = FileChannel.open(next, WRITE_NEW, OWNER_ONLY)) {
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw Refusal.failed("file system of " + directory + " cannot rename atomically");
        } catch (IOException e) {
            // What a full disk has of it is of no use and takes the room of others.
            forget(next);
            throw Refusal.failed(
                    "cannot write state file " + file() + ": " + TextFile.reason(e) + "; the change was not made");
        }
        try (FileChannel self = FileChannel.open(directory, StandardOpenOption.READ)) {
            self.force(true);
        } catch (IOException e) {
            // The new name is there for whoever reads. Only when the machine loses power now may the old one come
            // back, and then no container is left for which it would matter.
            LOG.warn("directory {} could not be written through: {}", directory, TextFile.reason(e));
        }
    }

    /** Removes what {@code run} kept of a container that is forgotten. */
    void forgetContainer(String id) {
        for (String ending : List.of(".log", ".run")) {
            forget(directory.resolve("logs").resolve(id + ending));
        }
    }

    private static void forget(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // It stays, and harms nobody.
        }
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
