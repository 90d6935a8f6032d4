package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.CaptureSink;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.dataplane.FlowEntry;
import io.tapswitch.core.dataplane.FrameCapture;
import io.tapswitch.core.dataplane.RuleCounts;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looking inside: flows, what went through published ports, NAT's counters, and captured frames, with the names that
 * people gave. Nothing here changes anything. Any thread.
 */
public final class Looking {
    private static final RuleCounts NOTHING = new RuleCounts(0, 0, 0, 0, 0, 0);
    /** What stands for all uplinks where a container or a network could; one alone is {@code uplink:eth0}. */
    private static final String UPLINK = "uplink";

    private final Desired desired;
    private final HostPorts hostPorts;
    private final Dataplane dataplane;
    private final @Nullable OutsideWiring outside;
    private final PeerLook peers;
    private final ClusterLook cluster;
    private final NamesLook names;
    private final Set<Integer> captured = new HashSet<>();
    private final ReentrantLock oneReading = new ReentrantLock();

    /** {@return names, as people look at them} */
    public NamesLook names() {
        return names;
    }

    /** A flow, with the names of its container and network; empty where somebody removed them meanwhile. */
    public record FlowView(String container, String network, FlowEntry entry) {}

    /**
     * A publication and what went through it.
     *
     * @param container its container's name
     * @param waiting why it is not in force, nothing when it is
     */
    public record PortView(String container, Publication publication, String waiting, RuleCounts counts) {
        /** {@return whether its packets come} */
        public boolean inForce() {
            return waiting.isEmpty();
        }
    }

    /**
     * How many publications there are.
     *
     * @param inForce whose packets come
     * @param waitingForContainer until it is there, runs and has a way out
     * @param waitingForHost until a process of the host gives up the port
     */
    public record PortTotals(int inForce, int waitingForContainer, int waitingForHost) {}

    /** The counters of an uplink's port. */
    public record UplinkCounters(String device, CounterSnapshot counters) {}

    /**
     * The counters of another host's port in a network, or of the TAP of all tunnels.
     *
     * @param network its name, empty of the TAP
     * @param remote the other host's address, empty of the TAP
     */
    public record TunnelCounters(String network, String remote, CounterSnapshot counters) {}

    /**
     * Whose frames to capture.
     *
     * @param ports names by port
     */
    public record Target(Map<Integer, String> ports) {}

    Looking(
            Desired desired,
            HostPorts hostPorts,
            Dataplane dataplane,
            @Nullable OutsideWiring outside,
            ClusterWiring cluster) {
        this.desired = desired;
        this.hostPorts = hostPorts;
        this.dataplane = dataplane;
        this.outside = outside;
        names = new NamesLook(desired, dataplane);
        this.peers = new PeerLook(desired::state, PeerLook.Reads.of(dataplane), this::outside, cluster);
        this.cluster = new ClusterLook(
                cluster,
                desired,
                new BeliefLook(
                        desired,
                        dataplane,
                        this::outside,
                        cluster,
                        () -> outside == null ? List.of() : outside.warnings()));
    }

    /** {@return the other hosts that tunnels lead to} */
    public PeerLook peers() {
        return peers;
    }

    /** {@return this host's cluster} */
    public ClusterLook cluster() {
        return cluster;
    }

    /** Flows that somebody wants to see. */
    public interface Flows {
        /**
         * Shows each, as {@link Dataplane#flows} does it.
         *
         * @param visitor may wait
         */
        CompletableFuture<Void> each(Consumer<FlowView> visitor);
    }

    /** {@return the flows of a network and a container, or of all where the reference is null} */
    public Flows flows(@Nullable String network, @Nullable String container) {
        DesiredState state = desired.state();
        int wanted = network == null ? -1 : References.network(state, network).index();
        Set<Integer> ports = container == null ? null : ports(desired.container(container));
        Map<Integer, String> containers = new HashMap<>();
        state.containers()
                .forEach(each -> each.endpoints().forEach(place -> containers.put(place.port(), each.name())));
        Map<Integer, String> networks = new HashMap<>();
        state.networks().forEach(each -> networks.put(each.index(), each.name()));
        return visitor -> dataplane.flows(entry -> {
            if ((network == null || entry.network() == wanted) && (ports == null || ports.contains(entry.endpoint()))) {
                visitor.accept(new FlowView(
                        containers.getOrDefault(entry.endpoint(), ""),
                        networks.getOrDefault(entry.network(), ""),
                        entry));
            }
        });
    }

    /** One reading at a time: two at once would count what ends meanwhile twice. */
    private Map<Integer, RuleCounts> ruleCounts() {
        oneReading.lock();
        try {
            return Waiting.await(dataplane.ruleCounts(), "read the counters of ports");
        } finally {
            oneReading.unlock();
        }
    }

    private static Set<Integer> ports(Container container) {
        Set<Integer> ports = new HashSet<>();
        container.endpoints().forEach(endpoint -> ports.add(endpoint.port()));
        return ports;
    }

    /** {@return what went through the publications of one container, or of all when the reference is null} */
    public List<PortView> ports(@Nullable String container) {
        DesiredState state = desired.state();
        List<Publication> chosen =
                container == null ? state.publications() : state.publicationsOf(desired.container(container));
        // To ask costs each worker a command; with nothing published there is nothing to ask.
        Map<Integer, RuleCounts> counts = chosen.isEmpty() ? Map.of() : ruleCounts();
        Set<Integer> served = served(state);
        List<PortView> views = new ArrayList<>();
        for (Publication publication : chosen) {
            views.add(new PortView(
                    name(state, publication),
                    publication,
                    served.contains(publication.id()) ? "" : hostPorts.whyWaiting(state, publication),
                    counts.getOrDefault(publication.id(), NOTHING)));
        }
        return views;
    }

    /** {@return how many publications there are, and what they wait for} */
    public PortTotals portTotals() {
        DesiredState state = desired.state();
        int inForce = served(state).size();
        int unserved = hostPorts.unserved();
        return new PortTotals(inForce, Math.max(0, state.publications().size() - inForce - unserved), unserved);
    }

    private Set<Integer> served(DesiredState state) {
        Set<Integer> served = new HashSet<>();
        hostPorts.served(state).forEach(port -> served.add(port.rule()));
        return served;
    }

    private static String name(DesiredState state, Publication publication) {
        Container container = state.containersById().get(publication.container());
        return publication.isOfFile() || container == null ? publication.container() : container.name();
    }

    /** {@return what NAT counts, by name; empty without an uplink} */
    public Map<String, Long> nat() {
        return new TreeMap<>(Waiting.await(dataplane.natCounters(), "read the counters of NAT"));
    }

    /** {@return how many addresses each network's forwarding database has, by the network's name} */
    public Map<String, Integer> fdbSizes() {
        Map<String, CompletableFuture<List<FdbEntry>>> asked = new TreeMap<>();
        for (Network network : desired.state().networks()) {
            if (network.index() >= 0) {
                asked.put(network.name(), dataplane.fdb(network.index()));
            }
        }
        Map<String, Integer> sizes = new TreeMap<>();
        asked.forEach((name, entries) -> sizes.put(
                name, Waiting.await(entries, "read the forwarding databases").size()));
        return sizes;
    }

    /** {@return the way to the outside, null when there is none} */
    public @Nullable OutsideState outside() {
        return outside == null ? null : outside.state();
    }

    /** {@return the counters of the uplinks' ports} */
    public List<UplinkCounters> uplinks() {
        OutsideState state = outside();
        return state == null
                ? List.of()
                : state.uplinks().stream()
                        .map(uplink -> new UplinkCounters(uplink.device(), dataplane.counters(uplink.port())))
                        .toList();
    }

    /** {@return the counters of the tunnels' TAP, and of each peer} */
    public List<TunnelCounters> tunnels() {
        OutsideState state = outside();
        OutsideState.Tunnels tunnels = state == null ? null : state.tunnels();
        if (tunnels == null) {
            return List.of();
        }
        List<TunnelCounters> all = new ArrayList<>();
        all.add(new TunnelCounters("", "", dataplane.counters(tunnels.port())));
        for (OutsideState.Peer peer : tunnels.peers()) {
            all.add(new TunnelCounters(peer.network(), peer.remote().toString(), dataplane.counters(peer.port())));
        }
        return all;
    }

    /** {@return which other host a port is, as people see it; empty when it is none} */
    String peer(int port) {
        OutsideState state = outside();
        OutsideState.Tunnels tunnels = state == null ? null : state.tunnels();
        return tunnels == null
                ? ""
                : tunnels.peers().stream()
                        .filter(peer -> peer.port() == port)
                        .map(peer -> "(peer " + peer.remote() + ")")
                        .findFirst()
                        .orElse("");
    }

    /** {@return the ports that a word means: a container, a network, {@code uplink} or {@code uplink:DEVICE}} */
    public Target target(String word) {
        DesiredState state = desired.state();
        if (word.equals(UPLINK) || word.startsWith(UPLINK + ":")) {
            return new Target(uplinkPorts(word));
        }
        Map<Integer, String> ports = new TreeMap<>();
        try {
            Container container = References.container(state, word);
            container.endpoints().forEach(endpoint -> ports.put(endpoint.port(), name(container, endpoint)));
        } catch (Refusal e) {
            if (e.kind() != Refusal.Kind.UNKNOWN) {
                throw e;
            }
            Network network = networkOf(word);
            state.containers()
                    .forEach(container -> container
                            .endpointIn(network.id())
                            .ifPresent(endpoint -> ports.put(endpoint.port(), name(container, endpoint))));
        }
        if (ports.isEmpty()) {
            throw Refusal.conflict("nothing_to_capture", "nothing of " + word + " is attached, so it has no frames");
        }
        return new Target(ports);
    }

    private Network networkOf(String word) {
        DesiredState state = desired.state();
        if (state.networks().stream().noneMatch(network -> network.name().equals(word))) {
            // Before a network whose id merely begins so comes the name of another host's container.
            desired.refuseElsewhere(word);
        }
        try {
            return References.network(state, word);
        } catch (Refusal e) {
            throw e.kind() == Refusal.Kind.UNKNOWN
                    ? Refusal.unknown(
                            "capture_target_not_found",
                            "no container and no network is called " + word
                                    + "; the host's devices are uplink, one of them uplink:eth0")
                    : e;
        }
    }

    private static String name(Container container, Endpoint endpoint) {
        return container.name() + "/" + endpoint.interfaceName();
    }

    private Map<Integer, String> uplinkPorts(String word) {
        OutsideState state = outside();
        Map<Integer, String> ports = new TreeMap<>();
        if (state != null) {
            for (OutsideState.Uplink uplink : state.uplinks()) {
                if (word.equals(UPLINK) || word.equals(UPLINK + ":" + uplink.device())) {
                    ports.put(uplink.port(), uplink.device());
                }
            }
        }
        if (ports.isEmpty()) {
            throw Refusal.conflict(
                    "nothing_to_capture",
                    state == null
                            ? "the switch has no uplink: it runs with --uplink none, or its warnings say why"
                                    + " containers have no way to the outside"
                            : word + " is no uplink; tapswitch status shows which there are");
        }
        return ports;
    }

    /** Begins to copy frames; each port is captured once at a time. {@return what ends it} */
    public FrameCapture capture(Target target, int snapLength, CaptureSink sink) {
        Set<Integer> ports = Set.copyOf(target.ports().keySet());
        synchronized (captured) {
            for (int port : ports) {
                if (captured.contains(port)) {
                    throw Refusal.conflict(
                            "capture_running",
                            "the frames of " + target.ports().get(port)
                                    + " are being captured already; end that capture first");
                }
            }
            FrameCapture capture = begun(ports, snapLength, sink);
            captured.addAll(ports);
            return new FrameCapture() {
                @Override
                public long lost() {
                    return capture.lost();
                }

                @Override
                public void close() {
                    capture.close();
                    synchronized (captured) {
                        captured.removeAll(ports);
                    }
                }
            };
        }
    }

    private FrameCapture begun(Set<Integer> ports, int snapLength, CaptureSink sink) {
        try {
            return dataplane.capture(ports, snapLength, sink);
        } catch (RuntimeException e) {
            throw Refusal.failed("cannot capture: " + e.getMessage(), e);
        }
    }
}
