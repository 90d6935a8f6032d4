package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.sandbox.Streams;
import picocli.CommandLine.Option;

/** The flags about standard input: as with docker, it is empty without {@code -i}. */
final class Stdio {
    @Option(
            names = {"-i", "--interactive"},
            description = "pass standard input on; without it, it is empty")
    private boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give it a terminal of its own; with -i, the keys typed at this one go there")
    private boolean tty;

    /** How to lay the streams of a command that we wait for. */
    Streams streams() {
        return Streams.of(interactive, tty);
    }

    /** Whether a command that nobody waits for still has an input that does not end. */
    boolean waits() {
        return interactive || tty;
    }
}
