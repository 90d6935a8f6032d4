package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.CliException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code daemon}, for the list of verbs: the launcher starts the daemon's own jar before it ever comes here, because
 * the daemon needs other JVM flags than a command.
 */
@Command(
        name = "daemon",
        description = {
            "Runs the switch in the foreground, prints 'tapswitch: ready' when it serves, and ends on SIGTERM.",
            "",
            "Example:",
            "  tapswitch --socket /run/tapswitch/tapswitch.sock daemon --uplink none",
            "",
        })
public final class Daemon extends Verb {
    @Parameters(arity = "0..*", hidden = true)
    List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() {
        throw new CliException("tapswitch: the daemon is started by scripts/tapswitch, not by the jar of the commands");
    }
}
