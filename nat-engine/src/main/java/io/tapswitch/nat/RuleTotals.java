package io.tapswitch.nat;

import java.util.Collections;
import java.util.Set;
import java.util.TreeMap;

/**
 * What went through each published port, added up over workers by {@link NatEngine#ruleTotals}. Made anew for each
 * reading; whoever gives it to a worker waits until that worker is done.
 *
 * <p>A reading is no snapshot, but no packet is in it twice, and what is in one is in the next.
 */
public final class RuleTotals {
    /** What went through one rule. */
    public static final class Total {
        /** Flows that were begun, TCP connections that reused one included. */
        public long connections;
        /** Packets that the allow-list refused. */
        public long refused;
        /** Packets from peers. */
        public long packetsIn;
        /** Bytes from peers. */
        public long bytesIn;
        /** Packets to peers. */
        public long packetsOut;
        /** Bytes to peers. */
        public long bytesOut;
    }

    private final TreeMap<Integer, Total> byRule = new TreeMap<>();

    /** Makes one with nothing in it. */
    public RuleTotals() {}

    /** {@return the rules that something is known of, by their ids} */
    public Set<Integer> rules() {
        return Collections.unmodifiableSet(byRule.keySet());
    }

    /** {@return what went through a rule; all 0 of one that nobody knows} */
    public Total of(int rule) {
        return byRule.computeIfAbsent(rule, _ -> new Total());
    }
}
