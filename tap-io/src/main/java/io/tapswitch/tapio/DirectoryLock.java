package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * That a directory is one process' (R14): a lock on its file {@code lock}, which the kernel gives up when the process
 * dies, however it dies. The file holds the process' id, for people.
 */
public final class DirectoryLock implements AutoCloseable {
    private static final String FILE = "lock";

    private final Path file;
    private final FileChannel channel;

    private DirectoryLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * {@return the lock, or null when another process has it, or another part of this one}
     *
     * @param directory must exist
     * @throws IOException when no file can be written there
     */
    public static @Nullable DirectoryLock tryTake(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = tryLock(channel);
            if (lock != null) {
                channel.truncate(0);
                String pid = ProcessHandle.current().pid() + "\n";
                channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)));
                return new DirectoryLock(file, channel);
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return null;
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException ours) {
            return null;
        }
    }

    /** Removes the file, while it is still ours. */
    public void deleteFile() throws IOException {
        Files.deleteIfExists(file);
    }

    /** Gives it up; the file stays. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
