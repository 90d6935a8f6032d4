package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rm}. */
@Command(
        name = "rm",
        description = {
            "Removes containers.",
            "Their interfaces go, and with -f what 'run' started is ended if it still runs. The namespace and the",
            "processes of an attached container stay.",
            "",
            "Example:",
            "  tapswitch rm -f www",
            "",
        })
public final class Rm extends Verb {
    @Option(
            names = {"-f", "--force"},
            description = "also when what 'run' started still runs")
    private boolean force;

    @Parameters(paramLabel = "CONTAINER", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> containers = new ArrayList<>();

    @Override
    public Integer call() {
        ApiClient daemon = daemon();
        return Together.each(containers, name -> remove(daemon, name), out(), err());
    }

    private String remove(ApiClient daemon, String reference) {
        daemon.delete(ApiClient.container(reference) + (force ? "?force=true" : ""));
        return reference;
    }
}
