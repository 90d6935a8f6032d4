package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The containers, in the order of creation. Guarded by the controller's lock. */
final class ContainerTable {
    /** Containers that ended are remembered for people; beyond this the oldest are forgotten. */
    static final int ENDED_MAX = 1024;

    private final Map<String, Container> byId = new LinkedHashMap<>();
    private final Map<String, String> idByName = new LinkedHashMap<>();
    private final Map<String, String> idByNamespace = new LinkedHashMap<>();
    private int ended;

    void put(Container container) {
        Container before = byId.put(container.id(), container);
        idByName.put(container.name(), container.id());
        if (container.status() == Container.Status.RUNNING) {
            idByNamespace.put(container.netnsIdentity(), container.id());
        } else {
            idByNamespace.remove(container.netnsIdentity(), container.id());
        }
        ended += hasEnded(container) - (before == null ? 0 : hasEnded(before));
        if (ended > ENDED_MAX) {
            byId.values().stream().filter(c -> hasEnded(c) == 1).findFirst().ifPresent(this::remove);
        }
    }

    private static int hasEnded(Container container) {
        return container.status() == Container.Status.RUNNING ? 0 : 1;
    }

    void remove(Container container) {
        Container before = byId.remove(container.id());
        if (before != null) {
            ended -= hasEnded(before);
            idByName.remove(container.name(), container.id());
            idByNamespace.remove(container.netnsIdentity(), container.id());
        }
    }

    /** {@return all, or those that run; newest first, as docker's ps} */
    List<Container> list(boolean all) {
        List<Container> list = new ArrayList<>(byId.values());
        list.removeIf(container -> !all && hasEnded(container) == 1);
        return list.reversed();
    }

    @Nullable
    Container byId(String id) {
        return byId.get(id);
    }

    @Nullable
    Container byName(String name) {
        String id = idByName.get(name);
        return id == null ? null : byId.get(id);
    }

    /** {@return the running container that is this namespace} */
    @Nullable
    Container byNamespace(String identity) {
        String id = idByNamespace.get(identity);
        return id == null ? null : byId.get(id);
    }

    /** {@return the container of a name, a full id or the unique beginning of one} */
    Container find(String reference) {
        Container named = byName(reference);
        if (named != null) {
            return named;
        }
        return References.find(byId.values(), Container::id, reference, "container")
                .orElseThrow(() -> Refusal.unknown("No such container: " + reference));
    }

    /** {@return the endpoint of this id, when there still is one} */
    @Nullable
    Endpoint endpoint(String endpointId) {
        for (Container container : byId.values()) {
            for (Endpoint endpoint : container.endpoints()) {
                if (endpoint.id().equals(endpointId)) {
                    return endpoint;
                }
            }
        }
        return null;
    }

    /** {@return the endpoints in a network, by address} */
    List<Endpoint> endpointsOf(String networkId) {
        return byId.values().stream()
                .flatMap(container -> container.endpoints().stream())
                .filter(endpoint -> endpoint.networkId().equals(networkId))
                .sorted(Comparator.comparingInt(endpoint -> endpoint.address() ^ Integer.MIN_VALUE))
                .toList();
    }
}
