package io.tapswitch.core.overlay;

import io.tapswitch.core.dataplane.TunnelKeys.PeerKey;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.HostKey;
import io.tapswitch.vxlan.ReceivingKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The keys of the other hosts. What came with a key is remembered for as long as its entry is there, whatever becomes
 * of networks and peers: forgotten, it could be played again. One thread.
 */
public final class PeerKeys {
    private final Map<HostKey, ReceivingKey> known = new HashMap<>();

    /** Knows none yet. */
    public PeerKeys() {}

    /**
     * {@return the keys that are accepted, each from the address of its host}
     *
     * @param view of the cluster
     * @param self id of this host
     */
    public List<PeerKey> of(ClusterView view, String self) {
        List<PeerKey> all = new ArrayList<>();
        Set<HostKey> there = new HashSet<>();
        for (Host host : view.hosts().values()) {
            for (HostKey key : host.id().equals(self) ? Set.<HostKey>of() : view.keys(host.id())) {
                there.add(key);
                ReceivingKey receiving = known.computeIfAbsent(key, one -> new ReceivingKey(one.tunnelKey()));
                all.add(new PeerKey(host.vtep(), receiving));
            }
        }
        known.keySet().retainAll(there);
        // In one order: whoever compares two lists is to find what is different.
        all.sort(Comparator.comparing((PeerKey one) -> one.remote().toString())
                .thenComparing(one -> one.key().key().id()));
        return all;
    }
}
