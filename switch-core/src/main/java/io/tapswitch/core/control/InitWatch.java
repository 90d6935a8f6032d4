package io.tapswitch.core.control;

import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.ProcessStat;
import io.tapswitch.tapio.ProcessWatch;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processes that {@code run} started: hears when they end, and ends them. A process is known by its id and by when
 * it started, so that one that got the id later is neither waited for nor ended; also not by the next daemon.
 */
final class InitWatch {
    private static final Logger LOG = LoggerFactory.getLogger(InitWatch.class);

    /** After SIGKILL only the kernel is left to do something. */
    private static final long KILL_PATIENCE_MS = 5_000;

    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;

    private final Listener listener;
    private final ProcessWatch watch = new ProcessWatch();
    private final ConcurrentHashMap<String, Watched> byContainer = new ConcurrentHashMap<>();

    /** Hears of ends. */
    interface Listener {
        /** A container's process has ended; the exit code is null when nobody knows it. */
        void onEnded(String containerId, Init init, @Nullable Integer exitCode);
    }

    /** A container's process; the exit code when it has ended, if somebody knows it. */
    private record Watched(ProcessWatch.Watched process, CompletableFuture<Optional<Integer>> ended) {}

    InitWatch(Listener listener) {
        this.listener = listener;
    }

    /** {@return the process of a request, null when it names none} */
    static @Nullable Init find(AttachRequest.@Nullable Init requested) {
        if (requested == null) {
            return null;
        }
        Long pid = requested.pid();
        if (pid == null || pid <= 0) {
            throw Refusal.badInput("init.pid is missing: the id of the process that the container lives as long as");
        }
        ProcessStat stat = stat(pid);
        if (stat == null || stat.ended()) {
            throw Refusal.unknown("No such process: " + pid);
        }
        List<String> command = requested.command() == null ? List.of() : requested.command();
        return new Init(pid, stat.startTicks(), command, Boolean.TRUE.equals(requested.autoRemove()));
    }

    private static @Nullable ProcessStat stat(long pid) {
        try {
            return ProcessStat.of(pid);
        } catch (DeviceException e) {
            throw Refusal.failed(String.valueOf(e.getMessage()), e);
        }
    }

    /** {@return whether it has certainly ended; where that cannot be found out now, the watch will tell} */
    static boolean hasEnded(Init init) {
        try {
            return ProcessStat.hasEnded(init.pid(), init.startTicks());
        } catch (DeviceException e) {
            LOG.warn("{}; process {} is taken to be alive", e.getMessage(), init.pid());
            return false;
        }
    }

    /** Reports the process's end, also when it ended before this call. */
    void watch(String containerId, Init init) {
        CompletableFuture<Optional<Integer>> ended = new CompletableFuture<>();
        ProcessWatch.Watched process =
                watch.watch(init.pid(), init.startTicks(), code -> ended.complete(Optional.ofNullable(code)));
        Watched one = new Watched(process, ended);
        byContainer.put(containerId, one);
        Thread.startVirtualThread(() -> report(containerId, init, one));
    }

    /** On a thread of its own, since the listener waits for the controller's lock and others end meanwhile. */
    private void report(String containerId, Init init, Watched one) {
        Integer exitCode = one.ended().join().orElse(null);
        if (one.equals(byContainer.get(containerId))) {
            listener.onEnded(containerId, init, exitCode);
            // Not before, so that whoever ends it at this moment learns of the code, too.
            byContainer.remove(containerId, one);
        }
    }

    /**
     * Ends the container's process: SIGTERM, and after the patience SIGKILL. Blocks until it is gone.
     *
     * @return its exit code, null when nobody knows it
     */
    @Nullable
    Integer end(String containerId, Init init, long patienceMs) {
        Watched one = byContainer.get(containerId);
        if (one == null) {
            return null;
        }
        try {
            one.process().signal(SIGTERM);
            if (!hasEnded(one, init, patienceMs)) {
                one.process().signal(SIGKILL);
                if (!hasEnded(one, init, KILL_PATIENCE_MS)) {
                    throw Refusal.failed("process " + init.pid() + " does not end", new TimeoutException());
                }
            }
        } catch (DeviceException e) {
            throw Refusal.failed(String.valueOf(e.getMessage()), e);
        }
        return one.ended().join().orElse(null);
    }

    private static boolean hasEnded(Watched one, Init init, long timeoutMs) {
        try {
            one.ended().get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("an end is told by no exception", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusal.failed("interrupted while waiting for process " + init.pid(), e);
        }
    }

    /** Stops reporting about a container. */
    void forget(String containerId) {
        Watched one = byContainer.remove(containerId);
        if (one != null) {
            forget(one);
        }
    }

    private static void forget(Watched one) {
        one.process().forget();
        one.ended().complete(Optional.empty());
    }

    /** Stops reporting at all. */
    void close() {
        List<Watched> all = List.copyOf(byContainer.values());
        byContainer.clear();
        all.forEach(InitWatch::forget);
        watch.close();
    }
}
