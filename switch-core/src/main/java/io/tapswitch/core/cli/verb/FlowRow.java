package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.LinkedHashMap;
import java.util.Map;

/** A flow as people see it. */
final class FlowRow {
    /** All fields and their headers; the first is empty unless flows are followed. */
    static final Map<String, String> HEADERS = Rows.headers(
            "Event",
            "EVENT",
            "Protocol",
            "PROTOCOL",
            "Container",
            "CONTAINER",
            "Network",
            "NETWORK",
            "Kind",
            "KIND",
            "Inside",
            "INSIDE",
            "Outside",
            "OUTSIDE",
            "Peer",
            "PEER",
            "State",
            "STATE",
            "Idle",
            "IDLE",
            "PacketsToPeer",
            "PACKETS TO PEER",
            "BytesToPeer",
            "BYTES TO PEER",
            "PacketsToContainer",
            "PACKETS TO CONTAINER",
            "BytesToContainer",
            "BYTES TO CONTAINER",
            "Packets",
            "PACKETS",
            "Bytes",
            "BYTES");

    /** The columns that are shown when nobody chooses others. */
    static final String[] USUAL = {
        "Protocol", "Container", "Kind", "Inside", "Outside", "Peer", "State", "Idle", "Packets", "Bytes"
    };

    private FlowRow() {}

    /** {@return the values, in the order of the headers} */
    static String[] values(String event, JsonObject flow) {
        String state = Json.text(flow, "state");
        return new String[] {
            event,
            Json.text(flow, "protocol"),
            Json.text(flow, "container"),
            Json.text(flow, "network"),
            Json.text(flow, "kind"),
            endpoint(flow, "inside"),
            endpoint(flow, "outside"),
            endpoint(flow, "peer"),
            state.isEmpty() ? "-" : state,
            flow.getLong("idleMs") / 1000 + "s",
            Json.text(flow, "packetsToPeer"),
            Json.text(flow, "bytesToPeer"),
            Json.text(flow, "packetsToContainer"),
            Json.text(flow, "bytesToContainer"),
            Json.text(flow, "packetsToPeer") + " / " + Json.text(flow, "packetsToContainer"),
            Json.text(flow, "bytesToPeer") + " / " + Json.text(flow, "bytesToContainer"),
        };
    }

    /** {@return the values by field} */
    static Map<String, String> fields(String event, JsonObject flow) {
        Map<String, String> fields = new LinkedHashMap<>();
        String[] values = values(event, flow);
        int i = 0;
        for (String field : HEADERS.keySet()) {
            fields.put(field, values[i++]);
        }
        return fields;
    }

    /** {@return what tells flows apart} */
    static String key(JsonObject flow) {
        return Json.text(flow, "protocol")
                + ' '
                + Json.text(flow, "network")
                + ' '
                + Json.text(flow, "kind")
                + ' '
                + endpoint(flow, "inside")
                + ' '
                + endpoint(flow, "outside")
                + ' '
                + endpoint(flow, "peer");
    }

    /** {@return one line, for flows that are followed} */
    static String line(String event, JsonObject flow) {
        String arrow = Json.text(flow, "kind").equals("in") ? " <- " : " -> ";
        String state = Json.text(flow, "state");
        return event + ' ' + Json.text(flow, "protocol") + ' ' + Json.text(flow, "container") + ' '
                + endpoint(flow, "inside") + arrow + endpoint(flow, "outside") + arrow + endpoint(flow, "peer")
                + (state.isEmpty() ? "" : ' ' + state)
                + " packets " + Json.text(flow, "packetsToPeer") + '/' + Json.text(flow, "packetsToContainer")
                + " bytes " + Json.text(flow, "bytesToPeer") + '/' + Json.text(flow, "bytesToContainer");
    }

    private static String endpoint(JsonObject flow, String side) {
        String address = Json.text(flow, side);
        String port = Json.text(flow, side + "Port");
        return (address.contains(":") ? '[' + address + ']' : address) + ':' + port;
    }
}
