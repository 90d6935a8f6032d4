package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.stream.Collectors;

/** What went through published ports, a row each. */
final class PortRows {
    private PortRows() {}

    static Rows of(JsonArray published) {
        Rows rows = Rows.of(
                "Container",
                "Port",
                "Published",
                "Connections",
                "Refused",
                "PacketsIn",
                "BytesIn",
                "PacketsOut",
                "BytesOut",
                "Allow");
        for (JsonObject port : Json.objects(published)) {
            rows.row(
                    Json.text(port, "container"),
                    inside(port),
                    host(port),
                    Json.text(port, "connections"),
                    Json.text(port, "refused"),
                    Json.text(port, "packetsIn"),
                    Json.text(port, "bytesIn"),
                    Json.text(port, "packetsOut"),
                    Json.text(port, "bytesOut"),
                    allow(port));
        }
        return rows;
    }

    private static String allow(JsonObject port) {
        JsonArray prefixes = port.getArray("allow");
        return prefixes == null || prefixes.isEmpty()
                ? "any"
                : prefixes.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static String inside(JsonObject port) {
        long first = port.getLong("containerPort");
        long count = port.getLong("lastHostPort") - port.getLong("hostPort");
        return range(first, first + count) + '/' + Json.text(port, "protocol");
    }

    private static String host(JsonObject port) {
        String address = Json.text(port, "address");
        String shown = address.isEmpty() ? "*" : address.contains(":") ? '[' + address + ']' : address;
        boolean inForce = Boolean.TRUE.equals(port.get("inForce"));
        String waiting = Json.text(port, "waiting");
        return shown
                + ':'
                + range(port.getLong("hostPort"), port.getLong("lastHostPort"))
                + (inForce ? "" : waiting.isEmpty() ? " (not in force)" : " (waits: " + waiting + ")");
    }

    private static String range(long first, long last) {
        return last == 0 ? "-" : first == last ? Long.toString(first) : first + "-" + last;
    }
}
