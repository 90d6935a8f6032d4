package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.DatapathCounters.sum;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameIos;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.IoCounters;
import io.tapswitch.tapio.IoMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.NoOpIdleStrategy;
import org.agrona.concurrent.SystemNanoClock;

/**
 * The dataplane as it runs: its workers, each with its thread, and the proxy that turns calls of the control plane into
 * commands for them.
 *
 * <p>A version of the tables is told to every worker, in the order that {@link Rollout} knows.
 */
public final class WorkerDataplane implements Dataplane {
    private static final int HANDOFF_CAPACITY = 1024;
    private static final int MAX_WORKERS = 16;
    /** Some ticks: a worker that says nothing for as long does not forward any more. */
    private static final long STANDSTILL_NS = TimeUnit.SECONDS.toNanos(3);

    private static final long CONSISTENT_READ_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final FrameMemory memory;
    private final IoMode ioMode;
    private final boolean hasNat;
    private final Worker[] workers;
    private final AgentRunner[] runners;
    // Futures complete here and not on a worker's thread, whose time is the frames'.
    private final Executor completions = Executors.newVirtualThreadPerTaskExecutor();

    private final Rollout rollout;
    private final NatReadings readings;
    private final NameReadings names;
    // What the workers were told last, or will be when the versions before are in force, done or not.
    private final ReentrantLock applying = new ReentrantLock();
    private volatile SwitchTables applied = SwitchTables.EMPTY;
    private CompletableFuture<Void> rolledOut = CompletableFuture.completedFuture(null);

    /** Opens a worker's I/O over its slice of the frame memory, on the worker's thread. */
    @FunctionalInterface
    interface IoOpener {
        /** {@return the I/O} */
        FrameIo open(FrameMemory memory, int firstSlot, int slots);
    }

    private WorkerDataplane(Config config, IoMode ioMode, IoOpener opener, DataplaneListener listener) {
        this.ioMode = ioMode;
        hasNat = config.nat() != null;
        int count = config.workers();
        memory = FrameMemory.map(config.memoryBytes());
        int slotsPerWorker = memory.slots() / count;
        workers = new Worker[count];
        runners = new AgentRunner[count];
        Doorbell[] doorbells = new Doorbell[count];
        for (int i = 0; i < count; i++) {
            int index = i;
            doorbells[i] = new Doorbell(() -> workers[index].wake());
        }
        HandoffRing[][] rings = rings(count);
        rollout = new Rollout(count, this::tell, completions);
        readings = new NatReadings(workers, this::tell);
        names = new NameReadings(count, this::tell);
        for (int i = 0; i < count; i++) {
            int first = i * slotsPerWorker;
            workers[i] = new Worker(
                    i,
                    SystemNanoClock.INSTANCE,
                    () -> opener.open(memory, first, slotsPerWorker),
                    rings,
                    doorbells,
                    slotsPerWorker,
                    config.nat(),
                    listener);
            int index = i;
            runners[i] = new AgentRunner(
                    NoOpIdleStrategy.INSTANCE, fault -> report(listener, index, fault), null, workers[i]);
        }
    }

    private static void report(DataplaneListener listener, int worker, Throwable fault) {
        // How an agent is told to end; Agrona hands it to the fault handler like any other exception.
        if (!(fault instanceof AgentTerminationException)) {
            listener.onFault(worker, fault instanceof RuntimeException e ? e : new IllegalStateException(fault));
        }
    }

    @SuppressWarnings("NullAway") // The diagonal stays empty: no worker sends to itself.
    private static HandoffRing[][] rings(int count) {
        HandoffRing[][] rings = new HandoffRing[count][count];
        for (int from = 0; from < count; from++) {
            for (int to = 0; to < count; to++) {
                rings[from][to] = from == to ? null : new HandoffRing(HANDOFF_CAPACITY);
            }
        }
        return rings;
    }

    /**
     * Starts the workers.
     *
     * @param config how many, and how they move frames
     * @param listener hears what happens
     * @return the running dataplane
     * @throws IllegalArgumentException when the number of workers or the memory is out of bounds
     * @throws IllegalStateException when the kernel cannot do what {@code config} forces, naming it
     */
    public static WorkerDataplane start(Config config, DataplaneListener listener) {
        if (config.workers() < 1 || config.workers() > MAX_WORKERS) {
            throw new IllegalArgumentException(
                    "workers must be from 1 to " + MAX_WORKERS + ", not " + config.workers());
        }
        IoMode mode = config.ioMode() == null ? FrameIos.probe().mode() : config.ioMode();
        return start(
                config,
                mode,
                (memory, first, slots) -> FrameIos.open(mode, memory, first, slots, config.busyPollNs()),
                listener);
    }

    static WorkerDataplane start(Config config, IoMode mode, IoOpener opener, DataplaneListener listener) {
        WorkerDataplane dataplane = new WorkerDataplane(config, mode, opener, listener);
        try {
            dataplane.startWorkers();
        } catch (RuntimeException e) {
            dataplane.close();
            throw e;
        }
        return dataplane;
    }

    private void startWorkers() {
        List<CompletableFuture<Void>> alive = new ArrayList<>();
        for (int i = 0; i < workers.length; i++) {
            AgentRunner.startOnThread(runners[i], runnable -> {
                Thread thread = new Thread(runnable);
                thread.setDaemon(true);
                return thread;
            });
            alive.add(tell(i, worker -> {}));
        }
        CompletableFuture.allOf(alive.toArray(CompletableFuture[]::new))
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public IoMode ioMode() {
        return ioMode;
    }

    @Override
    public int workers() {
        return workers.length;
    }

    @Override
    public CompletableFuture<Void> apply(SwitchTables tables) {
        TableRules.require(tables, workers.length);
        if (tables.outside() != null && !hasNat) {
            throw new IllegalArgumentException("version " + tables.version() + " has an outside, but there is no NAT");
        }
        applying.lock();
        try {
            TableChanges changes = TableChanges.between(applied, tables);
            applied = tables;
            // One version after the other, whoever has stopped waiting: steps of an old one would undo the new one's.
            rolledOut = rolledOut.exceptionally(failure -> null).thenCompose(ready -> rollout.start(changes));
            return rolledOut.copy();
        } finally {
            applying.unlock();
        }
    }

    @Override
    public CompletableFuture<Void> linkState(int port, boolean up) {
        return tellAll(worker -> worker.onLinkState(port, up));
    }

    @Override
    public CompletableFuture<Void> announce(int port) {
        applying.lock();
        try {
            PortSettings settings = applied.ports().get(port);
            return settings == null
                    ? CompletableFuture.completedFuture(null)
                    : tell(settings.worker(), worker -> worker.onAnnounce(List.of(settings)));
        } finally {
            applying.unlock();
        }
    }

    @Override
    public CompletableFuture<List<FdbEntry>> fdb(int network) {
        // Every worker knows every address; only its own are refreshed by it, so the youngest age is the true one.
        Map<Long, FdbEntry> byMac = new TreeMap<>();
        CompletableFuture<Void> read = tellAll(worker -> {
            Fdb fdb = worker.onFdb(network);
            if (fdb != null) {
                long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
                fdb.forEach((mac, port, pinned, remote, seenMs) -> {
                    long ageMs = pinned ? 0 : Math.max(0, nowMs - seenMs);
                    synchronized (byMac) {
                        byMac.merge(mac, new FdbEntry(mac, port, pinned, ageMs), WorkerDataplane::younger);
                    }
                });
            }
        });
        return read.thenApply(done -> List.copyOf(byMac.values()));
    }

    private static FdbEntry younger(FdbEntry a, FdbEntry b) {
        return a.ageMs() <= b.ageMs() ? a : b;
    }

    @Override
    public boolean isTurning() {
        long nowNs = System.nanoTime();
        return Arrays.stream(workers).allMatch(worker -> nowNs - worker.turnedNs() < STANDSTILL_NS);
    }

    @Override
    public CounterSnapshot counters(int port) {
        return DatapathCounters.snapshot(port, allCounters());
    }

    private DatapathCounters[] allCounters() {
        return Arrays.stream(workers).map(Worker::counters).toArray(DatapathCounters[]::new);
    }

    @Override
    public Conservation conservation() {
        long deadlineNs = System.nanoTime() + CONSISTENT_READ_NS;
        long[] before = new long[workers.length];
        DatapathCounters[] all = allCounters();
        while (true) {
            for (int i = 0; i < workers.length; i++) {
                before[i] = workers[i].epoch().beforeReading();
            }
            Conservation terms = terms(all);
            boolean oneMoment = true;
            for (int i = 0; i < workers.length; i++) {
                oneMoment &= workers[i].epoch().unchangedSince(before[i]);
            }
            if (oneMoment || System.nanoTime() - deadlineNs > 0) {
                return terms;
            }
            Thread.onSpinWait();
        }
    }

    /** {@return the terms as the counters stand} */
    static Conservation terms(DatapathCounters... counters) {
        long queued = sum(Term.TX_QUEUED, counters) - sum(Term.TX_DONE, counters);
        long between = sum(Term.HANDED_OVER, counters) - sum(Term.TAKEN_OVER, counters);
        long kept = sum(Term.FRAGMENTS_KEPT, counters) - sum(Term.FRAGMENTS_LET_GO, counters);
        long waiting = sum(Term.LINK_HELD, counters) - sum(Term.LINK_LET_GO, counters);
        return new Conservation(
                sum(Term.RECEIVED, counters),
                sum(Term.GENERATED, counters),
                sum(Term.COPIED, counters),
                sum(Term.SPLIT, counters),
                sum(Term.TRANSMITTED, counters),
                sum(Term.DROPPED, counters),
                sum(Term.CONSUMED, counters),
                sum(Term.MERGED, counters),
                queued + between + kept + waiting);
    }

    @Override
    public Map<String, Long> internals() {
        Map<String, Long> values = new TreeMap<>();
        for (Term term : Term.values()) {
            values.put(term.word(), sum(term, allCounters()));
        }
        for (IoCounters.Counter counter : IoCounters.Counter.values()) {
            values.put(counter.name().toLowerCase(Locale.ROOT), ioSum(counter));
        }
        values.put("allocated_bytes", allocatedBytes());
        return values;
    }

    private long ioSum(IoCounters.Counter counter) {
        long sum = 0;
        for (Worker worker : workers) {
            FrameIo io = worker.io();
            sum += io == null ? 0 : io.counters().get(counter);
        }
        return sum;
    }

    /** What the workers' threads have allocated on the Java heap: it stands still while frames pass. */
    private long allocatedBytes() {
        var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (Worker worker : workers) {
            long id = worker.threadId();
            sum += id == 0 ? 0 : threads.getThreadAllocatedBytes(id);
        }
        return sum;
    }

    @Override
    public CompletableFuture<Void> routesChanged() {
        return tellAll(Worker::onRoutesChanged);
    }

    @Override
    public CompletableFuture<Void> flows(Consumer<FlowEntry> visitor) {
        return CompletableFuture.runAsync(() -> readings.flows(visitor), completions);
    }

    @Override
    public CompletableFuture<Map<String, Long>> natCounters() {
        return CompletableFuture.completedFuture(readings.counters());
    }

    @Override
    public CompletableFuture<Map<Integer, RuleCounts>> ruleCounts() {
        return CompletableFuture.supplyAsync(readings::rules, completions);
    }

    @Override
    public CompletableFuture<List<NameCount>> topNames() {
        return CompletableFuture.supplyAsync(names::all, completions);
    }

    @Override
    public List<Forwards> forwards() {
        return Arrays.stream(workers).map(worker -> worker.forwards).toList();
    }

    @Override
    public FrameCapture capture(Set<Integer> captured, int snapLength, CaptureSink sink) {
        return PortCapture.start(workers.length, this::tell, captured, snapLength, sink);
    }

    @Override
    public void close() {
        for (int i = 0; i < workers.length; i++) {
            if (!runners[i].isClosed() && workers[i].threadId() != 0) {
                workers[i].terminate();
            }
            runners[i].close();
        }
        memory.close();
    }

    private CompletableFuture<Void> tellAll(Worker.Command command) {
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (int i = 0; i < workers.length; i++) {
            told.add(tell(i, command));
        }
        return allOf(told);
    }

    private CompletableFuture<Void> tell(int worker, Worker.Command command) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        BiConsumer<Worker, CompletableFuture<Void>> run = (w, future) -> {
            try {
                command.run(w);
                future.completeAsync(() -> null, completions);
            } catch (RuntimeException e) {
                completions.execute(() -> future.completeExceptionally(e));
            }
        };
        try {
            workers[worker].command(w -> run.accept(w, done));
        } catch (IllegalStateException e) {
            // The other workers are still told, and the caller hears of this one with them.
            done.completeExceptionally(e);
        }
        return done;
    }

    private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
    }
}
