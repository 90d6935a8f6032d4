package io.tapswitch.core.control;

import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.dataplane.NamesListenerSettings;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NameService;
import io.tapswitch.core.names.NamesStatus;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the desired state, and how the next one comes into force.
 *
 * <p>The state is one immutable value. Who looks takes the reference and needs no lock; who changes holds the lock from
 * looking to committing, so that every rule is checked and acted on without anybody in between.
 *
 * <pre>
 *   rules (pure)        next state, or a refusal
 *   plumbing            devices of new endpoints                      undo: removed
 *   host's ports        reserved for what comes into force            undo: released
 *   state directory     next state on the disk                        undo: the old one
 *   compiler, dataplane one version, at a batch boundary              undo: the old one
 *   ------------------- from here on it counts
 *   devices             those of endpoints that are gone are removed
 *   host's ports        those of what is not in force are released
 *   host's interface    addresses and routes of the networks that are now
 * </pre>
 *
 * <p>A failing step undoes those before it, newest first, and the one who asked is told why. So what was reported is on
 * the disk, and what is on the disk can be made again after a crash at any point: a device without a record is dropped
 * at the next start, a record without a device is attached anew or found dead.
 *
 * <p>What the kernel has decided (a namespace died) cannot be refused. {@link #force} goes on when the disk is full.
 * The state on the disk is then older than that in force, which {@link #warnings} says, and the next change or the
 * next try five seconds later writes it again. A port that the dataplane does not let go keeps its device for good: a
 * ring may still name its files, and a file number that is used again would be somebody else's.
 */
final class Desired {
    private static final Logger LOG = LoggerFactory.getLogger(Desired.class);
    private static final long SAVE_AGAIN_MS = 5_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final StateDirectory directory;
    private final Dataplane dataplane;
    private final Devices devices;
    private final HostPortWiring host;
    private final @Nullable OutsideWiring outside;
    private final NamesWiring namesByTcp;
    private final BareNamespaces bare;
    private final HostPorts ports;
    private final NameService names = new NameService();
    private final Function<Endpoint, Plumbing.LinkListener> listeners;
    private final ClusterWiring cluster;
    private volatile DesiredState state = DesiredState.EMPTY;
    private volatile @Nullable String unsaved;
    private SwitchTables brought = SwitchTables.EMPTY;
    private volatile boolean closed;

    Desired(
            StateDirectory directory,
            Dataplane dataplane,
            Devices devices,
            HostPortWiring host,
            @Nullable OutsideWiring outside,
            BareNamespaces bare,
            HostPorts ports,
            ClusterWiring cluster,
            Function<Endpoint, Plumbing.LinkListener> listeners) {
        this.directory = directory;
        this.dataplane = dataplane;
        this.devices = devices;
        this.host = host;
        this.outside = outside;
        namesByTcp = new NamesWiring(devices::newListener, new ForwardWiring(dataplane, names));
        this.bare = bare;
        this.ports = ports;
        this.cluster = cluster;
        this.listeners = listeners;
    }

    /** {@return what there shall be, as of now} */
    DesiredState state() {
        return state;
    }

    /** {@return the container of a reference; one of another host is refused with where it is} */
    Container container(String reference) {
        return cluster.places().container(state, reference);
    }

    /** Refuses a word that is what another host's container is called. */
    void refuseElsewhere(String word) {
        Refusal refusal = cluster.places().elsewhere().refusal(word);
        if (refusal != null) {
            throw refusal;
        }
    }

    /** {@return what is known of names} */
    NameService names() {
        return names;
    }

    /** {@return how names are served beside the workers} */
    NamesStatus namesStatus() {
        return namesByTcp.status(names);
    }

    /** {@return the names that were asked for most by TCP, in no order} */
    CompletableFuture<List<NameCount>> namesByTcp() {
        return namesByTcp.topNames();
    }

    /** {@return what became of an endpoint's queries by TCP, by the result's word} */
    Map<String, Long> queriesByTcp(String endpoint) {
        return namesByTcp.queries(endpoint);
    }

    /** Answers names otherwise from now on. */
    void names(DnsSettings settings) {
        locked(() -> {
            if (names.settings(settings)) {
                apply(state);
            }
            return true;
        });
    }

    /** Does something with nobody in between. */
    <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Takes the state of the last run, which is on the disk already; nothing is served of it yet. */
    void begin(DesiredState loaded) {
        ports.adopt(loaded);
        state = loaded;
    }

    /**
     * Brings a state into force, all of it or nothing.
     *
     * @param wanted the state; ports that a person left open are chosen now
     * @param undo how to take back what was made for it; carried out when this fails
     */
    void commit(DesiredState wanted, Undo undo) {
        DesiredState before = state;
        DesiredState next;
        try {
            if (closed) {
                throw Refusal.failed("the daemon is ending", new IllegalStateException("closed"));
            }
            next = ports.secured(wanted, undo);
            directory.save(next);
            unsaved = null;
            // Devices are taken back only when no worker can still be reading them.
            undo.addOrStop(() -> apply(before));
            undo.add(() -> save(before));
            apply(next);
        } catch (RuntimeException e) {
            undo.run();
            throw e;
        }
        finish(before, next);
    }

    /** Brings a state into force that only says what the kernel has decided already. */
    void force(DesiredState next) {
        if (closed) {
            // The next daemon finds out by itself.
            return;
        }
        DesiredState before = state;
        save(next);
        try {
            apply(next);
        } catch (RuntimeException e) {
            LOG.error("the dataplane did not take version {}", next.version(), e);
            state = next;
            afterwards(() -> cluster.places().follow(before, next));
            return;
        }
        finish(before, next);
    }

    private void save(DesiredState next) {
        try {
            directory.save(next);
            unsaved = null;
        } catch (Refusal e) {
            boolean isNew = unsaved == null;
            unsaved = e.sentence();
            if (isNew) {
                LOG.error("the state is not saved: {}", e.sentence());
                Thread.ofVirtual().name("save again").start(this::saveAgain);
            }
        }
    }

    private void saveAgain() {
        try {
            while (unsaved != null && !closed) {
                Thread.sleep(SAVE_AGAIN_MS);
                locked(() -> {
                    if (unsaved != null && !closed) {
                        save(state);
                    }
                    return true;
                });
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Compiles a state and brings it into the dataplane; used alone when only devices or the host have changed. */
    void apply(DesiredState next) {
        host.open(next);
        namesByTcp.open();
        next.containers()
                .forEach(container ->
                        container.endpoints().forEach(endpoint -> devices.bind(endpoint.port(), endpoint.id())));
        devices.bind(EndpointRules.HOST_PORT, host.id());
        devices.bind(EndpointRules.LISTENER_PORT, namesByTcp.id());
        if (outside == null) {
            bring(next, host.view(next), null);
            return;
        }
        OutsideView view = outside.prepare(next, ports.served(next));
        outside.ids().forEach(devices::bind);
        outside.unmark();
        bring(next, host.view(next), view);
        outside.settle();
    }

    /** Takes the host's interface away from the dataplane and then from the host. */
    void dropHost() {
        // First the dataplane: a ring may still name the files, and what the vault has must go before another is made.
        bring(state, null, outside == null ? null : outside.prepare(state, ports.served(state)));
        devices.bind(EndpointRules.HOST_PORT, null);
        host.drop();
    }

    /** Frames are forwarded: now those may begin that serve names beside the workers. {@return true} */
    boolean beginNames() {
        namesByTcp.begin();
        apply(state);
        return true;
    }

    /** Takes the listener for names away from the dataplane and ends it. {@return whether it was the one of this id} */
    boolean dropListener(String id) {
        if (!id.equals(namesByTcp.id())) {
            return false;
        }
        Waiting.await(dataplane.apply(brought.with((NamesListenerSettings) null)), "take the listener away");
        devices.bind(EndpointRules.LISTENER_PORT, null);
        namesByTcp.drop();
        return true;
    }

    /** Takes the uplinks away from the dataplane and then from the host. */
    void dropOutside() {
        if (outside != null) {
            bring(state, host.view(state), null);
            outside.removeAll();
        }
    }

    private void bring(DesiredState next, @Nullable HostView view, @Nullable OutsideView outsideView) {
        SwitchTables tables = Compiler.compile(
                        next, dataplane.workers(), devices::fds, view, outsideView, names.resolver())
                .with(names.compile(next, cluster.abroad().remotes()))
                .with(outsideView == null ? null : outsideView.overlay());
        tables = namesByTcp.serve(tables, next, names.forwarder());
        Waiting.await(dataplane.apply(tables), "bring version " + next.version() + " into the dataplane");
        brought = tables;
    }

    private void finish(DesiredState before, DesiredState next) {
        state = next;
        Map<String, Endpoint> gone = endpoints(before);
        List<Endpoint> added = new ArrayList<>();
        endpoints(next).forEach((id, endpoint) -> {
            if (gone.remove(id) == null) {
                added.add(endpoint);
            }
        });
        removePending(before, gone.values());
        devices.remove(gone.values());
        added.forEach(endpoint -> afterwards(() -> watch(endpoint)));
        afterwards(() -> bare.update(next));
        afterwards(() -> cluster.places().follow(before, next));
        if (!next.networksById().equals(before.networksById())) {
            afterwards(() -> host.update(next));
        }
        afterwards(() -> ports.release(next));
        before.containersById().keySet().stream()
                .filter(id -> !next.containersById().containsKey(id))
                .forEach(directory::forgetContainer);
    }

    /** The change is in force: what goes wrong from here on is trouble to know of, but no refusal. */
    private static void afterwards(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            LOG.error("a change is in force, but not all that follows from it", e);
        }
    }

    /** An endpoint that was not served yet has a device all the same, which would be in the way of the next one. */
    private void removePending(DesiredState before, Collection<Endpoint> gone) {
        for (Container container : before.containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                if (gone.contains(endpoint) && !devices.has(endpoint.id())) {
                    afterwards(() -> devices.removeUnserved(container, endpoint));
                }
            }
        }
    }

    /** Begins to hear of an endpoint's interface. */
    void watch(Endpoint endpoint) {
        devices.watch(endpoint, listeners.apply(endpoint));
    }

    private static Map<String, Endpoint> endpoints(DesiredState state) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        state.containers()
                .forEach(
                        container -> container.endpoints().forEach(endpoint -> endpoints.put(endpoint.id(), endpoint)));
        return endpoints;
    }

    /** {@return what a person should know about the state} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>(namesByTcp.warnings());
        String why = unsaved;
        if (why != null) {
            warnings.add("the state on the disk is older than that in force: " + why
                    + "; what was changed since would be forgotten by a restart");
        }
        return warnings;
    }

    /** Ends changing: when this returns, the state directory may be another's. */
    void close() {
        locked(() -> {
            closed = true;
            namesByTcp.close();
            afterwards(() -> dropListener(String.valueOf(namesByTcp.id())));
            return true;
        });
    }
}
