package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The endpoints of other hosts, as far as this one can do something with them.
 *
 * @param byNetwork the endpoints by the id of their network, newest first
 */
public record Remotes(Map<String, List<Remote>> byNetwork) {
    /** None. */
    public static final Remotes NONE = new Remotes(Map.of());

    /**
     * An endpoint and its host.
     *
     * @param isReached false when the host says that it does not have its tunnel address
     */
    public record Remote(RemoteEndpoint endpoint, Host host, boolean isReached) {}

    /** Copies the map. */
    public Remotes {
        byNetwork = Map.copyOf(byNetwork);
    }

    /**
     * {@return those of a cluster} A host whose tunnel address is not its own has none: what is sent there would reach
     * somebody else.
     *
     * @param view of the cluster
     * @param self id of this host
     */
    public static Remotes of(ClusterView view, String self) {
        Map<String, Host> hosts = view.hosts();
        Map<String, List<Remote>> byNetwork = new HashMap<>();
        for (String network : view.networks().keySet()) {
            List<Remote> members = new ArrayList<>();
            for (RemoteEndpoint endpoint : view.endpoints(network)) {
                Host host = hosts.get(endpoint.host());
                if (host != null && !host.id().equals(self) && view.isPeer(host.id())) {
                    members.add(new Remote(endpoint, host, view.isReached(host.id())));
                }
            }
            if (!members.isEmpty()) {
                byNetwork.put(network, List.copyOf(members));
            }
        }
        return new Remotes(byNetwork);
    }

    /** {@return those of a network} */
    public List<Remote> of(String network) {
        return byNetwork.getOrDefault(network, List.of());
    }
}
