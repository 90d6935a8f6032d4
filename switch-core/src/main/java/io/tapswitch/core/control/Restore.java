package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: bringing back what was there when the last daemon ended.
 *
 * <pre>
 *   state on the disk   who shall be there
 *   kept files          whose device is there      -> served at once: forwarding goes on before anything else
 *   the namespaces      whose files were lost      -> attached anew from inside, when the namespace is the same
 *   the processes       who ended meanwhile        -> exited; whose namespace is gone -> detached
 * </pre>
 *
 * <p>Ids, names, addresses and ports are those of the records. A device that is there but cannot be had now (somebody
 * holds it) leaves its endpoint pending: the rest works, a warning says so, and it is tried again, ever more seldom up
 * to every ten seconds (R15).
 */
final class Restore {
    private static final Logger LOG = LoggerFactory.getLogger(Restore.class);
    private static final long FIRST_PAUSE_MS = 100;
    private static final long LONGEST_PAUSE_MS = 10_000;

    private final Desired desired;
    private final Plumbing plumbing;
    private final Devices devices;
    private final InitWatch inits;
    private final Departures departures;
    /** Endpoints that have no device yet, and why; by endpoint id. */
    private final Map<String, String> pending = new java.util.concurrent.ConcurrentHashMap<>();

    private volatile boolean closed;

    Restore(Desired desired, Plumbing plumbing, Devices devices, InitWatch inits, Departures departures) {
        this.desired = desired;
        this.plumbing = plumbing;
        this.devices = devices;
        this.inits = inits;
        this.departures = departures;
    }

    /**
     * Takes what outlived the last daemon, and serves it; called once, before anything else.
     *
     * @param others tags of what is not a container's
     */
    void adopt(DesiredState loaded, Set<String> others) {
        desired.begin(loaded);
        Set<String> tags = new HashSet<>(others);
        tags.add(HostPortWiring.TAG);
        for (Container container : loaded.containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                tags.add(endpoint.id());
                Plumbing.Plug plug = plumbing.adopt(endpoint.id());
                if (plug != null) {
                    devices.keep(plug);
                } else {
                    pending.put(endpoint.id(), "not attached yet");
                }
            }
        }
        plumbing.dropOthers(tags);
        desired.apply(loaded);
    }

    /** Finds out what became of the rest. */
    void complete() {
        for (Container container : List.copyOf(desired.state().containers())) {
            if (!container.isRunning()) {
                continue;
            }
            Init init = container.init();
            if (init != null && InitWatch.hasEnded(init)) {
                container.endpoints().forEach(endpoint -> pending.remove(endpoint.id()));
                departures.processEnded(container.id(), init, null);
                continue;
            }
            if (init != null) {
                inits.watch(container.id(), init);
            }
            container.endpoints().stream()
                    .filter(endpoint -> devices.has(endpoint.id()))
                    .forEach(desired::watch);
        }
        attachPending();
        if (!pending.isEmpty()) {
            Thread.ofVirtual().name("attach pending").start(this::keepTrying);
        }
    }

    /** One try for each that is pending. */
    private void attachPending() {
        Map<Endpoint, Container> waiting = new LinkedHashMap<>();
        for (Container container : desired.state().containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                if (pending.containsKey(endpoint.id())) {
                    waiting.put(endpoint, container);
                }
            }
        }
        Set<String> known = new HashSet<>();
        waiting.forEach((endpoint, container) -> known.add(endpoint.id()));
        pending.keySet().retainAll(known);
        waiting.forEach((endpoint, container) -> desired.locked(() -> attachIfWanted(container.id(), endpoint.id())));
    }

    /** As it is now: it may have been renamed, disconnected or removed since we looked. */
    private boolean attachIfWanted(String containerId, String endpointId) {
        Container container = desired.state().containersById().get(containerId);
        if (container != null && pending.containsKey(endpointId)) {
            for (Endpoint endpoint : container.endpoints()) {
                if (endpoint.id().equals(endpointId)) {
                    return attach(container, endpoint);
                }
            }
        }
        pending.remove(endpointId);
        return false;
    }

    private boolean attach(Container container, Endpoint endpoint) {
        try {
            Plumbing.Place place = new Plumbing.Place(container.netns(), container.netnsIdentity(), null);
            Plumbing.Plug plug = plumbing.reattach(endpoint.id(), place, endpoint.interfaceName(), endpoint.queues());
            pending.remove(endpoint.id());
            if (plug == null) {
                departures.endpointGone(endpoint.id());
                return false;
            }
            devices.keep(plug);
            desired.apply(desired.state());
            desired.watch(endpoint);
            LOG.info("attached {} of {} anew", endpoint.interfaceName(), container.name());
            return true;
        } catch (Refusal e) {
            if (!e.sentence().equals(pending.put(endpoint.id(), e.sentence()))) {
                LOG.warn("{} of {} is pending: {}", endpoint.interfaceName(), container.name(), e.sentence());
            }
            return false;
        }
    }

    private void keepTrying() {
        long pauseMs = FIRST_PAUSE_MS;
        try {
            while (!closed && !pending.isEmpty()) {
                Thread.sleep(pauseMs);
                pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
                if (!closed) {
                    attachPending();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@return what a person should know about those that are not served yet} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        for (Container container : desired.state().containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                String why = pending.get(endpoint.id());
                if (why != null) {
                    warnings.add(
                            endpoint.interfaceName() + " of container " + container.name() + " is pending: " + why);
                }
            }
        }
        return warnings;
    }

    void close() {
        closed = true;
    }
}
