package io.tapswitch.core.control;

import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The processes that {@code run} started: hears when they end, and ends them. A process is known by its id and by when
 * it started, so that one that got the id later is neither waited for nor ended; also not by the next daemon.
 */
final class InitWatch {
    /** After SIGKILL only the kernel is left to do something. */
    private static final long KILL_PATIENCE_MS = 5_000;

    /** Field 22 of /proc/PID/stat, counted from behind the command in parentheses (proc(5)). */
    private static final int START_TICKS_AFTER_COMMAND = 19;

    private final Consumer<String> onEnded;
    private final ConcurrentHashMap<String, ProcessHandle> byContainer = new ConcurrentHashMap<>();

    InitWatch(Consumer<String> onEnded) {
        this.onEnded = onEnded;
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
        long ticks = startTicks(pid);
        if (ticks < 0) {
            throw Refusal.unknown("No such process: " + pid);
        }
        List<String> command = requested.command() == null ? List.of() : requested.command();
        return new Init(pid, ticks, command, Boolean.TRUE.equals(requested.autoRemove()));
    }

    /** {@return when a process started, -1 when there is none or only its remains} */
    private static long startTicks(long pid) {
        try {
            byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
            String stat = new String(bytes, StandardCharsets.ISO_8859_1);
            // The command may hold anything, parentheses too; what follows the last one does not.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            boolean ended = fields[0].equals("Z") || fields[0].equals("X");
            return ended ? -1 : Long.parseLong(fields[START_TICKS_AFTER_COMMAND]);
        } catch (IOException e) {
            return -1;
        }
    }

    /** {@return whether it is still that process} */
    static boolean isAlive(Init init) {
        return startTicks(init.pid()) == init.startTicks();
    }

    /** Reports the process's end, also when it ended before this call. */
    void watch(String containerId, Init init) {
        ProcessHandle handle = ProcessHandle.of(init.pid()).orElse(null);
        if (handle == null || !isAlive(init)) {
            Thread.startVirtualThread(() -> onEnded.accept(containerId));
            return;
        }
        byContainer.put(containerId, handle);
        Thread.startVirtualThread(() -> {
            handle.onExit().join();
            if (byContainer.remove(containerId, handle)) {
                onEnded.accept(containerId);
            }
        });
    }

    /** Ends the container's process: SIGTERM, and after the patience SIGKILL. Blocks until it is gone. */
    void end(String containerId, long patienceMs) {
        ProcessHandle process = byContainer.get(containerId);
        if (process == null) {
            return;
        }
        process.destroy();
        if (!hasEnded(process, patienceMs)) {
            process.destroyForcibly();
            if (!hasEnded(process, KILL_PATIENCE_MS)) {
                throw Refusal.failed("process " + process.pid() + " does not end", new TimeoutException());
            }
        }
    }

    private static boolean hasEnded(ProcessHandle process, long timeoutMs) {
        try {
            process.onExit().get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return !process.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Refusal.failed("interrupted while waiting for process " + process.pid(), e);
        }
    }

    /** Stops reporting about a container. */
    void forget(String containerId) {
        byContainer.remove(containerId);
    }

    /** Stops reporting at all. */
    void close() {
        byContainer.clear();
    }
}
