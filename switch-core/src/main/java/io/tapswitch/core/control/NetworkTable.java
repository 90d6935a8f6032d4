package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The networks: which there are, their addresses, and the rules for making and removing them. A change is in the
 * dataplane and on the disk before it counts. Guarded by the controller's lock.
 */
final class NetworkTable {
    /** Names that docker defines and that are not networks of this version. */
    private static final Set<String> LATER = Set.of("host", "none");

    /** RFC 3339 with nanoseconds and zone, as docker writes Created. */
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.nnnnnnnnnXXX");

    private final Dataplane dataplane;
    private final StateDirectory state;
    private final Supplier<List<SubnetChoice.Taken>> host;
    private final Map<String, Entry> byName = new LinkedHashMap<>();
    private final BitSet indexes = new BitSet();

    /** A network, its number in the dataplane, and its addresses. */
    record Entry(Network network, int index, NetworkOptions options, AddressPool pool) {}

    NetworkTable(Dataplane dataplane, StateDirectory state, Supplier<List<SubnetChoice.Taken>> host) {
        this.dataplane = dataplane;
        this.state = state;
        this.host = host;
    }

    /** Brings back the networks of the last run, and makes {@code bridge} in the first. */
    void restore() {
        for (io.tapswitch.core.model.Network stored : state.load().networks()) {
            Network network = network(stored);
            if (byName.containsKey(network.name())) {
                throw Refusal.conflict("state of " + state.path() + " has two networks named " + network.name());
            }
            add(network);
        }
        if (!byName.containsKey(Network.BRIDGE)) {
            Network bridge = network(Network.BRIDGE, SubnetChoice.pick(taken()), null, Map.of(), Map.of());
            add(bridge);
            save();
        }
    }

    /** Makes a network. */
    Network create(NetworkRequest request) {
        String name = ObjectName.check(request.name() == null ? "" : request.name(), "network");
        refuseLater(request, name);
        if (byName.containsKey(name)) {
            throw Refusal.conflict("network with name " + name + " already exists");
        }
        Map<String, String> options = request.options() == null ? Map.of() : request.options();
        NetworkOptions.parse(options);
        String gateway = single(request.gateways(), "gateway");
        String chosen = single(request.subnets(), "subnet");
        if (chosen == null && gateway != null) {
            throw Refusal.badInput("every ip-range or gateway must have a corresponding subnet");
        }
        Ipv4Prefix subnet = chosen == null ? SubnetChoice.pick(taken()) : SubnetChoice.check(chosen, taken());
        Map<String, String> labels = request.labels() == null ? Map.of() : request.labels();
        Network network = network(name, subnet, gateway, options, labels);
        Entry entry = add(network);
        try {
            save();
        } catch (RuntimeException e) {
            drop(entry);
            throw e;
        }
        return network;
    }

    private static void refuseLater(NetworkRequest request, String name) {
        String driver = request.driver() == null ? Network.BRIDGE : request.driver();
        if (!driver.equals(Network.BRIDGE)) {
            throw Refusal.notInThisVersion("network driver " + driver);
        }
        if (LATER.contains(name)) {
            throw Refusal.conflict("operation is not permitted on predefined " + name + " network");
        }
    }

    private static @Nullable String single(@Nullable List<String> values, String what) {
        if (values == null || values.isEmpty()) {
            return null;
        }
        if (values.size() > 1) {
            throw Refusal.notInThisVersion("more than one " + what + " for a network");
        }
        return values.getFirst();
    }

    private static Network network(
            String name,
            Ipv4Prefix subnet,
            @Nullable String gateway,
            Map<String, String> options,
            Map<String, String> labels) {
        return new Network(
                ObjectName.newId(),
                name,
                now(),
                Network.BRIDGE,
                subnet,
                SubnetChoice.gateway(subnet, gateway),
                options,
                labels);
    }

    /** {@return the moment, as Created shows it} */
    static String now() {
        return ZonedDateTime.now(ZoneId.systemDefault()).format(TIME);
    }

    private Entry add(Network network) {
        int index = indexes.nextClearBit(0);
        if (index >= Dataplane.MAX_NETWORKS) {
            throw Refusal.conflict("the switch has all the networks it can have: " + Dataplane.MAX_NETWORKS);
        }
        NetworkOptions options = NetworkOptions.parse(network.options());
        Waiting.await(
                dataplane.addNetwork(options.settings(
                        index, network.gateway(), network.subnet().length())),
                "add network " + network.name());
        Entry entry = new Entry(
                network, index, options, new AddressPool(network.name(), network.subnet(), network.gateway()));
        indexes.set(index);
        byName.put(network.name(), entry);
        return entry;
    }

    private void drop(Entry entry) {
        byName.remove(entry.network().name());
        Waiting.await(
                dataplane.removeNetwork(entry.index()),
                "remove network " + entry.network().name());
        indexes.clear(entry.index());
    }

    /** Removes a network that nobody is in; the caller has made sure of that. */
    void remove(Entry entry) {
        byName.remove(entry.network().name());
        try {
            save();
        } catch (RuntimeException e) {
            byName.put(entry.network().name(), entry);
            throw e;
        }
        drop(entry);
    }

    private void save() {
        Map<String, io.tapswitch.core.model.Network> networks = new LinkedHashMap<>();
        byName.values().forEach(entry -> networks.put(entry.network().id(), stored(entry)));
        state.save(new DesiredState(0, networks, Map.of()));
    }

    private static io.tapswitch.core.model.Network stored(Entry entry) {
        Network network = entry.network();
        boolean builtIn = network.name().equals(Network.BRIDGE);
        return new io.tapswitch.core.model.Network(
                network.id(),
                entry.index(),
                network.name(),
                network.created(),
                Driver.BRIDGE,
                false,
                false,
                false,
                List.of(new Subnet(
                        network.subnet(), Ipv4Address.fromBits(network.gateway()), null, Map.of(), !builtIn)),
                network.options(),
                network.labels(),
                builtIn ? new Origin.BuiltIn() : new Origin.Command());
    }

    private static Network network(io.tapswitch.core.model.Network stored) {
        Subnet subnet = stored.subnets().getFirst();
        return new Network(
                stored.id(),
                stored.name(),
                stored.created(),
                stored.driver().word(),
                (Ipv4Prefix) subnet.prefix(),
                ((Ipv4Address) subnet.gateway()).bits(),
                stored.options(),
                stored.labels());
    }

    private List<SubnetChoice.Taken> taken() {
        List<SubnetChoice.Taken> taken = new ArrayList<>(host.get());
        for (Entry entry : byName.values()) {
            taken.add(new SubnetChoice.Taken(
                    entry.network().subnet(), "network " + entry.network().name()));
        }
        return taken;
    }

    /** {@return sentences about networks that collide with what the host reaches by itself now} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        List<SubnetChoice.Taken> blocks = host.get();
        for (Entry entry : all()) {
            for (SubnetChoice.Taken block : blocks) {
                if (block.prefix().overlaps(entry.network().subnet())) {
                    warnings.add("network " + entry.network().name() + " ("
                            + entry.network().subnet() + ") overlaps " + block.prefix() + " of " + block.by());
                }
            }
        }
        return warnings;
    }

    /** {@return the networks, by name in byte order (A-NET-03)} */
    List<Entry> all() {
        return byName.values().stream()
                .sorted(Comparator.comparing(entry -> entry.network().name()))
                .toList();
    }

    /** {@return the network of a name, a full id or the unique beginning of one (A-NET-06)} */
    Entry find(String reference) {
        Entry named = byName.get(reference);
        if (named != null) {
            return named;
        }
        if (LATER.contains(reference) || reference.startsWith("container:")) {
            throw Refusal.notInThisVersion("network " + reference);
        }
        return References.find(byName.values(), entry -> entry.network().id(), reference, "network")
                .orElseThrow(() -> Refusal.unknown("network " + reference + " not found"));
    }
}
