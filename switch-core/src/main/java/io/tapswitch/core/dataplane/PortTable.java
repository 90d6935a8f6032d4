package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameIo;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one worker knows of every port, as arrays by port id. Owned by that worker: commands change it, frames read it.
 */
final class PortTable {
    /** The port is in no network. */
    static final int NONE = -1;

    private final int[] networks = new int[FrameIo.MAX_PORTS];
    private final long[] macs = new long[FrameIo.MAX_PORTS];
    private final int[] addresses = new int[FrameIo.MAX_PORTS];
    private final boolean[] guarded = new boolean[FrameIo.MAX_PORTS];
    private final @Nullable TokenBucket[] storms = new TokenBucket[FrameIo.MAX_PORTS];

    PortTable() {
        Arrays.fill(networks, NONE);
    }

    void add(PortSettings settings, TokenBucket storm) {
        int port = settings.id();
        networks[port] = settings.network();
        macs[port] = settings.mac();
        addresses[port] = settings.ipv4() == null ? 0 : settings.ipv4().bits();
        guarded[port] = settings.sourceGuard();
        storms[port] = storm;
    }

    void remove(int port) {
        networks[port] = NONE;
        storms[port] = null;
    }

    /** {@return the port's network, or NONE} */
    int network(int port) {
        return networks[port];
    }

    boolean isKnown(int port) {
        return networks[port] != NONE;
    }

    long mac(int port) {
        return macs[port];
    }

    int address(int port) {
        return addresses[port];
    }

    boolean isGuarded(int port) {
        return guarded[port];
    }

    void guarded(int port, boolean on) {
        guarded[port] = on;
    }

    /** {@return whether the port may flood one more frame now (B9)} */
    boolean mayFlood(int port, long nowNs) {
        TokenBucket storm = storms[port];
        return storm == null || storm.tryTake(nowNs);
    }
}
