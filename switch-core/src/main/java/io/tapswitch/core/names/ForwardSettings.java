package io.tapswitch.core.names;

/**
 * Bounds and times of the forwarder.
 *
 * @param perClient most questions of one client that wait for an answer; fewer while many others wait (D16)
 * @param total most questions that wait, of all clients
 * @param cacheBytes most memory of kept answers
 * @param patienceMs how long a server that nobody knows yet is waited for alone
 * @param staleAfterMs after which time an answer that has expired is given rather than waiting on (RFC 8767 §5)
 * @param deadlineMs after which a query is answered, whatever is known (D14)
 * @param deadDeadlineMs the same while no server has answered for some time
 */
public record ForwardSettings(
        int perClient,
        int total,
        int cacheBytes,
        int patienceMs,
        int staleAfterMs,
        int deadlineMs,
        int deadDeadlineMs) {
    /** What a daemon uses. */
    public static final ForwardSettings USUAL = new ForwardSettings(1024, 4096, 8 << 20, 300, 1_800, 4_500, 1_500);
}
