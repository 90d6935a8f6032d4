package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code network disconnect}. */
@Command(
        name = "disconnect",
        description = {
            "Takes a container's interface in a network away. Prints nothing.",
            "",
            "Example:",
            "  tapswitch network disconnect web www",
            "",
        })
public final class NetworkDisconnect extends Verb {
    @Option(
            names = {"-f", "--force"},
            description = "also when the container or its interface is gone, or is on a host of the cluster that"
                    + " is dead")
    private boolean force;

    @Parameters(paramLabel = "NETWORK", index = "0", description = "name, id, or the beginning of an id")
    private String network = "";

    @Parameters(paramLabel = "CONTAINER", index = "1", description = "name, id, or the beginning of an id")
    private String container = "";

    @Override
    public Integer call() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("container", container);
        request.put("force", force);
        daemon().post(ApiClient.network(network) + "/disconnect", request);
        return OK;
    }
}
