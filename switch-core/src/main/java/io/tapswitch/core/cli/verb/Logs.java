package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where the output of detached containers goes: a file each in the daemon's state directory. The daemon removes it when
 * it forgets the container.
 */
final class Logs {
    private Logs() {}

    /** Makes the empty log of a container, readable by its owner only; one that is there is continued. */
    static Path open(Path stateDirectory, String id) {
        Path log = path(stateDirectory, id);
        try {
            Files.createDirectories(log.getParent());
            return Files.exists(log)
                    ? log
                    : Files.createFile(
                            log, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (IOException e) {
            throw new CliException("tapswitch: cannot make the log file " + log + ": " + e.getMessage());
        }
    }

    static Path path(Path stateDirectory, String id) {
        return stateDirectory.resolve("logs").resolve(id + ".log");
    }
}
