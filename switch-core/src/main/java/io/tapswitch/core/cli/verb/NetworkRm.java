package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code network rm}. */
@Command(
        name = "rm",
        aliases = "remove",
        description = {"Removes networks that have no endpoints.", "", "Example:", "  tapswitch network rm web", ""})
public final class NetworkRm extends EachVerb {
    @Parameters(paramLabel = "NETWORK", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> networks = new ArrayList<>();

    @Override
    public Integer call() {
        return each(networks);
    }

    @Override
    void one(ApiClient daemon, String reference) {
        daemon.delete("/networks/" + ApiClient.escape(reference));
        out().println(reference);
    }
}
