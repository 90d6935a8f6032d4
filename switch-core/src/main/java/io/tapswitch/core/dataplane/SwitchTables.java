package io.tapswitch.core.dataplane;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the dataplane acts on, as one immutable version. Workers take a new version at a batch boundary: no
 * frame sees half of a change, and what hangs on something that is gone is gone with it.
 *
 * @param version of the desired state that it was compiled of
 * @param networks by id
 * @param neighbours the endpoints of each network, by network id
 * @param ports by id
 * @param host the host's port, null when there is none
 * @param outside the uplinks and NAT, null when there is no way to the outside
 * @param listener who answers names by TCP, null when nobody does
 * @param views which names the client behind each port sees
 * @param overlay the tunnels to other hosts, null when there are none
 */
public record SwitchTables(
        long version,
        Map<Integer, NetworkSettings> networks,
        Map<Integer, NeighbourTable> neighbours,
        Map<Integer, PortSettings> ports,
        @Nullable HostSettings host,
        @Nullable OutsideSettings outside,
        @Nullable NamesListenerSettings listener,
        ClientViews views,
        @Nullable OverlaySettings overlay) {
    /** Nothing at all: how a dataplane starts. */
    public static final SwitchTables EMPTY = new SwitchTables(0, Map.of(), Map.of(), Map.of(), null);

    /** Tables of a switch without a way to the outside. */
    public SwitchTables(
            long version,
            Map<Integer, NetworkSettings> networks,
            Map<Integer, NeighbourTable> neighbours,
            Map<Integer, PortSettings> ports,
            @Nullable HostSettings host) {
        this(version, networks, neighbours, ports, host, null);
    }

    /** Tables of a switch that answers no names. */
    public SwitchTables(
            long version,
            Map<Integer, NetworkSettings> networks,
            Map<Integer, NeighbourTable> neighbours,
            Map<Integer, PortSettings> ports,
            @Nullable HostSettings host,
            @Nullable OutsideSettings outside) {
        this(version, networks, neighbours, ports, host, outside, null, ClientViews.NONE, null);
    }

    /** {@return the same, with who answers names by TCP} */
    public SwitchTables with(@Nullable NamesListenerSettings other) {
        return new SwitchTables(version, networks, neighbours, ports, host, outside, other, views, overlay);
    }

    /** {@return the same, with what these clients see} */
    public SwitchTables with(ClientViews other) {
        return new SwitchTables(version, networks, neighbours, ports, host, outside, listener, other, overlay);
    }

    /** {@return the same, with tunnels to other hosts} */
    public SwitchTables with(@Nullable OverlaySettings other) {
        return new SwitchTables(version, networks, neighbours, ports, host, outside, listener, views, other);
    }
}
