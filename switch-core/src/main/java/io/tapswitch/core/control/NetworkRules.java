package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.ipam.Subnets;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Labels;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** The rules for making and removing networks: of a state and a request, the network or why not. Pure. */
final class NetworkRules {
    /** So many of those who are in a network are named; who has them removed is told of the others. */
    private static final int NAMED_MAX = 5;

    private NetworkRules() {}

    /**
     * Makes a network.
     *
     * @param state what there is
     * @param request what is asked for
     * @param origin who asks
     * @param host what the host reaches by itself
     * @param localPool where IPv6 subnets come from that nobody chose
     * @return the network
     */
    static Network create(
            DesiredState state, NetworkRequest request, Origin origin, Collection<Taken> host, Ipv6Prefix localPool) {
        String name = ObjectName.check(request.name() == null ? "" : request.name(), "network");
        Driver driver = driver(request.driver());
        if (Network.PREDEFINED.contains(name)) {
            throw Refusal.conflict(
                    "network_predefined", "operation is not permitted on predefined " + name + " network");
        }
        if (state.networks().stream().anyMatch(network -> network.name().equals(name))) {
            throw Refusal.conflict("network_exists", "network with name " + name + " already exists");
        }
        return switched(state, name, driver, request, origin, host, localPool);
    }

    private static Driver driver(@Nullable String asked) {
        String driver = asked == null || asked.isEmpty() ? Driver.BRIDGE.word() : asked;
        for (Driver known : Driver.values()) {
            if (known.isSwitched() && known.word().equals(driver)) {
                return known;
            }
        }
        if (driver.equals(Driver.HOST.word()) || driver.equals(Driver.NONE.word())) {
            throw Refusal.conflict(
                    "driver_single_network", "only one instance of \"" + driver + "\" network is allowed");
        }
        if (Driver.LATER.contains(driver)) {
            throw Refusal.notInThisVersion("network driver " + driver);
        }
        throw Refusal.unknown(
                "driver_not_found",
                "plugin \"" + driver
                        + "\" not found: the drivers of this version are bridge and overlay, and plugins are not in"
                        + " this version");
    }

    private static Network switched(
            DesiredState state,
            String name,
            Driver driver,
            NetworkRequest request,
            Origin origin,
            Collection<Taken> host,
            Ipv6Prefix localPool) {
        Map<String, String> options = request.options() == null ? Map.of() : request.options();
        boolean internal = Boolean.TRUE.equals(request.internal());
        boolean ipv6 = Boolean.TRUE.equals(request.ipv6());
        UnderlayMtu.refuse(options);
        int vni = NetworkOptions.parse(driver, options, ipv6).vni();
        Network other = vni == 0 ? null : networkOf(state, vni);
        if (other != null) {
            throw Refusal.conflict(
                    "VNI " + vni + " is that of network " + other.name() + ": each network needs its own");
        }
        List<Subnet> subnets = Subnets.choose(
                new SubnetRequest(
                        orEmpty(request.subnets()),
                        orEmpty(request.gateways()),
                        orEmpty(request.ipRanges()),
                        request.auxAddresses() == null ? Map.of() : request.auxAddresses(),
                        ipv6,
                        internal,
                        driver == Driver.OVERLAY),
                taken(state, host),
                localPool);
        return new Network(
                ObjectName.newId(),
                freeIndex(state),
                name,
                Moment.now(),
                driver,
                internal,
                ipv6,
                Boolean.TRUE.equals(request.attachable()),
                subnets,
                options,
                Labels.check(request.labels()),
                origin);
    }

    /** {@return the network whose option chose a VNI, null when none did} */
    static @Nullable Network networkOf(DesiredState state, int vni) {
        return state.networks().stream()
                .filter(network -> network.driver() == Driver.OVERLAY
                        && NetworkOptions.of(network).vni() == vni)
                .findFirst()
                .orElse(null);
    }

    private static List<String> orEmpty(@Nullable List<String> list) {
        return list == null ? List.of() : list;
    }

    /** {@return the lowest number in the dataplane that no network has} */
    static int freeIndex(DesiredState state) {
        BitSet taken = new BitSet();
        state.networks().stream()
                .mapToInt(Network::index)
                .filter(index -> index >= 0)
                .forEach(taken::set);
        int index = taken.nextClearBit(0);
        if (index >= Dataplane.MAX_NETWORKS) {
            throw Refusal.conflict(
                    "networks_exhausted", "the switch has all the networks it can have: " + Dataplane.MAX_NETWORKS);
        }
        return index;
    }

    /** {@return what a new network must lie beside: the host's own and the other networks'} */
    static List<Taken> taken(DesiredState state, Collection<Taken> host) {
        List<Taken> taken = new ArrayList<>(host);
        for (Network network : state.networks()) {
            for (Subnet subnet : network.subnets()) {
                taken.add(new Taken(subnet.prefix(), "network " + network.name(), network.internal()));
            }
        }
        return taken;
    }

    /** {@return the state with those networks that are there without anybody asking} */
    static DesiredState withBuiltIn(DesiredState state, Collection<Taken> host, Ipv6Prefix localPool) {
        DesiredState next = state;
        Set<String> names = new java.util.HashSet<>();
        state.networks().forEach(network -> names.add(network.name()));
        if (!names.contains(Network.BRIDGE)) {
            NetworkRequest request =
                    new NetworkRequest(Network.BRIDGE, null, null, null, null, null, null, null, null, null, null);
            next = next.with(
                    switched(next, Network.BRIDGE, Driver.BRIDGE, request, new Origin.BuiltIn(), host, localPool));
        }
        if (!names.contains(Network.HOST)) {
            next = next.with(withoutSwitch(Network.HOST, Driver.HOST));
        }
        if (!names.contains(Network.NONE)) {
            next = next.with(withoutSwitch(Network.NONE, Driver.NONE));
        }
        return next;
    }

    private static Network withoutSwitch(String name, Driver driver) {
        return new Network(
                ObjectName.newId(),
                -1,
                name,
                Moment.now(),
                driver,
                false,
                false,
                false,
                List.of(),
                Map.of(),
                Map.of(),
                new Origin.BuiltIn());
    }

    /**
     * Refuses the removal of a network that is in use, or not the asker's to remove.
     *
     * @param elsewhere containers of other hosts in it, by the names of these
     */
    static void checkRemovable(DesiredState state, Network network, SortedMap<String, List<String>> elsewhere) {
        if (network.isBuiltIn()) {
            throw Refusal.conflict(
                    "network_predefined", network.name() + " is a pre-defined network and cannot be removed");
        }
        Reconciler.refuseRemovalByCommand(network);
        List<String> here =
                members(state, network.id()).stream().map(Container::name).toList();
        if (!here.isEmpty()) {
            // Whether others alone are in it is for the store to say, which knows it for certain.
            throw Refusal.conflict(
                    "network_in_use",
                    "error while removing network: network " + network.name() + " id " + network.id()
                            + " has active endpoints: disconnect or remove container " + where(here, elsewhere)
                            + " first");
        }
    }

    /** {@return the names of containers, and on which host they are when some are on other ones} */
    private static String where(List<String> here, SortedMap<String, List<String>> elsewhere) {
        List<String> hosts = new ArrayList<>();
        int named = Math.min(NAMED_MAX, here.size());
        List<String> first = here.subList(0, named);
        hosts.add(elsewhere.isEmpty() ? String.join(", ", first) : words(first) + " here");
        int all = here.size();
        for (Map.Entry<String, List<String>> host : elsewhere.entrySet()) {
            List<String> names = host.getValue();
            int more = Math.min(NAMED_MAX - named, names.size());
            if (more > 0) {
                hosts.add(words(names.subList(0, more)) + " on host " + host.getKey());
            }
            named += more;
            all += names.size();
        }
        return String.join(", ", hosts) + (all > named ? " and " + (all - named) + " more" : "");
    }

    /** {@return "a", "a and b", "a, b and c"} */
    private static String words(List<String> names) {
        int last = names.size() - 1;
        return last == 0 ? names.getFirst() : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
    }

    /** {@return the containers that have an endpoint in a network} */
    static List<Container> members(DesiredState state, String networkId) {
        return state.containers().stream()
                .filter(container -> container.endpointIn(networkId).isPresent())
                .toList();
    }
}
