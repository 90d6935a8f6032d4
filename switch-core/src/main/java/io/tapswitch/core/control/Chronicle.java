package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says in docker's words what changed; called when it counts, in the order in which it did. */
final class Chronicle {
    private final EventLog log;

    Chronicle(EventLog log) {
        this.log = log;
    }

    void created(Network network) {
        network("create", network, Map.of());
    }

    void destroyed(Network network) {
        network("destroy", network, Map.of());
    }

    /** The configuration file was read again, with a fault or without. */
    void reloaded(String file, @Nullable String fault) {
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("name", file);
        if (fault != null) {
            attributes.put("error", fault);
        }
        log.publish(new Event(Event.DAEMON, "reload", "", attributes));
    }

    void connected(DesiredState state, Container container, Endpoint endpoint) {
        Network network = state.networksById().get(endpoint.networkId());
        if (network != null) {
            network("connect", network, Map.of("container", container.id()));
        }
    }

    void disconnected(DesiredState state, Container container, Endpoint endpoint) {
        Network network = state.networksById().get(endpoint.networkId());
        if (network != null) {
            network("disconnect", network, Map.of("container", container.id()));
        }
    }

    private void network(String action, Network network, Map<String, String> more) {
        Map<String, String> attributes = new LinkedHashMap<>(more);
        attributes.put("name", network.name());
        attributes.put("type", network.driver().word());
        log.publish(new Event(Event.NETWORK, action, network.id(), attributes));
    }

    void attached(DesiredState state, Container container) {
        container("create", container, Map.of());
        started(state, container);
    }

    void started(DesiredState state, Container container) {
        container.endpoints().forEach(endpoint -> connected(state, container, endpoint));
        container("start", container, Map.of());
    }

    /** A container's process or namespace ended; it had these endpoints until then. */
    void ended(DesiredState state, Container before, Container now) {
        Integer code = now.exitCode();
        container("die", now, code == null ? Map.of() : Map.of("exitCode", code.toString()));
        before.endpoints().forEach(endpoint -> disconnected(state, before, endpoint));
    }

    /** Those who shared a container's namespace ended with it. */
    void guestsEnded(DesiredState state, String hostId) {
        for (Container guest : ContainerRules.guests(state, hostId)) {
            ended(state, guest, guest.ended(Container.Status.DETACHED, null, ""));
        }
    }

    void removed(DesiredState state, Container container) {
        container.endpoints().forEach(endpoint -> disconnected(state, container, endpoint));
        container("destroy", container, Map.of());
    }

    void renamed(Container container, String oldName) {
        container("rename", container, Map.of("oldName", oldName));
    }

    private void container(String action, Container container, Map<String, String> more) {
        Map<String, String> attributes = new LinkedHashMap<>(container.labels());
        attributes.putAll(more);
        attributes.put("name", container.name());
        log.publish(new Event(Event.CONTAINER, action, container.id(), attributes));
    }
}
