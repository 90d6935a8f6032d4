package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code config check}, for the list of verbs: the launcher starts the daemon's jar, which can read such a file. */
@Command(
        name = "check",
        description = {
            "Reads a configuration file as the daemon would, and says what is wrong with it. Needs no daemon.",
            "",
            "Example:",
            "  tapswitch config check /etc/tapswitch.yaml",
            "",
        })
public final class ConfigCheck extends Verb {
    @Parameters(paramLabel = "FILE", arity = "1", description = "the file")
    private String file = "";

    @Override
    public Integer call() {
        throw new CliException(
                "tapswitch: " + file + " is checked by scripts/tapswitch, not by the jar of the commands");
    }
}
