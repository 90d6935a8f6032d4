package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Endpoint;
import java.util.Map;

/**
 * An endpoint and its counters.
 *
 * @param container whose
 * @param network the name of its network
 * @param endpoint which
 * @param counters of its port, among them queries for names by UDP
 * @param queriesByTcp queries for names by TCP, by the result's word
 */
public record EndpointCounters(
        Container container,
        String network,
        Endpoint endpoint,
        CounterSnapshot counters,
        Map<String, Long> queriesByTcp) {}
