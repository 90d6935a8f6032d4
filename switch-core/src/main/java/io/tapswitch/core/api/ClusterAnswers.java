package io.tapswitch.core.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JSON objects about other hosts: the cluster's, and those that tunnels lead to. */
final class ClusterAnswers {
    private ClusterAnswers() {}

    /**
     * This host in its cluster. It stands {@code joined}, {@code away} (the store cannot be asked) or {@code refused},
     * since so many seconds, and why when it is not joined. While the store is away, hosts are counted as it had them
     * last; how many were alive is null until this daemon has read it for the first time.
     */
    record Cluster(
            String store,
            String id,
            String name,
            String address,
            String standing,
            String why,
            long sinceSeconds,
            @Nullable Integer hostsAlive,
            int hosts,
            int pendingChanges) {}

    /**
     * A host of the cluster. Its status is {@code ready}, {@code unseen} (for so many seconds, where that is known),
     * {@code refused} (its tunnel address is another host's), {@code unreachable} (it does not have its tunnel address
     * itself at the moment) or {@code unknown} (the store cannot be asked).
     */
    record Node(
            String id,
            boolean self,
            String name,
            String address,
            String status,
            @Nullable Long unseenSeconds,
            int networks,
            int containers) {}

    /**
     * Another host in a network; its name is empty without a cluster. It is known from {@code file} or {@code cluster}.
     * The last frame of it came so many seconds ago; null when none did.
     */
    record PeerLine(
            String network,
            int vni,
            String host,
            String address,
            String source,
            int pathMtu,
            int endpoints,
            long rxFrames,
            long rxBytes,
            long txFrames,
            long txBytes,
            long drops,
            @Nullable Long heardSeconds) {}

    /**
     * What all hosts have in force of a network, compared with the store; fine when all agree that are alive. Causes
     * are what the hosts that differ say of themselves, and why nobody sends to a host that is refused.
     */
    record Verification(
            String network, boolean fine, List<Verified> hosts, List<String> differences, List<String> causes) {}

    /**
     * What came out for a host: it {@code agrees}, {@code differs}, is {@code silent} (alive, and no answer in time) or
     * {@code unseen} (no sign of life, so it was not waited for).
     */
    record Verified(String id, boolean self, String name, String address, int endpoints, String verdict) {}
}
