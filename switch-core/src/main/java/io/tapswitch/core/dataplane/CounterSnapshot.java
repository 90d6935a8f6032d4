package io.tapswitch.core.dataplane;

import io.tapswitch.dns.DnsResult;
import java.util.Map;

/**
 * Counters of one port, summed over the workers at one moment.
 *
 * @param port the port's id
 * @param rxFrames frames read from the container
 * @param rxBytes their bytes, Ethernet header included
 * @param txFrames frames written to the container
 * @param txBytes their bytes
 * @param drops frames by reason, reasons without any left out
 * @param queries for names, asked by UDP, by what became of them, results without any left out
 */
public record CounterSnapshot(
        int port,
        long rxFrames,
        long rxBytes,
        long txFrames,
        long txBytes,
        Map<DropReason, Long> drops,
        Map<DnsResult, Long> queries) {
    /** Of a port that asked for no name. */
    public CounterSnapshot(
            int port, long rxFrames, long rxBytes, long txFrames, long txBytes, Map<DropReason, Long> drops) {
        this(port, rxFrames, rxBytes, txFrames, txBytes, drops, Map.of());
    }

    /** {@return drops of all reasons} */
    public long dropsTotal() {
        return drops.values().stream().mapToLong(Long::longValue).sum();
    }
}
