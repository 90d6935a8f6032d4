package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.IoMode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The dataplane as the control plane sees it: workers that are started once, given versions of the tables,
 * and asked for
 * what they know. Every method may be called on any thread. The futures complete when every worker has acted.
 */
public interface Dataplane extends AutoCloseable {
    /** Most networks that one switch can have. */
    int MAX_NETWORKS = 4096;

    /**
     * How to start.
     *
     * @param workers number of worker threads, 1 to 16
     * @param ioMode forced way of I/O, or null to probe for the best
     * @param memoryBytes size of the frame memory
     * @param busyPollNs how long a worker may look for frames before it sleeps, 0 for not at all
     * @param nat what NAT stands on, null for none: then no version may have an outside
     */
    record Config(
            int workers,
            @Nullable IoMode ioMode,
            long memoryBytes,
            long busyPollNs,
            @Nullable NatResources nat) {
        /** Workers that sleep as soon as they have nothing to do, without NAT. */
        public Config(int workers, @Nullable IoMode ioMode, long memoryBytes) {
            this(workers, ioMode, memoryBytes, 0, null);
        }
    }

    /** {@return the way frames are moved} */
    IoMode ioMode();

    /** {@return number of workers} */
    int workers();

    /**
     * Takes a new version into force: what is new is served, what is gone is removed with all that hangs on it, and
     * what is unchanged does not notice. One call at a time.
     *
     * <p>When the future completes, every worker acts on this version, and no ring refers to the files of ports that
     * are not in it any more: the caller may close them and use the ids again. An id that stands for another device
     * than before (other files) is removed and added. A port's link state, which is up at first, outlives versions.
     *
     * <p>It fails when a ring does not take a port's file; all else of the version is in force then, and applying the
     * version before, with the same files, undoes it.
     *
     * @throws IllegalArgumentException when the version contradicts itself; nothing has happened then
     */
    CompletableFuture<Void> apply(SwitchTables tables);

    /** Tells that a port's link went down or up; down forgets its learned addresses at once (B16). */
    CompletableFuture<Void> linkState(int port, boolean up);

    /** Tells the others of a port's network once more where its addresses are, on this host and beyond (B13). */
    CompletableFuture<Void> announce(int port);

    /** {@return the network's addresses, as its workers know them} */
    CompletableFuture<List<FdbEntry>> fdb(int network);

    /** {@return whether all workers forward: none has stood still for seconds} */
    boolean isTurning();

    /** {@return the counters of a port since it was added} */
    CounterSnapshot counters(int port);

    /**
     * {@return the terms of the conservation of frames, over all workers and for as long as the daemon runs; of one
     * moment, unless the workers are so busy that none is found within 50 ms}
     */
    Conservation conservation();

    /**
     * {@return counters of the switch itself, by name: I/O (waits, rearms, no_buffers ...), FDB (learned, aged, moved,
     * full), and ring crossings between workers (handoff_frames, handoff_learned, commands ...), summed over workers}
     */
    Map<String, Long> internals();

    /** Tells that routes, rules or addresses of the host have changed: answers about them are asked for again. */
    CompletableFuture<Void> routesChanged();

    /**
     * Shows all flows across NAT, a few of each worker at a time; flows that begin or end meanwhile may be missing.
     *
     * @param visitor is called by one thread at a time, and not by a worker
     */
    CompletableFuture<Void> flows(Consumer<FlowEntry> visitor);

    /**
     * {@return what NAT counts, by name, summed over workers: flows, capacity, begun, ended_..., refused_...; empty
     * without NAT}
     */
    CompletableFuture<Map<String, Long>> natCounters();

    /** {@return what was counted for each publication since it was there, by the id of its rule} */
    CompletableFuture<Map<Integer, RuleCounts>> ruleCounts();

    /** {@return the names that were asked for most by UDP, some thousand of each worker at most, in no order} */
    default CompletableFuture<List<NameCount>> topNames() {
        return CompletableFuture.completedFuture(List.of());
    }

    /**
     * Begins to copy the frames of ports, without stopping or slowing those of others. One capture of a port at a time.
     *
     * @param ports ids of containers' ports, the host's or uplinks'
     * @param snapLength most bytes of a frame to copy
     * @param sink gets them
     */
    FrameCapture capture(Set<Integer> ports, int snapLength, CaptureSink sink);

    /** {@return each worker's way to who asks others for names; none where there are no workers} */
    default List<Forwards> forwards() {
        return List.of();
    }

    /** Stops the workers. The files of the ports stay the caller's. */
    @Override
    void close();
}
