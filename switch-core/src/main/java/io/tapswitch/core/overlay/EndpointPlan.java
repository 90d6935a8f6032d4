package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.wire.IpAddress;
import java.util.function.Predicate;

/** Plans an endpoint of this host. */
@FunctionalInterface
public interface EndpointPlan {
    /**
     * {@return the endpoint} Asked again when another host was quicker; the id is to be the same each time. Refuses
     * when there is no address for it.
     *
     * @param taken whether an address of the network is given to somebody
     */
    RemoteEndpoint endpoint(Predicate<IpAddress> taken);
}
