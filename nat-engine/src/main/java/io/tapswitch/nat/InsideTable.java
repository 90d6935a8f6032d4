package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints and networks of a version, as packets meet them: rows by endpoint id and by network index. Immutable.
 *
 * <p>The gateway's address of a network is what its containers see the host's own clients of 127.0.0.0/8 and ::1 under,
 * since a container's answer to such an address would never leave it.
 */
final class InsideTable {
    static final InsideTable EMPTY = new InsideTable(List.of(), List.of());

    private static final int NONE = -1;

    /** Network of an endpoint, {@link #NONE} when there is no such endpoint. */
    private final int[] networks;

    private final long[] insideLo4;
    private final long[] insideHi6;
    private final long[] insideLo6;

    private final boolean[] hasWayOut;
    private final boolean[] openToAll;
    private final int[] gateways4;
    private final long[] gatewaysHi6;
    private final long[] gatewaysLo6;

    InsideTable(List<NatVersion.InsideNetwork> ways, List<NatVersion.InsideEndpoint> endpoints) {
        int ids = 0;
        for (NatVersion.InsideEndpoint endpoint : endpoints) {
            ids = Math.max(ids, endpoint.id() + 1);
        }
        networks = new int[ids];
        Arrays.fill(networks, NONE);
        insideLo4 = new long[ids];
        insideHi6 = new long[ids];
        insideLo6 = new long[ids];
        for (NatVersion.InsideEndpoint endpoint : endpoints) {
            networks[endpoint.id()] = endpoint.network();
            insideLo4[endpoint.id()] = lo(endpoint.ipv4());
            insideHi6[endpoint.id()] = hi(endpoint.ipv6());
            insideLo6[endpoint.id()] = lo(endpoint.ipv6());
        }
        int indexes = 0;
        for (NatVersion.InsideNetwork way : ways) {
            indexes = Math.max(indexes, way.index() + 1);
        }
        hasWayOut = new boolean[indexes];
        openToAll = new boolean[indexes];
        gateways4 = new int[indexes];
        gatewaysHi6 = new long[indexes];
        gatewaysLo6 = new long[indexes];
        for (NatVersion.InsideNetwork way : ways) {
            hasWayOut[way.index()] = true;
            openToAll[way.index()] = way.endpointIndependentFiltering();
            gateways4[way.index()] = (int) lo(way.gateway4());
            gatewaysHi6[way.index()] = hi(way.gateway6());
            gatewaysLo6[way.index()] = lo(way.gateway6());
        }
    }

    /** {@return whether the endpoint is there, in this network, with this address, and the network has a way out} */
    boolean has(int endpoint, int network, long hi, long lo) {
        if (endpoint < 0 || endpoint >= networks.length || networks[endpoint] != network || !hasWayOut(network)) {
            return false;
        }
        return FlowTuple.isV4(hi, lo)
                ? insideLo4[endpoint] == lo
                : insideLo6[endpoint] == lo && insideHi6[endpoint] == hi && (hi | lo) != 0;
    }

    /** {@return whether anybody may send to the mappings of a network's containers (N4)} */
    boolean isOpenToAll(int network) {
        return hasWayOut(network) && openToAll[network];
    }

    /** {@return the network's gateway, 0 for none} */
    int gateway4(int network) {
        return hasWayOut(network) ? gateways4[network] : 0;
    }

    /** {@return whether the address is the network's IPv6 gateway} */
    boolean isGateway6(int network, long hi, long lo) {
        return hasWayOut(network) && gatewaysLo6[network] == lo && gatewaysHi6[network] == hi && (hi | lo) != 0;
    }

    /** {@return upper half of the network's IPv6 gateway, both are 0 for none} */
    long gatewayHi6(int network) {
        return hasWayOut(network) ? gatewaysHi6[network] : 0;
    }

    /** {@return lower half of the network's IPv6 gateway} */
    long gatewayLo6(int network) {
        return hasWayOut(network) ? gatewaysLo6[network] : 0;
    }

    /** {@return upper half of an address as flows have it, 0 of none} */
    static long hi(@Nullable IpAddress address) {
        return address instanceof Ipv6Address six ? six.hi() : 0;
    }

    /** {@return lower half of an address as flows have it, 0 of none} */
    static long lo(@Nullable IpAddress address) {
        return switch (address) {
            case null -> 0;
            case Ipv4Address four -> FlowTuple.v4(four.bits());
            case Ipv6Address six -> six.lo();
        };
    }

    private boolean hasWayOut(int network) {
        return network >= 0 && network < hasWayOut.length && hasWayOut[network];
    }
}
