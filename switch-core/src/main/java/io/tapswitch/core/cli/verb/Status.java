package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Table;
import io.tapswitch.core.cli.format.Template;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code status}. */
@Command(
        name = "status",
        description = {
            "Shows which daemon answers, its I/O path, its ways to the outside, its cluster, and its warnings.",
            "",
            "Of names of the outside it shows who is asked, and whether they answer.",
            "",
            "Example:",
            "  tapswitch status",
            "  tapswitch status --format '{{.io}}'",
            "",
        })
public final class Status extends Verb {
    /** Where nothing is said of the port of tunnels. */
    private static final int VXLAN_PORT = 4789;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        boolean json = format.json();
        JsonObject status = daemon().getObject("/status");
        if (json) {
            out().print(Json.pretty(status));
            return OK;
        }
        if (format.name != null && !format.name.isEmpty() && !format.name.equals("table")) {
            out().println(Template.parse(format.name).apply(status));
            return OK;
        }
        Table table = new Table("DAEMON", "unix://" + socket());
        for (Map.Entry<String, Object> member : status.entrySet()) {
            if (member.getValue() instanceof JsonObject publications
                    && member.getKey().equals("publications")) {
                table.row("publications", publications(publications));
            } else if (member.getValue() instanceof JsonObject names
                    && member.getKey().equals("names")) {
                NamesSummary.addTo(table, names);
            } else if (member.getValue() instanceof JsonObject cluster
                    && member.getKey().equals("cluster")) {
                ClusterSummary.addTo(table, cluster);
            } else if (member.getValue() instanceof JsonObject outside) {
                addOutside(table, outside);
            } else if (member.getValue() != null && !(member.getValue() instanceof JsonArray)) {
                table.row(member.getKey(), String.valueOf(member.getValue()));
            }
        }
        out().print(table.render());
        JsonArray warnings = status.getArray("warnings");
        if (warnings != null) {
            warnings.forEach(warning -> out().println("warning: " + warning));
        }
        return OK;
    }

    private static String publications(JsonObject publications) {
        long container = publications.getLong("waitingForContainer");
        long host = publications.getLong("waitingForHost");
        return Json.text(publications, "inForce") + " in force"
                + (container == 0 ? "" : ", " + container + " waiting for a container")
                + (host == 0 ? "" : ", " + host + " waiting for a port that a process of the host has");
    }

    private static void addOwn(Table table, JsonObject uplink, JsonObject own) {
        String gateways = Json.objects(own.getArray("gateways")).stream()
                .map(gateway -> ", gateway " + Json.text(gateway, "address") + " "
                        + (Json.text(gateway, "mac").isEmpty() ? "unresolved" : "at " + Json.text(gateway, "mac")))
                .collect(Collectors.joining());
        table.row(
                "uplink " + Json.text(uplink, "device"),
                "dedicated, MAC " + Json.text(own, "mac") + gateways + ", MTU " + Json.text(uplink, "mtu"));
    }

    private static void addOutside(Table table, JsonObject outside) {
        for (JsonObject uplink : Json.objects(outside.getArray("uplinks"))) {
            boolean steered = Boolean.TRUE.equals(uplink.get("steered"));
            boolean first = Boolean.TRUE.equals(uplink.get("first"));
            JsonObject own = uplink.getObject("own");
            if (own != null) {
                addOwn(table, uplink, own);
                continue;
            }
            table.row(
                    "uplink " + Json.text(uplink, "device"),
                    (steered ? "steered" + (first ? "" : ", but another program comes first") : "not steered")
                            + ", MTU " + Json.text(uplink, "mtu"));
        }
        JsonObject tunnels = outside.getObject("tunnels");
        if (tunnels != null) {
            String reason = Json.text(tunnels, "reason");
            String port = tunnels.getLong("udpPort") == VXLAN_PORT ? "" : ", UDP port " + Json.text(tunnels, "udpPort");
            table.row("tunnels", "by " + Json.text(tunnels, "way") + port + (reason.isEmpty() ? "" : ": " + reason));
            for (JsonObject peer : Json.objects(tunnels.getArray("peers"))) {
                table.row(
                        "tunnel " + Json.text(peer, "network"),
                        Json.text(tunnels, "local") + " on " + Json.text(tunnels, "device") + " to "
                                + Json.text(peer, "remote") + ", VXLAN " + Json.text(peer, "vni")
                                + (peer.getLong("pathMtu") < tunnels.getLong("mtu")
                                        ? ", path MTU " + Json.text(peer, "pathMtu")
                                        : ""));
            }
        }
        JsonArray addresses = outside.getArray("addresses");
        table.row(
                "addresses",
                addresses == null ? "" : addresses.stream().map(String::valueOf).collect(Collectors.joining(" ")));
        String excluded = outside.getLong("excludedFirst") == 0
                ? ""
                : " without " + Json.text(outside, "excludedFirst") + "-" + Json.text(outside, "excludedLast")
                        + " of the host's own clients";
        table.row("natPorts", Json.text(outside, "firstPort") + "-" + Json.text(outside, "lastPort") + excluded);
        table.row("udpTimeout", Json.text(outside, "udpTimeoutSeconds") + "s");
        table.row("grace", Json.text(outside, "graceSeconds") + "s");
    }
}
