package io.tapswitch.core.control;

import io.tapswitch.core.ipam.SubnetText;
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
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
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
 *
 * <p>A change touches one object of thousands, and the others stay the very same: so each object's text is kept from
 * one writing to the next, and to write a state is to put texts together. That costs as much memory as the file has
 * bytes.
 * A publication's text is written by hand: a line that is inserted at the head of a file renumbers all that follow.
 *
 * <p>Belongs to one {@link StateDirectory}, under whose lock it is.
 */
final class StateWriter {
    /** The version that this tapswitch writes. */
    static final int VERSION = 3;

    private static final byte[] BETWEEN = ", ".getBytes(StandardCharsets.UTF_8);

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Texts of the objects of the state that was written last, by identity. */
    private IdentityHashMap<Object, byte[]> known = new IdentityHashMap<>();
    /** Those of the one that is being written. */
    private IdentityHashMap<Object, byte[]> used = new IdentityHashMap<>();

    private final ByteArrayOutputStream file = new ByteArrayOutputStream(1 << 16);
    /** Words in quotes: containers and files, of which thousands of publications have the same. */
    private final Map<String, String> words = new HashMap<>();

    /** {@return the file's contents} */
    byte[] write(DesiredState state) {
        file.reset();
        used = new IdentityHashMap<>(known.size());
        text("{\n  \"version\" : " + VERSION + ",\n  \"change\" : " + state.version());
        list("networks", state.networks(), network -> json(network(network)));
        list("containers", state.containers(), container -> json(container(container)));
        text(",\n  \"nextRule\" : " + state.nextRule());
        list("publications", state.publications(), this::publication);
        text("\n}");
        known = used;
        words.clear();
        return file.toByteArray();
    }

    private void text(String text) {
        file.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private <T> void list(String key, Collection<T> objects, Function<T, String> writer) {
        text(",\n  \"" + key + "\" : [ ");
        boolean isFirst = true;
        for (T object : objects) {
            byte[] text = known.get(object);
            if (text == null) {
                text = writer.apply(object).getBytes(StandardCharsets.UTF_8);
            }
            used.put(object, text);
            if (!isFirst) {
                file.writeBytes(BETWEEN);
            }
            isFirst = false;
            file.writeBytes(text);
        }
        text(isFirst ? "]" : " ]");
    }

    /** {@return an object as it stands in a list of the file; no text has a line break of its own} */
    private static String json(Map<String, Object> object) {
        return JSON.writeValueAsString(object).replace("\n", "\n  ");
    }

    private String publication(Publication publication) {
        StringBuilder text = new StringBuilder(256)
                .append("{\n    \"rule\" : ")
                .append(publication.id())
                .append(",\n    \"container\" : ")
                .append(quoted(publication.container()))
                .append(",\n    \"ports\" : \"")
                .append(publication.asked())
                .append("\",\n    \"hostPort\" : ")
                .append(publication.firstHostPort())
                .append(",\n    \"allow\" : [ ");
        for (int i = 0; i < publication.allow().size(); i++) {
            text.append(i == 0 ? "\"" : ", \"")
                    .append(publication.allow().get(i))
                    .append('"');
        }
        text.append(publication.allow().isEmpty() ? "" : " ").append("],\n    \"origin\" : {\n      \"kind\" : ");
        switch (publication.origin()) {
            case Origin.File origin ->
                text.append("\"file\",\n      \"file\" : ")
                        .append(quoted(origin.file()))
                        .append(",\n      \"line\" : ")
                        .append(origin.line());
            case Origin.Command origin -> text.append("\"command\"");
            case Origin.Cluster origin -> text.append("\"cluster\"");
            case Origin.BuiltIn origin -> text.append("\"built-in\"");
        }
        return text.append("\n    }\n  }").toString();
    }

    private String quoted(String text) {
        return words.computeIfAbsent(text, JSON::writeValueAsString);
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
        map.put("subnets", network.subnets().stream().map(SubnetText::write).toList());
        map.put("options", new TreeMap<>(network.options()));
        map.put("labels", new TreeMap<>(network.labels()));
        map.put("origin", origin(network.origin()));
        return map;
    }

    private static Map<String, Object> origin(Origin origin) {
        return switch (origin) {
            case Origin.BuiltIn builtIn -> Map.of("kind", "built-in");
            case Origin.Command command -> Map.of("kind", "command");
            case Origin.Cluster cluster -> Map.of("kind", "cluster");
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
