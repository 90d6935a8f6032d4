package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code network prune}. */
@Command(
        name = "prune",
        description = {
            "Removes all networks that no container is in. Asks first, unless -f is given.",
            "Those that are always there and those of the configuration file stay.",
            "Filters: label, label!, until (a time, or a duration such as 24h).",
            "",
            "Example:",
            "  tapswitch network prune -f --filter until=24h",
            "",
        })
public final class NetworkPrune extends Verb {
    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    private boolean force;

    @Option(names = "--filter", paramLabel = "KEY=VALUE", description = "only those; repeatable")
    private List<String> filters = new ArrayList<>();

    @Override
    public Integer call() {
        if (!force && !isMeant()) {
            return OK;
        }
        JsonArray deleted = daemon().post(FilterFlag.on("/networks/prune", filters), Map.of())
                .getArray("deleted");
        if (deleted != null && !deleted.isEmpty()) {
            out().println("Deleted Networks:");
            deleted.forEach(name -> out().println(name));
            out().println();
        }
        return OK;
    }

    private boolean isMeant() {
        out().println("WARNING! This will remove all custom networks not used by at least one container.");
        if (!filters.isEmpty()) {
            out().println("Items to be pruned will be filtered with:");
            filters.forEach(one -> out().println("- " + one));
        }
        out().print("Are you sure you want to continue? [y/N] ");
        out().flush();
        try {
            String answer = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            return answer != null && answer.strip().toLowerCase(Locale.ROOT).equals("y");
        } catch (IOException e) {
            return false; // Who cannot answer did not say yes.
        }
    }
}
