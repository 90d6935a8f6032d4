package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
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

    /** Publications came or went between two states. */
    void publications(DesiredState before, DesiredState now) {
        Set<Integer> there = ids(before);
        Set<Integer> left = ids(now);
        before.publications().stream()
                .filter(publication -> !left.contains(publication.id()))
                .forEach(publication -> publication(before, "unpublish", publication));
        now.publications().stream()
                .filter(publication -> !there.contains(publication.id()))
                .forEach(publication -> publication(now, "publish", publication));
    }

    private static Set<Integer> ids(DesiredState state) {
        Set<Integer> ids = new HashSet<>();
        state.publications().forEach(publication -> ids.add(publication.id()));
        return ids;
    }

    private void publication(DesiredState state, String action, Publication publication) {
        Container container = state.containersById().get(publication.container());
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("name", container == null ? publication.container() : container.name());
        attributes.put("port", publication.asked().toString());
        if (publication.firstHostPort() != 0) {
            attributes.put("hostPort", PortSpec.words(publication.firstHostPort(), publication.lastHostPort()));
        }
        log.publish(new Event(Event.PORT, action, Integer.toString(publication.id()), attributes));
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
