package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cleanup}, for the list of verbs: the launcher starts the daemon's jar, which knows what a daemon leaves. */
@Command(
        name = "cleanup",
        description = {
            "Removes every trace of a state directory: interfaces, keeper and state.",
            "Ends what 'run' started, as rm -f does. Refuses while a daemon runs.",
            "",
            "Example:",
            "  tapswitch cleanup --state-dir /var/lib/tapswitch",
            "",
        })
public final class Cleanup extends Verb {
    @Option(names = "--state-dir", paramLabel = "DIR", description = "the daemon's; else /var/lib/tapswitch")
    private String stateDirectory = "";

    @Option(names = "--run-dir", paramLabel = "DIR", description = "the daemon's, if it was given one")
    private String runDirectory = "";

    @Override
    public Integer call() {
        throw new CliException("tapswitch: cleanup is done by scripts/tapswitch, not by the jar of the commands: "
                + stateDirectory
                + runDirectory);
    }
}
