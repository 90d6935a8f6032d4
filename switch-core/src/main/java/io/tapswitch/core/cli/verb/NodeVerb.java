package io.tapswitch.core.cli.verb;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The group of verbs about the hosts of a cluster. */
@Command(
        name = "node",
        description = {
            "Looks at the hosts of the cluster.",
            "",
            "Example:",
            "  tapswitch node ls",
            "",
        },
        commandListHeading = "%nVerbs:%n",
        synopsisSubcommandLabel = "VERB")
public final class NodeVerb {
    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;
}
