package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.dataplane.Conservation;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.Ipv6Prefix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: the control plane, as the API sees it.
 *
 * <pre>
 *   API threads --> Controller --+--> Networks     create, remove, prune      NetworkRules    \
 *                                +--> Containers   attach, connect, remove    ContainerRules   > pure: state, request
 *                                |                                            EndpointRules   /   -> next state
 *   link monitor, dataplane, ----+--> Departures   what the kernel decided
 *   processes                    |
 *   at start --------------------+--> Restore      what outlived the last daemon
 *                                           |
 *                                           v
 *                                        Desired   one lock, one immutable state; state file, tables, devices in step
 * </pre>
 *
 * <p>Callers are virtual threads, one a request: waiting costs them nothing. An attachment holds the lock for some
 * 20 ms, most of it iproute2; who only looks takes the state as it is and never waits. They get immutable records.
 *
 * <p>Limits: {@link Dataplane#MAX_NETWORKS}, {@link EndpointRules#LISTENER_PORT}, {@link ContainerRules#DETACHED_MAX},
 * the addresses of a subnet. What is full is refused with a sentence, and leaves nothing behind.
 */
public final class Controller implements AutoCloseable {
    private final Dataplane dataplane;
    private final EventLog log = new EventLog();
    private final LinkNews links = new LinkNews();
    private final HostPortWiring host;
    private final @Nullable OutsideWiring outside;
    private final HostNews hostNews;
    private final BareNamespaces bare;
    private final Desired desired;
    private final InitWatch inits;
    private final Departures departures;
    private final Networks networks;
    private final Containers containers;
    private final HostPorts ports;
    private final Publishing publishing;
    private final Restore restore;
    private final Plumbing plumbing;
    private final Chronicle chronicle;
    private final ConfigurationFiles files;
    private final Looking looking;
    private final Readings readings;
    private final ClusterWiring cluster;
    private final NatWatch natWatch;

    /** A network and who is in it: here, by address, and on other hosts. */
    public record NetworkView(Network network, List<Member> members, List<Remotes.Remote> remotes) {}

    /** A container and its place in a network. */
    public record Member(Container container, Endpoint endpoint) {}

    /** One line of the forwarding database; the container is empty where nobody's is. */
    public record FdbView(String network, FdbEntry entry, String container) {}

    /**
     * Composes the control plane; nothing happens before {@link #start}.
     *
     * @param dataplane what serves
     * @param plumbing what makes devices
     * @param directory what survives
     * @param events the dataplane's news
     * @param host looks at the host, leaving an interface of that name out
     * @param localPool where IPv6 subnets come from that nobody chose
     * @param clusterOptions null for no cluster
     */
    Controller(
            Dataplane dataplane,
            Plumbing plumbing,
            StateDirectory directory,
            DataplaneEvents events,
            Function<String, HostLook> host,
            Ipv6Prefix localPool,
            @Nullable ClusterOptions clusterOptions) {
        this.dataplane = dataplane;
        this.plumbing = plumbing;
        this.chronicle = new Chronicle(log);
        Devices devices = new Devices(plumbing);
        this.host = new HostPortWiring(plumbing, host, this::hostListener);
        this.bare = new BareNamespaces(plumbing, this::namespaceGone);
        OutsideKernel kernel = plumbing.outside();
        this.cluster = new ClusterWiring(clusterOptions, directory, kernel, dataplane.workers());
        this.outside = kernel == null
                ? null
                : new OutsideWiring(kernel, dataplane.workers(), dataplane::isTurning, cluster::abroad);
        this.ports = new HostPorts(kernel == null ? PortKeeper.NONE : new SocketKeeper(kernel), EphemeralPorts::now);
        this.desired =
                new Desired(directory, dataplane, devices, this.host, outside, bare, ports, cluster, this::listener);
        this.hostNews = new HostNews(desired, ports, dataplane, this.host, outside);
        this.departures = new Departures(desired, plumbing, dataplane, devices, chronicle);
        this.inits = new InitWatch(departures::processEnded);
        this.networks = new Networks(desired, this.host, localPool, chronicle, cluster, kernel);
        this.files = new ConfigurationFiles(desired, ports, networks, chronicle, hostNews::onSettings);
        this.publishing = new Publishing(desired, ports, chronicle, files::publishAddress);
        this.containers = new Containers(
                desired,
                plumbing,
                devices,
                inits,
                departures,
                publishing,
                chronicle,
                cluster.places(),
                dataplane.workers());
        this.restore = new Restore(desired, plumbing, devices, inits, departures);
        this.looking = new Looking(desired, ports, dataplane, outside, cluster);
        this.readings = new Readings(desired, dataplane, networks, containers, looking);
        this.natWatch = new NatWatch(looking::nat, log, looking.peers()::look);
        events.deliver(devices::endpointOfPort, this::portGone);
    }

    /** {@return a control plane for the namespace that this process runs in} */
    public static Controller forThisHost(
            Dataplane dataplane,
            Plumbing plumbing,
            StateDirectory directory,
            DataplaneEvents events,
            @Nullable ClusterOptions cluster) {
        return new Controller(dataplane, plumbing, directory, events, HostLook::now, directory.localPool(), cluster);
    }

    private Plumbing.LinkListener hostListener(String id) {
        return links.ofHost(() -> hostNews.onInterfaceGone(id));
    }

    private Plumbing.LinkListener listener(Endpoint endpoint) {
        return links.of(endpoint, departures);
    }

    /**
     * Brings back what was there; when this returns, frames are forwarded and requests may come.
     *
     * @param loaded what is on the disk
     */
    public void start(DesiredState loaded) {
        desired.locked(() -> {
            restore.adopt(loaded, outside == null ? Set.of() : outside.tags());
            DesiredState complete = networks.withBuiltIn(loaded);
            if (!complete.equals(loaded)) {
                desired.commit(complete, new Undo());
            }
            host.update(desired.state());
            return true;
        });
        restore.complete();
        if (outside != null) {
            natWatch.start();
        }
        desired.locked(() -> {
            bare.update(desired.state());
            return desired.beginNames();
        });
        hostNews.start();
        cluster.start(new ClusterWiring.Around(desired, host, chronicle, new TunnelSigns(dataplane, looking)));
    }

    /** A start failed: with nobody attached, the host's interface and the keeper would be left for nobody. */
    public void abandonStart(RuntimeException why) {
        if (desired.state().containers().stream()
                .anyMatch(container -> !container.endpoints().isEmpty())) {
            return;
        }
        try {
            detachAll();
        } catch (RuntimeException e) {
            why.addSuppressed(e);
        }
    }

    private void namespaceGone(String containerId, String identity) {
        departures.namespaceGone(containerId, identity);
    }

    /**
     * Brings a configuration file into force, now and whenever it changes. A fault in the file is refused now, and
     * changes nothing later. So is a contradiction to what is there, unless an earlier daemon has left something: that
     * goes on then, and a warning says why the file is not in force.
     *
     * @param file which; null for none: what an earlier one made is like what commands make
     * @param ports a file that says only what is published, null for none
     */
    public void configure(@Nullable Path file, @Nullable Path ports) {
        files.configure(file, ports);
    }

    /** {@return the configurations in force, that of the configuration file first; none when there is no file} */
    public List<Configuration> configurations() {
        return files.configurations();
    }

    /** Asks for another reading of the configuration file, and does not wait for it. {@return whether there is one} */
    public boolean reload() {
        return files.reload();
    }

    /** {@return the configuration in force, null when there is no file} */
    public @Nullable Configuration configuration() {
        return files.configuration();
    }

    private void portGone(String endpointId) {
        if (HostPortWiring.isHost(endpointId)) {
            hostNews.onInterfaceGone(endpointId);
        } else if (OutsideWiring.isUplink(endpointId)) {
            hostNews.onUplinkGone(endpointId);
        } else if (NamesWiring.isListener(endpointId)) {
            hostNews.onListenerGone(endpointId);
        } else {
            departures.endpointGone(endpointId);
        }
    }

    /** The host's addresses or routes changed: the dataplane knows from now on. */
    public void hostChanged() {
        hostNews.onAddresses();
    }

    /** The kernel has news of links, addresses, routes or rules: what it said before of ways may be wrong. */
    public void hostNews() {
        hostNews.onNews();
    }

    /** Brings what a configuration file declares into force, all of it or nothing. */
    public void reconcile(Configuration configuration) {
        files.reconcile(configuration);
    }

    /** Takes every interface out of its container and off the host, as if the switch had never been. */
    public void detachAll() {
        desired.locked(() -> {
            departures.everythingGone();
            host.close();
            desired.dropOutside();
            desired.dropHost();
            plumbing.end();
            return true;
        });
    }

    /** {@return a new network} */
    public Network createNetwork(NetworkRequest request) {
        return networks.create(request);
    }

    /** {@return this host's part in the cluster} */
    ClusterWiring cluster() {
        return cluster;
    }

    /** {@return the networks that the filters leave, by name} */
    public List<NetworkView> networks(Filters filters) {
        return networks.list(filters);
    }

    /** {@return the network of a name or id} */
    public NetworkView network(String reference) {
        return networks.one(reference);
    }

    /** Removes a network that nobody is in. {@return its name} */
    public String removeNetwork(String reference) {
        return networks.remove(reference);
    }

    /** Removes the networks that people made, nobody is in and the filters leave. {@return their names} */
    public List<String> pruneNetworks(Filters filters) {
        return networks.prune(filters);
    }

    /** Gives a container an endpoint in one network more. */
    public void connect(String networkReference, ConnectRequest request) {
        containers.connect(networkReference, request);
    }

    /** Takes a container out of a network; with force whatever stands against it. */
    public void disconnect(String networkReference, String containerReference, boolean force) {
        containers.disconnect(networkReference, containerReference, force);
    }

    /** {@return a new container, attached to its networks} */
    public Container attach(AttachRequest request) {
        return containers.attach(request);
    }

    /** {@return the containers that the filters leave, newest first; with {@code all} also those that ended} */
    public List<Container> containers(boolean all, Filters filters) {
        return containers.list(all, filters);
    }

    /** {@return the container of a name or id} */
    public Container container(String reference) {
        return desired.container(reference);
    }

    /** Gives a container another name. {@return it} */
    public Container rename(String reference, String newName) {
        return containers.rename(reference, newName);
    }

    /** Ends a container's process. {@return the container as it is then} */
    public Container stop(String reference, int timeoutSeconds) {
        return containers.stop(reference, timeoutSeconds);
    }

    /** Takes a stopped container's new process, and brings its networks back. {@return it} */
    public Container start(String reference, StartRequest request) {
        return containers.start(reference, request);
    }

    /**
     * Detaches and forgets a container; ends the process that {@code run} started only with force.
     *
     * @return its name
     */
    public String removeContainer(String reference, boolean force) {
        return containers.remove(reference, force);
    }

    /** Publishes ports of a container, all of them or none. {@return what was published} */
    public PublishAnswer publish(String reference, PublishRequest request) {
        return publishing.publish(reference, request);
    }

    /** Takes published ports of a container back, all of them or none. */
    public void unpublish(String reference, PublishRequest request) {
        publishing.unpublish(reference, request);
    }

    /** {@return the published ports in force} */
    public List<ActivePort> ports() {
        return ports.served(desired.state());
    }

    /** {@return what a person should know about the published ports of a container that was attached or started} */
    public List<String> portWarnings(Container container, @Nullable AttachRequest request) {
        return publishing.warnings(container, request);
    }

    /** {@return everything that there shall be, as of now} */
    public DesiredState state() {
        return desired.state();
    }

    /** {@return who looks inside} */
    public Looking looking() {
        return looking;
    }

    /** {@return what happened, and where to wait for what happens next} */
    public EventLog events() {
        return log;
    }

    /** {@return forwarding databases: of one network, or of all when the reference is null} */
    public List<FdbView> fdb(@Nullable String reference) {
        return readings.fdb(reference);
    }

    /** {@return counters of the endpoints of one container, or of all when the reference is null} */
    public List<EndpointCounters> counters(@Nullable String reference) {
        return readings.counters(reference);
    }

    /** {@return counters of the host's port; the host is behind one port, in all networks that are not internal} */
    public CounterSnapshot hostCounters() {
        return dataplane.counters(EndpointRules.HOST_PORT);
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

    /** {@return who keeps the devices' files beyond the daemon's life} */
    public String keeper() {
        return plumbing.keeper();
    }

    /** {@return what a person should look at} */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>(desired.warnings());
        warnings.addAll(restore.warnings());
        warnings.addAll(host.warnings(desired.state()));
        warnings.addAll(hostNews.warnings());
        warnings.addAll(ports.warnings(desired.state()));
        warnings.addAll(files.warnings());
        warnings.addAll(cluster.warnings());
        return warnings;
    }

    /** Ends the news; devices stay. */
    @Override
    public void close() {
        files.close();
        natWatch.close();
        cluster.close();
        hostNews.close();
        links.close();
        restore.close();
        desired.close();
        if (outside != null) {
            outside.close();
        }
        inits.close();
        log.close();
    }
}
