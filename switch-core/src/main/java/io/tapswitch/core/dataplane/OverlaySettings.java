package io.tapswitch.core.dataplane;

import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the dataplane must know of the tunnels to other hosts: by which TAP or sockets they leave, which networks they
 * carry, where those hosts are, and who is behind them.
 *
 * @param port of the tunnel TAP, small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}
 * @param fds the TAP's open files, or the sockets; queue i is read by worker i
 * @param local the address of this end of all tunnels, the source of what is sent
 * @param mtu of the device that has it: what is larger does not even leave this host
 * @param paths what is known of the way to each of the peers; one that is missing begins to be known
 * @param networks which a tunnel carries
 * @param peers the other ends, one for each network that is there too
 * @param endpoints those of other hosts
 * @param segments most packets that one write takes where tunnels go by sockets ({@link
 *     io.tapswitch.tapio.TunnelSocket}); 0 for a TAP, which takes super-frames whole
 * @param keys of encrypted networks
 * @param udpPort at which tunnels end, here and at the peers
 */
public record OverlaySettings(
        int port,
        List<Integer> fds,
        IpAddress local,
        int mtu,
        Map<IpAddress, PathMtu> paths,
        List<TunnelNetwork> networks,
        List<TunnelPeer> peers,
        List<RemoteEndpoint> endpoints,
        int segments,
        TunnelKeys keys,
        int udpPort) {
    /** Tunnels by a TAP, at the port of VXLAN. */
    public OverlaySettings(
            int port,
            List<Integer> fds,
            IpAddress local,
            int mtu,
            Map<IpAddress, PathMtu> paths,
            List<TunnelNetwork> networks,
            List<TunnelPeer> peers,
            List<RemoteEndpoint> endpoints) {
        this(port, fds, local, mtu, paths, networks, peers, endpoints, 0);
    }

    /** Tunnels without keys, at the port of VXLAN. */
    public OverlaySettings(
            int port,
            List<Integer> fds,
            IpAddress local,
            int mtu,
            Map<IpAddress, PathMtu> paths,
            List<TunnelNetwork> networks,
            List<TunnelPeer> peers,
            List<RemoteEndpoint> endpoints,
            int segments) {
        this(port, fds, local, mtu, paths, networks, peers, endpoints, segments, TunnelKeys.NONE, VxlanHeader.PORT);
    }

    /** Copies the lists and the map. */
    public OverlaySettings {
        fds = List.copyOf(fds);
        paths = Map.copyOf(paths);
        networks = List.copyOf(networks);
        peers = List.copyOf(peers);
        endpoints = List.copyOf(endpoints);
    }

    /** {@return the same with keys} */
    public OverlaySettings with(TunnelKeys others) {
        return new OverlaySettings(port, fds, local, mtu, paths, networks, peers, endpoints, segments, others, udpPort);
    }

    /**
     * A network that reaches other hosts.
     *
     * @param network its id
     * @param vni its VXLAN network identifier, 1 to 2^24 - 1, of no other network
     * @param learns whether nobody says who is behind its tunnels, so that it is learned from what comes
     * @param encrypted whether nothing passes its tunnels in clear, in either direction (V13)
     */
    public record TunnelNetwork(int network, int vni, boolean learns, boolean encrypted) {
        /** A network in clear. */
        public TunnelNetwork(int network, int vni, boolean learns) {
            this(network, vni, learns, false);
        }
    }

    /**
     * Another host as a port of one network.
     *
     * @param port small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}, of no other port
     * @param network id of the network
     * @param remote the address of that end, of the family of {@link OverlaySettings#local}
     */
    public record TunnelPeer(int port, int network, IpAddress remote) {}

    /**
     * An endpoint on another host.
     *
     * @param port of the {@link TunnelPeer} that it is behind
     * @param network id of its network
     * @param mac its MAC address, pinned to that port
     * @param ipv4 its IPv4 address, null for none
     * @param ipv6 its IPv6 address, null for none
     */
    public record RemoteEndpoint(
            int port,
            int network,
            long mac,
            @Nullable Ipv4Address ipv4,
            @Nullable Ipv6Address ipv6) {}
}
