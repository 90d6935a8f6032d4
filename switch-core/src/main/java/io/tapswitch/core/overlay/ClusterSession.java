package io.tapswitch.core.overlay;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This host in the cluster.
 *
 * <p><b>Theory of operation.</b> One thread does everything that takes time of its own: {@link SessionLoop}, which
 * reads and watches the store, keeps the lease, and brings this host's endpoints into the store as they shall be. The
 * methods here are for everybody else:
 *
 * <ul>
 *   <li>What needs an answer of the store (a network, an address, a forced removal) is done on the caller's thread, in
 *       a few calls each bounded by {@link ClusterStore#callBound}. While the store is away it is refused at once,
 *       without asking.
 *   <li>What this host decides alone (removals, names, aliases) is noted and done when the store can be asked; these
 *       methods never block and never fail for want of a store.
 * </ul>
 *
 * <p>While the store is away the state stays as it was, so whatever was made of it stays too. On its return everything
 * is read, and the listener hears the difference only (V12). Endpoints of this host that the store lacks are registered
 * again with the addresses they have; when another one has got the address or the name meanwhile, by forced removal,
 * that one keeps it, and an alarm tells so.
 *
 * <p>Tests make it without {@link #start} and drive the loop by hand.
 */
public final class ClusterSession implements AutoCloseable {
    /** For how long neither the store nor a tunnel has shown a sign of life of a host that is taken for dead. */
    public static final Duration DEAD = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(ClusterSession.class);
    private static final long AFTER_FAULT_MS = 1_000;

    private final NetworkAllocation networks;
    private final EndpointAllocation endpoints;
    private final Registration registration;
    private final OwnEndpoints own;
    private final Inquiries inquiries;
    private final ClusterStore store;
    private final String self;
    private final LongSupplier clockMs;
    private final OwnKeys keys;
    private final Supplier<List<OverlayNetwork>> inForce;
    private final SessionLoop loop;
    private final Duration closeBound;
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    private volatile boolean closed;

    /**
     * What a session needs to know.
     *
     * @param self this host
     * @param firstVni that is given to networks
     * @param lastVni that is given to networks
     * @param saved what was known before a restart
     * @param restored this host's endpoints that are still there after a restart
     * @param networks of the cluster that this host has in force, also when it did not live to save them
     * @param identity the file that has this host's id, for whom it must be told
     */
    public record Beginning(
            Host self,
            int firstVni,
            int lastVni,
            ClusterState saved,
            Collection<RemoteEndpoint> restored,
            Supplier<List<OverlayNetwork>> networks,
            String identity) {
        /** Copies the collection. */
        public Beginning {
            restored = List.copyOf(restored);
        }
    }

    /**
     * Makes one, which does nothing yet.
     *
     * @param store of the cluster, which belongs to the session from now on
     * @param beginning what it begins with
     * @param listener hears all
     * @param clockMs a clock that only goes forward
     * @param random spreads the attempts of many hosts
     */
    public ClusterSession(
            ClusterStore store,
            Beginning beginning,
            ClusterListener listener,
            LongSupplier clockMs,
            RandomGenerator random) {
        networks = new NetworkAllocation(store, beginning.firstVni(), beginning.lastVni());
        OwnHost host = new OwnHost(beginning.self());
        endpoints = new EndpointAllocation(store, host);
        registration = new Registration(store, beginning.identity());
        own = new OwnEndpoints(beginning.restored());
        inquiries = new Inquiries(store, beginning.self().id());
        this.store = store;
        this.self = beginning.self().id();
        this.clockMs = clockMs;
        keys = new OwnKeys(store, host);
        inForce = beginning.networks();
        closeBound = store.callBound();
        loop = new SessionLoop(
                store,
                host,
                new SessionLoop.Parts(networks, endpoints, registration, own, inquiries, keys, inForce),
                new SessionLoop.Surroundings(listener, clockMs, random, this::wake),
                beginning.saved());
    }

    /** Starts the session's thread. */
    public void start() {
        Thread started = Thread.ofVirtual().name("cluster-session").unstarted(this::run);
        if (thread.compareAndSet(null, started)) {
            inquiries.startThreads();
            started.start();
        }
    }

    private void run() {
        while (!closed) {
            long waitMs;
            try {
                waitMs = loop.turn();
            } catch (RuntimeException e) {
                // A fault of ours or of the listener's must not end the session: others rely on its sign of life.
                LOG.error("fault in the cluster session", e);
                waitMs = AFTER_FAULT_MS;
            }
            if (waitMs > 0 && !closed) {
                LockSupport.parkNanos(waitMs * 1_000_000);
            }
        }
        loop.end();
    }

    private void wake() {
        LockSupport.unpark(thread.get());
    }

    SessionLoop loop() {
        return loop;
    }

    /** {@return what is known of the cluster} */
    public ClusterState state() {
        return loop.state();
    }

    /** {@return how this host stands} */
    public Standing standing() {
        return loop.standing();
    }

    /** {@return what a person should know at the moment, a sentence each} */
    public List<String> trouble() {
        return loop.trouble();
    }

    /** {@return whether the store was read since the start: before, nobody knows what it does not have any more} */
    public boolean isRead() {
        return loop.isRead();
    }

    /**
     * This host has another address for tunnels from now on; it is registered with it as soon as that can be.
     *
     * @param vtep the address
     * @param isThere whether this host has it at this moment, which the others are told
     */
    public void move(IpAddress vtep, boolean isThere) {
        loop.move(vtep, isThere);
    }

    /** {@return for how long the store has had no sign of life of a host, -1 when it has one or never knew the host} */
    public long unseenMs(String host) {
        return loop.unseenMs(host);
    }

    /** {@return whether all that was decided here is in the store, or cannot be} */
    public boolean isSettled() {
        return own.open().isEmpty();
    }

    /** {@return how many endpoints of this host the store does not have as they are here} */
    public int pending() {
        return own.open().size();
    }

    /**
     * {@return a new network}
     *
     * @param name refused when the cluster has it
     * @param wantedVni 0 for any
     * @param plan of the rest
     */
    public OverlayNetwork createNetwork(String name, int wantedVni, NetworkPlan plan) {
        refuseOutsider();
        List<OverlayNetwork> remembered = new ArrayList<>(inForce.get());
        for (ClusterEntry entry : state().remembered()) {
            if (entry instanceof OverlayNetwork network) {
                remembered.add(network);
            }
        }
        return learned(() -> networks.create(name, wantedVni, plan, remembered));
    }

    /** Refuses what needs the store when it cannot be asked. */
    public void refuseUnasked() {
        if (loop.standing() instanceof Standing.Away away) {
            throw unreachable(away.sentence());
        }
    }

    /** A host that takes no part changes nothing of what others have. */
    private void refuseOutsider() {
        if (loop.standing() instanceof Standing.Refused refused) {
            throw Refusal.conflict("host_conflict", refused.sentence());
        }
    }

    /** Removes a network, when no endpoint of it is anywhere. */
    public void removeNetwork(OverlayNetwork network) {
        refuseOutsider();
        refuseRemembered(network);
        learned(() -> networks.remove(network));
    }

    /** What hosts are about to register again after the store was emptied is as good as there. */
    private void refuseRemembered(OverlayNetwork network) {
        ClusterState known = state();
        for (RemoteEndpoint endpoint : known.view().endpoints(network.id())) {
            if (known.isRemembered(endpoint.key())) {
                Host host = known.view().hosts().get(endpoint.host());
                throw Refusal.conflict(
                        "network_in_use",
                        "error while removing network: network " + network.name() + " id " + network.id()
                                + " has active endpoints: container " + endpoint.name() + " on host "
                                + (host == null ? endpoint.host() : host.name())
                                + " had one before the cluster store was emptied; try again in a minute");
            }
        }
    }

    /**
     * {@return a new endpoint of this host}
     *
     * @param network that it is in
     * @param plan of it
     */
    public RemoteEndpoint addEndpoint(OverlayNetwork network, EndpointPlan plan) {
        refuseOutsider();
        AtomicReference<@Nullable RemoteEndpoint> planned = new AtomicReference<>();
        ClusterState known = state();
        Set<IpAddress> taken = known.view().claims(network.id()).keySet();
        Set<IpAddress> remembered = taken.stream()
                .filter(address -> known.isRemembered(ClusterKeys.address(network.id(), address)))
                .collect(Collectors.toSet());
        try {
            RemoteEndpoint made = learned(() -> endpoints.add(network, taken, remembered, free -> {
                RemoteEndpoint endpoint = plan.endpoint(free);
                if (known.isRemembered(ClusterKeys.name(network.id(), endpoint.name()))) {
                    throw EndpointAllocation.nameTaken(endpoint, network.name());
                }
                own.coming(endpoint);
                planned.set(endpoint);
                return endpoint;
            }));
            own.came(made);
            return made;
        } catch (RuntimeException e) {
            RemoteEndpoint endpoint = planned.get();
            if (endpoint != null) {
                own.failed(endpoint);
                loop.wake();
            }
            throw e;
        }
    }

    /** Gives an endpoint of this host other names, in the store as soon as that can be. */
    public void rename(String id, String name, List<String> aliases) {
        RemoteEndpoint before = own.wanted(id);
        if (before == null) {
            return;
        }
        RemoteEndpoint after = before.withNames(name, aliases);
        String namesake = state().view().owner(ClusterKeys.name(after.network(), name));
        if (namesake != null && !namesake.equals(id)) {
            throw EndpointAllocation.nameTaken(after, after.network());
        }
        own.change(after);
        loop.wake();
    }

    /** Removes an endpoint of this host, from the store as soon as that can be. */
    public void removeEndpoint(String id) {
        own.remove(id);
        loop.wake();
    }

    /** Shows the others the keys of this host, in place of those before, as soon as that can be. */
    public void publish(Collection<HostKey> all) {
        if (keys.want(all)) {
            loop.wake();
        }
    }

    /** Removes an endpoint of a dead host. */
    public void removeForced(RemoteEndpoint endpoint) {
        learned(() -> new Done<>(endpoint, endpoints.removeForced(endpoint)));
    }

    /** Removes a dead host with all its endpoints; refused while it is alive, or some host hears it. */
    public void removeHost(Host host) {
        learned(() -> new Done<>(host, registration.remove(host)));
    }

    /**
     * Tells all hosts that a tunnel of this one has brought something from a host whose sign of life the store lacks:
     * it forwards, and those that share no network with it cannot know. To be told again within {@link #DEAD}.
     */
    public void vouch(Host host) {
        asked(() -> {
            registration.vouch(host, self);
            return host;
        });
    }

    /**
     * {@return what all hosts have in force of a network, compared with the store} Waits for all that are alive, for
     * some seconds at most. What changes meanwhile looks like a difference, so differences are looked at twice, and
     * only those count that are there both times.
     *
     * @param network id of it
     */
    public Verification verify(String network) {
        return verify(network, ms -> LockSupport.parkNanos(ms * 1_000_000));
    }

    Verification verify(String network, LongConsumer pause) {
        refuseOutsider();
        return asked(() -> {
            Set<String> before = new HashSet<>();
            Verification first = verify(network, pause, before, sentence -> true);
            return before.isEmpty() ? first : verify(network, pause, new HashSet<>(), before::contains);
        });
    }

    private Verification verify(
            String network, LongConsumer pause, Set<String> differences, Predicate<String> isLasting) {
        ClusterView view = ClusterState.empty()
                .merged(store.range(ClusterKeys.ROOT))
                .state()
                .view();
        Comparison comparison = new Comparison(view, state().view(), network, self);
        Map<String, Belief> beliefs = inquiries.ask(network, comparison.asked(), clockMs, pause);
        comparison.differences(beliefs).values().forEach(differences::addAll);
        return comparison.verification(beliefs, isLasting);
    }

    private <T> T learned(Supplier<Done<T>> work) {
        Done<T> done = asked(work);
        loop.learn(done.entries());
        return done.value();
    }

    private <T> T asked(Supplier<T> work) {
        refuseUnasked();
        try {
            return work.get();
        } catch (StoreException e) {
            throw unreachable(e.sentence());
        }
    }

    /** Without a cause: the sentence says it all, and while the store is away this is no fault of anybody's here. */
    private static Refusal unreachable(String sentence) {
        return Refusal.failed("cluster_unreachable", sentence);
    }

    /**
     * Ends the session, and the host's life in the store with it; its endpoints stay. Waits for that, for as long as a
     * call of the store may take.
     */
    @Override
    public void close() {
        closed = true;
        Thread running = thread.get();
        if (running == null) {
            loop.end();
            return;
        }
        wake();
        try {
            running.join(closeBound);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
