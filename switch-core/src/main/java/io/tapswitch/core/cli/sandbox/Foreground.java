package io.tapswitch.core.cli.sandbox;

import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.terminal.PseudoTerminal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A process that stands for the command: its exit code becomes ours, and signals that we get are handed on.
 *
 * <p>With our terminal as its input it stays in our process group, so that Ctrl-C reaches it from the kernel; we only
 * have to survive it. In any other case it gets a session of its own and everything is handed on by hand: then a signal
 * arrives exactly once either way. With a terminal of its own, the scripts inside make yet another session, of the
 * command only, which owns that terminal: unshare and nsenter must not die of a Ctrl-C.
 */
public final class Foreground {
    private final Streams streams;
    private final @Nullable PseudoTerminal terminal;

    private Foreground(Streams streams) {
        this.streams = streams;
        this.terminal = streams.ownTerminal() ? PseudoTerminal.open() : null;
    }

    /** Prepares these streams; a signal that comes from now on is kept for the command. */
    public static Foreground prepare(Streams streams) {
        Foreground made = new Foreground(streams);
        Signals.hold(streams == Streams.SHARED);
        return made;
    }

    /** {@return how the streams are laid} */
    Streams streams() {
        return streams;
    }

    /** How to start {@code command} with these streams. */
    ProcessBuilder builder(List<String> command) {
        List<String> words = new ArrayList<>();
        if (streams == Streams.SHARED) {
            // unshare and nsenter would die of Ctrl-C and take the command with them; the scripts inside undo this.
            words.addAll(List.of("env", "--ignore-signal=INT,QUIT"));
        } else {
            words.add("setsid");
        }
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
        if (terminal != null) {
            // Errors go there only from the command on, so that those of the way to it are not among its output.
            builder.redirectInput(terminal.path().toFile())
                    .redirectOutput(terminal.path().toFile());
        } else if (streams == Streams.EMPTY) {
            builder.redirectInput(Path.of("/dev/null").toFile());
        }
        return builder;
    }

    /** Starts it; a tool that is missing is a clear failure. */
    static Process start(ProcessBuilder builder, int codeWhenMissing) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new CliException(
                    "tapswitch: cannot start '" + builder.command().getFirst()
                            + "' (the packages util-linux and iproute2 are needed): " + e.getMessage(),
                    codeWhenMissing);
        }
    }

    /** Waits for the end of {@code process}; signals that come meanwhile go to the one that {@code target} names. */
    int await(Process process, LongSupplier target) {
        Signals.deliverTo(target);
        if (terminal == null) {
            return process.onExit().join().exitValue();
        }
        Signals.handle("WINCH", terminal::sizeChanged);
        terminal.sizeChanged(); // It may have changed before anybody listened.
        terminal.join(streams == Streams.TERMINAL);
        try {
            return process.onExit().join().exitValue();
        } finally {
            terminal.leave();
        }
    }
}
