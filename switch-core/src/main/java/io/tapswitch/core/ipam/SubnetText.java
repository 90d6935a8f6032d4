package io.tapswitch.core.ipam;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A subnet in JSON, as the state file and the cluster store hold it. */
public final class SubnetText {
    /** Its keys. */
    public static final Set<String> KEYS = Set.of("subnet", "gateway", "range", "reserved", "configured");

    private SubnetText() {}

    /** {@return the keys and values of a subnet} */
    public static Map<String, Object> write(Subnet subnet) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("subnet", subnet.prefix().toString());
        map.put("gateway", subnet.gateway().toString());
        if (subnet.range() != null) {
            map.put("range", subnet.range().toString());
        }
        Map<String, String> reserved = new TreeMap<>();
        subnet.reserved().forEach((name, address) -> reserved.put(name, address.toString()));
        map.put("reserved", reserved);
        map.put("configured", subnet.configured());
        return map;
    }

    /** {@return the subnet that keys and values mean} */
    public static Subnet read(Fields fields) {
        fields.node("configured");
        return new Subnet(
                fields.parse("subnet", IpPrefix::parse),
                fields.parse("gateway", IpAddress::parse),
                fields.optionalParse("range", IpPrefix::parse),
                fields.map("reserved", IpAddress::parse),
                fields.flag("configured", false));
    }
}
