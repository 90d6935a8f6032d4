package io.tapswitch.core.config;

import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.config.Configuration.DefaultNetwork;
import io.tapswitch.core.ipam.SubnetRequest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/** A configuration as a file that says the same, with the line of the original behind each object. */
public final class ConfigText {
    private static final JsonMapper JSON = new JsonMapper();

    private final StringBuilder text = new StringBuilder();
    private final Configuration configuration;

    private ConfigText(Configuration configuration) {
        this.configuration = configuration;
    }

    /** {@return the file} */
    public static String of(Configuration configuration) {
        return new ConfigText(configuration).write();
    }

    private String write() {
        text.append("uplink:\n  mode: none\n");
        DefaultNetwork bridge = configuration.defaultNetwork();
        if (bridge != null) {
            key(0, "default-network", bridge.line());
            single("subnet", bridge.addresses().subnets());
            single("gateway", bridge.addresses().gateways());
        }
        if (!configuration.networks().isEmpty()) {
            text.append("networks:\n");
        }
        configuration.networks().forEach(this::network);
        return text.toString();
    }

    private void single(String key, List<String> values) {
        values.forEach(value -> value(1, key, value));
    }

    private void network(DeclaredNetwork network) {
        key(1, quoted(network.name()), network.line());
        SubnetRequest addresses = network.addresses();
        several("subnet", addresses.subnets());
        several("gateway", addresses.gateways());
        several("ip-range", addresses.ipRanges());
        words("aux-addresses", addresses.auxAddresses());
        flag("internal", addresses.internal());
        flag("ipv6", addresses.ipv6());
        flag("attachable", network.attachable());
        words("options", network.options());
        words("labels", network.labels());
    }

    private void key(int depth, String key, int line) {
        text.append("  ".repeat(depth))
                .append(key)
                .append(":  # line ")
                .append(line)
                .append('\n');
    }

    private void value(int depth, String key, Object value) {
        text.append("  ".repeat(depth))
                .append(key)
                .append(": ")
                .append(quoted(value))
                .append('\n');
    }

    private void several(String key, List<String> values) {
        if (!values.isEmpty()) {
            value(2, key, values.size() == 1 ? values.getFirst() : values);
        }
    }

    private void words(String key, Map<String, String> words) {
        if (!words.isEmpty()) {
            value(2, key, new TreeMap<>(words));
        }
    }

    private void flag(String key, boolean value) {
        if (value) {
            value(2, key, true);
        }
    }

    /** JSON is YAML, and says of every text that it is one. */
    private static String quoted(Object value) {
        return JSON.writeValueAsString(value);
    }
}
