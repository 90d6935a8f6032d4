package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code drops}. */
@Command(
        name = "drops",
        description = {
            "Shows the frames that were dropped and the connections that were refused, by port and reason.",
            "",
            "What never happened is left out.",
            "Lines without a port say which published port or which limit of NAT it was; the same frames count at the",
            "port that they came from, too: the container's or an uplink's.",
            "",
            "Example:",
            "  tapswitch drops",
            "  tapswitch drops --format '{{.Container}} {{.Reason}} {{.Frames}}'",
            "",
        })
public final class Drops extends Verb {
    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonArray drops = daemon().getArray("/drops");
        if (json) {
            out().print(Json.pretty(drops));
            return OK;
        }
        Rows table = Rows.of("Port", "Container", "Reason", "Frames", "Meaning");
        for (JsonObject drop : Json.objects(drops)) {
            table.row(
                    drop.getLong("port") < 0 ? "-" : Json.text(drop, "port"),
                    Json.text(drop, "container"),
                    Json.text(drop, "reason"),
                    Json.text(drop, "frames"),
                    Json.text(drop, "sentence"));
        }
        out().print(table.render(format.name));
        return OK;
    }
}
