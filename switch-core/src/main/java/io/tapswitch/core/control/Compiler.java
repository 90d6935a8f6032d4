package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.GatewayAddress;
import io.tapswitch.core.dataplane.HostSettings;
import io.tapswitch.core.dataplane.NeighbourTable;
import io.tapswitch.core.dataplane.NeighbourTable.Neighbour;
import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.dataplane.OutsideSettings;
import io.tapswitch.core.dataplane.OverlaySettings;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes the dataplane's tables of the desired state.
 *
 * <h2>Theory of operation</h2>
 *
 * One direction, one function, no memory: the same state gives the same tables, whatever happened before. So there is
 * no list of cases (a network is added, a container leaves one of two networks, ...) that could miss one; what has
 * changed is found afterwards, by comparing two results.
 *
 * <pre>
 *   DesiredState      networks, containers, endpoints      words of people, ids, names
 *        |  compile
 *   SwitchTables      networks, neighbours, ports, host    small integers, addresses, files
 *        |  TableChanges.between
 *   workers           what each has to do
 * </pre>
 *
 * <p>Two things are not in the state, because they are not wished but found: the files of each endpoint's device, and
 * the host. An endpoint without files has no port and is nobody's neighbour: the switch never answers for somebody who
 * is not there (C11).
 *
 * <p>Of which worker a port is follows from its id, so it is the same in every version while the daemon runs. Pure, so
 * any thread may call it. Costs some tens of milliseconds for 1 000 networks and 4 000 containers.
 */
public final class Compiler {
    private final int workers;
    private final Function<String, List<Integer>> fdsOfEndpoint;
    private final @Nullable Ipv4Address resolver;
    private final Map<String, Members> networks = new LinkedHashMap<>();
    private final Map<Integer, PortSettings> ports = new LinkedHashMap<>();
    /** Networks whose mappings anybody may send to. */
    private final Set<Integer> open = new HashSet<>();

    /** A network and who is in it so far. */
    private record Members(NetworkSettings network, List<Neighbour> neighbours) {
        void add(@Nullable IpAddress address, PortSettings port) {
            if (address != null) {
                neighbours.add(new Neighbour(address, port.mac(), port.id(), port.network()));
            }
        }
    }

    private Compiler(int workers, Function<String, List<Integer>> fdsOfEndpoint, @Nullable Ipv4Address resolver) {
        this.workers = workers;
        this.fdsOfEndpoint = fdsOfEndpoint;
        this.resolver = resolver;
    }

    /**
     * Compiles.
     *
     * @param state what there shall be
     * @param workers how many the dataplane has
     * @param fdsOfEndpoint the open files of an endpoint's device, one a queue, by the endpoint's id; empty for an
     *     endpoint that has no device now
     * @param host the host's port and addresses, null for a switch without a way to the host
     * @param outside the uplinks and the host's addresses, null for a switch without a way to the outside
     * @param resolver where names are asked for in every network, null for nowhere
     * @return the tables
     */
    static SwitchTables compile(
            DesiredState state,
            int workers,
            Function<String, List<Integer>> fdsOfEndpoint,
            @Nullable HostView host,
            @Nullable OutsideView outside,
            @Nullable Ipv4Address resolver) {
        Compiler compiler = new Compiler(workers, fdsOfEndpoint, resolver);
        state.networks().forEach(compiler::network);
        state.containers().forEach(compiler::container);
        return compiler.tables(state.version(), host, outside);
    }

    /** {@return the tables of a switch without a way to the outside} */
    public static SwitchTables compile(
            DesiredState state, int workers, Function<String, List<Integer>> fdsOfEndpoint, @Nullable HostView host) {
        return compile(state, workers, fdsOfEndpoint, host, null, null);
    }

    private void network(Network network) {
        if (network.driver().isSwitched()) {
            networks.put(network.id(), new Members(settings(network), new ArrayList<>()));
            if (NetworkOptions.of(network).openMappings()) {
                open.add(network.index());
            }
        }
    }

    private NetworkSettings settings(Network network) {
        NetworkOptions options = NetworkOptions.of(network);
        List<GatewayAddress> gateways = new ArrayList<>();
        network.subnets().stream()
                .sorted(Comparator.comparing(Subnet::isIpv6))
                .map(subnet ->
                        new GatewayAddress(subnet.gateway(), subnet.prefix().length()))
                .forEach(gateways::add);
        // One more address of the switch's own; where it is a member's, it is the member's.
        if (resolver != null
                && network.subnets().stream().noneMatch(it -> it.prefix().includes(resolver))) {
            gateways.add(new GatewayAddress(resolver, Integer.SIZE));
        }
        return new NetworkSettings(
                network.index(),
                gateways,
                gatewayMac(network).bits(),
                options.mtu(),
                network.internal(),
                options.icc(),
                options.transparentVlan(),
                options.groupForwardMask(),
                options.stormFramesPerSecond(),
                options.learnedPerPort(),
                options.learnedPerNetwork());
    }

    /**
     * {@return the MAC address of a network's gateway} It is made of the first IPv4 gateway address, as a
     * container's is of its own (C2); without IPv4, of the network's id, so that it stays for the network's life.
     */
    public static MacAddress gatewayMac(Network network) {
        Ipv4Address first = network.subnets().stream()
                .map(Subnet::gateway)
                .filter(gateway -> gateway instanceof Ipv4Address)
                .map(gateway -> (Ipv4Address) gateway)
                .findFirst()
                .orElseGet(() -> Ipv4Address.fromBits(network.id().hashCode()));
        return MacAddress.ofContainer(first);
    }

    private void container(Container container) {
        if (container.isRunning()) {
            for (Endpoint endpoint : container.endpoints()) {
                endpoint(container, endpoint);
            }
        }
    }

    private void endpoint(Container container, Endpoint endpoint) {
        Members members = networks.get(endpoint.networkId());
        List<Integer> fds = fdsOfEndpoint.apply(endpoint.id());
        if (members == null || fds.isEmpty()) {
            return;
        }
        PortSettings port = new PortSettings(
                endpoint.port(),
                members.network().id(),
                endpoint.port() % workers,
                fds,
                endpoint.mac().bits(),
                endpoint.ipv4Address(),
                endpoint.ipv6Address(),
                container.sourceGuard());
        ports.put(port.id(), port);
        members.add(port.ipv4(), port);
        members.add(port.ipv6(), port);
    }

    private SwitchTables tables(long version, @Nullable HostView host, @Nullable OutsideView outside) {
        Map<Integer, NetworkSettings> settings = new LinkedHashMap<>();
        Map<Integer, NeighbourTable> neighbours = new LinkedHashMap<>();
        List<Neighbour> reachable = new ArrayList<>();
        for (Members members : networks.values()) {
            NetworkSettings network = members.network();
            settings.put(network.id(), network);
            if (!network.internal()) {
                reachable.addAll(members.neighbours());
            }
            if (outside != null && outside.overlay() != null) {
                elsewhere(members, outside.overlay().endpoints());
            }
            neighbours.put(network.id(), new NeighbourTable(members.neighbours()));
        }
        HostSettings hostSettings = host == null ? null : host(host, new NeighbourTable(reachable));
        OutsideSettings outsideSettings =
                outside == null ? null : OutsideCompiler.compile(settings.values(), ports, open, outside);
        return new SwitchTables(version, settings, neighbours, ports, hostSettings, outsideSettings);
    }

    /** Who is asked for by ARP and ND, and is on another host, is answered for all the same (B12). */
    private static void elsewhere(Members members, List<OverlaySettings.RemoteEndpoint> endpoints) {
        int network = members.network().id();
        for (OverlaySettings.RemoteEndpoint endpoint : endpoints) {
            if (endpoint.network() == network) {
                for (IpAddress address : new @Nullable IpAddress[] {endpoint.ipv4(), endpoint.ipv6()}) {
                    if (address != null) {
                        members.neighbours().add(new Neighbour(address, endpoint.mac(), endpoint.port(), network));
                    }
                }
            }
        }
    }

    private static HostSettings host(HostView host, NeighbourTable reachable) {
        return new HostSettings(
                host.port(), host.fds(), host.mac().bits(), host.peerMac().bits(), host.addresses(), reachable);
    }
}
