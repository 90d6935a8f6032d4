package io.tapswitch.core.control;

import io.tapswitch.core.ipam.AddressChoice;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Connection;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rules for a new endpoint: its addresses, its MAC address, its port and its name inside. Everything is the lowest
 * that is free in the state, so nothing is remembered and nothing can leak. Pure.
 */
final class EndpointRules {
    /** The host's TAP has the last port; containers have those from 0. */
    static final int HOST_PORT = FrameIo.MAX_PORTS - 1;
    /** Devices of the host that can be uplinks. */
    static final int UPLINK_PORTS = 31;
    /** The first of their ports. */
    static final int FIRST_UPLINK_PORT = HOST_PORT - UPLINK_PORTS;
    /** The TAP of the listener for names; endpoints have the ports below. */
    static final int LISTENER_PORT = FIRST_UPLINK_PORT - 1;
    /** That of the TAP by which tunnels come and go. */
    static final int TUNNEL_PORT = LISTENER_PORT - 1;
    /** Other hosts that there can be, counted once for each network. */
    static final int PEER_PORTS = 2048;
    /** The first of theirs. */
    static final int FIRST_PEER_PORT = TUNNEL_PORT - PEER_PORTS;

    /** Locally administered, and never what an IPv4 address makes (02:42). */
    private static final long HASHED_MAC_PREFIX = 0x0243L << 32;

    private EndpointRules() {}

    /**
     * Makes an endpoint.
     *
     * @param state what there is, the container's other endpoints too
     * @param container whose it will be
     * @param connection where and how
     * @param places what the cluster gave the container in its networks
     * @return the endpoint
     */
    static Endpoint make(DesiredState state, Container container, Connection connection, Places places) {
        Network network = state.networksById().get(connection.networkId());
        if (network == null) {
            throw Refusal.unknown("network_not_found", "network " + connection.networkId() + " not found");
        }
        Places.Place place = places.in(network.id());
        if (place != null) {
            return make(state, container, connection, place);
        }
        if (network.origin() instanceof Origin.Cluster && container.isRunning()) {
            throw Refusal.conflict("network " + network.name() + " has changed at this moment: try again");
        }
        Set<IpAddress> taken = addresses(state, network.id(), container.id());
        AddressChoice.Chosen chosen =
                AddressChoice.choose(network, taken::contains, connection.ipv4(), connection.ipv6());
        String id = ObjectName.newId();
        MacAddress mac = mac(state, network, connection.mac(), chosen.ipv4(), id);
        return make(state, container, connection, new Places.Place(id, mac, chosen));
    }

    private static Endpoint make(DesiredState state, Container container, Connection connection, Places.Place place) {
        return new Endpoint(
                place.endpoint(),
                connection.networkId(),
                freePort(state),
                container.queues(),
                freeName(container),
                place.mac(),
                connection.mac() != null,
                place.chosen().ipv4(),
                place.chosen().ipv6(),
                connection.aliases());
    }

    /** {@return the container with an endpoint in each of its networks, in their order} */
    static Container everywhere(DesiredState state, Container container, Places places) {
        Container next = container;
        for (Connection connection : container.connections()) {
            next = joined(state.with(next), next, connection, places);
        }
        return next;
    }

    /** {@return the container with one endpoint more} */
    static Container joined(DesiredState state, Container container, Connection connection, Places places) {
        List<Endpoint> endpoints = new ArrayList<>(container.endpoints());
        endpoints.add(make(state, container, connection, places));
        return container.with(container.connections(), endpoints);
    }

    /** What is in use in a network, and what stopped containers will want again because a person chose it. */
    static Set<IpAddress> addresses(DesiredState state, String networkId, String ownId) {
        Set<IpAddress> taken = new HashSet<>();
        for (Container container : state.containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                if (endpoint.networkId().equals(networkId)) {
                    add(taken, endpoint.ipv4() == null ? null : endpoint.ipv4().ip());
                    add(taken, endpoint.ipv6() == null ? null : endpoint.ipv6().ip());
                }
            }
            if (container.status() == Container.Status.EXITED && !container.id().equals(ownId)) {
                for (Connection connection : container.connections()) {
                    if (connection.networkId().equals(networkId)) {
                        add(taken, connection.ipv4());
                        add(taken, connection.ipv6());
                    }
                }
            }
        }
        return taken;
    }

    private static void add(Set<IpAddress> taken, @Nullable IpAddress address) {
        if (address != null) {
            taken.add(address);
        }
    }

    /** {@return the MAC address of a new endpoint, which nobody of this host has in the network} */
    static MacAddress mac(
            DesiredState state, Network network, @Nullable MacAddress wanted, @Nullable Address ipv4, String id) {
        Set<MacAddress> taken = macs(state, network);
        if (wanted != null) {
            if (taken.contains(wanted)) {
                throw Refusal.conflict(
                        "mac_in_use",
                        "Address already in use: MAC address " + wanted + " in network " + network.name());
            }
            return wanted;
        }
        if (ipv4 != null && ipv4.ip() instanceof Ipv4Address address) {
            MacAddress made = MacAddress.ofContainer(address);
            if (!taken.contains(made)) {
                return made;
            }
        }
        // Without an IPv4 address, or with a neighbour that chose what it makes: of the id, which is random.
        return MacAddress.fromBits(HASHED_MAC_PREFIX | Long.parseLong(id.substring(0, 8), 16));
    }

    private static Set<MacAddress> macs(DesiredState state, Network network) {
        Set<MacAddress> taken = new HashSet<>();
        taken.add(Compiler.gatewayMac(network));
        for (Container container : state.containers()) {
            container.endpointIn(network.id()).ifPresent(endpoint -> taken.add(endpoint.mac()));
        }
        return taken;
    }

    private static int freePort(DesiredState state) {
        BitSet taken = new BitSet();
        state.containers().forEach(container -> container.endpoints().forEach(endpoint -> taken.set(endpoint.port())));
        int port = taken.nextClearBit(0);
        if (port >= FIRST_PEER_PORT) {
            throw Refusal.conflict("ports_exhausted", "the switch has all the ports it can have: " + FIRST_PEER_PORT);
        }
        return port;
    }

    private static String freeName(Container container) {
        Set<String> taken = new HashSet<>();
        container.endpoints().forEach(endpoint -> taken.add(endpoint.interfaceName()));
        int number = 0;
        while (taken.contains("eth" + number)) {
            number++;
        }
        return "eth" + number;
    }

    /**
     * {@return the routes of a container by the switch: the default ones, of each family, by the first network that has
     * a gateway of it and a way out; and the one to the resolver} Every network leads to the resolver, so the route
     * goes by the first that has names, and without any the default route does.
     */
    static List<Plumbing.ContainerRoute> routes(DesiredState state, Container container, Ipv4Address resolver) {
        List<Plumbing.ContainerRoute> routes = defaultRoutes(state, container);
        for (Endpoint endpoint : container.endpoints()) {
            Network network = state.networksById().get(endpoint.networkId());
            Address address = endpoint.ipv4();
            if (network != null && !network.isBuiltIn() && address != null) {
                routes.add(new Plumbing.ContainerRoute(endpoint.interfaceName(), address.gateway(), resolver));
                break;
            }
        }
        return routes;
    }

    private static List<Plumbing.ContainerRoute> defaultRoutes(DesiredState state, Container container) {
        List<Plumbing.ContainerRoute> routes = new ArrayList<>();
        for (boolean ipv6 : new boolean[] {false, true}) {
            for (Endpoint endpoint : container.endpoints()) {
                Network network = state.networksById().get(endpoint.networkId());
                Address address = ipv6 ? endpoint.ipv6() : endpoint.ipv4();
                if (network != null && !network.internal() && address != null) {
                    routes.add(new Plumbing.ContainerRoute(endpoint.interfaceName(), address.gateway()));
                    break;
                }
            }
        }
        return routes;
    }

    /** {@return how to make an endpoint's interface} */
    static Plumbing.InterfacePlan plan(
            DesiredState state, Container container, Endpoint endpoint, Ipv4Address resolver) {
        Network network = state.networksById().get(endpoint.networkId());
        if (network == null) {
            throw new IllegalArgumentException("endpoint " + endpoint.id() + " is in no network");
        }
        NetworkOptions options = NetworkOptions.of(network);
        List<Plumbing.Cidr> addresses = new ArrayList<>();
        for (Address address : new Address[] {endpoint.ipv4(), endpoint.ipv6()}) {
            if (address != null) {
                addresses.add(new Plumbing.Cidr(address.ip(), address.prefixLength()));
            }
        }
        List<Plumbing.ContainerRoute> routes = routes(state, container, resolver).stream()
                .filter(route -> route.interfaceName().equals(endpoint.interfaceName()))
                .toList();
        return new Plumbing.InterfacePlan(
                endpoint.id(),
                endpoint.interfaceName(),
                endpoint.mac(),
                addresses,
                routes.stream()
                        .filter(route -> route.to() == null)
                        .map(Plumbing.ContainerRoute::gateway)
                        .toList(),
                routes.stream().filter(route -> route.to() != null).findFirst().orElse(null),
                options.mtu(),
                options.superFrameLength(),
                endpoint.queues());
    }

    /** {@return what a network puts on the host's TAP} */
    static Plumbing.HostNetwork hostNetwork(Network network) {
        List<Plumbing.HostSubnet> subnets = new ArrayList<>();
        for (Subnet subnet : network.subnets()) {
            subnets.add(new Plumbing.HostSubnet(subnet.prefix(), subnet.gateway()));
        }
        return new Plumbing.HostNetwork(
                network.name(), subnets, NetworkOptions.of(network).mtu());
    }
}
