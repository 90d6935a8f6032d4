package io.tapswitch.core.names;

import io.tapswitch.core.dataplane.ClientViews;
import io.tapswitch.dns.ClientView;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind each port, as a version of the state says.
 *
 * @param views what they see; who sees nothing is not served
 * @param endpoints ids of the endpoints by port, another for each that a port's id is ever given to
 */
public record NamesUsers(ClientViews views, Map<Integer, String> endpoints) {
    /** Nobody. */
    public static final NamesUsers NONE = new NamesUsers(ClientViews.NONE, Map.of());

    /** Copies the map. */
    public NamesUsers {
        endpoints = Map.copyOf(endpoints);
    }

    /** {@return the endpoint behind a port, null when nobody there is served} */
    @Nullable
    String endpoint(int port) {
        return views.of(port) == null ? null : endpoints.get(port);
    }

    /** {@return what an endpoint sees, null when it is not behind that port any more} */
    @Nullable
    ClientView view(int port, String endpoint) {
        return endpoint.equals(endpoints.get(port)) ? views.of(port) : null;
    }
}
