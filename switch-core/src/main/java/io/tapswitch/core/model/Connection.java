package io.tapswitch.core.model;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * That a container wants to be in a network, and how; it is kept while the container is stopped, so that a start brings
 * back what was there.
 *
 * @param networkId the network
 * @param ipv4 chosen address, null for the lowest free
 * @param ipv6 chosen address, null for the lowest free
 * @param mac chosen address, null to make one of the IPv4 address
 * @param aliases other names in this network
 */
public record Connection(
        String networkId,
        @Nullable Ipv4Address ipv4,
        @Nullable Ipv6Address ipv6,
        @Nullable MacAddress mac,
        List<String> aliases) {
    /** Copies the list. */
    public Connection {
        aliases = List.copyOf(aliases);
    }
}
