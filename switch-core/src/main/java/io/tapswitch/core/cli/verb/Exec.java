package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.sandbox.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code exec}. */
@Command(
        name = "exec",
        description = {
            "Runs a command in a container, and ends with its exit code.",
            "It is in all namespaces of what 'run' made, and in the network namespace of what was attached.",
            "",
            "Example:",
            "  tapswitch exec www ip addr",
            "",
        })
public final class Exec extends Verb {
    @Mixin
    private Stdio stdio = new Stdio();

    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(paramLabel = "COMMAND", index = "1..*", arity = "1..*", description = "the command and its arguments")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() {
        boolean input = stdio.input();
        JsonObject found = daemon().getObject("/containers/" + ApiClient.escape(container));
        JsonObject state = Json.object(found, "State");
        if (!Json.text(state, "Status").equals("running")) {
            throw new CliException(
                    "Error response from daemon: container " + Json.text(found, "Id") + " is not running");
        }
        JsonArray started = found.getArray("Command");
        Entry entry = started != null && !started.isEmpty()
                ? Entry.ofProcess(state.getLong("Pid"))
                : Entry.ofNetworkNamespace(Path.of(Json.text(found, "Netns")));
        return entry.run(command, input);
    }
}
