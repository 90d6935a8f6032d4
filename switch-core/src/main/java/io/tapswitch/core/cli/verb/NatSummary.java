package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What NAT counts, in one or two lines for people. */
final class NatSummary {
    private static final String REFUSED = "refused_";
    private static final List<String> NOTABLE =
            List.of("port_overloaded", "port_reclaimed", "evicted", "expired", "recovered", "torn");

    private NatSummary() {}

    /** {@return lines about these counters; none without NAT} */
    static List<String> of(JsonObject nat) {
        if (nat.isEmpty()) {
            return List.of();
        }
        List<String> lines = new ArrayList<>();
        lines.add("NAT flows: " + Json.text(nat, "flows") + " of " + Json.text(nat, "capacity")
                + "   begun out: " + Json.text(nat, "outbound_flows")
                + "   begun in: " + Json.text(nat, "inbound_flows")
                + NOTABLE.stream()
                        .filter(name -> nat.getLong(name) > 0)
                        .map(name -> "   " + name.replace('_', ' ') + ": " + Json.text(nat, name))
                        .collect(Collectors.joining()));
        String refused = nat.keySet().stream()
                .filter(name -> name.startsWith(REFUSED) && nat.getLong(name) > 0)
                .sorted()
                .map(name -> name.substring(REFUSED.length()) + ' ' + Json.text(nat, name))
                .collect(Collectors.joining(", "));
        if (!refused.isEmpty()) {
            lines.add("NAT refused: " + refused + " (tapswitch drops says what these mean)");
        }
        return lines;
    }
}
