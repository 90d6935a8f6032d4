package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where captured frames are written, by the rights of who typed the command. A file is opened with the first bytes, so
 * that a refusal of the daemon does not empty one.
 */
final class CaptureFile implements AutoCloseable {
    /** What stands for standard output. */
    private static final String STDOUT = "-";

    private final String name;
    private @Nullable OutputStream out;

    CaptureFile(String name) {
        this.name = name;
    }

    void write(byte[] bytes) {
        try {
            OutputStream opened = out;
            if (opened == null) {
                opened = name.equals(STDOUT)
                        ? new FileOutputStream(FileDescriptor.out)
                        : Files.newOutputStream(Path.of(name));
                out = opened;
            }
            opened.write(bytes);
            opened.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private CliException failure(IOException e) {
        String why = switch (e) {
            case NoSuchFileException gone -> "its directory does not exist";
            case AccessDeniedException denied -> "permission denied";
            default -> e.getMessage();
        };
        return new CliException("tapswitch: " + name + " cannot be written: " + why);
    }

    /** Standard output stays open: it is the process's. */
    @Override
    public void close() {
        try {
            if (out != null && !name.equals(STDOUT)) {
                out.close();
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }
}
