package io.tapswitch.core.cli.verb;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The group of verbs about names. */
@Command(
        name = "dns",
        description = {
            "Looks into the answering of names.",
            "",
            "Example:",
            "  tapswitch dns lookup web --from www",
            "",
        },
        commandListHeading = "%nVerbs:%n",
        synopsisSubcommandLabel = "VERB")
public final class DnsVerb {
    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;
}
