package io.tapswitch.nat;

import java.util.Locale;

/** What a worker's NAT counts; read with {@link NatEngine#count} from any thread. */
public enum NatCounter {
    /** Flows there are now. */
    FLOWS,
    /** Flows there can be. */
    CAPACITY,
    /** Flows of containers that were begun. */
    OUTBOUND_FLOWS,
    /** Flows to published ports that were begun. */
    INBOUND_FLOWS,
    /** Mappings of an inside endpoint to an outside port that were made (N1). */
    MAPPINGS,
    /** Flows whose port is lent for their peer only, because none was free (N3). */
    PORT_OVERLOADED,
    /** Connections that were over and gave up their port early, because none was free. */
    PORT_RECLAIMED,
    /** Flows of an earlier process that were found at the start. */
    RECOVERED,
    /** Entries that were found damaged at the start, and dropped. */
    TORN,
    /** Flows whose time was over. */
    EXPIRED,
    /** Flows that made room for others (N17). */
    EVICTED,
    /** Flows that went with their endpoint, rule or address (N29), or for a new connection. */
    REMOVED,
    /** Of these, flows whose port a socket of the host has now (N7). */
    YIELDED,
    /** Of these, flows whose address is gone, or whose packets leave by another uplink now. */
    REROUTED,
    /** Packets without a flow because no port was left (N16). */
    REFUSED_PORTS,
    /** Packets without a flow because the table was full (N16). */
    REFUSED_TABLE,
    /** Packets without a flow because the endpoint's quota was used up (N16). */
    REFUSED_QUOTA,
    /** Packets that an allow-list refused. */
    REFUSED_ALLOW,
    /** Packets of a protocol without ports that another container speaks with the same peer (N32). */
    REFUSED_BUSY;

    /** {@return the name: lower case with underscores} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
