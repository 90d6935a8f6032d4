package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.List;

/** What became of queries for names, a row for each interface that asked. */
final class QueryRows {
    private static final List<String> SHOWN = List.of("answered", "no_data", "no_name", "forward");

    private QueryRows() {}

    static Rows of(JsonArray lines) {
        Rows rows = Rows.of("Container", "Network", "Answered", "NoData", "NoName", "Forwarded", "Other");
        for (JsonObject line : Json.objects(lines)) {
            JsonObject queries = Json.object(line, "queries");
            if (!queries.isEmpty()) {
                long other = queries.keySet().stream()
                        .filter(result -> !SHOWN.contains(result))
                        .mapToLong(queries::getLong)
                        .sum();
                rows.row(
                        Json.text(line, "container"),
                        Json.text(line, "network"),
                        count(queries, "answered"),
                        count(queries, "no_data"),
                        count(queries, "no_name"),
                        count(queries, "forward"),
                        String.valueOf(other));
            }
        }
        return rows;
    }

    private static String count(JsonObject queries, String result) {
        return String.valueOf(queries.getLong(result));
    }
}
