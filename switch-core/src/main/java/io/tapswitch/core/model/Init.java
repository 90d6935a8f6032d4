package io.tapswitch.core.model;

import java.util.List;

/**
 * The process that {@code run} started, as long as which the container lives.
 *
 * @param pid as the daemon sees it
 * @param startTicks field 22 of /proc/PID/stat (proc(5)): a process that gets the number later has another
 * @param command what it runs
 * @param autoRemove whether the container is forgotten when it ends
 */
public record Init(long pid, long startTicks, List<String> command, boolean autoRemove) {
    /** Copies the list. */
    public Init {
        command = List.copyOf(command);
    }
}
