package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel decides: processes end, namespaces die, devices go or get other names. It cannot be refused, so it
 * is brought into force whatever the disk says. Each piece of news names an endpoint or container by its id, which is
 * never used twice, so that news about an old one cannot hit a new one; news that come twice find nothing the second
 * time.
 */
final class Departures {
    private static final Logger LOG = LoggerFactory.getLogger(Departures.class);

    private final Desired desired;
    private final Plumbing plumbing;
    private final Dataplane dataplane;
    private final Devices devices;
    private final Chronicle chronicle;

    Departures(Desired desired, Plumbing plumbing, Dataplane dataplane, Devices devices, Chronicle chronicle) {
        this.desired = desired;
        this.plumbing = plumbing;
        this.dataplane = dataplane;
        this.devices = devices;
        this.chronicle = chronicle;
    }

    /**
     * The process that a container lived as long as has ended.
     *
     * @param init which process; the container may have another one by now
     * @param exitCode null when nobody knows it
     */
    void processEnded(String containerId, Init init, @Nullable Integer exitCode) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            Container before = state.containersById().get(containerId);
            if (before == null || !init.equals(before.init()) || !before.isRunning()) {
                return false;
            }
            Container now = before.ended(Container.Status.EXITED, exitCode, Moment.now());
            DesiredState next = init.autoRemove() ? state.withoutContainer(now.id()) : state.with(now);
            desired.force(ContainerRules.withoutGuests(next, now.id()));
            chronicle.ended(state, before, now);
            if (init.autoRemove()) {
                chronicle.publications(state, desired.state());
                chronicle.removed(state, now);
            }
            chronicle.guestsEnded(state, now.id());
            LOG.info("the process of {} ended{}", before.name(), exitCode == null ? "" : ", exit code " + exitCode);
            return true;
        });
    }

    /** A device is gone, with its namespace or by itself. */
    void endpointGone(String endpointId) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            for (Container before : state.containers()) {
                for (Endpoint endpoint : before.endpoints()) {
                    if (endpoint.id().equals(endpointId)) {
                        gone(state, before, endpoint);
                        return true;
                    }
                }
            }
            return false;
        });
    }

    private void gone(DesiredState state, Container before, Endpoint endpoint) {
        Init init = before.init();
        if (init != null && InitWatch.hasEnded(init)) {
            // The device went with its process. That news is on its way, knows the exit code, and takes all of them.
            return;
        }
        Container now = ContainerRules.without(before, endpoint);
        DesiredState next = state.with(now);
        if (now.isRunning()) {
            desired.force(next);
            chronicle.disconnected(state, before, endpoint);
            moveRoutes(state, before, next, now);
        } else {
            endsDetached(state, before, now);
        }
        LOG.info("{} of {} is gone", endpoint.interfaceName(), before.name());
    }

    /** A namespace is gone in which the switch has no device that could tell. */
    void namespaceGone(String containerId, String identity) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            Container before = state.containersById().get(containerId);
            if (before == null
                    || !before.isRunning()
                    || before.init() != null
                    || !before.netnsIdentity().equals(identity)) {
                return false;
            }
            Container now = before.ended(Container.Status.DETACHED, null, Moment.now());
            endsDetached(state, before, now);
            LOG.info("the namespace of {} is gone", before.name());
            return true;
        });
    }

    private void endsDetached(DesiredState state, Container before, Container now) {
        desired.force(ContainerRules.withoutGuests(state.with(now), now.id()));
        chronicle.ended(state, before, now);
        chronicle.guestsEnded(state, now.id());
    }

    /**
     * The daemon is asked to leave nothing behind. What {@code run} started goes on without a network and is still its
     * container's: the next daemon must know that it lives, lest {@code start} runs it twice.
     */
    void everythingGone() {
        DesiredState state = desired.state();
        DesiredState next = state;
        Map<Container, Container> left = new LinkedHashMap<>();
        for (Container before : state.containers()) {
            if (before.endpoints().isEmpty()) {
                continue;
            }
            Container now = before.init() == null
                    ? before.ended(Container.Status.DETACHED, null, Moment.now())
                    : before.with(before.connections(), List.of());
            left.put(before, now);
            next = next.with(now);
            next = now.isRunning() ? next : ContainerRules.withoutGuests(next, now.id());
        }
        if (left.isEmpty()) {
            return;
        }
        desired.force(next);
        left.forEach((before, now) -> {
            if (now.isRunning()) {
                before.endpoints().forEach(endpoint -> chronicle.disconnected(state, before, endpoint));
            } else {
                chronicle.ended(state, before, now);
                chronicle.guestsEnded(state, now.id());
            }
        });
    }

    private void moveRoutes(DesiredState state, Container before, DesiredState next, Container now) {
        List<Plumbing.ContainerRoute> moved =
                new ArrayList<>(EndpointRules.routes(next, now, desired.names().resolver()));
        moved.removeAll(EndpointRules.routes(state, before, desired.names().resolver()));
        if (moved.isEmpty()) {
            return;
        }
        try {
            plumbing.routes(new Plumbing.Place(now.netns(), now.netnsIdentity(), null), moved);
        } catch (Refusal e) {
            // Mostly the whole namespace is on its way out, and the news of the other devices follow.
            LOG.info("the routes of {} did not move: {}", now.name(), e.sentence());
        }
    }

    /** An interface went up or down. */
    void linkState(Endpoint endpoint, boolean up) {
        desired.locked(() -> {
            if (endpoint.id().equals(devices.endpointOfPort(endpoint.port()))) {
                Waiting.await(dataplane.linkState(endpoint.port(), up), "tell the state of a link");
            }
            return true;
        });
    }

    /** An interface has another name. */
    void renamed(String endpointId, String name) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            for (Container container : state.containers()) {
                if (container.endpoints().stream().anyMatch(e -> e.id().equals(endpointId))) {
                    List<Endpoint> endpoints = new ArrayList<>(container.endpoints());
                    endpoints.replaceAll(e -> e.id().equals(endpointId) ? e.withInterfaceName(name) : e);
                    desired.force(state.with(container.with(container.connections(), endpoints)));
                    return true;
                }
            }
            return false;
        });
    }
}
