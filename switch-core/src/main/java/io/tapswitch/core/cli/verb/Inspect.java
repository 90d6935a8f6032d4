package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows all there is to know of containers and networks, as a JSON array with docker's keys.",
            "",
            "Example:",
            "  tapswitch inspect www",
            "  tapswitch inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' www",
            "  tapswitch inspect --type network web",
            "",
        })
public final class Inspect extends Inspection {
    private static final String CONTAINER = "container";
    private static final String NETWORK = "network";

    @Option(names = "--type", paramLabel = "TYPE", description = "container or network; else whichever is found first")
    private @Nullable String type;

    @Parameters(paramLabel = "NAME|ID", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> references = new ArrayList<>();

    @Override
    public Integer call() {
        if (type != null && !type.equals(CONTAINER) && !type.equals(NETWORK)) {
            throw new CliException("\"" + type + "\" is not a valid value for --type: must be container or network");
        }
        return inspect(references);
    }

    @Override
    JsonObject find(ApiClient daemon, String reference) {
        if (NETWORK.equals(type)) {
            return daemon.getObject(ApiClient.network(reference));
        }
        try {
            return daemon.getObject(ApiClient.container(reference));
        } catch (ApiException e) {
            if (CONTAINER.equals(type) || (e.status() != NOT_FOUND && e.status() != CONFLICT)) {
                throw e;
            }
            return e.status() == CONFLICT
                    ? networkNamed(daemon, reference, e)
                    : daemon.getObject(ApiClient.network(reference));
        }
    }

    /** Another host's container has the name; a network whose id merely begins so was not meant. */
    private static JsonObject networkNamed(ApiClient daemon, String name, ApiException elsewhere) {
        try {
            JsonObject network = daemon.getObject(ApiClient.network(name));
            if (name.equals(network.getString("Name"))) {
                return network;
            }
        } catch (ApiException e) {
            if (e.status() != NOT_FOUND) {
                throw e;
            }
        }
        throw elsewhere;
    }

    @Override
    String refusal(String reference, ApiException e) {
        return e.status() == NOT_FOUND
                ? "Error: No such " + (type == null ? "object" : type) + ": " + reference
                : e.text();
    }
}
