package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stop}. */
@Command(
        name = "stop",
        description = {
            "Ends what 'run' started: by SIGTERM, and by SIGKILL when that has not helped in time.",
            "The container stays, without interfaces, and 'start' runs it again.",
            "",
            "Example:",
            "  tapswitch stop -t 2 www",
            "",
        })
public final class Stop extends Verb {
    @Option(
            names = {"-t", "--time", "--timeout"},
            paramLabel = "SECONDS",
            description = "how long to wait for an end by SIGTERM; 10 is the default")
    private int seconds = 10;

    @Parameters(paramLabel = "CONTAINER", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> containers = new ArrayList<>();

    @Override
    public Integer call() {
        // The answer comes when it has ended.
        ApiClient daemon = daemon().withPatience(Duration.ofSeconds(Math.max(seconds, 0)));
        return Together.each(
                containers,
                name -> {
                    daemon.post(ApiClient.container(name) + "/stop?timeout=" + seconds, Map.of());
                    return name;
                },
                out(),
                err());
    }
}
