package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.sandbox.Plan;
import io.tapswitch.core.cli.sandbox.Sandbox;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code start}. */
@Command(
        name = "start",
        description = {
            "Runs the command of a container again that 'run' made and that ended, in the background.",
            "It has its name, hostname and networks as before, and its working directory; the environment is that of",
            "this call. Its output goes to its log. One that runs is left alone.",
            "",
            "Example:",
            "  tapswitch start www",
            "",
        })
public final class Start extends Verb {
    @Parameters(paramLabel = "CONTAINER", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> containers = new ArrayList<>();

    @Override
    public Integer call() {
        ApiClient daemon = daemon();
        JsonObject status = daemon.getObject("/status");
        int result = OK;
        for (String container : containers) {
            try {
                start(daemon, status, container);
                out().println(container);
            } catch (ApiException e) {
                err().println(e.text());
                result = FAILED;
            } catch (CliException e) {
                err().println(e.text());
                result = FAILED;
            }
        }
        return result;
    }

    private void start(ApiClient daemon, JsonObject status, String reference) {
        ContainerView found = ContainerView.of(daemon, reference);
        if (found.running()) {
            return;
        }
        if (found.command().isEmpty()) {
            throw new CliException("tapswitch: container " + reference + " was attached, not run, so there is no"
                    + " command to start: 'attach' its namespace again");
        }
        Path state = Launch.stateDirectory(status);
        Recipe recipe = Recipe.read(state, found.id());
        String joined = found.mode().equals("own") || found.mode().equals("none") ? "" : found.mode();
        Placement placement = Placement.of(daemon, status, joined, found.dns());
        Plan plan = new Plan(
                found.command(), recipe.directory(), placement.network(), placement.replaced(), null, recipe.waits());
        try (Sandbox sandbox = Sandbox.open(plan)) {
            Launch.start(daemon, sandbox, placement, state, pid -> {
                Map<String, Object> request =
                        Map.of("netns", Long.toString(pid), "init", Launch.init(pid, found.command(), false));
                JsonObject answer = daemon.post("/containers/" + found.id() + "/start", request);
                warn(answer);
                return answer;
            });
        }
    }
}
