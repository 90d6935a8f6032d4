package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code network rm}. */
@Command(
        name = "rm",
        aliases = "remove",
        description = {
            "Removes networks that have no endpoints.",
            "One of the cluster goes from all its hosts, and is kept while a container of any of them is in it.",
            "",
            "Example:",
            "  tapswitch network rm web db",
            "",
        })
public final class NetworkRm extends EachVerb {
    private static final int NOT_FOUND = 404;

    @Option(
            names = {"-f", "--force"},
            description = "a network that does not exist is no failure")
    private boolean force;

    @Parameters(paramLabel = "NETWORK", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> networks = new ArrayList<>();

    @Override
    public Integer call() {
        return each(networks);
    }

    @Override
    void one(ApiClient daemon, String reference) {
        try {
            daemon.delete(ApiClient.network(reference));
            out().println(reference);
        } catch (ApiException e) {
            if (!force || e.status() != NOT_FOUND) {
                throw e;
            }
        }
    }
}
