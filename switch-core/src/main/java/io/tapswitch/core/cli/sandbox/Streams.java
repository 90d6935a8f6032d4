package io.tapswitch.core.cli.sandbox;

import io.tapswitch.core.cli.client.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How the standard streams of a command are laid. */
public enum Streams {
    /** No input; output is ours. */
    EMPTY("none"),
    /** Our input, which is no terminal: a file, a pipe. */
    PASSED("none"),
    /** Our terminal. The command is in our process group, so that the kernel sends it Ctrl-C as it does us. */
    SHARED("shared"),
    /** A terminal of its own, to which nobody types. */
    SILENT_TERMINAL("own"),
    /** A terminal of its own, to which our keys go. */
    TERMINAL("own");

    private final String word;

    Streams(String word) {
        this.word = word;
    }

    /** Those that {@code -i} and {@code -t} ask for. */
    public static Streams of(boolean interactive, boolean tty) {
        if (!tty) {
            return interactive ? atTerminal() ? SHARED : PASSED : EMPTY;
        }
        if (interactive && !atTerminal()) {
            throw new CliException("the input device is not a TTY");
        }
        return interactive ? TERMINAL : SILENT_TERMINAL;
    }

    /** {@return whether the command has a terminal of its own} */
    boolean ownTerminal() {
        return this == TERMINAL || this == SILENT_TERMINAL;
    }

    /** {@return what init.sh calls it} */
    String word() {
        return word;
    }

    /** Whether standard input is a terminal. {@code System.console} would load a line editor to find out. */
    private static boolean atTerminal() {
        try {
            String input = Files.readSymbolicLink(Path.of("/proc/self/fd/0")).toString();
            return input.startsWith("/dev/pts/") || input.startsWith("/dev/tty") || input.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }
}
