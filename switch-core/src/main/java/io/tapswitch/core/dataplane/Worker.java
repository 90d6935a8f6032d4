package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameHandler;
import io.tapswitch.tapio.FrameIo;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.collections.IntArrayQueue;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.NanoClock;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * A worker: one thread that owns a ring, the ports that it reads, and its shard of every table.
 *
 * <h2>Theory of operation</h2>
 *
 * The duty cycle, {@link #doWork}:
 *
 * <pre>
 *   commands   what the control plane asks for, from an MPSC ring
 *   crossings  what other workers sent: frames for gateways of this worker, addresses they learned, slots given back;
 *              and what the forwarder found out
 *   poll       one system call: queued writes are performed, and the thread sleeps until a frame comes
 *   clock      read once
 *   datapath   all frames of the poll, run to completion
 *   tick       once a second: ageing
 * </pre>
 *
 * <p>An idle worker sleeps in the kernel, and wakes by a completion, by its doorbell, or for the tick. (The I/O may
 * look for frames a while before that, when they come close to each other: --busy-poll.) The doorbell makes it safe
 * to sleep: the worker says that it is about to sleep, looks at its rings once more, and only then blocks; who puts
 * something on a ring looks at that word afterwards.
 *
 * <p>Methods that begin with "on" run on this thread because somebody asked or something happened; other threads use
 * {@link #command}. Everything that a command needs to know beforehand (names, descriptors, futures) is in the command;
 * a command may allocate, a frame may not.
 */
final class Worker implements Agent, FrameHandler, HandoffRing.HandoffHandler {
    private static final int COMMAND_CAPACITY = 1024;
    private static final long TICK_NS = TimeUnit.SECONDS.toNanos(1);
    /** Slots of each table that a tick looks at; a full table is swept in a few ticks, an entry lives little longer. */
    private static final int AGEING_SLOTS_PER_TICK = 4096;
    /** Copies of announcements that a duty cycle makes before it looks at frames again: some 0.3 ms. */
    private static final int ANNOUNCED_COPIES_PER_CYCLE = 256;

    /** What a thread asks a worker to do, on the worker's thread. */
    @FunctionalInterface
    interface Command {
        /** Does it. */
        void run(Worker worker);
    }

    private final int index;
    private final int workers;
    private final NanoClock clock;
    private final Supplier<FrameIo> openIo;
    private final HandoffRing[][] rings;
    private final Doorbell[] doorbells;
    private final int slotsPerWorker;
    private final @Nullable NatResources natResources;
    private final DataplaneListener listener;

    private final MpscVarHandleArrayQueue<Command> commands = new MpscVarHandleArrayQueue<>(COMMAND_CAPACITY);
    private final MessagePassingQueue.Consumer<Command> runCommand = this::onCommand;
    private final PortTable ports = new PortTable();
    private final @Nullable Bridge[] bridges = new Bridge[Dataplane.MAX_NETWORKS];
    private final DatapathCounters counters = new DatapathCounters();
    private final IntArrayQueue announcements = new IntArrayQueue();
    private final FrameBatch batch = new FrameBatch();
    final Forwards forwards;
    private final Epoch epoch = new Epoch();

    private FrameIo io;
    private WorkerTables tables;
    private Crossings crossings;
    Datapath datapath;
    private @Nullable Nat nat;
    private long nowNs;
    private long nextTickNs;
    private @Nullable Bridge ageing;
    private final Fdb.AgedHandler onAged = this::onAged;

    private volatile long threadId;
    private volatile boolean started;
    // When it looked at its clock last: others see whether it still turns.
    private volatile long turnedNs;

    /**
     * Prepares a worker; its thread begins with {@link #onStart}.
     *
     * @param index of this worker
     * @param clock monotonic
     * @param openIo opens the worker's I/O, on the worker's thread
     * @param rings between the workers
     * @param doorbells of the workers
     * @param slotsPerWorker slots of each worker's pool
     * @param natResources what NAT stands on, null for none
     * @param listener hears what the control plane must know
     */
    @SuppressWarnings("NullAway.Init") // The ring must be made by the thread that uses it: see onStart.
    Worker(
            int index,
            NanoClock clock,
            Supplier<FrameIo> openIo,
            HandoffRing[][] rings,
            Doorbell[] doorbells,
            int slotsPerWorker,
            @Nullable NatResources natResources,
            DataplaneListener listener) {
        this.index = index;
        this.workers = rings.length;
        this.clock = clock;
        this.openIo = openIo;
        this.rings = rings;
        this.doorbells = doorbells;
        this.slotsPerWorker = slotsPerWorker;
        this.natResources = natResources;
        this.listener = listener;
        forwards = new Forwards(doorbells[index]);
    }

    @Override
    public void onStart() {
        threadId = Thread.currentThread().threadId();
        io = openIo.get();
        crossings = new Crossings(index, rings, doorbells, slotsPerWorker, counters, forwards, io::release);
        tables = new WorkerTables(index, workers, io, ports, bridges, counters);
        nowNs = clock.nanoTime();
        Egress egress = new Egress(io, ports, bridges, counters, crossings);
        nat = natResources == null ? null : new Nat(index, workers, natResources, egress, bridges, nowNs);
        datapath = new Datapath(egress, bridges, nat, listener);
        nextTickNs = nowNs + TICK_NS;
        turnedNs = nowNs;
        started = true;
    }

    @Override
    public int doWork() {
        int work = commands.drain(runCommand);
        announceSome();
        work += crossings.drain(this);
        work += datapath.names.takeAnswers(epoch);
        crossings.ringDoorbells();
        work += poll();
        nowNs = clock.nanoTime();
        process(nowNs);
        tickNat();
        crossings.ringDoorbells();
        if (nowNs - nextTickNs >= 0) {
            nextTickNs = nowNs + TICK_NS;
            turnedNs = nowNs;
            onTick();
        }
        epoch.end();
        return work;
    }

    private int poll() {
        Doorbell doorbell = doorbells[index];
        doorbell.beginSleep();
        boolean nothingToDo = commands.isEmpty()
                && announcements.isEmpty()
                && !crossings.isPending()
                && (nat == null || !nat.hasWork());
        int events = io.poll(this, nothingToDo ? Math.max(0, nextTickNs - nowNs) : 0);
        doorbell.endSleep();
        return events;
    }

    private void tickNat() {
        if (nat != null && nat.isDue(nowNs)) {
            epoch.begin();
            nat.tick(nowNs);
        }
    }

    /** A fault in packet code costs the frame that met it, never the thread and never another frame (R9). */
    private void process(long batchNs) {
        while (batch.size() > 0) {
            try {
                datapath.process(batch, batchNs);
            } catch (RuntimeException fault) {
                datapath.dropFaulty(batch);
                listener.onFault(index, fault);
            }
        }
    }

    @Override
    public void onClose() {
        if (started) {
            started = false;
            io.close();
            datapath.names.close();
            if (nat != null) {
                nat.close();
            }
        }
    }

    @Override
    public String roleName() {
        return "tapswitch-worker-" + index;
    }

    /**
     * Asks the worker to do something. Any thread.
     *
     * @throws IllegalStateException when the worker has not taken commands for too long
     */
    void command(Command command) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!commands.offer(command)) {
            doorbells[index].ring();
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("worker " + index + " takes no commands");
            }
            Thread.onSpinWait();
        }
        doorbells[index].ring();
    }

    /** Ends the worker's thread. */
    void terminate() {
        command(worker -> {
            throw new AgentTerminationException();
        });
    }

    /** Wakes the worker's poll; its doorbell's clapper. Any thread, once started. */
    void wake() {
        if (started) {
            io.wake();
        }
    }

    /** {@return the counters, for any thread} */
    DatapathCounters counters() {
        return counters;
    }

    /** {@return when the counters stand still, for any thread} */
    Epoch epoch() {
        return epoch;
    }

    /** {@return the I/O, whose counters any thread may read; null before the start} */
    @Nullable
    FrameIo io() {
        return started ? io : null;
    }

    /** {@return the worker's NAT; null without, and before the start} */
    @Nullable
    Nat nat() {
        return started ? nat : null;
    }

    /** {@return when it was last seen to turn, which it says once a second; any thread} */
    long turnedNs() {
        return turnedNs;
    }

    /** {@return id of the worker's thread, 0 before the start} */
    long threadId() {
        return threadId;
    }

    // What the I/O reports.

    @Override
    public void onFrame(int port, int slot, int offset, int length) {
        epoch.begin();
        if (batch.isFull()) {
            process(clock.nanoTime());
        }
        batch.add(port, slot, offset, length);
    }

    @Override
    public void onWritten(int port, int slot, int result) {
        epoch.begin();
        datapath.onWritten(port, slot, result);
    }

    @Override
    public void onPortGone(int port, int errno) {
        tables.leave(port);
        listener.onPortGone(port, errno);
    }

    @Override
    public void onPortRemoved(int port) {
        tables.onPortRemoved(port);
    }

    // What other workers send.

    @Override
    public void onFrame(
            HandoffRing ring, int purpose, int slot, int offset, int length, int ingressPort, int network, long shape) {
        epoch.begin();
        try {
            datapath.onHandedOver(purpose, slot, offset, length, ingressPort, network, shape, nowNs);
        } catch (RuntimeException fault) {
            datapath.dropFaulty(ingressPort, slot);
            listener.onFault(index, fault);
        }
    }

    @Override
    public void onLearned(int network, long mac, int port, long seenMs) {
        Bridge bridge = bridges[network];
        if (bridge != null && ports.network(port) == network) {
            int outcome = bridge.fdb.learnRemote(mac, port, seenMs);
            bridge.shareRetry |= outcome == Fdb.OUTDATED;
        }
    }

    @Override
    public void onForgotten(int network, long mac, int port) {
        Bridge bridge = bridges[network];
        if (bridge != null) {
            bridge.fdb.forgetRemote(mac, port);
            // What this worker itself sees at that port is told again.
            bridge.shareRetry = true;
        }
    }

    // Commands, on this thread.

    private void onCommand(Command command) {
        counters.add(Term.COMMANDS, 1);
        command.run(this);
    }

    /** Takes a version: see {@link WorkerTables#take}. */
    void onTake(TableChanges changes, Runnable released) {
        datapath.take(changes);
        epoch.begin();
        try {
            Nat.take(nat, changes, clock.nanoTime());
        } finally {
            // Whatever NAT makes of it: files must be let go.
            tables.take(changes, released);
        }
    }

    /** Adds ports whose ids were other ports' until now. */
    void onReadd(TableChanges changes) {
        tables.readd(changes);
    }

    /** Begins to read ports, now that every worker knows them. */
    void onBegin(TableChanges changes, TableChanges.SoleFiles which) {
        tables.begin(changes, which);
        if (nat != null) {
            nat.out.resolver().begin();
        }
    }

    /** Takes what is on the rings now, so that nothing that was sent before this command is still on the way. */
    void onFence() {
        crossings.drainAll(this);
    }

    /** Routes of the host have changed. */
    void onRoutesChanged() {
        if (nat != null) {
            nat.routes.flush(nat.nowMs);
        }
    }

    void onCapture(Set<Integer> captured, CaptureTap tap) {
        captured.forEach(port -> ports.capture(port, tap));
    }

    void onCaptureEnd(Set<Integer> captured, CaptureTap tap) {
        captured.forEach(port -> ports.captureEnd(port, tap));
    }

    void onLinkState(int port, boolean up) {
        tables.linkState(port, up);
    }

    /** Tells the other members of the ports' networks where their addresses are (B13). One worker does it. */
    void onAnnounce(List<PortSettings> added) {
        added.forEach(port -> announcements.addInt(port.id()));
    }

    /**
     * A few at a time, for each is a frame to every member of its network, and the frames of containers wait meanwhile:
     * at the first version after a restart there may be thousands.
     */
    private void announceSome() {
        int copies = 0;
        while (copies < ANNOUNCED_COPIES_PER_CYCLE && !announcements.isEmpty()) {
            epoch.begin();
            int port = announcements.pollInt();
            Bridge bridge = ports.network(port) < 0 ? null : bridges[ports.network(port)];
            copies += bridge == null ? 1 : bridge.members.length;
            try {
                datapath.flooding.announce(port);
            } catch (RuntimeException fault) {
                listener.onFault(index, fault);
            }
        }
    }

    @Nullable
    Fdb onFdb(int network) {
        Bridge bridge = bridges[network];
        return bridge == null ? null : bridge.fdb;
    }

    private void onTick() {
        long nowMs = TimeUnit.NANOSECONDS.toMillis(nowNs);
        for (Bridge bridge : bridges) {
            if (bridge == null) {
                continue;
            }
            ageing = bridge;
            bridge.fdb.age(nowMs, Bridge.AGEING_MS, AGEING_SLOTS_PER_TICK, onAged);
            if (bridge.shareRetry) {
                shareAgain(bridge);
            }
        }
        ageing = null;
    }

    private boolean onAged(long mac, int port) {
        if (ageing != null && !crossings.forget(ageing, mac, port)) {
            return false;
        }
        counters.add(Term.FDB_AGED, 1);
        return true;
    }

    private void shareAgain(Bridge bridge) {
        bridge.shareRetry = false;
        bridge.fdb.forEachShareDue((mac, port, seenMs) -> crossings.share(bridge, mac, port, seenMs));
    }
}
