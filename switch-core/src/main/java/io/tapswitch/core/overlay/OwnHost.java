package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.wire.IpAddress;
import java.util.function.Supplier;

/** This host as it shall be registered, whose address may become another one while its daemon runs. Any thread. */
final class OwnHost implements Supplier<Host> {
    private volatile Host now;

    OwnHost(Host first) {
        now = first;
    }

    @Override
    public Host get() {
        return now;
    }

    /** It is to be reached there from now on. */
    void moveTo(IpAddress vtep) {
        now = now.at(vtep);
    }
}
