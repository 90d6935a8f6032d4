package io.tapswitch.core.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code attach} and {@code run} ask for. Everything but the namespace may be missing.
 *
 * @param netns name, path or process id of the namespace
 * @param name of the container; else the namespace's name, else one is made up
 * @param networks by name or id, in the order of eth0, eth1 ...; {@code bridge} when missing
 * @param ip chosen address; needs exactly one network
 * @param sourceGuard whether frames with addresses that are not the container's are dropped
 * @param queues of each interface, 1 when missing
 * @param hostname shown by inspect
 * @param init the process that {@code run} started
 */
public record AttachRequest(
        @Nullable String netns,
        @Nullable String name,
        @Nullable List<String> networks,
        @Nullable String ip,
        @Nullable Boolean sourceGuard,
        @Nullable Integer queues,
        @Nullable String hostname,
        @Nullable Init init) {
    /**
     * The process that the container lives as long as.
     *
     * @param pid its id, as the daemon sees it
     * @param command what it runs
     * @param autoRemove whether the container is forgotten when it ends
     */
    public record Init(
            @Nullable Long pid,
            @Nullable List<String> command,
            @Nullable Boolean autoRemove) {}
}
