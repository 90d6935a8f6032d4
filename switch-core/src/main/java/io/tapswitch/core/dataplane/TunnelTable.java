package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.vxlan.Encapsulation;
import io.tapswitch.vxlan.ReceivingKey;
import io.tapswitch.vxlan.SealHeader;
import io.tapswitch.vxlan.SendingKey;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a frame for another host, or from one, is compared with: each peer by its port, and by network identifier and
 * address. Only peers of the network that a frame names are heard (V7). Immutable, so every worker reads the same one;
 * a look allocates nothing.
 */
final class TunnelTable {
    /** No tunnels. */
    static final TunnelTable EMPTY = new TunnelTable(null);

    /** Any that is no group's. */
    private static final long OWN_MAC = 0x0202_0202_0202L;

    /** Port of the tunnel TAP or socket, {@link PortTable#NONE} without. */
    final int port;
    /** Most packets that one write to a socket takes, 0 for a TAP. */
    final int segments;

    /** Port of UDP at which tunnels end, at both ends. */
    final int udpPort;

    /** With which this host encrypts. */
    final @Nullable SendingKey ownKey;

    private final @Nullable Peer[] byPort;
    private final Int2ObjectHashMap<Carried> byVni = new Int2ObjectHashMap<>();
    private final Map<Integer, int[]> byNetwork = new HashMap<>();
    private final Set<Integer> learning = new HashSet<>();

    /** Another host in one network. */
    static final class Peer {
        /** Whether addresses behind it are learned. */
        final boolean learns;
        /** Whether nothing passes in clear (V13). */
        final boolean encrypted;
        /** The network's identifier. */
        final int vni;
        /** The outer headers of what is sent there. */
        final Encapsulation way;
        /** What it may encrypt with, by id; none in a network in clear. */
        private final Int2ObjectHashMap<ReceivingKey> keys = new Int2ObjectHashMap<>();

        private final PathMtu path;
        private final int deviceMtu;

        private Peer(OverlaySettings overlay, TunnelPeer settings, TunnelNetwork carried, PathMtu path) {
            learns = carried.learns();
            encrypted = carried.encrypted();
            vni = carried.vni();
            for (TunnelKeys.PeerKey one : overlay.keys().others()) {
                if (encrypted && one.remote().equals(settings.remote())) {
                    keys.put(one.key().key().id(), one.key());
                }
            }
            way = way(overlay.local(), settings.remote(), overlay.udpPort(), carried.vni());
            deviceMtu = overlay.mtu();
            this.path = path;
        }

        /** {@return bytes of the largest frame that gets there, its Ethernet header included} */
        int limit(long nowNs) {
            // Of the outer headers, Ethernet's is none of the outer packet.
            int around = way.overhead() - EthernetHeader.LENGTH + (encrypted ? SealHeader.OVERHEAD : 0);
            return Math.min(deviceMtu, path.bytes(nowNs)) - around;
        }

        /** {@return the key of an id, null when it is none of this host's} */
        @Nullable
        ReceivingKey key(int id) {
            return keys.get(id);
        }

        /** The kernel writes other MAC addresses: those of its route's device and neighbour. */
        private static Encapsulation way(IpAddress local, IpAddress remote, int udpPort, int vni) {
            return switch (local) {
                case Ipv4Address from ->
                    Encapsulation.ipv4(OWN_MAC, OWN_MAC, from.bits(), ((Ipv4Address) remote).bits(), udpPort, vni);
                case Ipv6Address from -> {
                    Ipv6Address to = (Ipv6Address) remote;
                    yield Encapsulation.ipv6(OWN_MAC, OWN_MAC, from.hi(), from.lo(), to.hi(), to.lo(), udpPort, vni);
                }
            };
        }
    }

    private record Carried(NeighbourTable peers) {}

    /** Where the peers are, in whatever network: the port is an index of paths. */
    private final NeighbourTable remotes;

    private final PathMtu[] paths;
    private final long localHi;
    private final long localLo;

    TunnelTable(@Nullable OverlaySettings settings) {
        if (settings == null) {
            port = PortTable.NONE;
            segments = 0;
            udpPort = 0;
            ownKey = null;
            byPort = new Peer[0];
            remotes = NeighbourTable.EMPTY;
            paths = new PathMtu[0];
            localHi = 0;
            localLo = 0;
            return;
        }
        port = settings.port();
        segments = settings.segments();
        udpPort = settings.udpPort();
        ownKey = settings.keys().own();
        int ports = 0;
        for (TunnelPeer peer : settings.peers()) {
            ports = Math.max(ports, peer.port() + 1);
        }
        byPort = new Peer[ports];
        localHi = settings.local() instanceof Ipv6Address six ? six.hi() : 0;
        localLo = switch (settings.local()) {
            case Ipv4Address four -> Ipv4Address.mapped(four.bits());
            case Ipv6Address six -> six.lo();
        };
        Map<IpAddress, PathMtu> known = new LinkedHashMap<>();
        for (TunnelPeer peer : settings.peers()) {
            PathMtu path = settings.paths().get(peer.remote());
            known.putIfAbsent(peer.remote(), path == null ? new PathMtu() : path);
        }
        paths = known.values().toArray(new PathMtu[0]);
        List<NeighbourTable.Neighbour> places = new ArrayList<>();
        known.keySet().forEach(remote -> places.add(new NeighbourTable.Neighbour(remote, 0, places.size(), 0)));
        remotes = new NeighbourTable(places);
        for (TunnelNetwork network : settings.networks()) {
            List<NeighbourTable.Neighbour> addresses = new ArrayList<>();
            int[] members = new int[settings.peers().size()];
            int count = 0;
            for (TunnelPeer peer : settings.peers()) {
                if (peer.network() == network.network()) {
                    byPort[peer.port()] =
                            new Peer(settings, peer, network, Objects.requireNonNull(known.get(peer.remote())));
                    addresses.add(new NeighbourTable.Neighbour(peer.remote(), 0, peer.port(), peer.network()));
                    members[count++] = peer.port();
                }
            }
            if (network.learns()) {
                learning.add(network.network());
            }
            byVni.put(network.vni(), new Carried(new NeighbourTable(addresses)));
            byNetwork.put(network.network(), Arrays.copyOf(members, count));
        }
    }

    /** {@return the peer with this port, null for a port of another kind} */
    @Nullable
    Peer peer(int id) {
        return id < byPort.length ? byPort[id] : null;
    }

    /** {@return whether an IPv6 or v4-mapped address is that of this end} */
    boolean isLocal(long hi, long lo) {
        return hi == localHi && lo == localLo;
    }

    /** {@return what is known of the way to an IPv6 or v4-mapped address, null when no peer is there} */
    @Nullable
    PathMtu path(long hi, long lo) {
        int index = NeighbourTable.isMapped(hi, lo) ? remotes.find((int) lo) : remotes.find(hi, lo);
        return index == NeighbourTable.NONE ? null : paths[remotes.port(index)];
    }

    /** {@return whether some network has this identifier} */
    boolean isCarried(int vni) {
        return byVni.containsKey(vni);
    }

    /**
     * {@return the port of the peer that sent a frame, {@link PortTable#NONE} when it is none of this network's}
     *
     * @param vni the network identifier in the frame
     * @param hi first half of the sender's IPv6 or v4-mapped address
     * @param lo second half
     */
    int sender(int vni, long hi, long lo) {
        Carried carried = byVni.get(vni);
        if (carried == null) {
            return PortTable.NONE;
        }
        int index = NeighbourTable.isMapped(hi, lo) ? carried.peers.find((int) lo) : carried.peers.find(hi, lo);
        return index == NeighbourTable.NONE ? PortTable.NONE : carried.peers.port(index);
    }

    /** {@return whether addresses in a network are learned from what its tunnels bring} */
    boolean learns(int network) {
        return learning.contains(network);
    }

    /** {@return ports of the peers that are in a network, in the order in which they are told} */
    int[] peers(int network) {
        int[] peers = byNetwork.get(network);
        return peers == null ? Bridge.NOBODY : peers;
    }
}
