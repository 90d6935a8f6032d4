package io.tapswitch.tapio;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * A route of the host to something that is not one of its own addresses.
 *
 * @param prefix where to
 * @param link name of the link that it leads to, the first of several; empty for one that leads nowhere (blackhole)
 * @param source address that the host's own packets by it bear, null when the route says none
 * @param mtu of the route, 0 when it says none
 */
public record HostRoute(
        IpPrefix prefix, String link, @Nullable IpAddress source, int mtu) {}
