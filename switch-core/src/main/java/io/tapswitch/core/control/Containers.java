package io.tapswitch.core.control;

import io.tapswitch.core.control.ClusterPlaces.Member;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people do with containers: attach, connect, disconnect, rename, start, stop, remove. Each is a rule's result
 * brought into force: devices first, then the record, then the switch.
 */
final class Containers {
    private static final Logger LOG = LoggerFactory.getLogger(Containers.class);

    private final Desired desired;
    private final Plumbing plumbing;
    private final Devices devices;
    private final InitWatch inits;
    private final Departures departures;
    private final Publishing publishing;
    private final Chronicle chronicle;
    private final ClusterPlaces cluster;
    private final int workers;

    Containers(
            Desired desired,
            Plumbing plumbing,
            Devices devices,
            InitWatch inits,
            Departures departures,
            Publishing publishing,
            Chronicle chronicle,
            ClusterPlaces cluster,
            int workers) {
        this.desired = desired;
        this.plumbing = plumbing;
        this.devices = devices;
        this.inits = inits;
        this.departures = departures;
        this.publishing = publishing;
        this.chronicle = chronicle;
        this.cluster = cluster;
        this.workers = workers;
    }

    Container attach(AttachRequest request) {
        DesiredState now = desired.state();
        String shared = Terms.shared(request);
        if (shared != null) {
            desired.container(shared);
        }
        Terms first = Terms.of(now, request);
        UpstreamRules.check(request.dns(), now.networks(), desired.names().resolver());
        Plumbing.Place given = place(first.mode(), request.netns());
        Init init = InitWatch.find(request.init());
        Member member = ContainerRules.newMember(now, request, placeIn(now, first.mode(), given));
        Places places = cluster.reserve(now, member, first.connections());
        return cluster.orGiveBack(
                places,
                () -> desired.locked(() -> {
                    DesiredState state = desired.state();
                    Terms terms = Terms.of(state, request);
                    Plumbing.Place place = placeIn(state, terms.mode(), given);
                    Container container =
                            ContainerRules.attached(state, request, terms, place, init, workers, member, places);
                    Container replaced = ContainerRules.replaced(state, container.name());
                    DesiredState rest = replaced == null ? state : state.withoutContainer(replaced.id());
                    DesiredState next = publishing.attached(rest.with(container), container, request);
                    bringUp(next, container, container.endpoints());
                    if (replaced != null) {
                        chronicle.removed(state, replaced);
                    }
                    chronicle.attached(desired.state(), container);
                    chronicle.publications(state, desired.state());
                    LOG.info("attached {} ({})", container.name(), ObjectName.shortId(container.id()));
                    return container;
                }));
    }

    /** The namespace that a request names; null where the mode says whose it is. */
    private Plumbing.@Nullable Place place(NetworkMode mode, @Nullable String netns) {
        if (mode instanceof NetworkMode.Host || mode instanceof NetworkMode.Shared) {
            return null;
        }
        if (netns == null || netns.isEmpty()) {
            throw Refusal.badInput("netns is missing: a namespace's name, path or process id");
        }
        return plumbing.place(netns);
    }

    private static Plumbing.@Nullable Place placeIn(
            DesiredState state, NetworkMode mode, Plumbing.@Nullable Place given) {
        if (mode instanceof NetworkMode.Shared shared) {
            Container other = state.containersById().get(shared.containerId());
            if (other == null || !other.isRunning()) {
                throw Refusal.conflict(
                        "container_not_running",
                        "cannot join network namespace of a non running container: container "
                                + (other == null ? shared.containerId() : other.name()));
            }
            return new Plumbing.Place(other.netns(), other.netnsIdentity(), null);
        }
        return given;
    }

    /** Makes devices for new endpoints of a container, brings the state into force, and watches its process. */
    private void bringUp(DesiredState next, Container container, List<Endpoint> added) {
        Undo undo = new Undo();
        if (!added.isEmpty()) {
            devices.make(
                    placeOf(container),
                    added.stream()
                            .map(endpoint -> EndpointRules.plan(
                                    next, container, endpoint, desired.names().resolver()))
                            .toList(),
                    undo);
        }
        desired.commit(next, undo);
        Init init = container.init();
        if (init != null) {
            inits.watch(container.id(), init);
        }
    }

    private static Plumbing.Place placeOf(Container container) {
        return new Plumbing.Place(container.netns(), container.netnsIdentity(), null);
    }

    void connect(String networkReference, ConnectRequest request) {
        Places places = placesToConnect(networkReference, request);
        cluster.orGiveBack(
                places,
                () -> desired.locked(() -> {
                    DesiredState state = desired.state();
                    Network network = References.network(state, networkReference);
                    Container before = desired.container(request.container() == null ? "" : request.container());
                    Container now = ContainerRules.connected(state, before, network, request, places);
                    List<Endpoint> added = new ArrayList<>(now.endpoints());
                    added.removeAll(before.endpoints());
                    DesiredState next = state.with(now);
                    Undo undo = new Undo();
                    if (!added.isEmpty()) {
                        devices.make(
                                placeOf(now),
                                added.stream()
                                        .map(endpoint -> EndpointRules.plan(
                                                next,
                                                now,
                                                endpoint,
                                                desired.names().resolver()))
                                        .toList(),
                                undo);
                    }
                    desired.commit(next, undo);
                    added.forEach(endpoint -> chronicle.connected(next, now, endpoint));
                    LOG.info("connected {} to {}", now.name(), network.name());
                    return true;
                }));
    }

    private Places placesToConnect(String networkReference, ConnectRequest request) {
        DesiredState state = desired.state();
        Network network = References.network(state, networkReference);
        Container container = desired.container(request.container() == null ? "" : request.container());
        if (!container.isRunning() || container.endpointIn(network.id()).isPresent()) {
            return Places.NONE;
        }
        Terms.checkConnectable(container, network);
        return cluster.reserve(state, Member.of(container), List.of(Terms.connection(network, request)));
    }

    void disconnect(String networkReference, String containerReference, boolean force) {
        if (cluster.disconnectElsewhere(desired.state(), networkReference, containerReference, force)) {
            return;
        }
        desired.locked(() -> {
            DesiredState state = desired.state();
            Container before = desired.container(containerReference);
            Container now;
            try {
                now = ContainerRules.disconnected(before, References.network(state, networkReference));
            } catch (Refusal e) {
                // A stopped container may still want a network that was removed.
                String stale = force ? staleNetwork(state, before, networkReference) : null;
                if (stale == null) {
                    throw e;
                }
                now = ContainerRules.disconnected(before, stale);
            }
            DesiredState next = state.with(now);
            Undo undo = new Undo();
            moveRoutes(state, before, next, now, force, undo);
            desired.commit(next, undo);
            List<Endpoint> gone = new ArrayList<>(before.endpoints());
            gone.removeAll(now.endpoints());
            for (Endpoint endpoint : gone) {
                chronicle.disconnected(state, before, endpoint);
            }
            LOG.info("disconnected {} from {}", before.name(), networkReference);
            return true;
        });
    }

    private static @Nullable String staleNetwork(DesiredState state, Container container, String reference) {
        for (Connection connection : container.connections()) {
            String id = connection.networkId();
            if (!reference.isEmpty()
                    && id.startsWith(reference)
                    && !state.networksById().containsKey(id)) {
                return id;
            }
        }
        return null;
    }

    /** Before the interface goes, so that there is no moment without a default route or a resolver. */
    private void moveRoutes(
            DesiredState state, Container before, DesiredState next, Container now, boolean force, Undo undo) {
        List<Plumbing.ContainerRoute> old =
                EndpointRules.routes(state, before, desired.names().resolver());
        List<Plumbing.ContainerRoute> moved =
                new ArrayList<>(EndpointRules.routes(next, now, desired.names().resolver()));
        moved.removeAll(old);
        if (moved.isEmpty()) {
            return;
        }
        try {
            plumbing.routes(placeOf(now), moved);
            undo.add(() -> plumbing.routes(placeOf(now), old));
        } catch (Refusal e) {
            if (!force) {
                throw e;
            }
            LOG.warn("the routes of {} did not move: {}", now.name(), e.sentence());
        }
    }

    Container rename(String reference, String newName) {
        return desired.locked(() -> {
            DesiredState state = desired.state();
            Container before = desired.container(reference);
            Container now = ContainerRules.renamed(state, before, newName);
            cluster.checkName(state, before, now.name());
            desired.commit(state.with(now), new Undo());
            chronicle.renamed(now, before.name());
            return now;
        });
    }

    Container start(String reference, StartRequest request) {
        Container stopped = desired.container(reference);
        Plumbing.Place given = place(stopped.mode(), request.netns());
        Init init = InitWatch.find(request.init());
        Places places = stopped.isRunning()
                ? Places.NONE
                : cluster.reserve(desired.state(), Member.of(stopped), stopped.connections());
        return cluster.orGiveBack(
                places,
                () -> desired.locked(() -> {
                    DesiredState state = desired.state();
                    Container before = References.container(state, stopped.id());
                    Plumbing.Place place = placeIn(state, before.mode(), given);
                    Container now = ContainerRules.started(state, before, place, init, places);
                    bringUp(state.with(now), now, now.endpoints());
                    chronicle.started(desired.state(), now);
                    LOG.info("started {}", now.name());
                    return now;
                }));
    }

    Container stop(String reference, int timeoutSeconds) {
        Container container = desired.container(reference);
        if (!container.isRunning()) {
            return container;
        }
        Init init = container.init();
        if (init == null) {
            throw Refusal.conflict(
                    "container_not_ours",
                    "container " + container.name() + " was attached, not started by tapswitch run: end its processes"
                            + " where they were started, or detach it with tapswitch rm");
        }
        if (timeoutSeconds < 0) {
            throw Refusal.badInput("invalid timeout " + timeoutSeconds + ": must be 0 seconds or more");
        }
        Integer exitCode = inits.end(container.id(), init, timeoutSeconds * 1_000L);
        departures.processEnded(container.id(), init, exitCode);
        Container now = desired.state().containersById().get(container.id());
        return now == null ? container.ended(Container.Status.EXITED, exitCode, Moment.now()) : now;
    }

    /** Detaches and forgets a container; ends the process that {@code run} started only with force. */
    String remove(String reference, boolean force) {
        Container container = desired.container(reference);
        Init init = container.init();
        if (init != null && container.isRunning()) {
            if (!force) {
                throw Refusal.conflict(
                        "container_running",
                        "cannot remove container \"/" + container.name()
                                + "\": container is running: stop the container before removing or force remove");
            }
            departures.processEnded(container.id(), init, inits.end(container.id(), init, 0));
            return forget(container, "container " + container.name() + " was ended, but it is not removed: ");
        }
        return forget(container, "");
    }

    /** Forgets a container; a refusal begins with what was done to it before. */
    private String forget(Container container, String done) {
        return desired.locked(() -> {
            DesiredState state = desired.state();
            Container now = state.containersById().get(container.id());
            if (now != null) {
                try {
                    desired.commit(
                            ContainerRules.withoutGuests(state.withoutContainer(now.id()), now.id()), new Undo());
                } catch (Refusal e) {
                    Throwable cause = e.getCause();
                    String sentence = done + e.sentence();
                    throw cause == null ? Refusal.failed(sentence) : Refusal.failed(sentence, cause);
                }
                inits.forget(now.id());
                chronicle.publications(state, desired.state());
                chronicle.removed(state, now);
                chronicle.guestsEnded(state, now.id());
                LOG.info("removed {} ({})", now.name(), ObjectName.shortId(now.id()));
            }
            return container.name();
        });
    }

    /** {@return the containers that a person wants to see, newest first, as docker's ps} */
    List<Container> list(boolean all, Filters filters) {
        DesiredState state = desired.state();
        boolean ended = all || Selection.meansEnded(filters);
        List<Container> list = new ArrayList<>(state.containers().stream()
                .filter(container -> ended || container.isRunning())
                .filter(Selection.containers(filters, state, publishing.served(state)))
                .toList());
        return list.reversed();
    }
}
