package io.tapswitch.core.overlay;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.Node;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.ipam.SubnetText;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.AddressClaim;
import io.tapswitch.core.overlay.ClusterEntry.Claim;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.ClusterEntry.Liveness;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterEntry.Unreadable;
import io.tapswitch.vxlan.TunnelKey;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The cluster's entries as the texts that stand in the store. Claims are the bare id of their owner; everything else is
 * a JSON object.
 *
 * <p>A newer version may add keys to an object and kinds of entries: both are ignored here. An entry is only ever
 * written anew by the host that it belongs to, so nothing of a newer version is lost by an older one. What an older one
 * must not ignore gets another layout version ({@link ClusterKeys#ROOT}). What is missing or cannot be makes the entry
 * {@link Unreadable}, never the whole state.
 */
final class ClusterText {
    /** 24 bits; 0 to 4095 are left to those who configure tunnels by hand. */
    static final int VNI_MAX = (1 << 24) - 1;

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");

    private static final Pattern DIGITS = Pattern.compile("[0-9a-f]*");

    private ClusterText() {}

    /** {@return the value that stands for an entry} */
    static String write(ClusterEntry entry) {
        return switch (entry) {
            case Host host -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("name", host.name());
                map.put("vtep", host.vtep().toString());
                map.put("incarnation", host.incarnation());
                yield json(map);
            }
            case Liveness liveness ->
                json(
                        liveness.hasAddress()
                                ? Map.of("incarnation", liveness.incarnation())
                                : new TreeMap<>(Map.of("incarnation", liveness.incarnation(), "address", false)));
            case OverlayNetwork network -> json(network(network));
            case AddressClaim claim -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("endpoint", claim.endpoint());
                map.put("host", claim.host());
                yield json(map);
            }
            case RemoteEndpoint endpoint -> json(endpoint(endpoint));
            case HostKey key -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("secret", key.secret());
                map.put("salt", key.salt());
                yield json(map);
            }
            case Claim claim -> claim.owner();
            case Unreadable unreadable ->
                throw new IllegalArgumentException("nobody writes what is unreadable: " + unreadable);
        };
    }

    private static String json(Map<String, Object> map) {
        return JSON.writeValueAsString(map);
    }

    private static Map<String, Object> network(OverlayNetwork network) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", network.name());
        map.put("vni", network.vni());
        map.put("created", network.created());
        map.put("internal", network.internal());
        map.put("ipv6", network.ipv6());
        map.put("attachable", network.attachable());
        map.put("subnets", network.subnets().stream().map(SubnetText::write).toList());
        map.put("options", new TreeMap<>(network.options()));
        map.put("labels", new TreeMap<>(network.labels()));
        return map;
    }

    private static Map<String, Object> endpoint(RemoteEndpoint endpoint) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("host", endpoint.host());
        map.put("name", endpoint.name());
        map.put("aliases", endpoint.aliases());
        map.put("mac", endpoint.mac().toString());
        if (endpoint.ipv4() != null) {
            map.put("ipv4", endpoint.ipv4().toString());
        }
        if (endpoint.ipv6() != null) {
            map.put("ipv6", endpoint.ipv6().toString());
        }
        return map;
    }

    /** {@return the entry that stands under a key; null for kinds that this version does not know} */
    static @Nullable ClusterEntry read(String key, String value) {
        String[] parts =
                key.substring(Math.min(key.length(), ClusterKeys.ROOT.length())).split("/", -1);
        if (!key.startsWith(ClusterKeys.ROOT) || parts.length < 2) {
            return null;
        }
        try {
            return read(key, parts, value);
        } catch (Refusal refusal) {
            return new Unreadable(key, refusal.sentence());
        } catch (IllegalArgumentException e) {
            return new Unreadable(key, "cluster store " + key + ": " + e.getMessage());
        }
    }

    private static @Nullable ClusterEntry read(String key, String[] parts, String value) {
        int depth = parts.length;
        return switch (parts[0] + "/") {
            case ClusterKeys.HOSTS -> host(checkedId(part(parts, 1, 2)), fields(key, value));
            case ClusterKeys.ALIVE -> liveness(checkedId(part(parts, 1, 2)), fields(key, value));
            case ClusterKeys.NETWORKS -> network(checkedId(part(parts, 1, 2)), fields(key, value));
            case ClusterKeys.ENDPOINTS ->
                endpoint(checkedId(part(parts, 1, 3)), checkedId(part(parts, 2, 3)), fields(key, value));
            case ClusterKeys.ADDRESSES ->
                claim(checkedId(part(parts, 1, 3)), IpAddress.parse(part(parts, 2, 3)), fields(key, value));
            case ClusterKeys.VTEPS, ClusterKeys.HOST_NAMES, ClusterKeys.NETWORK_NAMES, ClusterKeys.VNIS ->
                depth == 2 ? new Claim(key, checkedId(value)) : null;
            case ClusterKeys.KEYS -> depth == 3 ? hostKey(checkedId(parts[1]), parts[2], fields(key, value)) : null;
            case ClusterKeys.NAMES -> depth == 3 ? new Claim(key, checkedId(value)) : null;
            default -> null;
        };
    }

    private static String part(String[] parts, int index, int count) {
        if (parts.length != count) {
            throw new IllegalArgumentException(
                    "the key has " + parts.length + " parts behind the version, must have " + count);
        }
        return parts[index];
    }

    private static String checkedId(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("an id must be 64 digits from 0 to f");
        }
        return id;
    }

    private static Fields fields(String key, String value) {
        return Fields.ofAnyKeys(source(key), "", JsonDocument.parse(source(key), value));
    }

    private static Source source(String key) {
        return new Source("cluster store " + key);
    }

    private static Host host(String id, Fields fields) {
        return new Host(
                id,
                fields.text("name"),
                fields.parse("vtep", IpAddress::parse),
                fields.number("incarnation", 0, Long.MAX_VALUE));
    }

    private static Liveness liveness(String id, Fields fields) {
        return new Liveness(id, fields.number("incarnation", 0, Long.MAX_VALUE), fields.flag("address", true));
    }

    private static OverlayNetwork network(String id, Fields fields) {
        return new OverlayNetwork(
                id,
                fields.parse("name", name -> ObjectName.check(name, "network")),
                (int) fields.number("vni", 1, VNI_MAX),
                fields.text("created"),
                fields.flag("internal", false),
                fields.flag("ipv6", false),
                fields.flag("attachable", false),
                subnets(ClusterKeys.network(id), fields),
                fields.map("options", text -> text),
                fields.map("labels", text -> text));
    }

    private static List<Subnet> subnets(String key, Fields fields) {
        List<Subnet> subnets = new ArrayList<>();
        for (Node node : fields.items("subnets")) {
            subnets.add(SubnetText.read(Fields.ofAnyKeys(source(key), "subnets", node)));
        }
        return subnets;
    }

    private static RemoteEndpoint endpoint(String network, String id, Fields fields) {
        return new RemoteEndpoint(
                id,
                network,
                fields.parse("host", ClusterText::checkedId),
                fields.parse("name", name -> ObjectName.check(name, "container")),
                fields.texts("aliases"),
                fields.parse("mac", MacAddress::parse),
                fields.optionalParse("ipv4", Ipv4Address::parse),
                fields.optionalParse("ipv6", Ipv6Address::parse));
    }

    private static HostKey hostKey(String host, String id, Fields fields) {
        return new HostKey(
                host,
                digits(id, 8),
                fields.parse("secret", text -> digits(text, 2 * TunnelKey.SECRET_LENGTH)),
                fields.parse("salt", text -> digits(text, 8)));
    }

    /** What is wrong is not shown: it may be a secret. */
    static String digits(String text, int count) {
        if (text.length() != count || !DIGITS.matcher(text).matches()) {
            throw new IllegalArgumentException("must be " + count + " digits from 0 to f");
        }
        return text;
    }

    private static AddressClaim claim(String network, IpAddress address, Fields fields) {
        return new AddressClaim(
                network,
                address,
                fields.parse("endpoint", ClusterText::checkedId),
                fields.parse("host", ClusterText::checkedId));
    }
}
