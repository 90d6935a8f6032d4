package io.tapswitch.core.dataplane;

import io.tapswitch.vxlan.ReceivingKey;
import io.tapswitch.vxlan.SendingKey;
import io.tapswitch.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys of encrypted tunnels. Both kinds remember what was sent or came with them, so they are the same objects from
 * version to version.
 *
 * @param own with which this host encrypts, null when it has none yet
 * @param others which this host accepts
 */
public record TunnelKeys(@Nullable SendingKey own, List<PeerKey> others) {
    /** No keys: nothing goes through encrypted networks. */
    public static final TunnelKeys NONE = new TunnelKeys(null, List.of());

    /** Copies the list. */
    public TunnelKeys {
        others = List.copyOf(others);
    }

    /**
     * A key of another host, which is accepted from there alone.
     *
     * @param remote the address of that end of the tunnels
     * @param key that it encrypts with, did, or will
     */
    public record PeerKey(IpAddress remote, ReceivingKey key) {}
}
