package io.tapswitch.core.control;

import io.tapswitch.core.ipam.AddressChoice;
import io.tapswitch.wire.MacAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Places in networks of the cluster that a container has before it is attached: the cluster's store is asked before the
 * lock is taken, since its answer may take seconds.
 *
 * @param byNetwork one for each network of the cluster that the container is to be in, by the network's id
 */
record Places(Map<String, Place> byNetwork) {
    /** For networks of this host alone. */
    static final Places NONE = new Places(Map.of());

    /** What an endpoint is to be: its id, its MAC address, its addresses. */
    record Place(String endpoint, MacAddress mac, AddressChoice.Chosen chosen) {}

    /** Copies the map. */
    Places {
        byNetwork = Map.copyOf(byNetwork);
    }

    /** {@return the place in a network, null when none was asked for} */
    @Nullable
    Place in(String network) {
        return byNetwork.get(network);
    }
}
