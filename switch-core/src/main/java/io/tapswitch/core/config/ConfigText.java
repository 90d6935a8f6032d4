package io.tapswitch.core.config;

import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.config.Configuration.DeclaredPort;
import io.tapswitch.core.config.Configuration.DefaultNetwork;
import io.tapswitch.core.config.Configuration.Nat;
import io.tapswitch.core.config.Configuration.Uplink;
import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.model.Driver;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
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
        return of(configuration, List.of());
    }

    /** {@return the file, with what another one publishes besides} */
    public static String of(Configuration configuration, List<Configuration> others) {
        return new ConfigText(configuration).write(others);
    }

    private String write(List<Configuration> others) {
        uplink(configuration.uplink());
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
        if (configuration.publishAddress() != null) {
            value(0, "publish-address", configuration.publishAddress().toString());
        }
        List<Configuration> all = new ArrayList<>(List.of(configuration));
        all.addAll(others);
        if (all.stream().anyMatch(one -> !one.ports().isEmpty())) {
            text.append("publish:\n");
        }
        for (Configuration one : all) {
            one.ports().forEach(port -> port(one, port));
        }
        if (!configuration.nat().equals(Nat.DEFAULT)) {
            text.append("nat:\n");
            value(1, "udp-timeout", configuration.nat().udpTimeout().toSeconds() + "s");
            value(1, "port-range", configuration.nat().ports().toString());
        }
        dns(configuration.dns());
        overlay(configuration.overlay());
        return text.toString();
    }

    private void overlay(OverlaySettings overlay) {
        if (overlay.equals(OverlaySettings.NONE)) {
            return;
        }
        text.append("overlay:\n");
        optional("local", overlay.local());
        text.append("  port: ").append(overlay.port()).append('\n');
        if (!overlay.peers().isEmpty()) {
            text.append("  peers:\n");
        }
        for (int i = 0; i < overlay.peers().size(); i++) {
            OverlaySettings.Peer peer = overlay.peers().get(i);
            text.append("    - {network: ")
                    .append(quoted(peer.network()))
                    .append(", vni: ")
                    .append(peer.vni())
                    .append(", remote: ")
                    .append(quoted(peer.remote().toString()))
                    .append("}  # line ")
                    .append(configuration.line(OverlaySettings.path(i)))
                    .append('\n');
        }
    }

    private void dns(DnsSettings dns) {
        if (!dns.equals(DnsSettings.DEFAULT)) {
            text.append("dns:\n");
            if (dns.upstream() != null) {
                value(1, "upstream", DnsEntries.texts(dns.upstream()));
            }
            value(1, "address", dns.address().toString());
            value(1, "ttl", dns.ttlSeconds() + "s");
            value(1, "negative-ttl", dns.negativeTtlSeconds() + "s");
            value(1, "suffix-in-ptr", String.valueOf(dns.suffixInPointers()));
            value(1, "generated-names", String.valueOf(dns.generatedNames()));
            oneOrMore("search", dns.search());
            if (!dns.records().isEmpty()) {
                value(1, "records", DnsEntries.words(dns.records()));
            }
        }
    }

    private void uplink(@Nullable Uplink uplink) {
        if (uplink == null) {
            return;
        }
        text.append("uplink:\n  mode: ").append(uplink.mode().word()).append('\n');
        optional("interface", uplink.device());
        OwnAddress own = uplink.own();
        if (own != null) {
            value(1, "parent", own.parent());
            oneOrMore("address", own.addresses());
            oneOrMore("gateway", own.gateways());
        }
    }

    private void oneOrMore(String key, List<?> values) {
        List<String> words = values.stream().map(Object::toString).toList();
        if (!words.isEmpty()) {
            value(1, key, words.size() == 1 ? words.getFirst() : words);
        }
    }

    private void optional(String key, @Nullable Object value) {
        if (value != null) {
            value(1, key, value.toString());
        }
    }

    /** An entry for each port: so each has its line. */
    private void port(Configuration of, DeclaredPort port) {
        text.append("  - {container: ")
                .append(quoted(port.container()))
                .append(", ports: [")
                .append(quoted(port.asked().toString()))
                .append(']');
        if (!port.allow().isEmpty()) {
            text.append(", allow: ")
                    .append(quoted(port.allow().stream().map(Object::toString).toList()));
        }
        text.append("}  # ");
        if (!of.file().equals(configuration.file())) {
            text.append(of.file()).append(", ");
        }
        text.append("line ").append(port.line()).append('\n');
    }

    private void single(String key, List<String> values) {
        values.forEach(value -> value(1, key, value));
    }

    private void network(DeclaredNetwork network) {
        key(1, quoted(network.name()), network.line());
        SubnetRequest addresses = network.addresses();
        if (network.driver() != Driver.BRIDGE) {
            value(2, "driver", network.driver().word());
        }
        several("subnet", addresses.subnets());
        several("gateway", addresses.gateways());
        several("ip-range", addresses.ipRanges());
        words("aux-addresses", addresses.auxAddresses());
        flag("internal", addresses.internal());
        flag("ipv6", addresses.ipv6());
        flag("attachable", network.attachable());
        words("options", network.options());
        words("labels", network.labels());
        List<InetSocketAddress> upstream = configuration.dns().ofNetworks().get(network.name());
        if (upstream != null) {
            value(2, "dns", Map.of("upstream", DnsEntries.texts(upstream)));
        }
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
