package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code stats}. */
@Command(
        name = "stats",
        description = {
            "Shows what each container received (RX) and sent (TX), and what was dropped of it.",
            "",
            "Example:",
            "  tapswitch stats --format json",
            "",
        })
public final class Stats extends Verb {
    /** The beginning of the counters of frames that crossed from one worker to another. */
    private static final String CROSSING = "handoff_";

    @Parameters(paramLabel = "CONTAINER", arity = "0..1", description = "only of this container")
    private @Nullable String container;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonObject stats = daemon()
                .getObject(container == null ? "/stats" : "/stats?container=" + ApiClient.escape(container));
        if (json) {
            out().print(Json.pretty(stats));
            return OK;
        }
        Table table =
                new Table("CONTAINER", "NETWORK", "RX FRAMES", "RX BYTES", "TX FRAMES", "TX BYTES", "DROPS");
        for (JsonObject row : Json.objects(stats.getArray("containers"))) {
            table.row(Json.text(row, "container"), Json.text(row, "network"), Json.text(row, "rxFrames"),
                    Json.text(row, "rxBytes"), Json.text(row, "txFrames"), Json.text(row, "txBytes"),
                    Json.text(row, "drops"));
        }
        out().print(table.render());
        out().println(summary(stats));
        return OK;
    }

    private static String summary(JsonObject stats) {
        StringBuilder line = new StringBuilder("\nI/O path: ").append(Json.text(stats, "io"))
                .append("   workers: ").append(Json.text(stats, "workers"))
                .append("   crossings between workers: ");
        JsonObject internals = Json.object(stats, "internals");
        long crossings = 0;
        StringBuilder parts = new StringBuilder();
        for (String name : internals.keySet()) {
            if (name.startsWith(CROSSING)) {
                crossings += internals.getLong(name);
                parts.append(parts.isEmpty() ? " (" : ", ").append(name).append(' ').append(internals.getLong(name));
            }
        }
        line.append(crossings).append(parts.isEmpty() ? "" : parts.append(')'));
        JsonObject conservation = Json.object(stats, "conservation");
        if (conservation.has("holds")) {
            line.append("   frames conserved: ")
                    .append(conservation.getBoolean("holds") ? "yes" : "not at this moment");
        }
        return line.toString();
    }
}
