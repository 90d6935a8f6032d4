package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
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
            "names, by UDP and by TCP: answered with records (ANSWERED) or without (NO DATA), told that there is no",
            "such name (NO NAME), asked of the upstreams (FORWARDED), refused or unreadable (OTHER).",
            "",
            "With -n --top the names that were asked for most instead, with the network of who asked. The switch",
            "remembers about a thousand: of one that came late, or was forgotten between, it knows how often it",
            "was asked for at least (QUERIES) and AT MOST.",
            "",
            "Example:",
            "  tapswitch stats --format json",
            "  tapswitch stats -p www",
            "  tapswitch stats -n",
            "  tapswitch stats -n --top=20 --network web",
            "",
        })
public final class Stats extends Verb {
    /** The beginning of the counters of what crossed from one worker to another. */
    private static final String CROSSING = "handoff_";

    private static final int TOP = 10;

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

    @Option(
            names = "--top",
            arity = "0..1",
            paramLabel = "N",
            fallbackValue = "" + TOP,
            description = "with -n: the names that were asked for most instead, N of them (default: " + TOP + ")")
    private @Nullable Integer top;

    @Option(
            names = "--network",
            paramLabel = "NETWORK",
            description = "with --top: only names asked for in this network")
    private @Nullable String network;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        check();
        if (top != null) {
            String only = network == null ? "" : "&network=" + ApiClient.escape(network);
            JsonArray asked = daemon().getArray("/dns/top?count=" + top + only);
            out().print(json ? Json.pretty(asked) : topRows(asked).render(format.name));
            return OK;
        }
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
        Rows table = Rows.of("Container", "Network", "RxFrames", "RxBytes", "TxFrames", "TxBytes", "Drops");
        for (JsonObject row : Json.objects(stats.getArray("containers"))) {
            table.row(Json.texts(row, "container", "network", "rxFrames", "rxBytes", "txFrames", "txBytes", "drops"));
        }
        out().print(table.render(format.name));
        if (format.name == null || format.name.equals("table")) {
            out().println(summary(stats));
            NatSummary.of(Json.object(stats, "nat")).forEach(out()::println);
        }
        return OK;
    }

    private void check() {
        String why = objection();
        if (why != null) {
            throw new CliException("tapswitch: " + why);
        }
    }

    private @Nullable String objection() {
        if (top == null) {
            return network == null
                    ? null
                    : "--network is for the names that were asked for most: give '-n --top --network " + network
                            + "'; other counters are shown by container";
        }
        if (!names || ports) {
            return "--top is of names: give it with -n, and without -p";
        }
        if (container != null) {
            return "--top counts what all containers ask for: leave " + container + " out, or give --network";
        }
        return top < 1 ? "--top " + top + ": must be 1 or more" : null;
    }

    private static Rows topRows(JsonArray names) {
        Rows rows = Rows.of("Name", "Network", "Queries", "AtMost");
        for (JsonObject name : Json.objects(names)) {
            rows.row(Json.texts(name, "name", "network", "queries", "atMost"));
        }
        return rows;
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
