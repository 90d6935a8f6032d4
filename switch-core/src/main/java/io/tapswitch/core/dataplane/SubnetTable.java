package io.tapswitch.core.dataplane;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Which addresses belong to some network of this switch: what tells an address of another network, which is out of
 * bounds (B10), from one beyond the switch. Immutable, so every worker reads the same one.
 *
 * <h2>Theory of operation</h2>
 *
 * The networks' subnets as sorted ranges, first and last address, one array pair for each family; subnets of internal
 * networks may overlap others, so overlapping ranges are joined. A lookup is a binary search and allocates nothing.
 */
public final class SubnetTable {
    /** Of no network. */
    public static final SubnetTable EMPTY = new SubnetTable(List.of());

    /** The range of one subnet, IPv4 as IPv4-mapped IPv6 addresses. */
    private record Range(Ipv6Address first, Ipv6Address last) {}

    private static final int MAPPED_BITS = 96;

    private final long[] firstHi;
    private final long[] firstLo;
    private final long[] lastHi;
    private final long[] lastLo;

    /** The subnets of all these networks. */
    public SubnetTable(Collection<NetworkSettings> networks) {
        List<Range> ranges = joined(networks);
        firstHi = new long[ranges.size()];
        firstLo = new long[ranges.size()];
        lastHi = new long[ranges.size()];
        lastLo = new long[ranges.size()];
        for (int i = 0; i < firstHi.length; i++) {
            Range range = ranges.get(i);
            firstHi[i] = range.first.hi();
            firstLo[i] = range.first.lo();
            lastHi[i] = range.last.hi();
            lastLo[i] = range.last.lo();
        }
    }

    private static List<Range> joined(Collection<NetworkSettings> networks) {
        List<Range> sorted = new ArrayList<>();
        for (NetworkSettings network : networks) {
            for (GatewayAddress gateway : network.gateways()) {
                sorted.add(range(gateway));
            }
        }
        sorted.sort(Comparator.comparing(Range::first));
        List<Range> joined = new ArrayList<>();
        for (Range next : sorted) {
            Range before = joined.isEmpty() ? null : joined.getLast();
            if (before == null || next.first.compareTo(before.last) > 0) {
                joined.add(next);
            } else if (next.last.compareTo(before.last) > 0) {
                joined.set(joined.size() - 1, new Range(before.first, next.last));
            }
        }
        return joined;
    }

    private static Range range(GatewayAddress gateway) {
        return switch (gateway.address()) {
            case Ipv4Address four -> range(0, Ipv4Address.mapped(four.bits()), MAPPED_BITS + gateway.prefixLength());
            case Ipv6Address six -> range(six.hi(), six.lo(), gateway.prefixLength());
        };
    }

    private static Range range(long hi, long lo, int prefixLength) {
        long hostHi = hostBits(prefixLength);
        long hostLo = hostBits(prefixLength - Long.SIZE);
        return new Range(new Ipv6Address(hi & ~hostHi, lo & ~hostLo), new Ipv6Address(hi | hostHi, lo | hostLo));
    }

    /** {@return the bits of a half that are not of the prefix, of which so many bits would reach into it} */
    static long hostBits(int prefixBits) {
        return prefixBits >= Long.SIZE ? 0 : -1L >>> Math.max(0, prefixBits);
    }

    /** {@return whether an IPv4 address is of some network} */
    public boolean contains(int ipv4) {
        return contains(0, Ipv4Address.mapped(ipv4));
    }

    /** {@return whether an IPv6 address is of some network} */
    public boolean contains(long hi, long lo) {
        int low = 0;
        int high = firstHi.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (isAbove(firstHi[middle], firstLo[middle], hi, lo)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low > 0 && !isAbove(hi, lo, lastHi[low - 1], lastLo[low - 1]);
    }

    private static boolean isAbove(long hi, long lo, long thanHi, long thanLo) {
        int byHi = Long.compareUnsigned(hi, thanHi);
        return byHi > 0 || (byHi == 0 && Long.compareUnsigned(lo, thanLo) > 0);
    }
}
