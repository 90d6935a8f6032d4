package io.tapswitch.core.control;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import java.util.Set;

/**
 * The host as the dataplane's tables need it: its port, and its addresses as they are now.
 *
 * @param port id of the host's port in the dataplane, none of a container's
 * @param fds open files of the host TAP
 * @param mac of the host TAP
 * @param peerMac what stands behind the host TAP for every container and gateway
 * @param addresses all that the host has on any interface, the gateway addresses on the host TAP with them, loopback
 *     and link-local ones left out
 */
public record HostView(int port, List<Integer> fds, MacAddress mac, MacAddress peerMac, Set<IpAddress> addresses) {
    /** Copies the collections. */
    public HostView {
        fds = List.copyOf(fds);
        addresses = Set.copyOf(addresses);
    }
}
