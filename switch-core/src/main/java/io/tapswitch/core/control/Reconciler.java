package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.config.Configuration.Declaration;
import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.config.Configuration.DefaultNetwork;
import io.tapswitch.core.config.OverlaySettings;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.ipam.Subnets;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: what a configuration file means for the networks that there are. Pure: the same state, file and
 * surroundings give the same plan, and whoever carries it out does all of it or nothing (P8).
 *
 * <p>Every network remembers its origin. The file's networks are those that it made; a plan touches no others. A
 * declared network that
 *
 * <ul>
 *   <li>is not there is made;
 *   <li>is there as declared is kept, so that the same file again is no change at all (P9); only its line is noted;
 *   <li>is there with other labels or {@code attachable} is kept with these: nobody in it notices;
 *   <li>is there and differs otherwise is made anew, with the same id;
 *   <li>has the name of one that a command made is refused, unless that is as declared: then it is the file's from now
 *       on, as one is that was the file's before a daemon ran without it;
 *   <li>has the name of one of the cluster is refused, whatever that is like: it is not this host's alone.
 * </ul>
 *
 * <p>A network of the file that is not declared any more is removed. One that somebody is in can be neither removed nor
 * made anew: the whole file is refused. {@code default-network} sets the subnet of {@code bridge}; a file that says
 * nothing of it leaves it as it is.
 *
 * <p>A subnet that the default pools gave stays while nothing else of the network changes. A network that is made anew
 * gets another index, so that the dataplane never takes it for the one before.
 */
public final class Reconciler {
    /**
     * What a plan depends on besides state and file.
     *
     * @param host what the host reaches by itself
     * @param localPool where IPv6 subnets come from that nobody chose
     * @param ids makes ids of networks
     * @param clock says the moment, as {@code Created} shows it
     */
    public record Surroundings(
            Collection<Taken> host, Ipv6Prefix localPool, Supplier<String> ids, Supplier<String> clock) {}

    /**
     * What is to be done, all at once.
     *
     * @param next the state after it; the very same object when nothing is to be done
     * @param removed networks that go, those that are made anew among them as they were
     * @param added networks that come, those that are made anew among them as they will be
     */
    public record Plan(DesiredState next, List<Network> removed, List<Network> added) {
        /** {@return the same plan, with more in the state after it} */
        Plan with(DesiredState more) {
            return new Plan(more, removed, added);
        }
    }

    private final DesiredState state;
    private final Configuration configuration;
    private final Surroundings surroundings;
    private final Source source;
    private final Map<String, Network> next;
    private final List<Network> removed = new ArrayList<>();
    private final List<Network> added = new ArrayList<>();
    private final BitSet indexes = new BitSet();

    private Reconciler(DesiredState state, Configuration configuration, Surroundings surroundings) {
        this.state = state;
        this.configuration = configuration;
        this.surroundings = surroundings;
        this.source = new Source(configuration.file());
        this.next = new LinkedHashMap<>(state.networksById());
        state.networks().stream().filter(network -> network.index() >= 0).forEach(it -> indexes.set(it.index()));
    }

    /** {@return what a file means for a state; a file that cannot be in force is refused as a whole} */
    public static Plan plan(DesiredState state, Configuration configuration, Surroundings surroundings) {
        return new Reconciler(state, configuration, surroundings).plan();
    }

    /** Refuses a file that could not be in force on a host that has nothing yet. */
    public static void check(Configuration configuration, Surroundings surroundings) {
        PublishPlan.plan(plan(DesiredState.EMPTY, configuration, surroundings).next(), configuration, origin -> true);
    }

    /** {@return the state of a daemon that is started without a file: what an earlier file made is everybody's now} */
    public static DesiredState withoutFile(DesiredState state) {
        Map<String, Network> networks = new LinkedHashMap<>(state.networksById());
        networks.replaceAll((id, network) -> network.origin() instanceof Origin.File
                ? with(network, network.labels(), network.attachable(), new Origin.Command())
                : network);
        return networks.equals(state.networksById()) ? state : state.withNetworks(networks);
    }

    /** Refuses to let a command remove what the file declares. */
    public static void refuseRemovalByCommand(Network network) {
        if (network.origin() instanceof Origin.File origin) {
            throw Refusal.conflict(
                    "declared_in_file",
                    "network " + network.name() + " is declared in " + origin.file() + ":" + origin.line()
                            + ": take it out of there, and it is removed");
        }
    }

    private Plan plan() {
        Map<String, Network> byName = new HashMap<>();
        state.networks().forEach(network -> byName.put(network.name(), network));
        Map<String, DeclaredNetwork> declared = new LinkedHashMap<>();
        configuration.networks().forEach(network -> declared.put(network.name(), network));
        for (Network network : state.networks()) {
            if (network.origin() instanceof Origin.File && !declared.containsKey(network.name())) {
                refuseInUse(source.file() + ": network " + network.name() + " is not declared any more, but", network);
                removed.add(network);
                next.remove(network.id());
            }
        }
        List<Runnable> making = new ArrayList<>();
        DefaultNetwork bridge = configuration.defaultNetwork();
        if (bridge != null && !bridge.addresses().subnets().isEmpty()) {
            reconcile(bridge, byName.get(Network.BRIDGE), making);
        }
        declared.values().forEach(network -> reconcile(network, byName.get(network.name()), making));
        making.forEach(Runnable::run);
        refusePeersOfCluster();
        UpstreamRules.check(configuration, next.values());
        return next.equals(state.networksById())
                ? new Plan(state, List.of(), List.of())
                : new Plan(state.withNetworks(next), List.copyOf(removed), List.copyOf(added));
    }

    /** Other hosts of the cluster's networks are the cluster's to name: what comes from others is not believed (V7). */
    private void refusePeersOfCluster() {
        Map<String, Network> byName = new HashMap<>();
        next.values().forEach(network -> byName.put(network.name(), network));
        List<OverlaySettings.Peer> peers = configuration.overlay().peers();
        for (int i = 0; i < peers.size(); i++) {
            Network network = byName.get(peers.get(i).network());
            if (network != null && network.origin() instanceof Origin.Cluster) {
                String path = OverlaySettings.path(i);
                throw source.refuse(configuration.line(path), path, TunnelPlan.ofCluster(network));
            }
        }
    }

    private void reconcile(DefaultNetwork declared, @Nullable Network there, List<Runnable> making) {
        List<Subnet> wanted = choose(declared, declared.addresses(), List.of());
        if (there != null && configured(there.subnets()).equals(wanted)) {
            return;
        }
        Network like = there == null
                ? new Network(
                        "",
                        -1,
                        Network.BRIDGE,
                        "",
                        Driver.BRIDGE,
                        false,
                        false,
                        false,
                        List.of(),
                        Map.of(),
                        Map.of(),
                        new Origin.BuiltIn())
                : there;
        make(declared, declared.addresses(), there, like, making);
    }

    private void reconcile(DeclaredNetwork declared, @Nullable Network there, List<Runnable> making) {
        Origin.File origin = new Origin.File(source.file(), declared.line());
        try {
            UnderlayMtu.refuse(declared.options());
            NetworkOptions.parse(
                    declared.driver(), declared.options(), declared.addresses().ipv6());
        } catch (Refusal e) {
            throw refuse(declared, "options", e);
        }
        if (there != null && there.origin() instanceof Origin.Cluster) {
            throw source.refuse(
                    declared.line(),
                    declared.path(),
                    "network " + declared.name() + " is the cluster's, and the same on all its hosts: give this one"
                            + " another name, or take it out of the file");
        }
        List<Subnet> wanted = choose(declared, declared.addresses(), List.of());
        if (there != null && isSame(declared, there, wanted)) {
            next.put(there.id(), with(there, declared.labels(), declared.attachable(), origin));
            return;
        }
        if (there != null && !(there.origin() instanceof Origin.File)) {
            throw source.refuse(
                    declared.line(),
                    declared.path(),
                    "network with name " + declared.name() + " already exists, made by a command: remove it with"
                            + " 'tapswitch network rm " + declared.name() + "', or take it out of the file");
        }
        Network like = new Network(
                there == null ? "" : there.id(),
                -1,
                declared.name(),
                "",
                declared.driver(),
                declared.addresses().internal(),
                declared.addresses().ipv6(),
                declared.attachable(),
                List.of(),
                declared.options(),
                declared.labels(),
                origin);
        make(declared, declared.addresses(), there, like, making);
    }

    private static boolean isSame(DeclaredNetwork declared, Network there, List<Subnet> wanted) {
        return there.driver() == declared.driver()
                && there.internal() == declared.addresses().internal()
                && there.ipv6() == declared.addresses().ipv6()
                && UnderlayMtu.chosen(there.options()).equals(declared.options())
                && configured(there.subnets()).equals(configured(wanted));
    }

    private static List<Subnet> configured(List<Subnet> subnets) {
        return subnets.stream().filter(Subnet::configured).toList();
    }

    /** Takes the old one out of the way now; the new one is made when all that go are gone. */
    private void make(
            Declaration declared,
            SubnetRequest addresses,
            @Nullable Network there,
            Network like,
            List<Runnable> making) {
        if (there != null) {
            refuseInUse(
                    source.file() + ":" + declared.line() + ": " + declared.path() + ": network " + there.name()
                            + " is declared otherwise than it is, but",
                    there);
            removed.add(there);
            next.remove(there.id());
        }
        making.add(() -> {
            List<Subnet> subnets = choose(declared, addresses, taken(declared));
            Network made = new Network(
                    there == null ? surroundings.ids().get() : there.id(),
                    index(declared),
                    like.name(),
                    there == null ? surroundings.clock().get() : there.created(),
                    like.driver(),
                    like.internal(),
                    like.ipv6(),
                    like.attachable(),
                    subnets,
                    like.options(),
                    like.labels(),
                    like.origin());
            next.put(made.id(), made);
            added.add(made);
        });
    }

    private int index(Declaration declared) {
        int index = indexes.nextClearBit(0);
        if (index >= Dataplane.MAX_NETWORKS) {
            throw source.refuse(
                    declared.line(),
                    declared.path(),
                    "the switch has all the networks it can have: " + Dataplane.MAX_NETWORKS);
        }
        indexes.set(index);
        return index;
    }

    /**
     * What everybody else has: the host, networks that stay or were just made, and those that come later in the file.
     * These last are only to be chosen around, as one chooses around internal networks: when two entries collide, the
     * later one is refused.
     */
    private List<Taken> taken(Declaration self) {
        List<Taken> taken = new ArrayList<>(surroundings.host());
        for (Network network : next.values()) {
            network.subnets()
                    .forEach(subnet ->
                            taken.add(new Taken(subnet.prefix(), "network " + network.name(), network.internal())));
        }
        for (DeclaredNetwork other : configuration.networks()) {
            if (other != self) {
                other.addresses()
                        .subnets()
                        .forEach(subnet ->
                                taken.add(new Taken(IpPrefix.parse(subnet), "network " + other.name(), true)));
            }
        }
        return taken;
    }

    private List<Subnet> choose(Declaration declared, SubnetRequest addresses, List<Taken> taken) {
        try {
            return Subnets.choose(addresses, taken, surroundings.localPool());
        } catch (Refusal e) {
            String key = switch (e.code()) {
                case Subnets.INVALID_GATEWAY -> "gateway";
                case Subnets.INVALID_RANGE -> "ip-range";
                case Subnets.INVALID_AUX_ADDRESS -> "aux-addresses";
                default -> "subnet";
            };
            throw refuse(declared, key, e);
        }
    }

    private Refusal refuse(Declaration declared, String key, Refusal reason) {
        Integer line = declared.lines().get(key);
        return line == null
                ? source.refuse(declared.line(), declared.path(), reason.sentence())
                : source.refuse(line, declared.path() + "." + key, reason.sentence());
    }

    private void refuseInUse(String what, Network network) {
        List<String> members = state.containers().stream()
                .filter(container -> container.endpointIn(network.id()).isPresent())
                .map(Container::name)
                .toList();
        if (!members.isEmpty()) {
            throw Refusal.conflict(
                    "network_in_use",
                    what + " has active endpoints (" + String.join(", ", members)
                            + "): disconnect them first; nothing was changed");
        }
    }

    private static Network with(Network network, Map<String, String> labels, boolean attachable, Origin origin) {
        return new Network(
                network.id(),
                network.index(),
                network.name(),
                network.created(),
                network.driver(),
                network.internal(),
                network.ipv6(),
                attachable,
                network.subnets(),
                network.options(),
                labels,
                origin);
    }
}
