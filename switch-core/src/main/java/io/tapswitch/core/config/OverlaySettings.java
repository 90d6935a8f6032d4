package io.tapswitch.core.config;

import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the file says of tunnels: the port of all of them, and those to other hosts that nobody but the file knows of,
 * because they are in no cluster with this one.
 *
 * @param local this host's end of all tunnels; null for the address with which the host itself goes to the first peer
 * @param port of UDP at which tunnels end, here and at all other hosts, those of the cluster included
 * @param peers the other ends
 */
public record OverlaySettings(@Nullable IpAddress local, int port, List<Peer> peers) {
    /** As it is without a file. */
    public static final OverlaySettings NONE = new OverlaySettings(null, List.of());

    /** Tunnels at the port of VXLAN. */
    public OverlaySettings(@Nullable IpAddress local, List<Peer> peers) {
        this(local, VxlanHeader.PORT, peers);
    }

    /** Copies the list. */
    public OverlaySettings {
        peers = List.copyOf(peers);
    }

    /** {@return where the network of a peer stands in the file, for lines and refusals} */
    public static String path(int peer) {
        return "overlay.peers[" + peer + "].network";
    }

    /**
     * The other end of a tunnel.
     *
     * @param network name of the network that it carries
     * @param vni VXLAN network identifier, 1 to 2^24 - 1, of that network alone
     * @param remote that host's address
     */
    public record Peer(String network, int vni, IpAddress remote) {}
}
