package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.CaptureSink;
import io.tapswitch.core.dataplane.Conservation;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.dataplane.FlowEntry;
import io.tapswitch.core.dataplane.FrameCapture;
import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.dataplane.PortSettings;
import io.tapswitch.core.dataplane.RuleCounts;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.dataplane.TableRules;
import io.tapswitch.tapio.IoMode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A dataplane that only remembers what it was told, and complains about what a real one could not do. */
public final class FakeDataplane implements Dataplane {
    /** Networks by number. */
    public final Map<Integer, NetworkSettings> networks = new TreeMap<>();
    /** Ports by number. */
    public final Map<Integer, PortSettings> ports = new TreeMap<>();
    /** Last link state of each port. */
    public final Map<Integer, Boolean> links = new TreeMap<>();
    /** The version in force. */
    public SwitchTables tables = SwitchTables.EMPTY;
    /** A port that cannot be added, -1 for none. */
    public int refusedPort = -1;
    /** Whether nothing is taken any more, whatever it is. */
    public boolean stuck;

    /** Whether it is stuck from the refused port on. */
    public boolean staysStuck;

    /** What flows there are. */
    public final List<FlowEntry> flows = new CopyOnWriteArrayList<>();
    /** What NAT counts. */
    public final Map<String, Long> nat = new ConcurrentHashMap<>();
    /** What publications count. */
    public final Map<Integer, RuleCounts> rules = new ConcurrentHashMap<>();
    /** The captures that run, by their ports. Each of them loses two frames. */
    public final Map<Set<Integer>, CaptureSink> captures = new ConcurrentHashMap<>();

    private final int workers;

    public FakeDataplane(int workers) {
        this.workers = workers;
    }

    @Override
    public IoMode ioMode() {
        return IoMode.POLL;
    }

    @Override
    public int workers() {
        return workers;
    }

    private static CompletableFuture<Void> done(boolean fine, String otherwise) {
        return fine
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(new IllegalStateException(otherwise));
    }

    /** Complains where the real one would. */
    @Override
    public synchronized CompletableFuture<Void> apply(SwitchTables next) {
        if (stuck) {
            return done(false, "stuck");
        }
        List<String> faults = TableRules.faults(next, workers);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("version " + next.version() + " is inconsistent: " + faults);
        }
        networks.clear();
        networks.putAll(next.networks());
        ports.clear();
        ports.putAll(next.ports());
        links.keySet().retainAll(ports.keySet());
        tables = next;
        stuck = ports.containsKey(refusedPort) && staysStuck;
        return done(!ports.containsKey(refusedPort), "refused");
    }

    @Override
    public synchronized CompletableFuture<Void> linkState(int port, boolean up) {
        links.put(port, up);
        return done(true, "");
    }

    @Override
    public CompletableFuture<Void> announce(int port) {
        return done(true, "");
    }

    @Override
    public synchronized CompletableFuture<List<FdbEntry>> fdb(int network) {
        return CompletableFuture.completedFuture(ports.values().stream()
                .filter(port -> port.network() == network)
                .map(port -> new FdbEntry(port.mac(), port.id(), true, 0))
                .toList());
    }

    @Override
    public boolean isTurning() {
        return !stuck;
    }

    @Override
    public CounterSnapshot counters(int port) {
        return new CounterSnapshot(port, 10, 1000, 20, 2000, Map.of(DropReason.STORM, 3L, DropReason.RUNT, 0L));
    }

    @Override
    public Conservation conservation() {
        return new Conservation(10, 0, 0, 0, 7, 3, 0, 0, 0);
    }

    @Override
    public Map<String, Long> internals() {
        return Map.of("waits", 5L);
    }

    @Override
    public CompletableFuture<Void> routesChanged() {
        return done(true, "");
    }

    @Override
    public CompletableFuture<Void> flows(Consumer<FlowEntry> visitor) {
        return CompletableFuture.runAsync(() -> flows.forEach(visitor), Thread::startVirtualThread);
    }

    @Override
    public CompletableFuture<Map<String, Long>> natCounters() {
        return CompletableFuture.completedFuture(Map.copyOf(nat));
    }

    @Override
    public CompletableFuture<Map<Integer, RuleCounts>> ruleCounts() {
        return CompletableFuture.completedFuture(Map.copyOf(rules));
    }

    @Override
    public FrameCapture capture(Set<Integer> captured, int snapLength, CaptureSink sink) {
        captures.put(captured, sink);
        return new FrameCapture() {
            @Override
            public long lost() {
                return 2;
            }

            @Override
            public void close() {
                captures.remove(captured);
            }
        };
    }

    @Override
    public void close() {}
}
