package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Age;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import java.time.Duration;
import java.util.Locale;

/** This host in its cluster: rows of {@code status}. */
final class ClusterSummary {
    private ClusterSummary() {}

    static void addTo(Table table, JsonObject cluster) {
        String why = Json.text(cluster, "why");
        table.row(
                "cluster",
                Json.text(cluster, "store") + ", " + Json.text(cluster, "standing") + " for "
                        + Age.words(Duration.ofSeconds(cluster.getLong("sinceSeconds")))
                                .toLowerCase(Locale.ROOT)
                        + (why.isEmpty() ? "" : ": " + why));
        table.row(
                "cluster host",
                Json.text(cluster, "name") + ", " + Verb.shortId(Json.text(cluster, "id")) + ", at "
                        + Json.text(cluster, "address"));
        table.row("cluster hosts", hosts(cluster));
        if (cluster.getLong("pendingChanges") > 0) {
            table.row("cluster changes", Json.text(cluster, "pendingChanges") + " not yet in the store");
        }
    }

    private static String hosts(JsonObject cluster) {
        String alive = Json.text(cluster, "hostsAlive");
        String hosts = Json.text(cluster, "hosts");
        if (alive.isEmpty()) {
            // The daemon before kept who was registered, and not who was alive.
            return cluster.getInt("hosts") == 0
                    ? "unknown; the store was never read"
                    : "unknown; the store had " + hosts + " when it was read last, before this daemon's start";
        }
        return Json.text(cluster, "standing").equals("away")
                ? "unknown; the store had " + hosts + " when it was read last, " + alive + " of them alive"
                : alive + " alive of " + hosts;
    }
}
