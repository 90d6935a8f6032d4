package io.tapswitch.core.names;

import io.tapswitch.core.dataplane.ClientViews;
import io.tapswitch.dns.ClientView;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind each port, as a version of the state says.
 *
 * @param views what they see; who sees nothing is not served
 * @param clients who they are by port
 * @param networks ids of all networks by their number in the dataplane
 */
public record NamesUsers(ClientViews views, Map<Integer, Client> clients, Map<Integer, String> networks) {
    /** Nobody. */
    public static final NamesUsers NONE = new NamesUsers(ClientViews.NONE, Map.of(), Map.of());

    /**
     * Who is behind a port.
     *
     * @param endpoint its id, another for each that the port's number is ever given to
     * @param network the number of its network
     */
    public record Client(String endpoint, int network) {}

    /** Copies the maps. */
    public NamesUsers {
        clients = Map.copyOf(clients);
        networks = Map.copyOf(networks);
    }

    /** {@return who is behind a port, null when nobody there is served} */
    @Nullable
    Client client(int port) {
        return views.of(port) == null ? null : clients.get(port);
    }

    /** {@return what a client sees, null when it is not behind that port any more} */
    @Nullable
    ClientView view(int port, Client client) {
        return client.equals(clients.get(port)) ? views.of(port) : null;
    }
}
