package io.tapswitch.core.control;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code attach} and {@code run} ask for. Everything but the namespace may be missing.
 *
 * @param netns name, path or process id of the namespace; the host's own for {@code host}
 * @param name of the container; else the namespace's name, else one is made up
 * @param networks by name or id, in the order of eth0, eth1 ...; {@code bridge} when missing; {@code host},
 *     {@code none} or {@code container:NAME} stand alone
 * @param ip chosen IPv4 address; needs exactly one network
 * @param ip6 chosen IPv6 address; needs exactly one network
 * @param mac chosen MAC address; needs exactly one network
 * @param aliases other names, in each of the networks
 * @param hostname shown by inspect
 * @param dns servers that its resolv.conf names
 * @param labels kept and shown
 * @param expose ports that {@code -P} publishes, such as 80 or 80/tcp
 * @param publish ports that the host shows, as {@code docker run -p} takes them
 * @param publishAll whether the exposed ports are published too, at ports that are chosen
 * @param sourceGuard whether frames with addresses that are not the container's are dropped; yes when missing
 * @param queues of each interface, 1 when missing
 * @param init the process that {@code run} started
 */
public record AttachRequest(
        @Nullable String netns,
        @Nullable String name,
        @Nullable List<String> networks,
        @Nullable String ip,
        @Nullable String ip6,
        @Nullable String mac,
        @Nullable List<String> aliases,
        @Nullable String hostname,
        @Nullable List<String> dns,
        @Nullable Map<String, String> labels,
        @Nullable List<String> expose,
        @Nullable List<String> publish,
        @Nullable Boolean publishAll,
        @Nullable Boolean sourceGuard,
        @Nullable Integer queues,
        @Nullable Init init) {
    /** {@return whether ports are to be published} */
    boolean publishes() {
        return Boolean.TRUE.equals(publishAll) || (publish != null && !publish.isEmpty());
    }

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
