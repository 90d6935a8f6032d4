package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.DataplaneListener;
import io.tapswitch.wire.MacAddress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the dataplane's news off the worker's thread. The port is turned into its endpoint's id still on that thread,
 * because the port's number may belong to another endpoint by the time that the news is acted on; all else happens on
 * virtual threads. It exists before the controller does, because the dataplane does too.
 */
public final class DataplaneEvents implements DataplaneListener {
    private static final Logger LOG = LoggerFactory.getLogger(DataplaneEvents.class);

    private final AtomicLong faults = new AtomicLong();
    private volatile IntFunction<@Nullable String> endpointOfPort = port -> null;
    private volatile Consumer<String> onGone = endpointId -> {};

    /** Says who acts on the news. */
    void deliver(IntFunction<@Nullable String> portToEndpoint, Consumer<String> gone) {
        onGone = gone;
        endpointOfPort = portToEndpoint;
    }

    @Override
    public void onPortGone(int port, int errno) {
        String endpointId = endpointOfPort.apply(port);
        if (endpointId != null) {
            Consumer<String> target = onGone;
            Thread.startVirtualThread(() -> target.accept(endpointId));
        }
    }

    @Override
    public void onFault(int worker, RuntimeException fault) {
        long count = faults.incrementAndGet();
        // The first, and then each time that there are twice as many: a fault may come with every frame.
        if (Long.bitCount(count) == 1) {
            Thread.startVirtualThread(() -> LOG.error("fault {} of the dataplane, in worker {}", count, worker, fault));
        }
    }

    @Override
    public void onAddressFlapping(int network, long mac, int port) {
        Thread.startVirtualThread(() -> LOG.warn(
                "address {} moves between ports again and again, last seen on port {} of network {}: two containers"
                        + " have it, or frames loop",
                MacAddress.fromBits(mac),
                port,
                network));
    }
}
