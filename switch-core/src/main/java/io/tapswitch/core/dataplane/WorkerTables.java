package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.tapio.FrameIo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One worker's copy of the tables, and how it changes: from one version to the next between two batches of frames.
 *
 * <h2>Theory of operation</h2>
 *
 * The frame path reads arrays by port and by network id ({@link PortTable}, {@link Bridge}); this class is the only one
 * that changes who is in them. A version comes in up to three commands, which {@link Rollout} sends in this order:
 *
 * <pre>
 *   take     what is gone leaves the tables, its files begin to leave the ring; all that is new or changed is in force
 *   readd    ports whose id was another port's, once no ring has the old files
 *   begin    this worker starts to read what it is the reader of: by now every worker can write there
 * </pre>
 *
 * <p><b>Invariants.</b> A port is in the tables of all workers before any of them reads from it, so whatever is learned
 * behind it can be used everywhere; at a worker whose ring did not take its file, frames for it are dropped. A link's
 * state outlives versions: a port that is down stays no member. A failure to serve one port (the ring does not take its
 * file) leaves that port unserved and everything else in force; it is thrown when the rest is done.
 *
 * <p>Owned by the worker's thread. May allocate: no frame waits longer for it than for a batch, except at the first
 * version of a large state.
 */
final class WorkerTables {
    private final int worker;
    private final int workers;
    private final FrameIo io;
    private final PortTable ports;
    private final @Nullable Bridge[] bridges;
    private final DatapathCounters counters;
    private final @Nullable PortSettings[] members = new PortSettings[FrameIo.MAX_PORTS];
    private final boolean[] inRing = new boolean[FrameIo.MAX_PORTS];
    private final @Nullable Runnable[] removals = new Runnable[FrameIo.MAX_PORTS];
    private @Nullable RuntimeException fault;

    /**
     * An empty copy.
     *
     * @param worker index of the worker
     * @param workers how many there are
     * @param io the worker's ring
     * @param ports changed here, read by frames
     * @param bridges changed here, read by frames
     * @param counters the worker's
     */
    WorkerTables(
            int worker,
            int workers,
            FrameIo io,
            PortTable ports,
            @Nullable Bridge[] bridges,
            DatapathCounters counters) {
        this.worker = worker;
        this.workers = workers;
        this.io = io;
        this.ports = ports;
        this.bridges = bridges;
        this.counters = counters;
    }

    /**
     * Takes a version.
     *
     * @param changes to it
     * @param released called once, on this thread, when the ring refers to no file of a removed port any more
     */
    void take(TableChanges changes, Runnable released) {
        // Networks first: a port of a network that goes has nothing to clean up in it.
        changes.removedNetworks().forEach(this::removeNetwork);
        Countdown countdown = new Countdown(changes.removedPorts().size(), released);
        changes.removedPorts().forEach(port -> removePort(port, countdown::one));
        removeRemote(changes.overlay());
        changes.networks().forEach(this::addNetwork);
        changes.neighbours().forEach((network, table) -> bridge(network).neighbours = table);
        change(changes.changedPorts());
        changes.addedPorts().forEach(this::addPort);
        addRemote(changes.overlay());
        addSole(changes, TableChanges.SoleFiles.ADDED);
        throwFault();
    }

    /** Adds what had to wait for the rings to let go of its id. */
    void readd(TableChanges changes) {
        changes.readdedPorts().forEach(this::addPort);
        addSole(changes, TableChanges.SoleFiles.READDED);
        throwFault();
    }

    /** The ports that are in no network. */
    private void addSole(TableChanges changes, TableChanges.SoleFiles which) {
        HostSettings host = changes.host();
        if (changes.hostFiles() == which && host != null) {
            ports.addHost(host.port());
            write(host.port(), host.fds());
        }
        NamesListenerSettings listener = changes.listener();
        if (changes.listenerFiles() == which && listener != null) {
            ports.addListener(listener.port());
            write(listener.port(), listener.fds());
        }
        OverlaySettings overlay = changes.overlay().settings();
        if (changes.overlay().files() == which && overlay != null) {
            ports.addTunnel(overlay.port());
            write(overlay.port(), overlay.fds());
        }
        for (UplinkSettings uplink : changes.outside().uplinks(which)) {
            ports.addUplink(uplink.port());
            write(uplink.port(), uplink.fds());
        }
    }

    /** Here it is only written to, unless this worker reads one of its queues. */
    private void write(int port, List<Integer> fds) {
        counters.resetPort(port);
        if (queueHere(0, fds) < 0) {
            serve(port, fds.getFirst(), false);
        }
    }

    /** Begins to read ports, as far as this worker is the one that reads them and they are still there. */
    void begin(TableChanges changes, TableChanges.SoleFiles which) {
        for (PortSettings settings : changes.ports(which)) {
            int port = settings.id();
            PortSettings known = members[port];
            int queue = queueHere(settings.worker(), settings.fds());
            if (queue >= 0 && known != null && known.fds().equals(settings.fds()) && !inRing[port]) {
                serve(port, settings.fds().get(queue), true);
            }
        }
        HostSettings host = changes.host();
        if (changes.hostFiles() == which && host != null) {
            read(host.port(), host.fds());
        }
        NamesListenerSettings listener = changes.listener();
        if (changes.listenerFiles() == which && listener != null) {
            read(listener.port(), listener.fds());
        }
        OverlaySettings overlay = changes.overlay().settings();
        if (changes.overlay().files() == which && overlay != null) {
            read(overlay.port(), overlay.fds());
        }
        changes.outside().uplinks(which).forEach(up -> read(up.port(), up.fds()));
        throwFault();
    }

    /** Worker i reads queue i of a port that is in no network, so worker 0 that of the host and of the listener. */
    private void read(int port, List<Integer> fds) {
        int queue = queueHere(0, fds);
        if (queue >= 0 && !inRing[port]) {
            serve(port, fds.get(queue), true);
        }
    }

    /** Before anybody gets an address that one of these had. */
    private void removeRemote(OverlayChanges changes) {
        for (RemoteEndpoint endpoint : changes.removedEndpoints()) {
            Bridge bridge = bridge(endpoint.network());
            if (bridge.fdb.lookup(endpoint.mac()) == endpoint.port()) {
                bridge.fdb.unpin(endpoint.mac());
            }
        }
        for (TunnelPeer peer : changes.removedPeers()) {
            Bridge bridge = bridges[peer.network()];
            if (bridge != null) {
                bridge.fdb.removePort(peer.port());
            }
            ports.remove(peer.port());
        }
    }

    private void addRemote(OverlayChanges changes) {
        for (TunnelPeer peer : changes.addedPeers()) {
            counters.resetPort(peer.port());
            int perSecond = bridge(peer.network()).stormFramesPerSecond;
            ports.addPeer(peer.port(), peer.network(), stormPolicer(perSecond));
        }
        for (RemoteEndpoint endpoint : changes.addedEndpoints()) {
            pin(bridge(endpoint.network()), endpoint.mac(), endpoint.port());
        }
        for (Bridge bridge : bridges) {
            if (bridge != null) {
                bridge.peers = changes.table().peers(bridge.network);
                bridge.learns = changes.table().learns(bridge.network);
            }
        }
    }

    private void addNetwork(NetworkSettings settings) {
        bridges[settings.id()] = new Bridge(settings, workers);
    }

    private void removeNetwork(int network) {
        bridges[network] = null;
    }

    private Bridge bridge(int network) {
        Bridge bridge = bridges[network];
        if (bridge == null) {
            throw new IllegalStateException("network " + network + " is not known to worker " + worker);
        }
        return bridge;
    }

    /** Makes a port known; where this worker reads it, {@link #begin} has yet to come. */
    private void addPort(PortSettings settings) {
        int port = settings.id();
        Bridge bridge = bridge(settings.network());
        counters.resetPort(port);
        members[port] = settings;
        ports.add(settings, stormPolicer(bridge.stormFramesPerSecond));
        join(bridge, settings);
        if (queueHere(settings.worker(), settings.fds()) < 0) {
            serve(port, settings.fds().getFirst(), false);
        }
    }

    /** {@return which queue of a port this worker reads, negative for none} */
    private int queueHere(int firstWorker, List<Integer> fds) {
        int queue = Math.floorMod(worker - firstWorker, workers);
        return queue < fds.size() ? queue : -1;
    }

    private void serve(int port, int fd, boolean reads) {
        try {
            io.addPort(port, fd, reads);
            inRing[port] = true;
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    private void fail(RuntimeException e) {
        fault = fault == null ? e : fault;
    }

    private void throwFault() {
        RuntimeException thrown = fault;
        fault = null;
        if (thrown != null) {
            throw thrown;
        }
    }

    /** A port may send a second's worth at once: a container that starts is no storm. */
    private static TokenBucket stormPolicer(int framesPerSecond) {
        return new TokenBucket(framesPerSecond, Math.max(1, framesPerSecond));
    }

    private void join(Bridge bridge, PortSettings settings) {
        pin(bridge, settings.mac(), settings.id());
        if (ports.isUp(settings.id())) {
            bridge.addMember(settings.id());
        }
    }

    private void pin(Bridge bridge, long mac, int port) {
        if (!bridge.fdb.pin(mac, port)) {
            String which = "the MAC address of port " + port + " in network " + bridge.network;
            fail(new IllegalStateException(which + " is bound to another port of worker " + worker));
        }
    }

    /** In two rounds, because one port may get what another has. */
    private void change(List<PortSettings> changed) {
        for (PortSettings settings : changed) {
            int port = settings.id();
            Bridge bridge = bridge(settings.network());
            if (bridge.fdb.lookup(ports.mac(port)) == port) {
                bridge.fdb.unpin(ports.mac(port));
            }
        }
        for (PortSettings settings : changed) {
            Bridge bridge = bridge(settings.network());
            boolean up = ports.isUp(settings.id());
            members[settings.id()] = settings;
            ports.replace(settings, stormPolicer(bridge.stormFramesPerSecond));
            ports.linkUp(settings.id(), up);
            join(bridge, settings);
        }
    }

    /** Ends a port; {@code done} runs on this thread when no file of it is in use here any more. */
    private void removePort(int port, Runnable done) {
        leave(port);
        ports.remove(port);
        members[port] = null;
        if (!inRing[port]) {
            done.run();
            return;
        }
        inRing[port] = false;
        removals[port] = done;
        io.removePort(port);
    }

    /** The ring let go of a port's file. */
    void onPortRemoved(int port) {
        Runnable done = removals[port];
        removals[port] = null;
        if (done != null) {
            done.run();
        }
    }

    /** Forgets everything that was behind a port, and floods nothing to it any more. */
    void leave(int port) {
        ports.linkUp(port, false);
        Bridge bridge = bridgeOf(port);
        if (bridge != null) {
            bridge.removeMember(port);
            bridge.fdb.removePort(port);
        }
    }

    void linkState(int port, boolean up) {
        Bridge bridge = bridgeOf(port);
        if (bridge == null) {
            return;
        }
        ports.linkUp(port, up);
        if (up) {
            bridge.addMember(port);
        } else {
            bridge.removeMember(port);
            bridge.fdb.forgetLearned(port);
        }
    }

    private @Nullable Bridge bridgeOf(int port) {
        int network = ports.network(port);
        return network < 0 ? null : bridges[network];
    }

    /** Counts removals down. */
    private static final class Countdown {
        private final Runnable last;
        private int left;

        Countdown(int count, Runnable last) {
            this.last = last;
            left = count;
            if (count == 0) {
                last.run();
            }
        }

        void one() {
            left--;
            if (left == 0) {
                last.run();
            }
        }
    }
}
