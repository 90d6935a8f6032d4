package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.sandbox.Foreground;
import picocli.CommandLine.Option;

/** The flags about standard input: as with docker, it is empty without {@code -i}. */
final class Stdio {
    @Option(
            names = {"-i", "--interactive"},
            description = "pass standard input on; without it, it is empty")
    private boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give it this terminal; needs one")
    private boolean tty;

    /** Whether to pass our standard input on. */
    boolean input() {
        if (tty && !Foreground.atTerminal()) {
            throw new CliException("the input device is not a TTY");
        }
        return interactive || tty;
    }
}
