package io.tapswitch.core.control;

import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Subnet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The desired state as the JSON of the state file, a value to a line for those who must mend it. What is null is left
 * out. The keys are those that {@link StateReader} knows.
 */
final class StateWriter {
    /** The version that this tapswitch writes. */
    static final int VERSION = 3;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private StateWriter() {}

    /** {@return the file's contents} */
    static byte[] write(DesiredState state) {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("version", VERSION);
        file.put("change", state.version());
        file.put("networks", state.networks().stream().map(StateWriter::network).toList());
        file.put(
                "containers",
                state.containers().stream().map(StateWriter::container).toList());
        file.put("nextRule", state.nextRule());
        file.put(
                "publications",
                state.publications().stream().map(StateWriter::publication).toList());
        return JSON.writeValueAsBytes(file);
    }

    private static Map<String, Object> publication(Publication publication) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("rule", publication.id());
        map.put("container", publication.container());
        map.put("ports", publication.asked().toString());
        map.put("hostPort", publication.firstHostPort());
        map.put("allow", publication.allow().stream().map(Object::toString).toList());
        map.put("origin", origin(publication.origin()));
        return map;
    }

    private static Map<String, Object> network(Network network) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", network.name());
        map.put("id", network.id());
        map.put("index", network.index());
        map.put("created", network.created());
        map.put("driver", network.driver().word());
        map.put("internal", network.internal());
        map.put("ipv6", network.ipv6());
        map.put("attachable", network.attachable());
        map.put("subnets", network.subnets().stream().map(StateWriter::subnet).toList());
        map.put("options", new TreeMap<>(network.options()));
        map.put("labels", new TreeMap<>(network.labels()));
        map.put("origin", origin(network.origin()));
        return map;
    }

    private static Map<String, Object> subnet(Subnet subnet) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("subnet", subnet.prefix().toString());
        map.put("gateway", subnet.gateway().toString());
        put(map, "range", subnet.range(), Object::toString);
        Map<String, String> reserved = new TreeMap<>();
        subnet.reserved().forEach((name, address) -> reserved.put(name, address.toString()));
        map.put("reserved", reserved);
        map.put("configured", subnet.configured());
        return map;
    }

    private static Map<String, Object> origin(Origin origin) {
        return switch (origin) {
            case Origin.BuiltIn builtIn -> Map.of("kind", "built-in");
            case Origin.Command command -> Map.of("kind", "command");
            case Origin.File file -> {
                Map<String, Object> map = new LinkedHashMap<>();
                map.put("kind", "file");
                map.put("file", file.file());
                map.put("line", file.line());
                yield map;
            }
        };
    }

    private static Map<String, Object> container(Container container) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", container.name());
        map.put("id", container.id());
        map.put("nameChosen", container.nameChosen());
        map.put("hostname", container.hostname());
        map.put("created", container.created());
        map.put("status", container.status().word());
        put(map, "exitCode", container.exitCode(), code -> code);
        map.put("started", container.started());
        map.put("finished", container.finished());
        put(map, "init", container.init(), StateWriter::init);
        map.put("netns", container.netns());
        map.put("netnsIdentity", container.netnsIdentity());
        map.put("mode", mode(container.mode()));
        map.put("sourceGuard", container.sourceGuard());
        map.put("queues", container.queues());
        map.put("dns", container.dns());
        map.put("exposed", container.exposed());
        map.put("labels", new TreeMap<>(container.labels()));
        map.put(
                "connections",
                container.connections().stream().map(StateWriter::connection).toList());
        map.put(
                "endpoints",
                container.endpoints().stream().map(StateWriter::endpoint).toList());
        return map;
    }

    private static Map<String, Object> init(Init init) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("pid", init.pid());
        map.put("startTicks", init.startTicks());
        map.put("command", init.command());
        map.put("autoRemove", init.autoRemove());
        return map;
    }

    private static String mode(NetworkMode mode) {
        return switch (mode) {
            case NetworkMode.Own own -> "own";
            case NetworkMode.Host host -> "host";
            case NetworkMode.None none -> "none";
            case NetworkMode.Shared shared -> StateReader.SHARED + shared.containerId();
        };
    }

    private static Map<String, Object> connection(Connection connection) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("network", connection.networkId());
        put(map, "ipv4", connection.ipv4(), Object::toString);
        put(map, "ipv6", connection.ipv6(), Object::toString);
        put(map, "mac", connection.mac(), Object::toString);
        map.put("aliases", connection.aliases());
        return map;
    }

    private static Map<String, Object> endpoint(Endpoint endpoint) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", endpoint.id());
        map.put("network", endpoint.networkId());
        map.put("port", endpoint.port());
        map.put("queues", endpoint.queues());
        map.put("interface", endpoint.interfaceName());
        map.put("mac", endpoint.mac().toString());
        map.put("macChosen", endpoint.macChosen());
        put(map, "ipv4", endpoint.ipv4(), StateWriter::address);
        put(map, "ipv6", endpoint.ipv6(), StateWriter::address);
        map.put("aliases", endpoint.aliases());
        return map;
    }

    private static Map<String, Object> address(Address address) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("ip", address.ip().toString());
        map.put("prefixLength", address.prefixLength());
        map.put("gateway", address.gateway().toString());
        map.put("chosen", address.chosen());
        return map;
    }

    private static <T> void put(
            Map<String, Object> map, String key, @Nullable T value, Function<? super T, Object> words) {
        if (value != null) {
            map.put(key, words.apply(value));
        }
    }
}
