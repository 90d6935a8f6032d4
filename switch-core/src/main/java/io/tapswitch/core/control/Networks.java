package io.tapswitch.core.control;

import io.tapswitch.core.config.OverlaySettings;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Making, listing and removing networks: the rules' results brought into force. */
final class Networks {
    private static final Logger LOG = LoggerFactory.getLogger(Networks.class);

    private final Desired desired;
    private final HostPortWiring host;
    private final Ipv6Prefix localPool;
    private final Chronicle chronicle;
    private final ClusterWiring cluster;
    private final UnderlayMtu underlay;
    /** What the file in force says of tunnels. */
    private volatile OverlaySettings overlay = OverlaySettings.NONE;

    Networks(
            Desired desired,
            HostPortWiring host,
            Ipv6Prefix localPool,
            Chronicle chronicle,
            ClusterWiring cluster,
            @Nullable OutsideKernel kernel) {
        this.desired = desired;
        this.host = host;
        this.localPool = localPool;
        this.chronicle = chronicle;
        this.cluster = cluster;
        this.underlay = new UnderlayMtu(kernel, () -> cluster.abroad().advertised());
    }

    /** {@return a state with the networks that are there without anybody asking} */
    DesiredState withBuiltIn(DesiredState state) {
        return NetworkRules.withBuiltIn(state, host.look().blocks(), localPool);
    }

    Network create(NetworkRequest request) {
        if (cluster.isMember() && Driver.OVERLAY.word().equals(request.driver())) {
            return createInCluster(request);
        }
        return desired.locked(() -> {
            DesiredState state = desired.state();
            Network made = NetworkRules.create(
                    state, request, new Origin.Command(), host.look().blocks(), localPool);
            Network network = underlay.sized(made, overlay);
            desired.commit(state.with(network), new Undo());
            chronicle.created(network);
            LOG.info(
                    "made network {} {}",
                    network.name(),
                    network.subnets().stream().map(Subnet::prefix).toList());
            return network;
        });
    }

    private Network createInCluster(NetworkRequest request) {
        Network network = cluster.createNetwork(
                request,
                (state, others) -> {
                    List<Taken> taken = new ArrayList<>(host.look().blocks());
                    for (OverlayNetwork other : others) {
                        boolean isHere = state.networksById().containsKey(other.id());
                        for (Subnet subnet : isHere ? List.<Subnet>of() : other.subnets()) {
                            taken.add(new Taken(
                                    subnet.prefix(), "network " + other.name() + " of the cluster", other.internal()));
                        }
                    }
                    Network made = NetworkRules.create(state, request, new Origin.Cluster(), taken, localPool);
                    return underlay.sized(made, overlay);
                },
                desired);
        chronicle.created(network);
        LOG.info("made network {} of the cluster", network.name());
        return network;
    }

    /** Carries a plan out. */
    void reconcile(BiFunction<DesiredState, Reconciler.Surroundings, Reconciler.Plan> planner) {
        reconcile(null, planner);
    }

    /** Carries a plan out, with what is to be known of tunnels from then on; null for what was known. */
    void reconcile(
            @Nullable OverlaySettings tunnels,
            BiFunction<DesiredState, Reconciler.Surroundings, Reconciler.Plan> planner) {
        desired.locked(() -> {
            DesiredState state = desired.state();
            OverlaySettings now = tunnels == null ? overlay : tunnels;
            Reconciler.Plan bare = planner.apply(
                    state,
                    new Reconciler.Surroundings(host.look().blocks(), localPool, ObjectName::newId, Moment::now));
            Reconciler.Plan plan = underlay.sized(bare, now);
            if (!plan.next().equals(state)) {
                desired.commit(plan.next(), new Undo());
                chronicle.publications(state, desired.state());
                plan.removed().forEach(chronicle::destroyed);
                plan.added().forEach(chronicle::created);
            }
            overlay = now;
            return true;
        });
    }

    /** {@return the networks that a person wants to see, by name in byte order (A-NET-03)} */
    List<Controller.NetworkView> list(Filters filters) {
        DesiredState state = desired.state();
        BiPredicate<Network, Boolean> wanted = Selection.networks(filters);
        return state.networks().stream()
                .map(network -> view(state, network))
                .filter(view -> wanted.test(
                        view.network(),
                        !view.members().isEmpty() || !view.remotes().isEmpty()))
                .sorted(Comparator.comparing(view -> view.network().name()))
                .toList();
    }

    Controller.NetworkView one(String reference) {
        DesiredState state = desired.state();
        return view(state, References.network(state, reference));
    }

    private Controller.NetworkView view(DesiredState state, Network network) {
        List<Controller.Member> members = new ArrayList<>();
        if (network.driver().isSwitched()) {
            for (Container container : state.containers()) {
                container
                        .endpointIn(network.id())
                        .ifPresent(endpoint -> members.add(new Controller.Member(container, endpoint)));
            }
            members.sort(Comparator.comparing(member -> ordinal(member.endpoint())));
        }
        return new Controller.NetworkView(
                network, members, cluster.abroad().remotes().of(network.id()));
    }

    /** Members are shown by address; those without an IPv4 address come last. */
    private static long ordinal(Endpoint endpoint) {
        IpAddress address = endpoint.ipv4() == null ? null : endpoint.ipv4().ip();
        return address instanceof Ipv4Address four ? Integer.toUnsignedLong(four.bits()) : Long.MAX_VALUE;
    }

    String remove(String reference) {
        Network meant = References.network(desired.state(), reference);
        if (cluster.isMember() && meant.origin() instanceof Origin.Cluster) {
            checkRemovable(desired.state(), meant);
            cluster.removeNetwork(meant);
        }
        return desired.locked(() -> {
            DesiredState state = desired.state();
            Network network = state.networksById().get(meant.id());
            if (network == null) {
                // The cluster's news were quicker.
                return meant.name();
            }
            checkRemovable(state, network);
            remove(state, List.of(network));
            return network.name();
        });
    }

    private void checkRemovable(DesiredState state, Network network) {
        NetworkRules.checkRemovable(state, network, cluster.places().elsewhere().in(network.id()));
    }

    /** Removes the networks that people made and that nobody is in. {@return their names} */
    List<String> prune(Filters filters) {
        Predicate<Network> wanted = Selection.prune(filters, Instant.now());
        List<String> removed = pruneShared(wanted);
        removed.addAll(pruneOwn(wanted));
        return removed;
    }

    /** Those of the cluster that nobody is in on any host; the store says so for certain. */
    private List<String> pruneShared(Predicate<Network> wanted) {
        List<String> removed = new ArrayList<>();
        DesiredState state = desired.state();
        for (Network network : state.networks()) {
            if (network.origin() instanceof Origin.Cluster
                    && NetworkRules.members(state, network.id()).isEmpty()
                    && cluster.places().elsewhere().in(network.id()).isEmpty()
                    && wanted.test(network)) {
                try {
                    removed.add(remove(network.id()));
                } catch (Refusal e) {
                    LOG.info("network {} of the cluster is not pruned: {}", network.name(), e.sentence());
                }
            }
        }
        return removed;
    }

    private List<String> pruneOwn(Predicate<Network> wanted) {
        return desired.locked(() -> {
            DesiredState state = desired.state();
            List<Network> unused = state.networks().stream()
                    .filter(network -> network.origin() instanceof Origin.Command)
                    .filter(network -> NetworkRules.members(state, network.id()).isEmpty())
                    .filter(wanted)
                    .toList();
            if (!unused.isEmpty()) {
                remove(state, unused);
            }
            return unused.stream().map(Network::name).toList();
        });
    }

    private void remove(DesiredState state, List<Network> networks) {
        DesiredState next = state;
        for (Network network : networks) {
            next = next.withoutNetwork(network.id());
        }
        desired.commit(next, new Undo());
        for (Network network : networks) {
            chronicle.destroyed(network);
            LOG.info("removed network {}", network.name());
        }
    }
}
