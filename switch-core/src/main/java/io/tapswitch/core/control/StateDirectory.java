package io.tapswitch.core.control;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Prefix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Theory of operation: what survives the daemon.
 *
 * <p>One directory belongs to one daemon at a time: it holds a lock on the file {@code lock} as long as it lives, and
 * the kernel gives the lock up when it dies, however it dies. The desired state is one JSON file:
 *
 * <pre>
 *   STATE-DIR/lock         locked, holds the daemon's pid for people
 *   STATE-DIR/state.json   {"version": 1, "networks": [...]}
 *   STATE-DIR/state.json.new   the next one while it is written
 * </pre>
 *
 * <p>A change is written to the new file, forced to the disk, and renamed over the old one, and the directory is forced
 * too: after a crash there is the old or the new state, never half of one. A file that cannot be read, or that a newer
 * version wrote, is never overwritten: the daemon refuses to start and names it.
 *
 * <p>Called under the controller's lock only. In this version endpoints do not survive: their TAPs go with the daemon.
 */
public final class StateDirectory implements AutoCloseable {
    private static final int VERSION = 1;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private final Path directory;
    private final FileChannel lockChannel;

    /** The file's form. */
    private record Contents(
            @JsonProperty(required = true) int version,
            @Nullable List<StoredNetwork> networks) {}

    private record StoredNetwork(
            String id,
            String name,
            String created,
            String driver,
            String subnet,
            String gateway,
            @Nullable Map<String, String> options,
            @Nullable Map<String, String> labels) {}

    private StateDirectory(Path directory, FileChannel lockChannel) {
        this.directory = directory;
        this.lockChannel = lockChannel;
    }

    /**
     * Takes possession of a directory, which is made when missing.
     *
     * @param directory where
     * @return the directory, this daemon's until closed
     */
    public static StateDirectory open(Path directory) {
        try {
            Files.createDirectories(directory);
            FileChannel channel =
                    FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw Refusal.conflict("state directory " + directory + " is in use by another tapswitch daemon:"
                        + " give this one a directory of its own with --state-dir");
            }
            channel.truncate(0);
            String pid = ProcessHandle.current().pid() + "\n";
            channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)));
            return new StateDirectory(directory, channel);
        } catch (FileAlreadyExistsException e) {
            throw Refusal.failed(
                    "cannot use state directory " + directory + ": " + e.getFile() + " is no directory", e);
        } catch (IOException e) {
            throw Refusal.failed("cannot use state directory " + directory + ": " + e, e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** {@return where the directory is} */
    public Path path() {
        return directory;
    }

    private Path file() {
        return directory.resolve("state.json");
    }

    /** {@return the networks that were written last, none when nothing was ever written} */
    List<Network> load() {
        if (!Files.exists(file())) {
            return List.of();
        }
        try {
            byte[] bytes = Files.readAllBytes(file());
            JsonNode given = JSON.readTree(bytes).path("version");
            if (!given.isInt()) {
                throw unreadable("it bears no version", new IOException("version"));
            }
            int version = given.intValue();
            if (version != VERSION) {
                throw Refusal.failed(
                        "state file " + file() + " has version " + version + ", this tapswitch reads version " + VERSION
                                + " only; nothing was changed",
                        new IOException("version"));
            }
            List<StoredNetwork> networks = JSON.readValue(bytes, Contents.class).networks();
            return networks == null
                    ? List.of()
                    : networks.stream().map(StateDirectory::network).toList();
        } catch (JacksonException e) {
            throw unreadable(jsonFault(e), e);
        } catch (NullPointerException e) {
            throw unreadable("a network lacks a field", e);
        } catch (IOException e) {
            throw unreadable(String.valueOf(e.getMessage()), e);
        } catch (Refusal e) {
            throw e.kind() == Refusal.Kind.FAILED ? e : unreadable(String.valueOf(e.getMessage()), e);
        }
    }

    /** Jackson's words without what it adds in parentheses for programmers, and where in the file it is. */
    private static String jsonFault(JacksonException e) {
        String words = String.valueOf(e.getOriginalMessage());
        int addition = words.indexOf(" (");
        String fault = addition < 0 ? words : words.substring(0, addition);
        TokenStreamLocation where = e.getLocation();
        return where == null || where.getLineNr() < 1 ? fault : "line " + where.getLineNr() + ": " + fault;
    }

    private Refusal unreadable(String why, Exception cause) {
        return Refusal.failed(
                "state file " + file() + " cannot be read; nothing was changed: mend it, or move it away to start"
                        + " without networks (" + firstLine(why) + ")",
                cause);
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    /** Writes the networks; when this returns, they are on the disk. */
    void save(List<Network> networks) {
        Path next = directory.resolve("state.json.new");
        try {
            byte[] bytes = JSON.writeValueAsBytes(new Contents(
                    VERSION, networks.stream().map(StateDirectory::stored).toList()));
            try (FileChannel channel = FileChannel.open(
                    next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel self = FileChannel.open(directory, StandardOpenOption.READ)) {
                self.force(true);
            }
        } catch (AtomicMoveNotSupportedException e) {
            throw Refusal.failed("file system of " + directory + " cannot rename atomically", e);
        } catch (IOException e) {
            throw Refusal.failed("cannot write state file " + file() + ": " + e, e);
        }
    }

    private static StoredNetwork stored(Network network) {
        return new StoredNetwork(
                network.id(),
                network.name(),
                network.created(),
                network.driver(),
                network.subnet().toString(),
                Ipv4.text(network.gateway()),
                network.options(),
                network.labels());
    }

    private static Network network(StoredNetwork stored) {
        NetworkOptions.parse(stored.options() == null ? Map.of() : stored.options());
        Ipv4Prefix subnet = Ipv4.prefix(stored.subnet(), "subnet");
        return new Network(
                stored.id(),
                ObjectName.check(stored.name(), "network"),
                stored.created(),
                stored.driver(),
                subnet,
                SubnetChoice.gateway(subnet, stored.gateway()),
                stored.options() == null ? Map.of() : stored.options(),
                stored.labels() == null ? Map.of() : stored.labels());
    }

    @Override
    public void close() {
        try {
            lockChannel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
