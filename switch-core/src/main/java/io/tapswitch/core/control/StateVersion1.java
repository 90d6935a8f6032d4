package io.tapswitch.core.control;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** State files of version 1: networks only, each of one IPv4 subnet. The next change writes the current version. */
final class StateVersion1 {
    private static final Set<String> FILE = Set.of("version", "networks");
    private static final Set<String> NETWORK =
            Set.of("id", "name", "created", "driver", "subnet", "gateway", "options", "labels");

    private StateVersion1() {}

    static DesiredState read(Fields any) {
        any.only(FILE);
        Map<String, Network> networks = new LinkedHashMap<>();
        for (Fields fields : any.mappings("networks", NETWORK)) {
            Network network = network(fields, networks.size());
            if (networks.put(network.id(), network) != null) {
                throw fields.refuse("id", "is that of another network too");
            }
        }
        return new DesiredState(0, networks, Map.of(), List.of(), DesiredState.FIRST_RULE);
    }

    private static Network network(Fields fields, int index) {
        String name = fields.parse("name", text -> ObjectName.check(text, "network"));
        boolean builtIn = name.equals(Network.BRIDGE);
        if (!fields.text("driver").equals(Driver.BRIDGE.word())) {
            throw fields.refuse("driver", "must be bridge in version 1");
        }
        // Version 1 did not record who chose a subnet. Taken for chosen, the network keeps what people do with it.
        Subnet subnet = new Subnet(
                fields.parse("subnet", Ipv4Prefix::parse),
                fields.parse("gateway", Ipv4Address::parse),
                null,
                Map.of(),
                !builtIn);
        return new Network(
                fields.parse("id", StateReader::checkedId),
                index,
                name,
                fields.text("created"),
                Driver.BRIDGE,
                false,
                false,
                false,
                List.of(subnet),
                fields.map("options", text -> text),
                fields.map("labels", text -> text),
                builtIn ? new Origin.BuiltIn() : new Origin.Command());
    }
}
