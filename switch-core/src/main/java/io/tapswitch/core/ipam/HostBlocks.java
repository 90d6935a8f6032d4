package io.tapswitch.core.ipam;

import io.tapswitch.tapio.HostAddress;
import io.tapswitch.tapio.HostRoute;
import io.tapswitch.tapio.HostState;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What the host reaches by itself, as ranges that networks must leave alone: its routes and its addresses (one with
 * prefix length 32 has no route). Not among them: what the switch put there itself, and routes that are wider than any
 * subnet can be. Those say where the rest of the world is, as the two halves 0.0.0.0/1 and 128.0.0.0/1 do that VPNs
 * like; a network's own route is longer and goes first.
 */
public final class HostBlocks {
    private HostBlocks() {}

    /**
     * {@return the ranges}
     *
     * @param host what the kernel has
     * @param ownLink the device of the switch itself at the host, empty when there is none yet
     */
    public static List<Taken> of(HostState host, String ownLink) {
        Set<Taken> taken = new LinkedHashSet<>();
        for (HostRoute route : host.routes()) {
            int widest = route.prefix().isIpv6() ? Subnets.IPV6_LENGTH_MIN : Subnets.IPV4_LENGTH_MIN;
            if (!route.link().equals(ownLink) && route.prefix().length() >= widest) {
                String by = route.link().isEmpty() ? "the host's routes" : "the host's route by " + route.link();
                taken.add(new Taken(route.prefix(), by, false));
            }
        }
        for (HostAddress address : host.addresses()) {
            if (!address.link().equals(ownLink)) {
                taken.add(new Taken(alone(address.ip()), "the host's address " + address.ip(), false));
            }
        }
        return List.copyOf(taken);
    }

    private static IpPrefix alone(IpAddress ip) {
        return switch (ip) {
            case Ipv4Address four -> new Ipv4Prefix(four, four.width());
            case Ipv6Address six -> new Ipv6Prefix(six, six.width());
        };
    }
}
