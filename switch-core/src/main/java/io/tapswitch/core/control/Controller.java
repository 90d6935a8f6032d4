package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Conservation;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the one place where networks and containers change.
 *
 * <p>One lock serialises all changes and all looks at the tables, so that every rule (names are unique, subnets do not
 * overlap, an address has one owner, a network with endpoints stays) is checked and acted on without anybody in
 * between. An attachment holds it for some 20 ms, most of it iproute2. The callers are virtual threads, one a request:
 * waiting costs them nothing. What they get are immutable records, never the tables.
 *
 * <pre>
 *   API thread ----> Controller --lock--> NetworkTable   names, subnets, address pools, state file
 *   DataplaneEvents ----^                 ContainerTable names, namespaces, endpoints
 *   InitWatch ----------^                 Attacher       devices (Plumbing), ports (Dataplane), undo
 * </pre>
 *
 * <p>News from below (a device is gone, a link is down, a process ended) come on threads of their own and take the same
 * lock; each names the endpoint it is about by its id, which is never used twice, so that news about an old endpoint
 * cannot hit a new one.
 *
 * <p>Limits: {@link Dataplane#MAX_NETWORKS}, {@link PortTable#PORTS_MAX}, {@link ContainerTable#ENDED_MAX}, the
 * addresses of a subnet. What is full is refused with a sentence, and leaves nothing behind.
 */
public final class Controller implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    private final ReentrantLock lock = new ReentrantLock();
    private final Dataplane dataplane;
    private final Plumbing plumbing;
    private final NetworkTable networks;
    private final ContainerTable containers = new ContainerTable();
    private final Attacher attacher;
    private final InitWatch inits = new InitWatch(this::initEnded);
    /** One thread, so that a link that goes down and up again ends up; not the monitor's, which must not wait here. */
    private final ExecutorService linkNews =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());

    /** A network and who is in it. */
    public record NetworkView(Network network, List<Endpoint> endpoints) {}

    /** One line of the forwarding database. */
    public record FdbView(String network, FdbEntry entry, String container) {}

    /** An endpoint and its counters. */
    public record EndpointCounters(Endpoint endpoint, CounterSnapshot counters) {}

    /** Composes the control plane; nothing happens before {@link #start}. */
    Controller(
            Dataplane dataplane,
            Plumbing plumbing,
            StateDirectory state,
            DataplaneEvents events,
            Supplier<List<SubnetChoice.Taken>> host) {
        this.dataplane = dataplane;
        this.plumbing = plumbing;
        this.networks = new NetworkTable(dataplane, state, host);
        PortTable ports = new PortTable(dataplane.workers());
        this.attacher = new Attacher(dataplane, plumbing, ports);
        events.deliver(ports::endpointId, this::endpointGone);
    }

    /** {@return a control plane for the namespace that this process runs in} */
    public static Controller forThisHost(
            Dataplane dataplane, Plumbing plumbing, StateDirectory state, DataplaneEvents events) {
        return new Controller(dataplane, plumbing, state, events, HostAddresses::read);
    }

    /** Brings the networks of the last run back. */
    public void start() {
        locked(() -> {
            networks.restore();
            return true;
        });
    }

    private <T> T locked(Supplier<T> change) {
        lock.lock();
        try {
            return change.get();
        } finally {
            lock.unlock();
        }
    }

    /** {@return a new network} */
    public Network createNetwork(NetworkRequest request) {
        return locked(() -> networks.create(request));
    }

    /** {@return all networks, by name} */
    public List<NetworkView> networks() {
        return locked(() -> networks.all().stream().map(this::view).toList());
    }

    /** {@return the network of a name or id} */
    public NetworkView network(String reference) {
        return locked(() -> view(networks.find(reference)));
    }

    private NetworkView view(NetworkTable.Entry entry) {
        return new NetworkView(
                entry.network(), containers.endpointsOf(entry.network().id()));
    }

    /** Removes a network that nobody is in. {@return its name} */
    public String removeNetwork(String reference) {
        return locked(() -> {
            NetworkTable.Entry entry = networks.find(reference);
            Network network = entry.network();
            if (network.name().equals(Network.BRIDGE)) {
                throw Refusal.conflict(network.name() + " is a pre-defined network and cannot be removed");
            }
            List<Endpoint> members = containers.endpointsOf(network.id());
            if (!members.isEmpty()) {
                throw Refusal.conflict("error while removing network: network " + network.name() + " id " + network.id()
                        + " has active endpoints: remove container "
                        + members.getFirst().containerName()
                        + (members.size() == 1 ? "" : " and " + (members.size() - 1) + " more") + " first");
            }
            networks.remove(entry);
            return network.name();
        });
    }

    /** {@return a new container, attached to its networks} */
    public Container attach(AttachRequest request) {
        if (request.netns() == null || request.netns().isEmpty()) {
            throw Refusal.badInput("netns is missing: a namespace's name, path or process id");
        }
        Plumbing.Place namespace = plumbing.place(request.netns());
        InitWatch.Init init = inits.find(request.init());
        return locked(() -> {
            Container container = attach(request, namespace, init);
            if (init != null) {
                inits.watch(container.id(), init);
            }
            return container;
        });
    }

    private Container attach(AttachRequest request, Plumbing.Place namespace, InitWatch.@Nullable Init init) {
        String name = AttachRules.name(request, namespace, containers);
        int queues = AttachRules.queues(request, dataplane.workers());
        List<Attacher.Place> places = AttachRules.places(request, networks);
        Container replaced = containers.byName(name);
        String id = ObjectName.newId();
        boolean guard = request.sourceGuard() != null && request.sourceGuard();
        List<Endpoint> endpoints = attacher.attach(namespace, new Attacher.Terms(id, name, queues, guard), places);
        String chosen = request.hostname();
        String hostname = chosen == null || chosen.isEmpty() ? ObjectName.shortId(id) : chosen;
        Container container = new Container(
                id,
                name,
                hostname,
                init == null ? List.of() : init.command(),
                NetworkTable.now(),
                Container.Status.RUNNING,
                init == null ? 0 : init.pid(),
                init != null && init.autoRemove(),
                namespace.path(),
                namespace.identity(),
                endpoints);
        if (replaced != null) {
            containers.remove(replaced);
        }
        containers.put(container);
        endpoints.forEach(endpoint -> attacher.watch(endpoint, new LinkNews(endpoint.id())));
        LOG.info(
                "attached {} ({}) to {}",
                name,
                ObjectName.shortId(id),
                places.stream().map(place -> place.network().network().name()).toList());
        return container;
    }

    /** {@return containers, newest first; with {@code all} also those that ended} */
    public List<Container> containers(boolean all) {
        return locked(() -> containers.list(all));
    }

    /** {@return the container of a name or id} */
    public Container container(String reference) {
        return locked(() -> containers.find(reference));
    }

    /**
     * Detaches and forgets a container; ends the process that {@code run} started only with force.
     *
     * @return its name
     */
    public String removeContainer(String reference, boolean force) {
        Container container = container(reference);
        if (container.hasInit() && container.status() == Container.Status.RUNNING) {
            if (!force) {
                throw Refusal.conflict("cannot remove container \"/" + container.name()
                        + "\": container is running: stop the container before removing or force remove");
            }
            inits.end(container.id());
        }
        return locked(() -> {
            Container now = containers.byId(container.id());
            if (now != null) {
                now.endpoints().forEach(this::detach);
                containers.remove(now);
                inits.forget(now.id());
                LOG.info("removed {} ({})", now.name(), ObjectName.shortId(now.id()));
            }
            return container.name();
        });
    }

    private void detach(Endpoint endpoint) {
        attacher.detach(endpoint, networks.find(endpoint.networkId()));
    }

    /** The process that a container lived as long as has ended. */
    private void initEnded(String containerId) {
        locked(() -> {
            Container container = containers.byId(containerId);
            if (container != null) {
                container.endpoints().forEach(this::detach);
                if (container.autoRemove()) {
                    containers.remove(container);
                } else {
                    containers.put(container.with(Container.Status.EXITED, List.of()));
                }
                LOG.info("the process of {} ended", container.name());
            }
            return true;
        });
    }

    /** A device is gone, with its namespace or by itself. */
    private void endpointGone(String endpointId) {
        locked(() -> {
            Endpoint endpoint = containers.endpoint(endpointId);
            if (endpoint != null) {
                detach(endpoint);
                withdraw(endpoint);
                LOG.info(
                        "{} of {} in network {} is gone",
                        endpoint.interfaceName(),
                        endpoint.containerName(),
                        endpoint.networkName());
            }
            return true;
        });
    }

    private void withdraw(Endpoint endpoint) {
        Container container = containers.find(endpoint.containerId());
        List<Endpoint> rest = new ArrayList<>(container.endpoints());
        rest.removeIf(other -> other.id().equals(endpoint.id()));
        // A container with a process of its own runs on without its devices until that process ends.
        boolean runs = !rest.isEmpty() || container.hasInit();
        containers.put(container.with(runs ? Container.Status.RUNNING : Container.Status.DETACHED, rest));
    }

    /** What the link monitor says about one endpoint. */
    private final class LinkNews implements Plumbing.LinkListener {
        private final String endpointId;

        LinkNews(String endpointId) {
            this.endpointId = endpointId;
        }

        @Override
        public void onLinkState(boolean up) {
            linkNews.execute(() -> linkState(endpointId, up));
        }

        @Override
        public void onRenamed(String name) {
            linkNews.execute(() -> renamed(endpointId, name));
        }

        @Override
        public void onGone() {
            linkNews.execute(() -> endpointGone(endpointId));
        }
    }

    private void linkState(String endpointId, boolean up) {
        locked(() -> {
            Endpoint endpoint = containers.endpoint(endpointId);
            return endpoint == null ? false : dataplane.linkState(endpoint.port(), up);
        });
    }

    private void renamed(String endpointId, String name) {
        locked(() -> {
            Endpoint endpoint = containers.endpoint(endpointId);
            if (endpoint != null) {
                Container container = containers.find(endpoint.containerId());
                List<Endpoint> endpoints = new ArrayList<>(container.endpoints());
                endpoints.replaceAll(other -> other.id().equals(endpointId) ? other.withInterfaceName(name) : other);
                containers.put(container.with(container.status(), endpoints));
            }
            return true;
        });
    }

    /** {@return forwarding databases: of one network, or of all when the reference is null} */
    public List<FdbView> fdb(@Nullable String reference) {
        return locked(() -> {
            List<FdbView> lines = new ArrayList<>();
            for (NetworkTable.Entry network : reference == null ? networks.all() : List.of(networks.find(reference))) {
                List<Endpoint> endpoints =
                        containers.endpointsOf(network.network().id());
                for (FdbEntry entry : Waiting.await(dataplane.fdb(network.index()), "read the forwarding database")) {
                    String container = endpoints.stream()
                            .filter(endpoint -> endpoint.port() == entry.port())
                            .map(Endpoint::containerName)
                            .findFirst()
                            .orElse("");
                    lines.add(new FdbView(network.network().name(), entry, container));
                }
            }
            return lines;
        });
    }

    /** {@return counters of the endpoints of one container, or of all when the reference is null} */
    public List<EndpointCounters> counters(@Nullable String reference) {
        return locked(() -> {
            List<Container> chosen = reference == null ? containers.list(false) : List.of(containers.find(reference));
            return chosen.stream()
                    .flatMap(container -> container.endpoints().stream())
                    .map(endpoint -> new EndpointCounters(endpoint, dataplane.counters(endpoint.port())))
                    .toList();
        });
    }

    /** {@return the conservation of frames} */
    public Conservation conservation() {
        return dataplane.conservation();
    }

    /** {@return counters of the switch itself} */
    public Map<String, Long> internals() {
        return dataplane.internals();
    }

    /** {@return the word for the way frames are moved} */
    public String ioWord() {
        return dataplane.ioMode().word();
    }

    /** {@return number of workers} */
    public int workers() {
        return dataplane.workers();
    }

    /** {@return what a person should look at} */
    public List<String> warnings() {
        return locked(networks::warnings);
    }

    /** Ends the news of links. The devices stay until their files are closed, which is when the process ends. */
    @Override
    public void close() {
        linkNews.shutdownNow();
    }
}
