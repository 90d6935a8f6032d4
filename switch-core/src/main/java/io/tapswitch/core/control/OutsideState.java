package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.core.dataplane.PathMtu;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.MacAddress;
import java.time.Duration;
import java.util.ArrayList;
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
 * @param tunnels to other hosts, null for none
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
        Duration grace,
        @Nullable Tunnels tunnels) {
    /** Copies the lists. */
    public OutsideState {
        uplinks = List.copyOf(uplinks);
        addresses = List.copyOf(addresses);
    }

    /**
     * Where tunnels to other hosts end here, and those hosts.
     *
     * @param device that has the address
     * @param mtu of the device
     * @param local the address
     * @param port of the tunnels' TAP or sockets in the dataplane
     * @param peers one for each network that another host is in
     * @param whySocket why they go by sockets, null when they go by a TAP
     * @param endpoints behind the peers, as far as the cluster tells
     * @param udpPort at which they end
     */
    public record Tunnels(
            String device,
            int mtu,
            IpAddress local,
            int port,
            List<Peer> peers,
            @Nullable String whySocket,
            List<RemoteEndpoint> endpoints,
            int udpPort) {
        /** Copies the lists. */
        public Tunnels {
            peers = List.copyOf(peers);
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * Another host in a network.
     *
     * @param network its name
     * @param vni VXLAN network identifier
     * @param remote the host's address
     * @param port in the dataplane
     * @param path what is known of the way there
     * @param declared whether the configuration file names it; else the cluster does
     */
    public record Peer(String network, int vni, IpAddress remote, int port, PathMtu path, boolean declared) {}

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
            @Nullable OwnLink link) {
        /** {@return what a person should look at} */
        List<String> warnings() {
            List<String> now = new ArrayList<>();
            if (link != null) {
                for (IpAddress gateway : link.gateways()) {
                    if (link.gatewayMac(gateway) == 0) {
                        now.add("the gateway " + gateway + " of the uplink on " + device + " does not answer");
                    }
                }
                if (link.rival() != 0) {
                    now.add("the uplink's address on " + device + " is also used by "
                            + MacAddress.fromBits(link.rival()) + ": give the switch one that nobody else has");
                }
            }
            return now;
        }
    }
}
