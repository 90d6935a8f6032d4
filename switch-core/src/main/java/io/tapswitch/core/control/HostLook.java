package io.tapswitch.core.control;

import io.tapswitch.core.ipam.HostBlocks;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.tapio.HostAddress;
import io.tapswitch.tapio.HostState;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the rules must know of the host, as it is now.
 *
 * @param blocks what it reaches by itself, our own interface left out
 * @param addresses its own, loopback and link-local ones left out
 */
public record HostLook(List<Taken> blocks, Set<IpAddress> addresses) {
    /** Addresses that mean something else on each machine or link: loopback and link-local (RFC 3927, RFC 4291). */
    private static final List<IpPrefix> LOCAL = Stream.of("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")
            .map(IpPrefix::parse)
            .toList();

    /** {@return the host as the kernel has it now, without what an interface of that name has} */
    static HostLook now(String ownLink) {
        HostState state = HostState.read();
        Set<IpAddress> own = new HashSet<>();
        for (HostAddress address : state.addresses()) {
            if (LOCAL.stream().noneMatch(local -> local.includes(address.ip()))) {
                own.add(address.ip());
            }
        }
        return new HostLook(HostBlocks.of(state, ownLink), own);
    }

    /** Copies the collections. */
    public HostLook {
        blocks = List.copyOf(blocks);
        addresses = Set.copyOf(addresses);
    }
}
