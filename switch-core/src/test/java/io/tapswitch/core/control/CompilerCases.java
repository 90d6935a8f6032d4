package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The full cross product of what a network, a container and a switch can be told, each as a state in which one network
 * has those options, beside a plain one, host and none. In every one there is a container in both networks, one in
 * each, one that ended, one whose device is gone, and one that shares the interfaces of another.
 */
final class CompilerCases {
    static final String MAIN_ID = "1".repeat(64);
    static final int MAIN_INDEX = 3;
    static final int OTHER_INDEX = 0;
    private static final String OTHER_ID = "2".repeat(64);
    private static final List<List<String>> SUBNETS = List.of(
            List.of("10.1.0.0/24"),
            List.of("10.1.0.0/24", "10.2.0.0/16"),
            List.of("10.1.0.0/24", "fd01::/64"),
            List.of("fd01::/64", "10.1.0.0/24", "fd02::/64"),
            List.of("fd01::/64"));

    /** One combination. */
    record Case(
            DesiredState state,
            Map<String, List<Integer>> files,
            int workers,
            @Nullable HostView host,
            int mtu,
            boolean icc,
            boolean vlan,
            String name) {
        SwitchTables compile() {
            return Compiler.compile(state, workers, this::fds, host);
        }

        List<Integer> fds(String endpointId) {
            return files.getOrDefault(endpointId, List.of());
        }

        Case with(DesiredState other) {
            return new Case(other, files, workers, host, mtu, icc, vlan, name);
        }

        /** {@return every address that somebody has, had or could be taken to have, and a few of nobody} */
        Set<IpAddress> addressesOfInterest() {
            Set<IpAddress> addresses = new HashSet<>();
            for (Network network : state.networks()) {
                for (Subnet subnet : network.subnets()) {
                    addresses.add(subnet.gateway());
                    for (int i = 2; i < 10; i++) {
                        addresses.add(in(subnet.prefix(), i));
                    }
                }
            }
            return addresses;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private CompilerCases() {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (int workers : new int[] {1, 2, 4}) {
            for (int queues : workers == 1 ? new int[] {1} : new int[] {1, workers}) {
                for (int mtu : new int[] {1280, 1500, 9000}) {
                    for (List<String> subnets : SUBNETS) {
                        for (int bits = 0; bits < 1 << 5; bits++) {
                            cases.add(one(workers, queues, mtu, subnets, bits));
                        }
                    }
                }
            }
        }
        return cases;
    }

    private static Case one(int workers, int queues, int mtu, List<String> subnets, int bits) {
        boolean internal = (bits & 1) != 0;
        boolean icc = (bits & 2) != 0;
        boolean guard = (bits & 4) != 0;
        boolean vlan = (bits & 8) != 0;
        boolean withHost = (bits & 16) != 0;
        Map<String, String> options = Map.of(
                NetworkOptions.MTU, Integer.toString(mtu),
                NetworkOptions.ICC, Boolean.toString(icc),
                NetworkOptions.VLAN, vlan ? "transparent" : "drop");
        Network main = network(MAIN_ID, MAIN_INDEX, Driver.BRIDGE, internal, subnets, options);
        Network other = network(OTHER_ID, OTHER_INDEX, Driver.BRIDGE, false, List.of("172.17.0.0/16"), Map.of());
        Map<String, List<Integer>> files = new LinkedHashMap<>();
        DesiredState state = DesiredState.EMPTY
                .with(network("3".repeat(64), -1, Driver.HOST, false, List.of(), Map.of()))
                .with(main)
                .with(network("4".repeat(64), -1, Driver.NONE, false, List.of(), Map.of()))
                .with(other)
                .with(container("both", guard, List.of(main, other), 2, 0, queues, files))
                .with(container("inside", guard, List.of(main), 3, 2, queues, files))
                .with(container("elsewhere", !guard, List.of(other), 4, 3, queues, files))
                .with(container("ended", guard, List.of(main), 5, 4, queues, files)
                        .ended(Container.Status.EXITED, 0, ""))
                .with(container("gone", guard, List.of(main), 6, 5, queues, new LinkedHashMap<>()))
                .with(container("shared", guard, List.of(), 7, 6, queues, files));
        HostView host = withHost ? host() : null;
        String name = "workers " + workers + " queues " + queues + " mtu " + mtu + " subnets " + subnets
                + (internal ? " internal" : "") + (icc ? " icc" : "") + (guard ? " guard" : "")
                + (vlan ? " vlan" : "") + (withHost ? " host" : "");
        return new Case(state, files, workers, host, mtu, icc, vlan, name);
    }

    private static HostView host() {
        return new HostView(
                4000,
                List.of(7),
                MacAddress.parse("02:00:00:00:00:01"),
                MacAddress.parse("02:00:00:00:00:02"),
                Set.of(IpAddress.parse("192.168.1.1"), IpAddress.parse("fd99::1")));
    }

    static Network network(
            String id, int index, Driver driver, boolean internal, List<String> subnets, Map<String, String> options) {
        List<Subnet> made = subnets.stream()
                .map(IpPrefix::parse)
                .map(prefix -> new Subnet(prefix, in(prefix, 1), null, Map.of()))
                .toList();
        boolean ipv6 = made.stream().anyMatch(Subnet::isIpv6);
        String name = "n" + id.charAt(0);
        return new Network(
                id, index, name, "", driver, internal, ipv6, true, made, options, Map.of(), new Origin.Command());
    }

    /** A container whose endpoints have port ids from {@code port} on, and the given last number in every subnet. */
    static Container container(
            String name,
            boolean guard,
            List<Network> networks,
            int number,
            int port,
            int queues,
            Map<String, List<Integer>> files) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (Network network : networks) {
            int id = port + endpoints.size();
            String endpointId = name + " in " + network.name();
            Address ipv4 = address(network, false, number);
            Address ipv6 = address(network, true, number);
            MacAddress mac = MacAddress.fromBits(0x0242_0000_0000L | number << 16 | network.index());
            endpoints.add(new Endpoint(
                    endpointId, network.id(), id, queues, "eth" + endpoints.size(), mac, false, ipv4, ipv6, List.of()));
            files.put(
                    endpointId,
                    IntStream.range(0, queues)
                            .mapToObj(queue -> 100 + id * 10 + queue)
                            .toList());
        }
        return new Container(
                name,
                name,
                true,
                name,
                "",
                Container.Status.RUNNING,
                null,
                "",
                "",
                null,
                "/run/netns/" + name,
                name,
                networks.isEmpty() ? new NetworkMode.Shared("both") : new NetworkMode.Own(),
                guard,
                queues,
                List.of(),
                List.of(),
                Map.of(),
                List.of(),
                endpoints);
    }

    private static @Nullable Address address(Network network, boolean ipv6, int number) {
        return network.firstSubnet(ipv6)
                .map(subnet ->
                        new Address(in(subnet.prefix(), number), subnet.prefix().length(), subnet.gateway(), false))
                .orElse(null);
    }

    /** {@return an address of a prefix by its number} */
    static IpAddress in(IpPrefix prefix, int number) {
        String base = prefix.toString().substring(0, prefix.toString().indexOf('/'));
        return IpAddress.parse(
                prefix.isIpv6()
                        ? base + Integer.toHexString(number)
                        : base.substring(0, base.lastIndexOf('.') + 1) + number);
    }
}
