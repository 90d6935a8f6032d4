package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.model.DesiredState;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel and the configuration tell of the host: its addresses, devices and routes, and what somebody did to
 * the switch's own interfaces there. Each brings about a look and, where something is otherwise, a version. Any thread.
 */
final class HostNews implements AutoCloseable {
    /** How often there is a look for what the kernel has no news of: sockets of the host, programs of others. */
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(HostNews.class);

    private static final String NO_TUNNELS = "overlay.peers has no effect: tunnels need --uplink shared";

    private final Desired desired;
    private final HostPorts ports;
    private final Dataplane dataplane;
    private final HostPortWiring host;
    private final @Nullable OutsideWiring outside;
    private volatile List<String> without = List.of();
    private volatile boolean closed;

    HostNews(
            Desired desired,
            HostPorts ports,
            Dataplane dataplane,
            HostPortWiring host,
            @Nullable OutsideWiring outside) {
        this.desired = desired;
        this.ports = ports;
        this.dataplane = dataplane;
        this.host = host;
        this.outside = outside;
    }

    /** Begins to look now and then; the kernel's news come besides. */
    void start() {
        if (outside != null) {
            Thread.ofVirtual().name("host-look").start(this::keepLooking);
        }
    }

    private void keepLooking() {
        try {
            while (!closed) {
                Thread.sleep(PAUSE);
                try {
                    look();
                } catch (RuntimeException e) {
                    LOG.warn("the host could not be looked at: {}", e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        desired.locked(() -> {
            if (outside != null && !closed) {
                // A process of the host that had a published port may have ended.
                boolean isServed = ports.isServedNow(desired.state());
                if (outside.look() || isServed) {
                    desired.apply(desired.state());
                }
            }
            return true;
        });
    }

    @Override
    public void close() {
        closed = true;
    }

    /** Somebody deleted the host's interface: it is made again. The news come twice, of the link and of its port. */
    void onInterfaceGone(String id) {
        desired.locked(() -> {
            if (id.equals(host.id())) {
                desired.dropHost();
                desired.apply(desired.state());
                host.update(desired.state());
            }
            return true;
        });
    }

    /** Somebody deleted the TAP of an uplink: it is made again. */
    void onUplinkGone(String id) {
        desired.locked(() -> {
            if (outside != null && outside.lost(id)) {
                desired.apply(desired.state());
            }
            return true;
        });
    }

    /** Somebody deleted the TAP of the listener for names: both are made again. */
    void onListenerGone(String id) {
        desired.locked(() -> {
            if (desired.dropListener(id)) {
                desired.apply(desired.state());
            }
            return true;
        });
    }

    /** There are other addresses or routes. */
    void onAddresses() {
        desired.locked(() -> {
            DesiredState state = desired.state();
            boolean otherHost = host.hasOtherAddresses(state);
            boolean otherOutside = outside != null && outside.look();
            if (otherHost || otherOutside) {
                desired.apply(state);
            }
            host.mend(state);
            return true;
        });
    }

    /** The configuration says how addresses are translated. */
    void onSettings(Configuration configuration) {
        desired.names(configuration.dns());
        if (outside == null) {
            without = configuration.overlay().peers().isEmpty() ? List.of() : List.of(NO_TUNNELS);
            without.forEach(LOG::warn);
        }
        if (outside != null) {
            desired.locked(() -> {
                if (outside.options(configuration)) {
                    outside.look();
                    desired.apply(desired.state());
                }
                return true;
            });
        }
    }

    /** {@return what a person should know of the ways out; any thread} */
    List<String> warnings() {
        return outside == null ? without : outside.warnings();
    }

    /** There is news of links, addresses, routes or rules, whatever it is. */
    void onNews() {
        if (outside != null) {
            Waiting.await(dataplane.routesChanged(), "tell the workers of other routes");
            look();
        }
    }
}
