package io.tapswitch.core.control;

import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.Belief;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.core.overlay.Standing;
import io.tapswitch.core.overlay.store.EtcdStore;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: this host's part in the cluster, as a part of the control plane.
 *
 * <pre>
 *   store --> {@link ClusterSession} --> {@link #take}   networks of the cluster into the desired state,
 *                                                   endpoints of others into tunnels and names
 *   a network, a container's address  -->  asked of the store without the controller's lock ({@link ClusterPlaces})
 *   what is gone or renamed here  ------>  told after each change; the session brings it into the store
 * </pre>
 *
 * <p>What is here is never worse off for want of the store: changes that this host decides alone go on and are told
 * later, what was known of others stays. Only what needs an answer of the store is refused meanwhile.
 *
 * <p><b>Locks.</b> The store is never asked under the controller's lock. The session's thread takes it, for the time of
 * a change.
 *
 * <p>Without {@link ClusterOptions} there is no cluster, and everything here does nothing, or refuses.
 */
final class ClusterWiring implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterWiring.class);
    private static final int VNI_FIRST = 4_096;
    private static final int VNI_LAST = (1 << 24) - 1;
    private static final long PAUSE_MS = 500;
    /** Each second: a look at addresses goes through all interfaces of the host. */
    private static final int ROUNDS_TO_MOVE = 2;

    private static final int ROUNDS_TO_LOOK = 10;
    /** Each 15 s, some four times before one is taken for dead. */
    private static final int ROUNDS_TO_SIGN = 30;
    /** How long the store's news may be older than what this host has done itself. */
    private static final long UNDECIDED_NS = Duration.ofSeconds(10).toNanos();

    private static final long LEAVE_NS = Duration.ofSeconds(2).toNanos();

    private final @Nullable ClusterOptions options;
    private final @Nullable ClusterFile file;
    private final @Nullable Host first;
    private final @Nullable OwnAddress address;
    private final @Nullable Keyring keyring;
    private final String identity;
    private final ClusterPlaces places = new ClusterPlaces(this);
    private final AtomicBoolean unsaved = new AtomicBoolean();
    private final Map<String, Long> undecided = new ConcurrentHashMap<>();
    private volatile Abroad abroad = Abroad.NONE;
    private volatile @Nullable ClusterSession session;
    private volatile @Nullable Around around;
    private volatile List<String> trouble = List.of();
    private final ClusterNews news;
    private volatile boolean behind;
    private volatile boolean closed;

    /** What is around it once the control plane is whole. */
    record Around(Desired desired, HostPortWiring host, Chronicle chronicle, Signs signs) {}

    /** Signs of life over tunnels. */
    interface Signs {
        /** {@return frames that tunnels have brought, by their other end} */
        Map<IpAddress, Long> heard();

        /** Sends something by the tunnels of an endpoint's network. */
        void give(Endpoint endpoint);
    }

    /**
     * Reads what was known last; nobody is asked yet.
     *
     * @param options null for no cluster
     * @param directory of the state
     * @param kernel of the outside, null when there is no way to it
     * @param workers of the dataplane
     */
    ClusterWiring(
            @Nullable ClusterOptions options, StateDirectory directory, @Nullable OutsideKernel kernel, int workers) {
        this.options = options;
        news = new ClusterNews(store(), this::changed);
        if (options == null) {
            file = null;
            first = null;
            address = null;
            keyring = null;
            identity = "";
            return;
        }
        if (kernel == null) {
            throw Refusal.badInput("--cluster-store needs a way to the other hosts: leave --uplink none out");
        }
        address = new OwnAddress(options, kernel);
        IpAddress here = address.now().address();
        file = ClusterFile.next(directory.path());
        identity = ClusterFile.in(directory.path()).toString();
        first = new Host(file.host(), ContainerTexts.hostsOwnName(), here, file.incarnation());
        keyring = new Keyring(directory.path(), first.id(), workers);
        ClusterView last = file.saved().view();
        abroad = new Abroad(Remotes.of(last, first.id()), here, keyring.keys(last));
    }

    /** {@return what tunnels and names must know of other hosts; any thread} */
    Abroad abroad() {
        return abroad;
    }

    /** {@return whether this host is in a cluster, or was told to be} */
    boolean isMember() {
        return first != null;
    }

    /** {@return this host as it is to be in the cluster, null when it is in none} */
    @Nullable
    Host self() {
        return first == null || address == null ? null : first.at(address.now().address());
    }

    /** {@return the endpoints of this host in the cluster} */
    ClusterPlaces places() {
        return places;
    }

    /** {@return the words for where the store is; empty without} */
    String store() {
        return options == null ? "" : options.store().description();
    }

    /** {@return the session, null when there is none or not yet} */
    @Nullable
    ClusterSession session() {
        return session;
    }

    /** Whom to ask what this host has in force of a network, by its id. */
    void answering(Function<String, Belief> with) {
        news.answering(with);
    }

    /** {@return for how long this host has taken part, or not} */
    Duration standingFor() {
        return news.stood().duration();
    }

    /** Joins. {@code with} is what changes are made with; the state is what is in force. */
    void start(Around with) {
        around = with;
        Host self = self();
        if (self == null || options == null || file == null) {
            return;
        }
        if (!Advertise.isLocal(self.vtep())) {
            LOG.error(unreachable(self.vtep()));
        }
        ClusterSession made = new ClusterSession(
                new EtcdStore(options.store()),
                new ClusterSession.Beginning(
                        self,
                        VNI_FIRST,
                        VNI_LAST,
                        file.saved(),
                        places.endpoints(with.desired().state()),
                        () -> ClusterNetworks.ofCluster(with.desired().state()),
                        identity),
                news,
                () -> System.nanoTime() / 1_000_000,
                ThreadLocalRandom.current());
        session = made;
        take(file.saved().view());
        followAddress();
        made.start();
        news.stood().awaitFirst(store());
        Thread.ofVirtual().name("cluster-care").start(this::care);
    }

    /** {@return docker's sentence (A-OVL-10)} */
    static String unreachable(IpAddress advertised) {
        return "Multi-Host overlay networking requires cluster-advertise(" + advertised
                + ") to be configured with a local ip-address that is reachable within the cluster";
    }

    private void changed(ClusterView view) {
        unsaved.set(true);
        takeOrRetry(view);
    }

    /** What the dataplane does not take must not end the session; it is tried again. */
    private void takeOrRetry(ClusterView view) {
        try {
            take(view);
            behind = false;
        } catch (RuntimeException e) {
            if (!behind) {
                LOG.error("what the cluster is now could not be brought into force, and is tried again", e);
            }
            behind = true;
        }
    }

    /** Brings what the cluster is into force here. */
    private void take(ClusterView view) {
        Around with = around;
        ClusterSession now = session;
        Host self = self();
        if (with == null || now == null || self == null || keyring == null || closed) {
            return;
        }
        Desired desired = with.desired();
        desired.locked(() -> {
            long nowNs = System.nanoTime();
            Map<String, OverlayNetwork> networks = view.networks();
            undecided.values().removeIf(until -> nowNs - until > 0);
            undecided
                    .keySet()
                    .removeIf(id -> networks.containsKey(id)
                            == desired.state().networksById().containsKey(id));
            ClusterNetworks rules = new ClusterNetworks(
                    networks.values(), undecided.keySet(), with.host().look().blocks(), now.isRead());
            DesiredState before = desired.state();
            DesiredState next = rules.in(before);
            tell(rules.trouble());
            Abroad then = abroad;
            abroad = new Abroad(Remotes.of(view, self.id()), self.vtep(), keyring.keys(view));
            boolean others = !then.equals(abroad);
            if (!next.equals(before)) {
                desired.force(next);
                chronicle(with.chronicle(), before, next);
            } else if (others) {
                desired.apply(before);
            }
            return true;
        });
    }

    private static void chronicle(Chronicle chronicle, DesiredState before, DesiredState next) {
        before.networks().stream()
                .filter(network -> !next.networksById().containsKey(network.id()))
                .forEach(chronicle::destroyed);
        next.networks().stream()
                .filter(network -> !before.networksById().containsKey(network.id()))
                .forEach(chronicle::created);
    }

    private void tell(List<String> now) {
        now.stream().filter(sentence -> !trouble.contains(sentence)).forEach(LOG::warn);
        trouble = List.copyOf(now);
    }

    /** {@return the session; refuses where there is none, naming what is the cluster's} */
    ClusterSession joined(String what) {
        ClusterSession now = session;
        if (now == null) {
            throw Refusal.conflict(
                    "cluster_missing",
                    what + " is the cluster's, and this daemon is in none: start it with --cluster-store");
        }
        return now;
    }

    /** {@return a new network of the cluster, which is in force here} */
    Network createNetwork(
            NetworkRequest request, BiFunction<DesiredState, List<OverlayNetwork>, Network> planner, Desired desired) {
        ClusterSession now = joined("network " + request.name());
        String id = ObjectName.newId();
        Map<String, String> given = request.options() == null ? Map.of() : request.options();
        int vni = NetworkOptions.parse(Driver.OVERLAY, given, Boolean.TRUE.equals(request.ipv6()))
                .vni();
        // What this host alone refuses needs no answer of the store.
        Network planned = planner.apply(desired.state(), List.of());
        OverlayNetwork made = now.createNetwork(
                planned.name(),
                vni,
                (others, number) -> ClusterNetworks.ofCluster(planner.apply(desired.state(), others), id, number));
        try {
            return desired.locked(() -> {
                Network there = desired.state().networksById().get(id);
                if (there != null) {
                    return there;
                }
                Network network = ClusterNetworks.here(desired.state(), made);
                undecided.put(id, System.nanoTime() + UNDECIDED_NS);
                desired.commit(desired.state().with(network), new Undo());
                return network;
            });
        } catch (RuntimeException e) {
            undecided.remove(id);
            now.removeNetwork(made);
            throw e;
        }
    }

    /** Removes a network from the cluster; refused while somebody is in it anywhere. */
    void removeNetwork(Network network) {
        ClusterSession now = joined("network " + network.name());
        OverlayNetwork known = now.state().view().networks().get(network.id());
        if (known != null) {
            undecided.put(network.id(), System.nanoTime() + UNDECIDED_NS);
            try {
                now.removeNetwork(known);
            } catch (RuntimeException e) {
                undecided.remove(network.id());
                throw e;
            }
        } else {
            // It may be there.
            now.refuseUnasked();
        }
    }

    /** What is done from time to time. */
    private void care() {
        DeadHosts dead = new DeadHosts(() -> System.nanoTime() / 1_000_000);
        try {
            for (int round = 1; !closed; round++) {
                Thread.sleep(PAUSE_MS);
                save();
                try {
                    if (round % ROUNDS_TO_MOVE == 0) {
                        followAddress();
                    }
                    if (round % ROUNDS_TO_LOOK == 0) {
                        lookAtOthers(dead, round % ROUNDS_TO_SIGN == 0);
                    }
                } catch (RuntimeException e) {
                    LOG.warn("cannot look after other hosts", e);
                }
                ClusterSession now = session;
                if (now != null && keyring != null && (keyring.renew(now) || behind)) {
                    takeOrRetry(now.state().view());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The address by which the others reach this host may be another one than before. */
    private void followAddress() {
        ClusterSession now = session;
        if (now != null && address != null && address.look()) {
            now.move(address.now().address(), address.now().isThere());
            takeOrRetry(now.state().view());
        }
    }

    private void lookAtOthers(DeadHosts dead, boolean sign) {
        Around with = around;
        ClusterSession now = session;
        if (with == null || now == null) {
            return;
        }
        if (!trouble.isEmpty()) {
            // What could not be here before may be now.
            takeOrRetry(now.state().view());
        }
        if (sign) {
            // One of each network: a host without endpoints has nothing that others could take for dead.
            Map<String, Endpoint> one = new HashMap<>();
            ClusterPlaces.forEach(
                    with.desired().state(), (container, endpoint) -> one.putIfAbsent(endpoint.networkId(), endpoint));
            one.values().forEach(with.signs()::give);
        }
        dead.look(now.state().view().hosts(), now::unseenMs, with.signs().heard(), now::vouch, now::removeHost);
    }

    private void save() {
        ClusterSession now = session;
        if (now != null && file != null && unsaved.compareAndSet(true, false)) {
            try {
                file.save(now.state());
            } catch (Refusal e) {
                unsaved.set(true);
                LOG.warn("{}", e.sentence());
            }
        }
    }

    /** {@return what a person should know} */
    List<String> warnings() {
        if (address == null) {
            return List.of();
        }
        Set<String> all = new LinkedHashSet<>();
        ClusterSession now = session;
        all.addAll(StandingWatch.warnings(now == null ? null : now.standing()));
        all.addAll(address.warnings());
        all.addAll(now == null ? List.of() : now.trouble());
        all.addAll(trouble);
        all.addAll(keyring == null ? List.of() : keyring.warnings());
        return List.copyOf(all);
    }

    /** Leaves; endpoints stay, as their containers do. */
    @Override
    public void close() {
        closed = true;
        ClusterSession last = session;
        if (last != null) {
            awaitSettled(last);
            last.close();
            save();
        }
        if (keyring != null) {
            keyring.close();
        }
    }

    /** What went at the end is given back before, as far as the store can be asked. */
    private static void awaitSettled(ClusterSession last) {
        long end = System.nanoTime() + LEAVE_NS;
        try {
            while (!last.isSettled() && last.standing() instanceof Standing.Joined && System.nanoTime() - end < 0) {
                Thread.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
