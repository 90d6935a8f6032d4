package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code node ls}. */
@Command(
        name = "ls",
        aliases = "list",
        description = {
            "Lists the hosts of the cluster; behind the id of this one is a *.",
            "Filters: id, name, status=ready|unseen|refused|unreachable|unknown.",
            "",
            "STATUS is 'ready', 'unseen for 12s' when its sign of life ended so long ago (15 s after the last one),",
            "'refused' when another host has its tunnel address, 'unreachable' when it does not have that address",
            "itself at the moment, and 'unknown' when this host cannot ask the store.",
            "What a host that is not seen has stays as it is.",
            "",
            "Example:",
            "  tapswitch node ls --filter status=unseen",
            "  tapswitch node ls --format '{{.Hostname}} {{.Address}}'",
            "",
        })
public final class NodeLs extends Verb {
    @Mixin
    private ListFlags flags = new ListFlags();

    @Override
    public Integer call() {
        Rows rows = new Rows(
                Rows.headers(
                        "Address",
                        "ADDRESS",
                        "Containers",
                        "CONTAINERS",
                        "Hostname",
                        "HOSTNAME",
                        "ID",
                        "ID",
                        "Networks",
                        "NETWORKS",
                        "Self",
                        "SELF",
                        "Status",
                        "STATUS"),
                "ID",
                "Hostname",
                "Address",
                "Status",
                "Networks",
                "Containers");
        String format = flags.format.name;
        boolean usual = format == null || format.isEmpty() || format.equals("table");
        for (JsonObject node : Json.objects(daemon().getArray(flags.filter.on("/nodes")))) {
            boolean marked = node.getBoolean("self") && usual && !flags.quiet;
            rows.row(
                    Json.text(node, "address"),
                    Json.text(node, "containers"),
                    Json.text(node, "name"),
                    flags.id(Json.text(node, "id")) + (marked ? " *" : ""),
                    Json.text(node, "networks"),
                    Json.text(node, "self"),
                    status(node));
        }
        out().print(rows.render(flags.quiet && usual ? "{{.ID}}" : format));
        return OK;
    }

    /** {@return a host's status as people say it} */
    static String status(JsonObject node) {
        String seconds = Json.text(node, "unseenSeconds");
        return Json.text(node, "status") + (seconds.isEmpty() ? "" : " for " + seconds + "s");
    }
}
