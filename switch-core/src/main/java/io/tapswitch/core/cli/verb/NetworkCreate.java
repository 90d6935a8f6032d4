package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code network create}. */
@Command(
        name = "create",
        description = {
            "Makes a network and prints its id.",
            "",
            "Example:",
            "  tapswitch network create --subnet 10.66.0.0/16 --gateway 10.66.0.1 web",
            "",
        })
public final class NetworkCreate extends Verb {
    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "bridge, the default")
    private @Nullable String driver;

    @Option(names = "--subnet", paramLabel = "CIDR", description = "such as 10.66.0.0/16; else the next free one")
    private List<String> subnets = new ArrayList<>();

    @Option(names = "--gateway", paramLabel = "IP", description = "of the subnet; else its first address")
    private List<String> gateways = new ArrayList<>();

    @Option(
            names = {"-o", "--opt"},
            paramLabel = "KEY=VALUE",
            description = "an option of the driver, such as com.docker.network.driver.mtu=9000")
    private Map<String, String> options = new LinkedHashMap<>();

    @Parameters(paramLabel = "NAME", arity = "1", description = "the network's name")
    private String name = "";

    @Override
    public Integer call() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("name", name);
        if (driver != null) {
            request.put("driver", driver);
        }
        if (!subnets.isEmpty()) {
            request.put("subnets", subnets);
        }
        if (!gateways.isEmpty()) {
            request.put("gateways", gateways);
        }
        if (!options.isEmpty()) {
            request.put("options", options);
        }
        out().println(Json.text(daemon().post("/networks", request), "id"));
        return OK;
    }
}
