package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What became of queries for names, a row for each interface that asked. */
final class QueryRows {
    private static final List<String> SHOWN = List.of("answered", "no_data", "no_name", "forward");

    private QueryRows() {}

    static Rows of(JsonArray lines) {
        Rows rows = Rows.of("Container", "Network", "Answered", "NoData", "NoName", "Forwarded", "Other");
        for (JsonObject line : Json.objects(lines)) {
            Map<String, Long> queries = new HashMap<>();
            add(Json.object(line, "queries"), queries);
            add(Json.object(line, "queriesByTcp"), queries);
            if (!queries.isEmpty()) {
                long other = queries.keySet().stream()
                        .filter(result -> !SHOWN.contains(result))
                        .mapToLong(queries::get)
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

    private static void add(JsonObject counts, Map<String, Long> to) {
        counts.keySet().forEach(result -> to.merge(result, counts.getLong(result), Long::sum));
    }

    private static String count(Map<String, Long> queries, String result) {
        return String.valueOf(queries.getOrDefault(result, 0L));
    }
}
