package io.tapswitch.core.cli.verb;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The group of verbs about networks. */
@Command(
        name = "network",
        description = {
            "Makes, lists, shows and removes networks.",
            "",
            "Example:",
            "  tapswitch network create web",
            "",
        },
        commandListHeading = "%nVerbs:%n",
        synopsisSubcommandLabel = "VERB")
public final class NetworkVerb {
    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;
}
