package io.tapswitch.core.control;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.JsonDocument;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.ipam.SubnetText;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The state file's JSON as the desired state. Strict: an unknown, missing or mistyped key, a value that cannot be, or
 * objects that contradict each other are refused with the line; there is never half a state.
 */
final class StateReader {
    /** What the mode of a container begins with that has another one's interfaces. */
    static final String SHARED = "container:";

    /** Of version 2, which had no ports. */
    private static final Set<String> FILE_2 = Set.of("version", "change", "networks", "containers");

    private static final Set<String> FILE =
            Set.of("version", "change", "networks", "containers", "nextRule", "publications");
    private static final Set<String> PUBLICATION = Set.of("rule", "container", "ports", "hostPort", "allow", "origin");
    private static final Set<String> ORIGIN = Set.of("kind", "file", "line");
    private static final Set<String> NETWORK = Set.of(
            "name",
            "id",
            "index",
            "created",
            "driver",
            "internal",
            "ipv6",
            "attachable",
            "subnets",
            "options",
            "labels",
            "origin");
    private static final Set<String> CONTAINER = Set.of(
            "name",
            "id",
            "nameChosen",
            "hostname",
            "created",
            "status",
            "exitCode",
            "started",
            "finished",
            "init",
            "netns",
            "netnsIdentity",
            "mode",
            "sourceGuard",
            "queues",
            "dns",
            "exposed",
            "labels",
            "connections",
            "endpoints");
    private static final Set<String> CONNECTION = Set.of("network", "ipv4", "ipv6", "mac", "aliases");
    private static final Set<String> ENDPOINT =
            Set.of("id", "network", "port", "queues", "interface", "mac", "macChosen", "ipv4", "ipv6", "aliases");
    private static final Set<String> ADDRESS = Set.of("ip", "prefixLength", "gateway", "chosen");

    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");

    private final Map<String, Integer> lineById = new HashMap<>();

    /** A file that a newer tapswitch wrote. */
    static final class NewerVersion extends Exception {
        private static final long serialVersionUID = 1L;

        NewerVersion(long version) {
            super("has version " + version + ", this tapswitch reads 1 to " + StateWriter.VERSION);
        }
    }

    private StateReader() {}

    /** {@return the state that a text holds} */
    static DesiredState read(Source source, String text) throws NewerVersion {
        Fields any = Fields.ofAnyKeys(source, "", JsonDocument.parse(source, text));
        long version = any.number("version", 1, Integer.MAX_VALUE);
        if (version > StateWriter.VERSION) {
            throw new NewerVersion(version);
        }
        StateReader reader = new StateReader();
        DesiredState state = version == 1
                ? StateVersion1.read(any)
                : reader.state(any.only(version == 2 ? FILE_2 : FILE), version > 2);
        StateRules.Fault fault = StateRules.firstFault(state);
        if (fault != null) {
            Integer line = reader.lineById.get(fault.id());
            throw line == null ? source.refuse(fault.sentence()) : source.refuse(line, fault.sentence());
        }
        return state;
    }

    private DesiredState state(Fields file, boolean hasPorts) {
        long change = file.number("change", 0, Long.MAX_VALUE);
        file.node("networks");
        file.node("containers");
        Map<String, Network> networks = new LinkedHashMap<>();
        for (Fields fields : file.mappings("networks", NETWORK)) {
            Network network = network(fields);
            refuseTwice(fields, networks.put(network.id(), network));
        }
        Map<String, Container> containers = new LinkedHashMap<>();
        for (Fields fields : file.mappings("containers", CONTAINER)) {
            Container container = container(fields);
            refuseTwice(fields, containers.put(container.id(), container));
        }
        return new DesiredState(
                change,
                networks,
                containers,
                hasPorts ? publications(file) : List.of(),
                hasPorts ? (int) file.number("nextRule", 1, Integer.MAX_VALUE) : DesiredState.FIRST_RULE);
    }

    private List<Publication> publications(Fields file) {
        file.node("publications");
        List<Publication> publications = new ArrayList<>();
        for (Fields fields : file.mappings("publications", PUBLICATION)) {
            Publication publication = publication(fields);
            lineById.put(StateRules.rule(publication), fields.line("rule"));
            publications.add(publication);
        }
        return publications;
    }

    private static Publication publication(Fields fields) {
        Origin origin = origin(fields.mapping("origin", ORIGIN));
        PortSpec asked = fields.parse("ports", PortSpec::parse);
        int port = (int) fields.number("hostPort", 0, 65_535);
        boolean isPossible = asked.isRandom()
                ? port == 0 || port + asked.count() - 1 <= 65_535
                : asked.isPool()
                        ? port == 0 || (port >= asked.firstHostPort() && port <= asked.lastHostPort())
                        : port == asked.firstHostPort();
        if (!isPossible) {
            throw fields.refuse("hostPort", "is not one of " + asked);
        }
        return new Publication(
                (int) fields.number("rule", 1, Integer.MAX_VALUE - 1),
                origin instanceof Origin.File
                        ? fields.parse("container", name -> ObjectName.check(name, "container"))
                        : fields.parse("container", StateReader::checkedId),
                asked,
                port,
                fields.list("allow", IpPrefix::parse),
                origin);
    }

    private static void refuseTwice(Fields fields, @Nullable Object there) {
        if (there != null) {
            throw fields.refuse("id", "is that of another one too");
        }
    }

    private String id(Fields fields) {
        String id = fields.parse("id", StateReader::checkedId);
        lineById.put(id, fields.line("id"));
        return id;
    }

    static String checkedId(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("must be 64 digits from 0 to f");
        }
        return id;
    }

    private Network network(Fields fields) {
        return new Network(
                id(fields),
                (int) fields.number("index", -1, Integer.MAX_VALUE),
                fields.parse("name", name -> ObjectName.check(name, "network")),
                fields.text("created"),
                fields.parse("driver", word -> word(Driver.values(), Driver::word, word)),
                flag(fields, "internal"),
                flag(fields, "ipv6"),
                flag(fields, "attachable"),
                fields.mappings("subnets", SubnetText.KEYS).stream()
                        .map(SubnetText::read)
                        .toList(),
                fields.map("options", text -> text),
                fields.map("labels", text -> text),
                origin(fields.mapping("origin", Set.of("kind", "file", "line"))));
    }

    private static boolean flag(Fields fields, String key) {
        fields.node(key);
        return fields.flag(key, false);
    }

    private static <E extends Enum<E>> E word(E[] all, java.util.function.Function<E, String> words, String word) {
        return Arrays.stream(all)
                .filter(value -> words.apply(value).equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("must be one of "
                        + String.join(", ", Arrays.stream(all).map(words).toList()) + ", is " + word));
    }

    private static Origin origin(Fields fields) {
        String kind = fields.text("kind");
        return switch (kind) {
            case "built-in" -> new Origin.BuiltIn();
            case "command" -> new Origin.Command();
            case "cluster" -> new Origin.Cluster();
            case "file" -> new Origin.File(fields.text("file"), (int) fields.number("line", 1, Integer.MAX_VALUE));
            default -> throw fields.refuse("kind", "must be built-in, command, cluster or file, is " + kind);
        };
    }

    private Container container(Fields fields) {
        return new Container(
                id(fields),
                fields.parse("name", name -> ObjectName.check(name, "container")),
                flag(fields, "nameChosen"),
                fields.text("hostname"),
                fields.text("created"),
                fields.parse("status", word -> word(Container.Status.values(), Container.Status::word, word)),
                fields.has("exitCode") ? (int) fields.number("exitCode", Integer.MIN_VALUE, Integer.MAX_VALUE) : null,
                // The first of version 2 did not keep these.
                fields.text(fields.has("started") ? "started" : "created"),
                fields.has("finished") ? fields.text("finished") : "",
                fields.has("init")
                        ? init(fields.mapping("init", Set.of("pid", "startTicks", "command", "autoRemove")))
                        : null,
                fields.text("netns"),
                fields.text("netnsIdentity"),
                fields.parse("mode", StateReader::mode),
                flag(fields, "sourceGuard"),
                (int) fields.number("queues", 1, Integer.MAX_VALUE),
                fields.texts("dns"),
                fields.texts("exposed"),
                fields.map("labels", text -> text),
                fields.mappings("connections", CONNECTION).stream()
                        .map(StateReader::connection)
                        .toList(),
                fields.mappings("endpoints", ENDPOINT).stream()
                        .map(this::endpoint)
                        .toList());
    }

    private static Init init(Fields fields) {
        return new Init(
                fields.number("pid", 0, Long.MAX_VALUE),
                fields.number("startTicks", 0, Long.MAX_VALUE),
                fields.texts("command"),
                flag(fields, "autoRemove"));
    }

    private static NetworkMode mode(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "own" -> new NetworkMode.Own();
            case "host" -> new NetworkMode.Host();
            case "none" -> new NetworkMode.None();
            case String other
            when other.startsWith(SHARED) -> new NetworkMode.Shared(checkedId(other.substring(SHARED.length())));
            default -> throw new IllegalArgumentException("must be own, host, none or container:ID, is " + word);
        };
    }

    private static Connection connection(Fields fields) {
        return new Connection(
                fields.parse("network", StateReader::checkedId),
                fields.optionalParse("ipv4", Ipv4Address::parse),
                fields.optionalParse("ipv6", Ipv6Address::parse),
                fields.optionalParse("mac", MacAddress::parse),
                fields.texts("aliases"));
    }

    private Endpoint endpoint(Fields fields) {
        return new Endpoint(
                id(fields),
                fields.parse("network", StateReader::checkedId),
                (int) fields.number("port", 0, Integer.MAX_VALUE),
                (int) fields.number("queues", 1, Integer.MAX_VALUE),
                fields.text("interface"),
                fields.parse("mac", MacAddress::parse),
                flag(fields, "macChosen"),
                fields.has("ipv4") ? address(fields.mapping("ipv4", ADDRESS), false) : null,
                fields.has("ipv6") ? address(fields.mapping("ipv6", ADDRESS), true) : null,
                fields.texts("aliases"));
    }

    private static Address address(Fields fields, boolean ipv6) {
        IpAddress ip = fields.parse("ip", IpAddress::parse);
        if (ip.isIpv6() != ipv6) {
            throw fields.refuse("ip", "is of the wrong family: " + ip);
        }
        return new Address(
                ip,
                (int) fields.number("prefixLength", 0, ip.width()),
                fields.parse("gateway", IpAddress::parse),
                flag(fields, "chosen"));
    }
}
