package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code fdb}. */
@Command(
        name = "fdb",
        description = {
            "Shows which MAC address is behind which port: the switch's forwarding table.",
            "",
            "Example:",
            "  tapswitch fdb web",
            "",
        })
public final class Fdb extends Verb {
    @Parameters(paramLabel = "NETWORK", arity = "0..1", description = "only of this network")
    private @Nullable String network;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonArray entries = daemon().getArray(network == null ? "/fdb" : "/fdb?network=" + ApiClient.escape(network));
        if (json) {
            out().print(Json.pretty(entries));
            return OK;
        }
        Rows table = Rows.of("Network", "Mac", "Port", "Container", "Type", "Age");
        for (JsonObject entry : Json.objects(entries)) {
            // A pinned entry does not age, so its age says nothing.
            boolean pinned = Json.text(entry, "type").equals("pinned");
            table.row(
                    Json.text(entry, "network"),
                    Json.text(entry, "mac"),
                    Json.text(entry, "port"),
                    Json.text(entry, "container"),
                    Json.text(entry, "type"),
                    pinned ? "-" : Json.text(entry, "ageSeconds") + "s");
        }
        out().print(table.render(format.name));
        return OK;
    }
}
