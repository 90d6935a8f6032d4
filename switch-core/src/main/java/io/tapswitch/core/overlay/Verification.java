package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import java.util.List;

/**
 * What all hosts have in force of one network, compared with the store, and so with each other.
 *
 * @param hosts all of the cluster, by name
 * @param differences a sentence for each
 * @param causes what the hosts that differ say themselves, and what the store says of hosts to which nobody sends: a
 *     sentence for each
 */
public record Verification(List<Row> hosts, List<String> differences, List<String> causes) {
    /** What became of a host. */
    public enum Verdict {
        /** It has what the store has. */
        AGREES,
        /** It has something else. */
        DIFFERS,
        /** It is alive, and did not answer in time. */
        SILENT,
        /** It has no sign of life, so it was not waited for. */
        UNSEEN
    }

    /**
     * A host.
     *
     * @param host which
     * @param self whether it is the one that asked
     * @param endpoints that it has in force
     * @param verdict about them
     */
    public record Row(Host host, boolean self, int endpoints, Verdict verdict) {}

    /** Copies the lists. */
    public Verification {
        hosts = List.copyOf(hosts);
        differences = List.copyOf(differences);
        causes = List.copyOf(causes);
    }

    /** {@return whether all that are alive answered, and have what the store has} */
    public boolean isFine() {
        return hosts.stream().allMatch(row -> row.verdict() == Verdict.AGREES || row.verdict() == Verdict.UNSEEN);
    }
}
