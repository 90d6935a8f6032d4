package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stats}. */
@Command(
        name = "stats",
        description = {
            "Shows what the switch received from (RX) and wrote to (TX) each container, and what it dropped.",
            "",
            "Below it how full NAT's table of connections is. With -p what went through published ports instead:",
            "REFUSED are packets of whom the port's allow-list does not have. With -n what became of queries for",
            "names, asked by UDP: answered with records (ANSWERED) or without (NO DATA), told that there is no such",
            "name (NO NAME), asked of the upstreams (FORWARDED), refused or unreadable (OTHER).",
            "",
            "Example:",
            "  tapswitch stats --format json",
            "  tapswitch stats -p www",
            "  tapswitch stats -n",
            "",
        })
public final class Stats extends Verb {
    /** The beginning of the counters of what crossed from one worker to another. */
    private static final String CROSSING = "handoff_";

    @Parameters(paramLabel = "CONTAINER", arity = "0..1", description = "only of this container")
    private @Nullable String container;

    @Option(
            names = {"-p", "--ports"},
            description = "of published ports instead")
    private boolean ports;

    @Option(
            names = {"-n", "--names"},
            description = "of queries for names instead")
    private boolean names;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        String of = container == null ? "" : "?container=" + ApiClient.escape(container);
        if (ports) {
            JsonArray published = daemon().getArray("/ports" + of);
            out().print(json ? Json.pretty(published) : PortRows.of(published).render(format.name));
            return OK;
        }
        JsonObject stats = daemon().getObject("/stats" + of);
        if (json) {
            out().print(Json.pretty(stats));
            return OK;
        }
        if (names) {
            out().print(QueryRows.of(stats.getArray("containers")).render(format.name));
            return OK;
        }
        Rows table = new Rows(
                Rows.headers(
                        "Container",
                        "CONTAINER",
                        "Network",
                        "NETWORK",
                        "RxFrames",
                        "RX FRAMES",
                        "RxBytes",
                        "RX BYTES",
                        "TxFrames",
                        "TX FRAMES",
                        "TxBytes",
                        "TX BYTES",
                        "Drops",
                        "DROPS"),
                "Container",
                "Network",
                "RxFrames",
                "RxBytes",
                "TxFrames",
                "TxBytes",
                "Drops");
        for (JsonObject row : Json.objects(stats.getArray("containers"))) {
            table.row(
                    Json.text(row, "container"),
                    Json.text(row, "network"),
                    Json.text(row, "rxFrames"),
                    Json.text(row, "rxBytes"),
                    Json.text(row, "txFrames"),
                    Json.text(row, "txBytes"),
                    Json.text(row, "drops"));
        }
        out().print(table.render(format.name));
        if (format.name == null || format.name.equals("table")) {
            out().println(summary(stats));
            NatSummary.of(Json.object(stats, "nat")).forEach(out()::println);
        }
        return OK;
    }

    private static String summary(JsonObject stats) {
        JsonObject internals = Json.object(stats, "internals");
        String crossings = internals.keySet().stream()
                .filter(name -> name.startsWith(CROSSING))
                .map(name -> name.substring(CROSSING.length()) + ' ' + Json.text(internals, name))
                .collect(Collectors.joining(", "));
        String conserved = Json.text(Json.object(stats, "conservation"), "holds");
        return "\nI/O path: " + Json.text(stats, "io")
                + "   workers: " + Json.text(stats, "workers")
                + "   ring crossings: " + (crossings.isEmpty() ? "none" : crossings)
                + "   frames conserved: " + (conserved.equals("true") ? "yes" : "not at this moment");
    }
}
