package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rm}. */
@Command(
        name = "rm",
        description = {
            "Removes containers.",
            "Their interfaces go, and with -f what 'run' started is ended if it still runs. The namespace and the",
            "processes of an attached container stay.",
            "",
            "Example:",
            "  tapswitch rm -f www",
            "",
        })
public final class Rm extends EachVerb {
    @Option(
            names = {"-f", "--force"},
            description = "also when what 'run' started still runs")
    private boolean force;

    @Parameters(paramLabel = "CONTAINER", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> containers = new ArrayList<>();

    @Override
    public Integer call() {
        return each(containers);
    }

    @Override
    void one(ApiClient daemon, String reference) {
        String path = "/containers/" + ApiClient.escape(reference);
        JsonObject container = daemon.getObject(path);
        daemon.delete(path + (force ? "?force=true" : ""));
        out().println(reference);
        JsonArray started = container.getArray("Command");
        if (started != null && !started.isEmpty()) {
            // The log file of a detached one is run's, not the daemon's.
            Path state = Path.of(Json.text(daemon.getObject("/status"), "stateDir"));
            Logs.delete(state, Json.text(container, "Id"));
        }
    }
}
