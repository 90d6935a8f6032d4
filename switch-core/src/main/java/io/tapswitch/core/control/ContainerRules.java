package io.tapswitch.core.control;

import io.tapswitch.core.control.ClusterPlaces.Member;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Labels;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules for containers: of a state and a request, the next state or why not. Pure. */
final class ContainerRules {
    /** Namespaces that went away are remembered for people; beyond this the oldest are forgotten. */
    static final int DETACHED_MAX = 1024;

    private ContainerRules() {}

    /**
     * Makes a container, with an endpoint in each of its networks.
     *
     * @param state what there is
     * @param request what is asked for
     * @param terms what it says about networks
     * @param place its namespace; null for the host's
     * @param init its process, null when it was only attached
     * @param workers of the dataplane
     * @param member who it will be
     * @param places what the cluster gave it in its networks
     * @return the container; one that it replaces is {@link #replaced}
     */
    static Container attached(
            DesiredState state,
            AttachRequest request,
            Terms terms,
            Plumbing.@Nullable Place place,
            @Nullable Init init,
            int workers,
            Member member,
            Places places) {
        if (member.isNameChosen()) {
            refuseTaken(state, member.name());
        }
        if (place != null && !(terms.mode() instanceof NetworkMode.Shared)) {
            refuseAttached(state, place);
        }
        String id = member.id();
        String now = Moment.now();
        Container container = new Container(
                id,
                // One that was made for it may be another's by now.
                member.isNameChosen() || References.containerNamed(state, member.name()) == null
                        ? member.name()
                        : ObjectName.generate(name -> References.containerNamed(state, name) != null),
                member.isNameChosen(),
                hostname(state, request, terms, id),
                now,
                Container.Status.RUNNING,
                null,
                now,
                "",
                init,
                place == null ? "" : place.path(),
                place == null ? "" : place.identity(),
                terms.mode(),
                request.sourceGuard() == null || request.sourceGuard(),
                queues(request, workers),
                ContainerTexts.dns(request.dns()),
                ContainerTexts.exposed(request.expose()),
                Labels.check(request.labels()),
                terms.connections(),
                List.of());
        return EndpointRules.everywhere(state, container, places);
    }

    /**
     * {@return who a new container is to be}
     *
     * @param place its namespace, whose name it gets when none is asked for; null for the host's
     */
    static Member newMember(DesiredState state, AttachRequest request, Plumbing.@Nullable Place place) {
        String wanted = request.name() == null || request.name().isEmpty()
                ? place == null ? null : place.name()
                : References.withoutSlash(request.name());
        if (wanted != null) {
            refuseTaken(state, ObjectName.check(wanted, "container"));
        }
        return new Member(
                ObjectName.newId(),
                wanted == null ? ObjectName.generate(name -> References.containerNamed(state, name) != null) : wanted,
                wanted != null);
    }

    private static String hostname(DesiredState state, AttachRequest request, Terms terms, String id) {
        if (request.hostname() != null && !request.hostname().isEmpty()) {
            return ContainerTexts.hostname(request.hostname());
        }
        return switch (terms.mode()) {
            case NetworkMode.Shared shared -> {
                Container other = state.containersById().get(shared.containerId());
                yield other == null ? ObjectName.shortId(id) : other.hostname();
            }
            case NetworkMode.Host() -> ContainerTexts.hostsOwnName();
            case NetworkMode.Own(), NetworkMode.None() -> ObjectName.shortId(id);
        };
    }

    private static int queues(AttachRequest request, int workers) {
        int queues = request.queues() == null ? 1 : request.queues();
        if (queues < 1) {
            throw Refusal.badInput("invalid number of queues " + queues + ": must be 1 or more");
        }
        if (queues > workers) {
            throw Refusal.badInput(queues + " queues need a worker each, and the daemon has " + workers
                    + ": start it with --workers " + queues + " or more (16 at most), or ask for fewer");
        }
        return queues;
    }

    private static void refuseTaken(DesiredState state, String name) {
        Container owner = References.containerNamed(state, name);
        if (owner != null && owner.status() != Container.Status.DETACHED) {
            throw nameTaken(name, owner);
        }
    }

    private static Refusal nameTaken(String name, Container owner) {
        return Refusal.conflict(
                "container_name_in_use",
                "Conflict. The container name \"/" + name + "\" is already in use by container \"" + owner.id()
                        + "\". You have to remove (or rename) that container to be able to reuse that name.");
    }

    private static void refuseAttached(DesiredState state, Plumbing.Place place) {
        for (Container container : state.containers()) {
            if (container.isRunning()
                    && container.netnsIdentity().equals(place.identity())
                    && !(container.mode() instanceof NetworkMode.Shared)) {
                throw Refusal.conflict(
                        "namespace_in_use",
                        "namespace " + place.path() + " is already attached as container \"" + container.name() + "\"");
            }
        }
    }

    /** {@return the container that a new one of this name takes the place of, null for none} */
    static @Nullable Container replaced(DesiredState state, String name) {
        return References.containerNamed(state, name);
    }

    /** {@return the container under another name} */
    static Container renamed(DesiredState state, Container container, String newName) {
        String name = References.withoutSlash(newName);
        if (name.isEmpty()) {
            throw Refusal.badInput("Neither old nor new names may be empty");
        }
        ObjectName.check(name, "container");
        Container owner = References.containerNamed(state, name);
        if (owner != null && owner.id().equals(container.id())) {
            throw Refusal.badInput("Renaming a container with the same name as its current name");
        }
        if (owner != null) {
            throw nameTaken(name, owner);
        }
        return container.renamed(name);
    }

    /** {@return the container connected to one network more} */
    static Container connected(
            DesiredState state, Container container, Network network, ConnectRequest request, Places places) {
        Terms.checkConnectable(container, network);
        if (container.status() == Container.Status.DETACHED) {
            throw Refusal.conflict(
                    "container_not_running",
                    "container " + container.name()
                            + " is not running: its namespace or its last interface is gone; attach it again");
        }
        boolean there = container.isRunning()
                ? container.endpointIn(network.id()).isPresent()
                : container.connections().stream().anyMatch(c -> c.networkId().equals(network.id()));
        boolean isNone = network.driver() == Driver.NONE && container.mode() instanceof NetworkMode.None;
        if (there || isNone) {
            throw Refusal.conflict(
                    "endpoint_exists",
                    "endpoint with name " + container.name() + " already exists in network " + network.name());
        }
        if (network.driver() == Driver.NONE) {
            return container.in(new NetworkMode.None());
        }
        Connection connection = Terms.connection(network, request);
        List<Connection> connections = new ArrayList<>(container.connections());
        connections.removeIf(other -> other.networkId().equals(network.id()));
        connections.add(connection);
        Container wanting = container.with(connections, container.endpoints());
        Container joined = EndpointRules.joined(state.with(wanting), wanting, connection, places);
        return container.isRunning() ? joined : wanting;
    }

    /** {@return the container without its connection to a network} */
    static Container disconnected(Container container, Network network) {
        if (network.driver() == Driver.HOST && container.mode() instanceof NetworkMode.Host) {
            throw Refusal.badInput(
                    "network_mode_host",
                    "cannot disconnect container from host network - container was created in host network mode");
        }
        if (network.driver() == Driver.NONE && container.mode() instanceof NetworkMode.None) {
            return container.in(new NetworkMode.Own());
        }
        Container next = disconnected(container, network.id());
        if (next.equals(container)) {
            throw Refusal.conflict(
                    "endpoint_not_found",
                    "container " + container.id() + " is not connected to network " + network.name());
        }
        return next;
    }

    /** {@return the container without what it has in a network; itself when it has nothing} */
    static Container disconnected(Container container, String networkId) {
        List<Connection> connections = new ArrayList<>(container.connections());
        List<Endpoint> endpoints = new ArrayList<>(container.endpoints());
        boolean wanted = connections.removeIf(other -> other.networkId().equals(networkId));
        boolean present = endpoints.removeIf(other -> other.networkId().equals(networkId));
        return wanted || present ? container.with(connections, endpoints) : container;
    }

    /** {@return the container running again, with an endpoint in each of its networks} */
    static Container started(
            DesiredState state,
            Container container,
            Plumbing.@Nullable Place place,
            @Nullable Init init,
            Places places) {
        if (container.isRunning()) {
            throw Refusal.conflict("container_running", "container " + container.name() + " is already running");
        }
        if (place != null && !(container.mode() instanceof NetworkMode.Shared)) {
            refuseAttached(state, place);
        }
        Container running = container.started(
                place == null ? "" : place.path(), place == null ? "" : place.identity(), init, Moment.now());
        return EndpointRules.everywhere(state, running, places);
    }

    /** {@return the state after one of a container's interfaces went away by itself} */
    static Container without(Container container, Endpoint endpoint) {
        List<Endpoint> rest = new ArrayList<>(container.endpoints());
        rest.removeIf(other -> other.id().equals(endpoint.id()));
        // A container with a process of its own runs on without interfaces until that process ends.
        return rest.isEmpty() && container.init() == null
                ? container.ended(Container.Status.DETACHED, null, Moment.now())
                : container.with(container.connections(), rest);
    }

    /** {@return those who share a container's namespace, and have no process of their own that could go on} */
    static List<Container> guests(DesiredState state, String hostId) {
        return state.containers().stream()
                .filter(guest -> guest.isRunning()
                        && guest.init() == null
                        && guest.mode() instanceof NetworkMode.Shared shared
                        && shared.containerId().equals(hostId))
                .toList();
    }

    /** {@return the state after a container ended or went: its guests end with it} */
    static DesiredState withoutGuests(DesiredState state, String hostId) {
        DesiredState next = state;
        for (Container guest : guests(state, hostId)) {
            next = next.with(guest.ended(Container.Status.DETACHED, null, Moment.now()));
        }
        return trimmed(next);
    }

    /** {@return the state without the oldest of those that are only remembered, when there are too many} */
    private static DesiredState trimmed(DesiredState state) {
        List<Container> detached = state.containers().stream()
                .filter(container -> container.status() == Container.Status.DETACHED)
                .toList();
        DesiredState next = state;
        for (int i = 0; i < detached.size() - DETACHED_MAX; i++) {
            next = next.withoutContainer(detached.get(i).id());
        }
        return next;
    }
}
