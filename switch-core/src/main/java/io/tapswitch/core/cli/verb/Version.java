package io.tapswitch.core.cli.verb;

import java.util.Objects;
import picocli.CommandLine.Command;

/** {@code version}. */
@Command(
        name = "version",
        description = {
            "Prints the version of the command line; 'tapswitch status' has the daemon's.",
            "",
            "Example:",
            "  tapswitch version",
            "",
        })
public final class Version extends Verb {
    @Override
    public Integer call() {
        // From the jar's manifest; classes that were not packed have none.
        String version = Version.class.getPackage().getImplementationVersion();
        out().println("tapswitch " + Objects.requireNonNullElse(version, "unpacked"));
        return OK;
    }
}
