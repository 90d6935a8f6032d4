package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Runs programs. What they print goes to files, so that nothing blocks on a full pipe and nothing is lost. */
public final class Commands {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Commands() {}

    /** Runs a command to its end, within a minute. */
    public static Outcome run(String... command) {
        return run(PATIENCE, "", List.of(command));
    }

    /** Runs a command to its end; when it takes longer than allowed it is killed and the test fails. */
    public static Outcome run(Duration allowed, String input, List<String> command) {
        try (Background running = start(command)) {
            running.write(input);
            running.closeInput();
            return running.await(allowed);
        }
    }

    /** Starts a command that goes on beside the test. Whoever starts it closes it. */
    public static Background start(List<String> command) {
        try {
            Path out = Files.createTempFile(Leftovers.directory(), "out", "");
            Path err = Files.createTempFile(Leftovers.directory(), "err", "");
            Process process = new ProcessBuilder(command)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            Leftovers.remember(process);
            return new Background(process, command, out, err);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }
}
