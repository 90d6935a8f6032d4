package io.tapswitch.core.cli.verb;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command itself: what is said before or after any verb. */
@Command(
        name = "tapswitch",
        description = {
            "A virtual switch for containers, in one Java process.",
            "",
            "Example:",
            "  tapswitch daemon &",
            "  tapswitch network create web",
            "  tapswitch run -d --name www --network web -- python3 -m http.server 80",
            "  tapswitch exec www ip addr",
            "",
        },
        commandListHeading = "%nVerbs:%n",
        footer = {"", "'tapswitch VERB --help' says more about a verb."},
        synopsisSubcommandLabel = "VERB")
public final class Tapswitch {
    private static final String DEFAULT_SOCKET = "/run/tapswitch/tapswitch.sock";
    private static final String UNIX_SCHEME = "unix://";

    private final Map<String, String> environment;
    private final Duration patience;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description = "the daemon's socket; else $TAPSWITCH_SOCKET, else " + DEFAULT_SOCKET)
    private @Nullable String socket;

    @Option(names = "--help", usageHelp = true, description = "print this help")
    boolean help;

    /** The command in this environment; an answer of the daemon is waited for so long. */
    public Tapswitch(Map<String, String> environment, Duration patience) {
        this.environment = environment;
        this.patience = patience;
    }

    Duration patience() {
        return patience;
    }

    Path socket() {
        String fromEnvironment = environment.get("TAPSWITCH_SOCKET");
        String chosen = Objects.requireNonNullElse(
                socket, fromEnvironment == null || fromEnvironment.isEmpty() ? DEFAULT_SOCKET : fromEnvironment);
        return Path.of(chosen.startsWith(UNIX_SCHEME) ? chosen.substring(UNIX_SCHEME.length()) : chosen);
    }
}
