package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.List;
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

    /** The process that a container lived as long as has ended. */
    void processEnded(String containerId) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            Container before = state.containersById().get(containerId);
            Init init = before == null ? null : before.init();
            if (before == null || init == null || !before.isRunning() || InitWatch.isAlive(init)) {
                return false;
            }
            Container now = before.ended(Container.Status.EXITED, null);
            DesiredState next = init.autoRemove() ? state.withoutContainer(now.id()) : state.with(now);
            desired.force(withoutGuests(next, now.id()));
            chronicle.ended(state, before, now);
            if (init.autoRemove()) {
                chronicle.removed(state, now);
            }
            LOG.info("the process of {} ended", before.name());
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
        Container now = ContainerRules.without(before, endpoint);
        DesiredState next = state.with(now);
        if (now.isRunning()) {
            desired.force(next);
            chronicle.disconnected(state, before, endpoint);
            moveDefaultRoutes(state, before, next, now);
        } else {
            desired.force(ContainerRules.trimmed(withoutGuests(next, now.id())));
            chronicle.ended(state, before, now);
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
            Container now = before.ended(Container.Status.DETACHED, null);
            desired.force(ContainerRules.trimmed(withoutGuests(state.with(now), now.id())));
            chronicle.ended(state, before, now);
            LOG.info("the namespace of {} is gone", before.name());
            return true;
        });
    }

    /** The daemon is asked to leave nothing behind. */
    void everythingGone() {
        DesiredState state = desired.state();
        DesiredState next = state;
        List<Container> left = new ArrayList<>();
        for (Container container : state.containers()) {
            if (!container.endpoints().isEmpty()) {
                next = next.with(container.ended(Container.Status.DETACHED, null));
                left.add(container);
            }
        }
        if (!left.isEmpty()) {
            desired.force(next);
            left.forEach(before -> chronicle.ended(state, before, before.ended(Container.Status.DETACHED, null)));
        }
    }

    /** Those who share a namespace that ended, and have no process of their own that could go on, end with it. */
    private static DesiredState withoutGuests(DesiredState state, String hostId) {
        DesiredState next = state;
        for (Container guest : List.copyOf(state.containers())) {
            if (guest.isRunning()
                    && guest.init() == null
                    && guest.mode() instanceof NetworkMode.Shared shared
                    && shared.containerId().equals(hostId)) {
                next = next.with(guest.ended(Container.Status.DETACHED, null));
            }
        }
        return next;
    }

    private void moveDefaultRoutes(DesiredState state, Container before, DesiredState next, Container now) {
        List<Plumbing.DefaultRoute> moved = new ArrayList<>(EndpointRules.defaultRoutes(next, now));
        moved.removeAll(EndpointRules.defaultRoutes(state, before));
        if (moved.isEmpty()) {
            return;
        }
        try {
            plumbing.defaultRoutes(new Plumbing.Place(now.netns(), now.netnsIdentity(), null), moved);
        } catch (Refusal e) {
            // Mostly the whole namespace is on its way out, and the news of the other devices follow.
            LOG.info("the default route of {} did not move: {}", now.name(), e.sentence());
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
