package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: making and removing endpoints, all or nothing.
 *
 * <pre>
 *   attach:  address, port id, worker  ->  devices made, moved, configured  ->  ports served
 *   detach:  port no longer served (no ring refers to its files)  ->  files closed, device gone  ->  address, id free
 * </pre>
 *
 * <p>Each step of an attachment puts its opposite on an undo stack; a failure anywhere runs the stack, newest first,
 * and nothing is left. A port that the dataplane did not let go keeps its id and its files for good, because a ring may
 * still name them and a reused file number would be somebody else's; that is logged.
 *
 * <p>Everything here runs under the controller's lock, on virtual threads.
 */
final class Attacher {
    private static final Logger LOG = LoggerFactory.getLogger(Attacher.class);

    private final Dataplane dataplane;
    private final Plumbing plumbing;
    private final PortTable ports;
    private final Map<String, Plumbing.Plug> plugs = new HashMap<>();

    /** What all endpoints of one attachment share. */
    record Terms(String containerId, String containerName, int queues, boolean sourceGuard) {}

    /** One network of an attachment. */
    record Place(NetworkTable.Entry network, int chosenAddress) {}

    Attacher(Dataplane dataplane, Plumbing plumbing, PortTable ports) {
        this.dataplane = dataplane;
        this.plumbing = plumbing;
        this.ports = ports;
    }

    /** Makes an endpoint in each network; eth0 in the first, which also gives the default route. */
    List<Endpoint> attach(Plumbing.Place namespace, Terms terms, List<Place> places) {
        Undo undo = new Undo();
        try {
            List<Endpoint> endpoints = new ArrayList<>();
            List<Plumbing.InterfacePlan> plans = new ArrayList<>();
            for (Place place : places) {
                Endpoint endpoint = allocate(place, terms, "eth" + endpoints.size(), undo);
                plans.add(plan(endpoint, place.network().options().mtu(), endpoints.isEmpty()));
                endpoints.add(endpoint);
            }
            List<Plumbing.Plug> made = plumbing.plug(namespace, plans);
            for (int i = 0; i < made.size(); i++) {
                Plumbing.Plug plug = made.get(i);
                Endpoint endpoint = endpoints.get(i);
                plugs.put(endpoint.id(), plug);
                undo.add(() -> closePlug(endpoint));
            }
            for (int i = 0; i < made.size(); i++) {
                serve(endpoints.get(i), places.get(i), terms, made.get(i), undo);
            }
            return endpoints;
        } catch (RuntimeException e) {
            undo.run();
            throw e;
        }
    }

    private Endpoint allocate(Place place, Terms terms, String interfaceName, Undo undo) {
        NetworkTable.Entry network = place.network();
        int address = place.chosenAddress() == 0
                ? network.pool().take()
                : network.pool().take(place.chosenAddress());
        undo.add(() -> network.pool().giveBack(address));
        int port = ports.take();
        undo.add(() -> ports.giveBack(port));
        int worker = ports.takeWorker(terms.queues());
        undo.add(() -> ports.giveBackWorker(worker, terms.queues()));
        return new Endpoint(
                ObjectName.newId(),
                network.network().id(),
                network.network().name(),
                terms.containerId(),
                terms.containerName(),
                address,
                network.network().subnet().length(),
                network.network().gateway(),
                Ipv4.mac(address),
                interfaceName,
                port,
                worker,
                terms.queues());
    }

    private static Plumbing.InterfacePlan plan(Endpoint endpoint, int mtu, boolean first) {
        return new Plumbing.InterfacePlan(
                endpoint.id(),
                endpoint.interfaceName(),
                MacAddress.fromBits(endpoint.mac()),
                List.of(new Plumbing.Cidr(Ipv4Address.fromBits(endpoint.address()), endpoint.prefixLength())),
                first ? List.of(Ipv4Address.fromBits(endpoint.gateway())) : List.of(),
                mtu,
                endpoint.queues());
    }

    private void serve(Endpoint endpoint, Place place, Terms terms, Plumbing.Plug plug, Undo undo) {
        ports.bind(endpoint.port(), endpoint.id());
        Waiting.await(
                dataplane.addPort(new PortSettings(
                        endpoint.port(),
                        place.network().index(),
                        endpoint.worker(),
                        plug.fds(),
                        endpoint.mac(),
                        Ipv4Address.fromBits(endpoint.address()),
                        null,
                        terms.sourceGuard())),
                "serve the port of " + terms.containerName());
        undo.add(() -> Waiting.await(dataplane.removePort(endpoint.port()), "take back port " + endpoint.port()));
    }

    /** Begins to watch an endpoint's interface. */
    void watch(Endpoint endpoint, Plumbing.LinkListener listener) {
        Plumbing.Plug plug = plugs.get(endpoint.id());
        if (plug != null) {
            plumbing.watch(plug, endpoint.interfaceName(), listener);
        }
    }

    /** Removes an endpoint. */
    void detach(Endpoint endpoint, NetworkTable.Entry network) {
        network.pool().giveBack(endpoint.address());
        ports.giveBackWorker(endpoint.worker(), endpoint.queues());
        try {
            Waiting.await(dataplane.removePort(endpoint.port()), "remove port " + endpoint.port());
            closePlug(endpoint);
            ports.giveBack(endpoint.port());
        } catch (Refusal e) {
            LOG.error("port {} of {} stays out of use: {}", endpoint.port(), endpoint.containerName(), e.sentence());
        }
    }

    private void closePlug(Endpoint endpoint) {
        Plumbing.Plug plug = plugs.remove(endpoint.id());
        if (plug != null) {
            plumbing.unplug(List.of(plug));
        }
    }
}
