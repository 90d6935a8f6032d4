package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.wire.IpAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** {@link TableRules} of the tunnels to other hosts. */
final class OverlayRules {
    private static final int MAX_VNI = (1 << 24) - 1;

    private final TableRules rules;
    private final SwitchTables tables;
    private final OverlaySettings overlay;
    private final Map<Integer, Integer> networkOfPeer = new HashMap<>();
    private final Set<Integer> carried = new HashSet<>();

    private record Taken(int network, Object address) {}

    OverlayRules(TableRules rules, SwitchTables tables, OverlaySettings overlay) {
        this.rules = rules;
        this.tables = tables;
        this.overlay = overlay;
    }

    void check(Set<Object> macsTaken) {
        rules.soleId(overlay.port(), "the tunnels' port");
        rules.files(() -> "the tunnels' port", overlay.fds());
        Set<Integer> identifiers = new HashSet<>();
        for (TunnelNetwork network : overlay.networks()) {
            int id = network.network();
            rules.check(tables.networks().containsKey(id), () -> "network " + id + " has tunnels, but is not there");
            rules.check(carried.add(id), () -> "network " + id + " has tunnels twice");
            int vni = network.vni();
            rules.check(vni > 0 && vni <= MAX_VNI, () -> "network " + id + " has VNI " + vni);
            rules.check(identifiers.add(vni), () -> "VNI " + vni + " is that of two networks");
        }
        Set<Taken> remotes = new HashSet<>();
        overlay.peers().forEach(peer -> peer(peer, remotes));
        overlay.endpoints().forEach(endpoint -> endpoint(endpoint, macsTaken));
    }

    private void peer(TunnelPeer peer, Set<Taken> remotes) {
        int id = peer.port();
        rules.soleId(id, "peer " + id);
        rules.check(id != overlay.port(), () -> "port " + id + " is a peer and the tunnels'");
        rules.check(networkOfPeer.put(id, peer.network()) == null, () -> "port " + id + " is that of two peers");
        rules.check(carried.contains(peer.network()), () -> "peer " + id + " is in a network without tunnels");
        rules.check(
                peer.remote().getClass() == overlay.local().getClass(),
                () -> "peer " + id + " has an address of another family than this host");
        rules.check(!peer.remote().equals(overlay.local()), () -> "peer " + id + " has this host's address");
        rules.check(
                remotes.add(new Taken(peer.network(), peer.remote())),
                () -> "two peers in network " + peer.network() + " have " + peer.remote());
    }

    private void endpoint(RemoteEndpoint endpoint, Set<Object> macsTaken) {
        int network = endpoint.network();
        rules.check(
                Integer.valueOf(network).equals(networkOfPeer.get(endpoint.port())),
                () -> "a remote endpoint of network " + network + " is behind port " + endpoint.port()
                        + ", which is no peer there");
        rules.check(
                macsTaken.add(new TableRules.Owned(network, endpoint.mac())),
                () -> "a remote endpoint of network " + network + " has the MAC address of another");
        address(endpoint, endpoint.ipv4(), macsTaken);
        address(endpoint, endpoint.ipv6(), macsTaken);
    }

    private void address(
            RemoteEndpoint endpoint, @org.jspecify.annotations.Nullable IpAddress address, Set<Object> taken) {
        if (address != null) {
            rules.check(
                    taken.add(new TableRules.Owned(endpoint.network(), address)),
                    () -> "a remote endpoint has " + address + " of another in network " + endpoint.network());
            rules.named(endpoint.network(), address, endpoint.port(), endpoint.mac());
        }
    }
}
