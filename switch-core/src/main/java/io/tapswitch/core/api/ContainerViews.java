package io.tapswitch.core.api;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the API's answers about containers, with docker's keys. */
final class ContainerViews {
    /** What docker says of a moment that has not come yet. */
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private ContainerViews() {}

    /** {@return the container as inspect shows it} */
    static Answers.Container inspected(Container container, DesiredState state, List<ActivePort> active) {
        return container(
                container,
                state.networksById(),
                active,
                PortViews.asked(state.publicationsOf(container)),
                PortViews.bindings(container, active));
    }

    /** {@return the container as a list shows it: without a line for each port of a range} */
    static Answers.Container listed(Container container, DesiredState state, List<ActivePort> active) {
        return container(container, state.networksById(), active, null, null);
    }

    private static Answers.Container container(
            Container container,
            Map<String, Network> networks,
            List<ActivePort> active,
            @Nullable Map<String, List<Answers.PortBinding>> asked,
            @Nullable Map<String, List<Answers.PortBinding>> bindings) {
        Init init = container.init();
        Integer exitCode = container.isRunning() ? Integer.valueOf(0) : container.exitCode();
        return new Answers.Container(
                container.id(),
                container.name(),
                container.created(),
                mode(container.mode()),
                container.netns(),
                container.sourceGuard(),
                new Answers.State(
                        container.status().word(),
                        container.isRunning(),
                        container.isRunning() && init != null ? init.pid() : 0,
                        exitCode,
                        container.started(),
                        container.finished().isEmpty() ? NEVER : container.finished()),
                new Answers.Config(
                        container.hostname(),
                        new TreeMap<>(container.labels()),
                        exposed(container.exposed()),
                        init == null ? List.of() : init.command()),
                new Answers.HostConfig(
                        networkMode(container, networks), asked, container.dns(), init != null && init.autoRemove()),
                PortViews.summary(container, active),
                new Answers.NetworkSettings(places(container, networks), bindings));
    }

    private static String mode(NetworkMode mode) {
        return switch (mode) {
            case NetworkMode.Own own -> "own";
            case NetworkMode.Host host -> Network.HOST;
            case NetworkMode.None none -> Network.NONE;
            case NetworkMode.Shared shared -> "container:" + shared.containerId();
        };
    }

    /** Docker's word: the first network stands for all. */
    private static String networkMode(Container container, Map<String, Network> networks) {
        return container.mode() instanceof NetworkMode.Own
                ? container.connections().stream()
                        .findFirst()
                        .map(first -> name(first.networkId(), networks))
                        .orElse(Network.NONE)
                : mode(container.mode());
    }

    private static Map<String, Map<String, String>> exposed(List<String> ports) {
        Map<String, Map<String, String>> exposed = new LinkedHashMap<>();
        ports.forEach(port -> exposed.put(port, Map.of()));
        return exposed;
    }

    private static Map<String, Answers.Endpoint> places(Container container, Map<String, Network> networks) {
        Map<String, Answers.Endpoint> places = new LinkedHashMap<>();
        if (container.mode() instanceof NetworkMode.Host || container.mode() instanceof NetworkMode.None) {
            String name = mode(container.mode());
            networks.values().stream()
                    .filter(network -> network.name().equals(name))
                    .forEach(network -> places.put(name, absent(network.id(), List.of())));
        }
        for (Connection connection : container.connections()) {
            places.put(name(connection.networkId(), networks), absent(connection.networkId(), connection.aliases()));
        }
        for (Endpoint endpoint : container.endpoints()) {
            places.put(name(endpoint.networkId(), networks), present(endpoint));
        }
        return places;
    }

    private static Answers.Endpoint absent(String networkId, List<String> aliases) {
        return new Answers.Endpoint(networkId, "", "", "", 0, "", "", 0, "", aliases, "");
    }

    private static Answers.Endpoint present(Endpoint endpoint) {
        return new Answers.Endpoint(
                endpoint.networkId(),
                endpoint.id(),
                gateway(endpoint.ipv4()),
                ip(endpoint.ipv4()),
                length(endpoint.ipv4()),
                gateway(endpoint.ipv6()),
                ip(endpoint.ipv6()),
                length(endpoint.ipv6()),
                endpoint.mac().toString(),
                endpoint.aliases(),
                endpoint.interfaceName());
    }

    /** {@return the name of the network with this id} */
    static String name(String networkId, Map<String, Network> networks) {
        Network network = networks.get(networkId);
        return network == null ? networkId : network.name();
    }

    /** {@return the gateway, empty when there is no address} */
    static String gateway(@Nullable Address address) {
        return address == null ? "" : address.gateway().toString();
    }

    private static String ip(@Nullable Address address) {
        return address == null ? "" : address.ip().toString();
    }

    private static int length(@Nullable Address address) {
        return address == null ? 0 : address.prefixLength();
    }
}
