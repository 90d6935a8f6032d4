package io.tapswitch.core.config;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.Node;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.TextFile;
import io.tapswitch.core.document.YamlDocument;
import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Labels;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Theory of operation: how the configuration file is read.
 *
 * <pre>
 *   bytes -> text (TextFile)  -> tree with lines (YamlDocument) -> Configuration (here) -> plan (control.Reconciler)
 *   size, UTF-8, kind of file    syntax, keys twice, aliases       keys, types, forms      meaning, collisions
 * </pre>
 *
 * <p>Everything before the plan depends on the file alone, and a fault in any stage ends the reading: there is never
 * half a configuration. A fault is one line, {@code FILE:LINE: KEY: what is wrong and what would be right}. Keys of
 * later versions are known by name and refused by it, so that a file written for them does not seem to work.
 *
 * <p>An empty file is an empty configuration. A mapping may be left empty; a single value may not.
 */
public final class ConfigFile {
    /** A thousand networks have 100 KiB. */
    static final int BYTES_MAX = 4 << 20;

    private static final Set<String> LATER = Set.of("macvlan");

    private static final Set<String> ROOT =
            Set.of("uplink", "default-network", "networks", "publish", "publish-address", "nat", "dns", "overlay");
    private static final Set<String> DEFAULT_NETWORK = Set.of("subnet", "gateway");
    private static final Set<String> NETWORK = Set.of(
            "driver",
            "subnet",
            "gateway",
            "ip-range",
            "aux-addresses",
            "internal",
            "ipv6",
            "attachable",
            "options",
            "labels",
            "dns");

    private ConfigFile() {}

    /** {@return what a file declares} */
    public static Configuration read(Path file) {
        return parse(file.toString(), text(file));
    }

    /** {@return what stands in a file} */
    static String text(Path file) {
        return TextFile.read(file, BYTES_MAX);
    }

    /** {@return what a text declares; the file's name is for refusals} */
    public static Configuration parse(String file, String text) {
        Source source = new Source(file);
        Node root = YamlDocument.parse(source, text);
        if (root == null) {
            return Configuration.empty(file);
        }
        Fields fields = Fields.ofAnyKeysOrNothing(source, "", root);
        for (String key : fields.keys()) {
            if (LATER.contains(key)) {
                throw fields.refuse(key, "is not in this version");
            }
        }
        fields.only(ROOT);
        Map<String, Integer> lines = lines(fields);
        lines.putAll(OverlayEntries.lines(fields));
        IpAddress publishAddress = fields.optionalParse("publish-address", IpAddress::parse);
        return new Configuration(
                file,
                defaultNetwork(fields),
                networks(fields),
                OutsideEntries.uplink(fields),
                publishAddress,
                PublishEntries.read(fields, publishAddress),
                OutsideEntries.nat(fields),
                DnsEntries.read(fields),
                OverlayEntries.read(fields),
                lines);
    }

    private static Configuration.@org.jspecify.annotations.Nullable DefaultNetwork defaultNetwork(Fields root) {
        if (!root.has("default-network")) {
            return null;
        }
        Fields fields = root.anyKeysOrNothing("default-network").only(DEFAULT_NETWORK);
        refuseWithoutSubnet(fields, "gateway");
        SubnetRequest addresses = new SubnetRequest(
                fields.has("subnet") ? List.of(fields.parse("subnet", form(Ipv4Prefix::parse))) : List.of(),
                fields.has("gateway") ? List.of(fields.parse("gateway", form(Ipv4Address::parse))) : List.of(),
                List.of(),
                Map.of(),
                false,
                false);
        return new Configuration.DefaultNetwork(root.line("default-network"), lines(fields), addresses);
    }

    private static List<Configuration.DeclaredNetwork> networks(Fields root) {
        Fields all = root.anyKeysOrNothing("networks");
        List<Configuration.DeclaredNetwork> networks = new ArrayList<>();
        for (String name : all.keys()) {
            if (Network.PREDEFINED.contains(name)) {
                throw all.refuse(
                        name,
                        "operation is not permitted on predefined " + name + " network"
                                + (name.equals(Network.BRIDGE) ? "; its subnet is set by default-network" : ""));
            }
            try {
                ObjectName.check(name, "network");
            } catch (Refusal e) {
                throw all.refuse(name, e.sentence());
            }
            Fields fields = all.anyKeysOrNothing(name).only(NETWORK);
            networks.add(new Configuration.DeclaredNetwork(
                    name,
                    all.line(name),
                    lines(fields),
                    driver(fields),
                    addresses(fields),
                    fields.flag("attachable", false),
                    fields.words("options"),
                    labels(fields)));
        }
        return networks;
    }

    private static Map<String, String> labels(Fields fields) {
        try {
            return Labels.check(fields.words("labels"));
        } catch (Refusal e) {
            throw fields.refuse("labels", e.sentence());
        }
    }

    private static Driver driver(Fields fields) {
        String driver = fields.optionalText("driver");
        if (driver != null && Driver.LATER.contains(driver)) {
            throw fields.refuse("driver", driver + " is not in this version");
        }
        if (driver == null || driver.equals(Driver.BRIDGE.word())) {
            return Driver.BRIDGE;
        }
        if (driver.equals(Driver.OVERLAY.word())) {
            return Driver.OVERLAY;
        }
        throw fields.refuse("driver", "must be bridge or overlay, is " + driver);
    }

    private static SubnetRequest addresses(Fields fields) {
        for (String key : List.of("gateway", "ip-range", "aux-addresses")) {
            refuseWithoutSubnet(fields, key);
        }
        Fields inner = fields.anyKeysOrNothing("aux-addresses");
        Map<String, String> aux = new LinkedHashMap<>();
        inner.keys().forEach(name -> aux.put(name, inner.parse(name, form(IpAddress::parse))));
        return new SubnetRequest(
                fields.oneOrMore("subnet", form(IpPrefix::parse)),
                fields.oneOrMore("gateway", form(IpAddress::parse)),
                fields.oneOrMore("ip-range", form(IpPrefix::parse)),
                aux,
                fields.flag("ipv6", false),
                fields.flag("internal", false),
                Driver.OVERLAY.word().equals(fields.optionalText("driver")));
    }

    private static void refuseWithoutSubnet(Fields fields, String key) {
        if (fields.has(key) && !fields.has("subnet")) {
            throw fields.refuse(key, "must have a corresponding subnet, there is none");
        }
    }

    /** A text that has a form, in the shortest way to write it. */
    private static Function<String, String> form(Function<String, ?> reader) {
        return text -> reader.apply(text).toString();
    }

    private static Map<String, Integer> lines(Fields fields) {
        Map<String, Integer> lines = new LinkedHashMap<>();
        fields.keys().forEach(key -> lines.put(key, fields.line(key)));
        return lines;
    }
}
