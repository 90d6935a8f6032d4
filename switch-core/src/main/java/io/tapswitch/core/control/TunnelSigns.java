package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.wire.IpAddress;
import java.util.HashMap;
import java.util.Map;

/** Signs of life over the tunnels of a dataplane: what has come, and an announcement of an endpoint's addresses. */
record TunnelSigns(Dataplane dataplane, Looking looking) implements ClusterWiring.Signs {
    @Override
    public Map<IpAddress, Long> heard() {
        Map<IpAddress, Long> frames = new HashMap<>();
        for (Looking.TunnelCounters one : looking.tunnels()) {
            if (!one.remote().isEmpty()) {
                frames.merge(IpAddress.parse(one.remote()), one.counters().rxFrames(), Long::sum);
            }
        }
        return frames;
    }

    @Override
    public void give(Endpoint endpoint) {
        Waiting.await(dataplane.announce(endpoint.port()), "give a sign of life over tunnels");
    }
}
