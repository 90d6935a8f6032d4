package io.tapswitch.core.model;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A container's place in a bridge network: an interface inside, a port at the switch.
 *
 * @param id 64 hex digits, new with every attachment; also the tag of its files in the vault
 * @param networkId of its network
 * @param port its id in the dataplane, free again after removal
 * @param queues of its device
 * @param interfaceName inside the container; follows renames
 * @param mac of the interface
 * @param macChosen whether a person chose it
 * @param ipv4 its IPv4 address
 * @param ipv6 its IPv6 address, null on networks without
 * @param aliases other names that it has in this network
 */
public record Endpoint(
        String id,
        String networkId,
        int port,
        int queues,
        String interfaceName,
        MacAddress mac,
        boolean macChosen,
        @Nullable Address ipv4,
        @Nullable Address ipv6,
        List<String> aliases) {
    /** Copies the list. */
    public Endpoint {
        aliases = List.copyOf(aliases);
    }

    /** {@return it under another name inside} */
    public Endpoint withInterfaceName(String name) {
        return new Endpoint(id, networkId, port, queues, name, mac, macChosen, ipv4, ipv6, aliases);
    }

    /** {@return the bare IPv4 address, null when it has none} */
    public @Nullable Ipv4Address ipv4Address() {
        return ipv4 != null && ipv4.ip() instanceof Ipv4Address address ? address : null;
    }

    /** {@return the bare IPv6 address, null when it has none} */
    public @Nullable Ipv6Address ipv6Address() {
        return ipv6 != null && ipv6.ip() instanceof Ipv6Address address ? address : null;
    }
}
