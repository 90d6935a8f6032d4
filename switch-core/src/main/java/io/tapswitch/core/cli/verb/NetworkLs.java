package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code network ls}. */
@Command(
        name = "ls",
        aliases = "list",
        description = {"Lists the networks.", "", "Example:", "  tapswitch network ls --no-trunc", ""})
public final class NetworkLs extends Verb {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    private boolean quiet;

    @Option(names = "--no-trunc", description = "ids in full")
    private boolean noTrunc;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        List<JsonObject> networks = Json.objects(daemon().getArray("/networks"));
        if (json) {
            networks.forEach(network -> out().println(Json.line(dockersKeys(network))));
        } else if (quiet) {
            networks.forEach(network -> out().println(id(network)));
        } else {
            Table table = new Table("NETWORK ID", "NAME", "DRIVER", "SCOPE");
            for (JsonObject network : networks) {
                table.row(
                        id(network),
                        Json.text(network, "Name"),
                        Json.text(network, "Driver"),
                        Json.text(network, "Scope"));
            }
            out().print(table.render());
        }
        return OK;
    }

    private String id(JsonObject network) {
        String id = Json.text(network, "Id");
        return noTrunc ? id : shortId(id);
    }

    /** One line a network, all values texts, ids short unless asked otherwise: docker's habit. */
    private Map<String, String> dockersKeys(JsonObject network) {
        Map<String, String> line = new LinkedHashMap<>();
        line.put("CreatedAt", Json.text(network, "Created"));
        line.put("Driver", Json.text(network, "Driver"));
        line.put("ID", id(network));
        line.put("IPv6", Json.text(network, "EnableIPv6"));
        line.put("Internal", Json.text(network, "Internal"));
        line.put(
                "Labels",
                Json.object(network, "Labels").entrySet().stream()
                        .map(label -> label.getKey() + "=" + label.getValue())
                        .collect(Collectors.joining(",")));
        line.put("Name", Json.text(network, "Name"));
        line.put("Scope", Json.text(network, "Scope"));
        return line;
    }
}
