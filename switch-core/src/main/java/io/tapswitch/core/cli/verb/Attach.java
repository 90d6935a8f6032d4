package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.format.Json;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code attach}. */
@Command(
        name = "attach",
        description = {
            "Gives an existing network namespace an interface in a network, and prints the container's id.",
            "",
            "Example:",
            "  ip netns add blue",
            "  tapswitch attach --netns blue --network web",
            "",
        })
public final class Attach extends Verb {
    @Option(
            names = "--netns",
            required = true,
            paramLabel = "NAME|PATH|PID",
            description = "a name under /run/netns, a path if there is a slash in it, a process if it is all digits")
    private String netns = "";

    @Option(names = "--queues", paramLabel = "N", description = "queues of the interface; 1 is the default")
    private @Nullable Integer queues;

    @Mixin
    private AttachOptions options = new AttachOptions();

    @Override
    public Integer call() {
        // The daemon has another working directory than this process.
        String where = netns.indexOf('/') >= 0
                ? Path.of(netns).toAbsolutePath().normalize().toString()
                : netns;
        Map<String, Object> request = options.request(where);
        if (queues != null) {
            request.put("queues", queues);
        }
        out().println(Json.text(daemon().post("/containers", request), "id"));
        return OK;
    }
}
