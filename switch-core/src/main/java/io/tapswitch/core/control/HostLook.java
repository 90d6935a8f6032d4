package io.tapswitch.core.control;

import io.tapswitch.core.ipam.Taken;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import java.util.Set;

/**
 * What the rules must know of the host, as it is now.
 *
 * @param blocks what it reaches by itself, our own interface left out
 * @param addresses its own, loopback and link-local ones left out
 */
public record HostLook(List<Taken> blocks, Set<IpAddress> addresses) {
    /** Copies the collections. */
    public HostLook {
        blocks = List.copyOf(blocks);
        addresses = Set.copyOf(addresses);
    }
}
