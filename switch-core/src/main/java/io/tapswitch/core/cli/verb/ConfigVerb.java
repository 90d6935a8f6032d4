package io.tapswitch.core.cli.verb;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The group of verbs about the configuration file. */
@Command(
        name = "config",
        description = {
            "Checks a configuration file, and shows the one in force.",
            "",
            "Example:",
            "  tapswitch config check /etc/tapswitch.yaml",
            "",
        },
        commandListHeading = "%nVerbs:%n",
        synopsisSubcommandLabel = "VERB")
public final class ConfigVerb {
    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;
}
