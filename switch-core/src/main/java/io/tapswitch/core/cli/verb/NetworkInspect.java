package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code network inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows all there is to know of networks, as a JSON array with docker's keys.",
            "",
            "Example:",
            "  tapswitch network inspect web",
            "",
        })
public final class NetworkInspect extends EachVerb {
    @Parameters(paramLabel = "NETWORK", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> networks = new ArrayList<>();

    private final JsonArray found = new JsonArray();

    @Override
    public Integer call() {
        int result = each(networks);
        out().print(Json.pretty(found));
        return result;
    }

    @Override
    void one(ApiClient daemon, String reference) {
        found.add(daemon.getObject("/networks/" + ApiClient.escape(reference)));
    }
}
