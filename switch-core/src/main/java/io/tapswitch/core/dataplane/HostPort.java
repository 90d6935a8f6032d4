package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;
import java.util.List;

/** The host's port, as one worker sees it. */
final class HostPort {
    final int port;
    final long mac;
    final long peerMac;
    final NeighbourTable addresses;
    final NeighbourTable neighbours;

    HostPort(HostSettings settings) {
        port = settings.port();
        mac = settings.mac();
        peerMac = settings.peerMac();
        neighbours = settings.neighbours();
        addresses = new NeighbourTable(own(settings));
    }

    private static List<NeighbourTable.Neighbour> own(HostSettings settings) {
        return settings.addresses().stream()
                .map((IpAddress address) ->
                        new NeighbourTable.Neighbour(address, settings.mac(), settings.port(), PortTable.HOST))
                .toList();
    }
}
