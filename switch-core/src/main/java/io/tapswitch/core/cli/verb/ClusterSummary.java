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
        String alive = Json.text(cluster, "hostsAlive");
        String hosts = Json.text(cluster, "hosts");
        table.row(
                "cluster hosts",
                Json.text(cluster, "standing").equals("away")
                        ? "unknown; the store had " + hosts + " when it was read last, " + alive + " of them alive"
                        : alive + " alive of " + hosts);
        if (cluster.getLong("pendingChanges") > 0) {
            table.row("cluster changes", Json.text(cluster, "pendingChanges") + " not yet in the store");
        }
    }
}
