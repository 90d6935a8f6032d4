package io.tapswitch.tapio;

import io.tapswitch.wire.IpPrefix;

/**
 * A route of the host to something that is not one of its own addresses.
 *
 * @param prefix where to
 * @param link name of the link that it leads to, the first of several; empty for one that leads nowhere (blackhole)
 */
public record HostRoute(IpPrefix prefix, String link) {}
