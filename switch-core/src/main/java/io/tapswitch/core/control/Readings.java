package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.FdbEntry;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the dataplane knows and counts, with the names that people gave: forwarding databases and counters. */
final class Readings {
    private final Desired desired;
    private final Dataplane dataplane;
    private final Networks networks;
    private final Containers containers;
    private final Looking looking;

    Readings(Desired desired, Dataplane dataplane, Networks networks, Containers containers, Looking looking) {
        this.desired = desired;
        this.dataplane = dataplane;
        this.networks = networks;
        this.containers = containers;
        this.looking = looking;
    }

    /** {@return forwarding databases: of one network, or of all when the reference is null} */
    List<Controller.FdbView> fdb(@Nullable String reference) {
        DesiredState state = desired.state();
        List<Controller.NetworkView> chosen =
                reference == null ? networks.list(Filters.NONE) : List.of(networks.one(reference));
        List<Controller.FdbView> lines = new ArrayList<>();
        for (Controller.NetworkView view : chosen) {
            int index = view.network().index();
            if (index < 0 || !state.networksById().containsKey(view.network().id())) {
                continue;
            }
            for (FdbEntry entry : Waiting.await(dataplane.fdb(index), "read the forwarding database")) {
                String container = view.members().stream()
                        .filter(member -> member.endpoint().port() == entry.port())
                        .map(member -> member.container().name())
                        .findFirst()
                        .orElseGet(() -> looking.peer(entry.port()));
                lines.add(new Controller.FdbView(view.network().name(), entry, container));
            }
        }
        return lines;
    }

    /** {@return counters of the endpoints of one container, or of all when the reference is null} */
    List<EndpointCounters> counters(@Nullable String reference) {
        DesiredState state = desired.state();
        List<Container> chosen =
                reference == null ? containers.list(false, Filters.NONE) : List.of(desired.container(reference));
        List<EndpointCounters> counters = new ArrayList<>();
        for (Container container : chosen) {
            for (Endpoint endpoint : container.endpoints()) {
                Network network = state.networksById().get(endpoint.networkId());
                counters.add(new EndpointCounters(
                        container,
                        network == null ? "" : network.name(),
                        endpoint,
                        dataplane.counters(endpoint.port()),
                        desired.queriesByTcp(endpoint.id())));
            }
        }
        return counters;
    }
}
