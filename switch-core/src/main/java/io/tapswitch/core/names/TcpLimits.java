package io.tapswitch.core.names;

import java.time.Duration;

/**
 * What connections may cost (D11). A connection too many costs the one that has been silent for longest, never the new
 * one: whoever opens many and says nothing keeps nobody out, himself included.
 *
 * @param connections of all clients together
 * @param connectionsOfClient of one
 * @param inFlight queries of one connection that are with the forwarder; more are not read meanwhile
 * @param idle how long a connection stays without a whole query
 */
record TcpLimits(int connections, int connectionsOfClient, int inFlight, Duration idle) {
    /** 10 s are the few seconds of RFC 7766 section 6.2.3, and more than any resolver waits between two queries. */
    static final TcpLimits USUAL = new TcpLimits(1024, 100, 32, Duration.ofSeconds(10));
}
