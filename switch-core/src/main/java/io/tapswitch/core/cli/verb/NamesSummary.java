package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import java.util.stream.Collectors;

/** How names are served beside the workers: rows of {@code status}. */
final class NamesSummary {
    private NamesSummary() {}

    static void addTo(Table table, JsonObject names) {
        for (JsonObject upstream : Json.objects(names.getArray("upstreams"))) {
            table.row("upstream " + Json.text(upstream, "server"), upstream(upstream));
        }
        String counted = counted(Json.object(names, "forwarder"));
        if (!counted.isEmpty()) {
            table.row("forwarder", counted);
        }
        JsonObject tcp = Json.object(names, "tcp");
        String queries = counted(Json.object(tcp, "queries"));
        table.row(
                "names by TCP",
                Json.text(tcp, "connections") + " connections" + (queries.isEmpty() ? "" : ", queries: " + queries));
    }

    private static String upstream(JsonObject upstream) {
        String answered = Json.text(upstream, "answered") + " of " + Json.text(upstream, "asked") + " answered";
        return switch (Json.text(upstream, "state")) {
            case "unasked" -> "not asked yet";
            case "live" -> "live" + roundTrip(upstream) + ", " + answered;
            default ->
                Json.text(upstream, "state") + ", silent for " + Json.text(upstream, "silentSeconds") + "s, "
                        + answered;
        };
    }

    private static String roundTrip(JsonObject upstream) {
        return upstream.isNumber("roundTripMs") ? " in " + Json.text(upstream, "roundTripMs") + " ms" : "";
    }

    /** What happened at least once, in words. */
    private static String counted(JsonObject counters) {
        return counters.keySet().stream()
                .filter(name -> counters.getLong(name) > 0)
                .map(name -> name.replace('_', ' ') + " " + Json.text(counters, name))
                .collect(Collectors.joining(", "));
    }
}
