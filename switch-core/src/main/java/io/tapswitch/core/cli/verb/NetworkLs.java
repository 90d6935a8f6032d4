package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code network ls}. */
@Command(
        name = "ls",
        aliases = "list",
        description = {
            "Lists the networks.",
            "Filters: driver, id, name, label, scope, type=custom|builtin, dangling=true|false.",
            "",
            "Example:",
            "  tapswitch network ls --no-trunc --filter type=custom",
            "  tapswitch network ls --format '{{.Name}}: {{.Driver}}'",
            "",
        })
public final class NetworkLs extends Verb {
    @Mixin
    private ListFlags flags = new ListFlags();

    @Override
    public Integer call() {
        Rows rows = new Rows(
                Rows.headers(
                        "CreatedAt",
                        "CREATED AT",
                        "Driver",
                        "DRIVER",
                        "ID",
                        "NETWORK ID",
                        "IPv6",
                        "IPV6",
                        "Internal",
                        "INTERNAL",
                        "Labels",
                        "LABELS",
                        "Name",
                        "NAME",
                        "Scope",
                        "SCOPE"),
                "ID",
                "Name",
                "Driver",
                "Scope");
        for (JsonObject network : Json.objects(daemon().getArray(flags.filter.on("/networks")))) {
            rows.row(
                    Json.text(network, "Created"),
                    Json.text(network, "Driver"),
                    flags.id(Json.text(network, "Id")),
                    Json.text(network, "EnableIPv6"),
                    Json.text(network, "Internal"),
                    labels(Json.object(network, "Labels")),
                    Json.text(network, "Name"),
                    Json.text(network, "Scope"));
        }
        String format = flags.format.name;
        // As with docker's network ls, a format that was chosen goes before -q.
        boolean usual = format == null || format.equals("table");
        out().print(rows.render(flags.quiet && usual ? "{{.ID}}" : format));
        return OK;
    }

    /** {@return labels as docker's lists show them} */
    static String labels(JsonObject labels) {
        return labels.entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .collect(Collectors.joining(","));
    }
}
