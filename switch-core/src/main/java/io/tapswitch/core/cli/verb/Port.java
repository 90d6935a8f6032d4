package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.NaturalOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code port}. */
@Command(
        name = "port",
        description = {
            "Shows where at the host a container's published ports are, a line each; or one of them.",
            "",
            "Example:",
            "  tapswitch port www",
            "  tapswitch port www 53/udp",
            "",
        })
public final class Port extends Verb {
    private static final int PORT_MAX = 65_535;

    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(
            paramLabel = "PRIVATE_PORT[/PROTO]",
            index = "1",
            arity = "0..1",
            description = "one of the container's ports; tcp when no protocol is given")
    private @Nullable String port;

    @Override
    public Integer call() {
        String wanted = port == null ? null : wanted(port);
        JsonObject found = daemon().getObject(ApiClient.container(container));
        JsonObject ports = Json.object(Json.object(found, "NetworkSettings"), "Ports");
        List<String> lines = new ArrayList<>();
        if (wanted == null) {
            ports.keySet().forEach(inside -> at(ports, inside).forEach(at -> lines.add(inside + " -> " + at)));
        } else {
            lines.addAll(at(ports, wanted));
            if (lines.isEmpty()) {
                throw new CliException("Error: No public port '" + wanted + "' published for " + container);
            }
        }
        lines.sort(new NaturalOrder());
        lines.forEach(out()::println);
        return OK;
    }

    private static String wanted(String text) {
        int slash = text.indexOf('/');
        String number = slash < 0 ? text : text.substring(0, slash);
        String protocol = slash < 0 || slash == text.length() - 1 ? "tcp" : text.substring(slash + 1);
        if (!number.matches("\\d{1,5}") || Integer.parseInt(number) > PORT_MAX) {
            throw new CliException("Error: invalid port (" + number + ")");
        }
        return Integer.parseInt(number) + "/" + protocol;
    }

    private static List<String> at(JsonObject ports, String inside) {
        JsonArray bindings = ports.getArray(inside);
        return Json.objects(bindings).stream()
                .map(binding -> Ports.bracketed(Json.text(binding, "HostIp")) + ":" + Json.text(binding, "HostPort"))
                .toList();
    }
}
