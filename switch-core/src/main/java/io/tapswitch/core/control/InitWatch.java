package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The processes that {@code run} started: hears when they end, and ends them. A process is known by its
 * {@link ProcessHandle}, which remembers the start time beside the id, so that a process that got the id later is
 * neither waited for nor ended.
 */
final class InitWatch {
    /** How long a process has to end by itself after SIGTERM; a namespace's first process ignores it by default. */
    private static final long GRACE_MS = 1_000;

    private final Consumer<String> onEnded;
    private final ConcurrentHashMap<String, Init> byContainer = new ConcurrentHashMap<>();

    /** A process that was alive when it was looked up. */
    record Init(ProcessHandle handle, List<String> command, boolean autoRemove) {
        long pid() {
            return handle.pid();
        }
    }

    InitWatch(Consumer<String> onEnded) {
        this.onEnded = onEnded;
    }

    /** {@return the process of a request, null when it names none} */
    @Nullable
    Init find(AttachRequest.@Nullable Init requested) {
        if (requested == null) {
            return null;
        }
        Long pid = requested.pid();
        if (pid == null || pid <= 0) {
            throw Refusal.badInput("init.pid is missing: the id of the process that the container lives as long as");
        }
        ProcessHandle handle = ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .orElseThrow(() -> Refusal.unknown("No such process: " + pid));
        boolean autoRemove = requested.autoRemove() != null && requested.autoRemove();
        return new Init(handle, requested.command() == null ? List.of() : requested.command(), autoRemove);
    }

    /** Reports the process's end, also when it ended before this call. */
    void watch(String containerId, Init process) {
        byContainer.put(containerId, process);
        Thread.startVirtualThread(() -> {
            process.handle().onExit().join();
            if (byContainer.remove(containerId) != null) {
                onEnded.accept(containerId);
            }
        });
    }

    /** Ends the container's process: SIGTERM, and after a grace SIGKILL. Blocks until it is gone. */
    void end(String containerId) {
        Init process = byContainer.get(containerId);
        if (process == null) {
            return;
        }
        process.handle().destroy();
        if (!hasEnded(process, GRACE_MS)) {
            process.handle().destroyForcibly();
            if (!hasEnded(process, GRACE_MS * 5)) {
                throw Refusal.failed("process " + process.pid() + " does not end", new TimeoutException());
            }
        }
    }

    private static boolean hasEnded(Init process, long timeoutMs) {
        try {
            process.handle().onExit().get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return !process.handle().isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusal.failed("interrupted while waiting for process " + process.pid(), e);
        }
    }

    /** Stops reporting about a container. */
    void forget(String containerId) {
        byContainer.remove(containerId);
    }
}
