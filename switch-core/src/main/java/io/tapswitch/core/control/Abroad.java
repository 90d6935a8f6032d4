package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.TunnelKeys;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the cluster says of tunnels.
 *
 * @param remotes who is at their other ends
 * @param advertised the address of this end, null when this host is in no cluster
 * @param keys of encrypted networks
 */
record Abroad(Remotes remotes, @Nullable IpAddress advertised, TunnelKeys keys) {
    /** No cluster. */
    static final Abroad NONE = new Abroad(Remotes.NONE, null, TunnelKeys.NONE);
}
