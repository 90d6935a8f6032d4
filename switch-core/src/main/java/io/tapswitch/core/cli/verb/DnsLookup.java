package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dns lookup}. */
@Command(
        name = "lookup",
        description = {
            "Says what a container is told when it asks for a name, which of its networks answers, and why.",
            "",
            "What no network knows is really asked of the upstreams. An address in the place of NAME asks for its",
            "name.",
            "Exit code 1 when there is no answer.",
            "",
            "Example:",
            "  tapswitch dns lookup db --from web",
            "  tapswitch dns lookup 10.66.0.2 --from web",
            "  tapswitch dns lookup example.org --type AAAA --from web",
            "",
        })
public final class DnsLookup extends Verb {
    @Parameters(paramLabel = "NAME", description = "a name, or an address")
    private String name = "";

    @Option(names = "--from", paramLabel = "CONTAINER", required = true, description = "the container that asks")
    private String from = "";

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "type of records, as A, AAAA, SRV or TYPE65 (default: A; PTR of an address)")
    private @Nullable String type;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonObject found = daemon().getObject("/dns/lookup?name=" + ApiClient.escape(name) + "&from="
                + ApiClient.escape(from) + (type == null ? "" : "&type=" + ApiClient.escape(type)));
        List<JsonObject> records = Json.objects(found.getArray("records"));
        if (json) {
            out().print(Json.pretty(found));
        } else {
            for (JsonObject row : records) {
                out().println(Json.text(row, "name") + '\t' + Json.text(row, "ttlSeconds") + "s\t"
                        + Json.text(row, "type") + '\t' + Json.text(row, "data"));
            }
            out().println(Json.text(found, "code") + ": " + Json.text(found, "why") + who(found));
        }
        return records.isEmpty() ? FAILED : OK;
    }

    private static String who(JsonObject found) {
        String network = Json.text(found, "network");
        String upstreams =
                found.getArray("upstreams").stream().map(String::valueOf).collect(Collectors.joining(", "));
        String networks =
                found.getArray("networks").stream().map(String::valueOf).collect(Collectors.joining(", "));
        return (network.isEmpty() ? "" : " (network " + network + ")")
                + (upstreams.isEmpty() ? "" : " (" + upstreams + ")")
                + (networks.isEmpty() ? "" : "; it was looked for in " + networks + ", in this order");
    }
}
