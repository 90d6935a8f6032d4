package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code publish}. */
@Command(
        name = "publish",
        description = {
            "Shows ports of a container at the host, at once.",
            "All of them or none. What else is published, and the connections over it, notice nothing. Prints where",
            "they are, as ps does. They stay until they are unpublished or the container is removed, also while it is",
            "stopped.",
            "A port is written as for docker run -p:",
            "  [ADDRESS:][HOST_PORT[-LAST]:]CONTAINER_PORT[-LAST][/tcp|/udp|/sctp]",
            "Without a host port, one is chosen; of several for one port of the container, the first free one.",
            "",
            "Example:",
            "  tapswitch publish www 8080:80",
            "  tapswitch publish www 127.0.0.1:8443:443 5000-5100:2000-2100/udp",
            "  tapswitch publish --allow 192.0.2.0/24 db 5432:5432",
            "",
        })
public final class Publish extends Verb {
    @Option(
            names = "--allow",
            paramLabel = "CIDR",
            description = "address or prefix of either family whose packets may come; repeatable, else everyone's")
    private List<String> allow = new ArrayList<>();

    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(paramLabel = "PORT", index = "1..*", arity = "1..*", description = "what to publish")
    private List<String> ports = new ArrayList<>();

    @Override
    public Integer call() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("ports", ports);
        if (!allow.isEmpty()) {
            request.put("allow", allow);
        }
        JsonObject published = daemon().post(ApiClient.container(container) + "/publish", request);
        Json.objects(published.getArray("ports")).forEach(port -> out().println(Ports.words(List.of(port))));
        warn(published);
        return OK;
    }
}
