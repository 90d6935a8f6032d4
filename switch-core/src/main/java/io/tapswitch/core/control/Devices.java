package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NamesListener;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which device an endpoint has now. The state says what there shall be; an endpoint of it has a device here, or is
 * pending. Changes come under the controller's lock; {@link #endpointOfPort} may be asked by any thread, so that news
 * of the dataplane can be tied to the endpoint that they are about before the port's number is given to another.
 */
final class Devices {
    private static final Logger LOG = LoggerFactory.getLogger(Devices.class);

    private final Plumbing plumbing;
    private final Map<String, Plumbing.Plug> plugs = new ConcurrentHashMap<>();
    private final AtomicReferenceArray<@Nullable String> endpointOfPort =
            new AtomicReferenceArray<>(EndpointRules.HOST_PORT + 1);

    Devices(Plumbing plumbing) {
        this.plumbing = plumbing;
    }

    /** Makes interfaces, all or none; taken back by the undo. */
    void make(Plumbing.Place place, List<Plumbing.InterfacePlan> plans, Undo undo) {
        List<Plumbing.Plug> made = plumbing.plug(place, plans);
        undo.add(() -> {
            made.forEach(plug -> plugs.remove(plug.tag()));
            plumbing.unplug(made);
        });
        made.forEach(plug -> plugs.put(plug.tag(), plug));
    }

    /** Takes a device that was there already. */
    void keep(Plumbing.Plug plug) {
        plugs.put(plug.tag(), plug);
    }

    /** {@return a new listener for names by TCP, null where there shall be none} */
    @Nullable
    NamesListener newListener() {
        return plumbing.names();
    }

    /** {@return whether the endpoint has a device} */
    boolean has(String endpointId) {
        return plugs.containsKey(endpointId);
    }

    /** {@return the open files of an endpoint's device, empty while it has none} */
    List<Integer> fds(String endpointId) {
        Plumbing.Plug plug = plugs.get(endpointId);
        return plug == null ? List.of() : plug.fds();
    }

    /** Says whose a port is, before the dataplane is told of it; null when it is nobody's any more. */
    void bind(int port, @Nullable String endpointId) {
        endpointOfPort.set(port, endpointId);
    }

    /** {@return the endpoint that has this port now, null when none has} */
    @Nullable
    String endpointOfPort(int port) {
        return port >= 0 && port < endpointOfPort.length() ? endpointOfPort.get(port) : null;
    }

    /** Begins to watch an endpoint's interface. */
    void watch(Endpoint endpoint, Plumbing.LinkListener listener) {
        Plumbing.Plug plug = plugs.get(endpoint.id());
        if (plug != null) {
            plumbing.watch(plug, endpoint.interfaceName(), listener);
        }
    }

    /** Removes the device of an endpoint that outlived the last daemon and was never served by this one. */
    void removeUnserved(Container container, Endpoint endpoint) {
        Plumbing.Place place = new Plumbing.Place(container.netns(), container.netnsIdentity(), null);
        try {
            Plumbing.Plug plug = plumbing.reattach(endpoint.id(), place, endpoint.interfaceName(), endpoint.queues());
            if (plug != null) {
                plumbing.unplug(List.of(plug));
            }
        } catch (Refusal e) {
            LOG.warn("{} stays in {}: {}", endpoint.interfaceName(), container.name(), e.sentence());
        }
    }

    /** Removes the devices of endpoints that the dataplane has let go. */
    void remove(Collection<Endpoint> endpoints) {
        List<Plumbing.Plug> gone = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            endpointOfPort.compareAndSet(endpoint.port(), endpoint.id(), null);
            Plumbing.Plug plug = plugs.remove(endpoint.id());
            if (plug != null) {
                gone.add(plug);
            }
        }
        if (gone.isEmpty()) {
            return;
        }
        try {
            plumbing.unplug(gone);
        } catch (RuntimeException e) {
            // What is left of it is dropped at the next start.
            LOG.error("a device could not be removed: {}", e.getMessage());
        }
    }
}
