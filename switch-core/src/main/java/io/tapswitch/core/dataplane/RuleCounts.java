package io.tapswitch.core.dataplane;

/**
 * What was counted for a publication.
 *
 * @param connections flows that began
 * @param refused packets that were to begin one and did not: not allowed, over a limit
 * @param packetsIn to the container
 * @param bytesIn to the container
 * @param packetsOut from the container
 * @param bytesOut from the container
 */
public record RuleCounts(long connections, long refused, long packetsIn, long bytesIn, long packetsOut, long bytesOut) {
    /** {@return both together} */
    public RuleCounts plus(RuleCounts other) {
        return new RuleCounts(
                connections + other.connections,
                refused + other.refused,
                packetsIn + other.packetsIn,
                bytesIn + other.bytesIn,
                packetsOut + other.packetsOut,
                bytesOut + other.bytesOut);
    }
}
