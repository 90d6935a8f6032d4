package io.tapswitch.core.cli.sandbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which a sandbox and the command that makes it find each other. It is there for half a second, and
 * goes with {@link #remove}.
 *
 * <p>A command that is killed leaves it behind. So the command holds a lock on the file {@code owner} in it, which the
 * kernel gives up however it ends, and the next command removes what nobody holds. A process id would not do: the
 * temporary directory is seen from several PID namespaces. Only our own directories are looked at, because in another
 * user's there may be links to anything. A directory without {@code owner} is one that is just being made.
 */
final class Handshake {
    private static final String PREFIX = "tapswitch-run-";
    private static final String OWNER = "owner";
    private static final List<String> NAMES = List.of("up", "go", "idle", "init", "messages", "sys", "etc", OWNER);

    private final Path directory;
    private final FileChannel owner;

    private Handshake(Path directory, FileChannel owner) {
        this.directory = directory;
        this.owner = owner;
    }

    /** Makes a directory in this one, and removes there what others have left. */
    static Handshake make(Path parent) throws IOException {
        Handshake made = null;
        while (made == null) {
            made = own(Files.createTempDirectory(parent, PREFIX));
        }
        made.removeLeftovers(parent);
        return made;
    }

    /** {@return a new directory as ours, null when somebody took it for left behind before it was locked} */
    private static @Nullable Handshake own(Path directory) throws IOException {
        Path file = directory.resolve(OWNER);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        if (isFree(channel) && Files.exists(file)) {
            return new Handshake(directory, channel);
        }
        channel.close();
        return null;
    }

    private static boolean isFree(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // Another one of this process.
        }
    }

    private void removeLeftovers(Path parent) throws IOException {
        Object self = user(directory);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path other : all) {
                try {
                    if (!other.equals(directory) && Objects.equals(user(other), self)) {
                        removeIfLeft(other);
                    }
                } catch (IOException e) {
                    // Somebody else has removed it, or it is being made.
                }
            }
        }
    }

    private static @Nullable Object user(Path path) throws IOException {
        return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    private static void removeIfLeft(Path other) throws IOException {
        if (!Files.isDirectory(other, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(other.resolve(OWNER), StandardOpenOption.WRITE)) {
            if (!isFree(channel)) {
                return;
            }
            Path go = other.resolve("go");
            if (Files.exists(go)) {
                // A first process that still waits there for somebody who opens it goes on, and ends.
                FileChannel.open(go, StandardOpenOption.READ, StandardOpenOption.WRITE)
                        .close();
            }
            delete(other);
        }
    }

    /** {@return where it is} */
    Path directory() {
        return directory;
    }

    /** {@return where something in it is} */
    Path path(String name) {
        return directory.resolve(name);
    }

    /** Removes it; the second time does nothing. */
    void remove() {
        delete(directory);
        try {
            owner.close();
        } catch (IOException e) {
            // It has nothing to lose.
        }
    }

    private static void delete(Path directory) {
        for (String name : NAMES) {
            directory.resolve(name).toFile().delete();
        }
        directory.toFile().delete();
    }
}
