package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way to the outside as it is now, for people.
 *
 * @param shared whether the addresses are the host's own
 * @param uplinks devices by which packets come and go
 * @param addresses that packets leave with and ports are published on
 * @param firstPort of the range that NAT takes its ports out of
 * @param lastPort of it
 * @param excludedFirst first port in it that is left to the host's own clients, 0 for none
 * @param excludedLast last of these
 * @param udpTimeout after which an answered UDP flow ends
 * @param grace how long after the daemon's end its ports stay its own
 */
public record OutsideState(
        boolean shared,
        List<Uplink> uplinks,
        List<IpAddress> addresses,
        int firstPort,
        int lastPort,
        int excludedFirst,
        int excludedLast,
        Duration udpTimeout,
        Duration grace) {
    /** Copies the lists. */
    public OutsideState {
        uplinks = List.copyOf(uplinks);
        addresses = List.copyOf(addresses);
    }

    /**
     * An uplink.
     *
     * @param device its name
     * @param port of its TAP in the dataplane
     * @param mtu of the device
     * @param steered whether its frames come here
     * @param first whether nobody's program takes them before
     * @param link what the switch is there in its own right, null where it is the host
     */
    public record Uplink(
            String device,
            int port,
            int mtu,
            boolean steered,
            boolean first,
            @Nullable OwnLink link) {}
}
