package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code network inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows all there is to know of networks, as a JSON array with docker's keys.",
            "",
            "Example:",
            "  tapswitch network inspect web",
            "  tapswitch network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' web",
            "",
        })
public final class NetworkInspect extends Inspection {
    @Parameters(paramLabel = "NETWORK", arity = "1..*", description = "name, id, or the beginning of an id")
    private List<String> networks = new ArrayList<>();

    @Override
    public Integer call() {
        return inspect(networks);
    }

    @Override
    JsonObject find(ApiClient daemon, String reference) {
        return daemon.getObject(ApiClient.network(reference));
    }
}
