package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoint has an address: what the control plane knows, and what ARP and neighbour discovery are answered from
 * (B12). Immutable, so every worker reads the same one.
 *
 * <h2>Theory of operation</h2>
 *
 * An open-addressing table over parallel arrays, at most half full, linear probing. An IPv4 address is kept as the
 * IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), so both families share it; in IPv6 such an address is nobody's:
 *
 * <pre>
 *   hi[i], lo[i]                     the address
 *   macs[i], ports[i], networks[i]   whose it is; port NONE marks a free slot
 * </pre>
 *
 * A lookup allocates nothing. A change of the network makes another table.
 */
public final class NeighbourTable {
    /** Not found. */
    public static final int NONE = -1;

    /** Nobody. */
    public static final NeighbourTable EMPTY = new NeighbourTable(java.util.List.of());

    private static final long MAPPED = Ipv4Address.mapped(0);

    private final int mask;
    private final long[] hi;
    private final long[] lo;
    private final long[] macs;
    private final int[] ports;
    private final int[] networks;
    private final int size;

    /**
     * An endpoint's address.
     *
     * @param address of either family
     * @param mac the endpoint's MAC address, low 48 bits
     * @param port the endpoint's port
     * @param network id of its network
     */
    public record Neighbour(IpAddress address, long mac, int port, int network) {}

    /** A table of these; an address that is given twice is the last one's. */
    public NeighbourTable(Collection<Neighbour> neighbours) {
        int capacity = Integer.highestOneBit(Math.max(4, neighbours.size() * 4 - 1));
        mask = capacity - 1;
        hi = new long[capacity];
        lo = new long[capacity];
        macs = new long[capacity];
        ports = new int[capacity];
        networks = new int[capacity];
        Arrays.fill(ports, NONE);
        int used = 0;
        for (Neighbour neighbour : neighbours) {
            long high = neighbour.address() instanceof Ipv6Address six ? six.hi() : 0;
            long low = switch (neighbour.address()) {
                case Ipv4Address four -> Ipv4Address.mapped(four.bits());
                case Ipv6Address six -> six.lo();
            };
            int index = slot(high, low);
            used += ports[index] == NONE ? 1 : 0;
            hi[index] = high;
            lo[index] = low;
            macs[index] = neighbour.mac();
            ports[index] = neighbour.port();
            networks[index] = neighbour.network();
        }
        size = used;
    }

    /** The slot of an address, or the free one where it would be. */
    private int slot(long high, long low) {
        long hash = (high * 31 + low) * 0x9e37_79b9_7f4a_7c15L;
        int index = (int) (hash >>> 32) & mask;
        while (ports[index] != NONE && (hi[index] != high || lo[index] != low)) {
            index = (index + 1) & mask;
        }
        return index;
    }

    /** {@return the index of an IPv4 address, or {@link #NONE}} */
    public int find(int ipv4) {
        return at(0, Ipv4Address.mapped(ipv4));
    }

    /** {@return the index of an IPv6 address, or {@link #NONE}} */
    public int find(long high, long low) {
        return isMapped(high, low) ? NONE : at(high, low);
    }

    /** {@return whether an IPv6 address is an IPv4-mapped one, which is never seen on a wire} */
    static boolean isMapped(long high, long low) {
        return high == 0 && low >>> 32 == MAPPED >>> 32;
    }

    private int at(long high, long low) {
        int index = slot(high, low);
        return ports[index] == NONE ? NONE : index;
    }

    /** {@return the MAC address at an index} */
    public long mac(int index) {
        return macs[index];
    }

    /** {@return the port at an index} */
    public int port(int index) {
        return ports[index];
    }

    /** {@return the network at an index} */
    public int network(int index) {
        return networks[index];
    }

    /** {@return how many addresses it holds} */
    public int size() {
        return size;
    }

    /** {@return whether the other says the same, made in the same order; in another order it may be another} */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NeighbourTable table
                && Arrays.equals(ports, table.ports)
                && Arrays.equals(lo, table.lo)
                && Arrays.equals(hi, table.hi)
                && Arrays.equals(macs, table.macs)
                && Arrays.equals(networks, table.networks);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(lo) * 31 + Arrays.hashCode(ports);
    }
}
