package io.tapswitch.core.config;

import io.tapswitch.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tunnels to other hosts that nobody but the file knows of: to switches that are in no cluster with this one.
 *
 * @param local this host's end of all tunnels; null for the address with which the host itself goes to the first peer
 * @param peers the other ends
 */
public record OverlaySettings(@Nullable IpAddress local, List<Peer> peers) {
    /** As it is without a file. */
    public static final OverlaySettings NONE = new OverlaySettings(null, List.of());

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
