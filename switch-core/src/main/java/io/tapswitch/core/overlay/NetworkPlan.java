package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import java.util.List;

/** Plans a network beside the others of the cluster. */
@FunctionalInterface
public interface NetworkPlan {
    /**
     * {@return the network} Asked again when another host was quicker; the id is to be the same each time. Refuses
     * when there is no room for it.
     *
     * @param others all networks of the cluster
     * @param vni that it gets
     */
    OverlayNetwork network(List<OverlayNetwork> others, int vni);
}
