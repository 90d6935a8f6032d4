package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows all there is to know of containers, as a JSON array with docker's keys.",
            "",
            "Example:",
            "  tapswitch inspect www",
            "",
        })
public final class ContainerInspect extends EachVerb {
    @Parameters(paramLabel = "CONTAINER", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> containers = new ArrayList<>();

    private final JsonArray found = new JsonArray();

    @Override
    public Integer call() {
        int result = each(containers);
        out().print(Json.pretty(found));
        return result;
    }

    @Override
    void one(ApiClient daemon, String reference) {
        found.add(daemon.getObject("/containers/" + ApiClient.escape(reference)));
    }
}
