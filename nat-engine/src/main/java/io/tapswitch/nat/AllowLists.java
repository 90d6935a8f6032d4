package io.tapswitch.nat;

import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The allow-lists of all rules: for each list, the addresses that may come. Immutable.
 *
 * <p><b>Theory of operation.</b> A list becomes a sorted row of ranges, first and last address as two longs each, IPv4
 * as v4-mapped. Prefixes are either apart or one within the other, so a range that lies in the one before it is left
 * out and the rest never overlap: an address can only be in the last range that begins at or below it, which a binary
 * search finds. A list is compiled for one family, that of its rule: prefixes of the other allow nobody there, not
 * even {@code ::/0}, which as numbers has the v4-mapped addresses within. Lists that are equal are kept once, however
 * many rules name them: 10 000 mappings of one entry of the configuration cost one list.
 *
 * <pre>
 *   list i     rows[i] .. rows[i + 1] - 1
 *   row        firstHi firstLo lastHi lastLo      4 longs
 * </pre>
 */
final class AllowLists {
    /** The list that is none: everyone may come. */
    static final int EVERYONE = -1;

    private static final int ROW = 4;

    private final long[] ranges;
    private final int[] rows;

    private AllowLists(long[] ranges, int[] rows) {
        this.ranges = ranges;
        this.rows = rows;
    }

    /** {@return whether an address is in a list} */
    boolean allows(int list, long hi, long lo) {
        if (list == EVERYONE) {
            return true;
        }
        long[] r = ranges;
        int low = rows[list];
        int high = rows[list + 1] - 1;
        int found = -1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int at = middle * ROW;
            if (isAtMost(r[at], r[at + 1], hi, lo)) {
                found = at;
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return found >= 0 && isAtMost(hi, lo, r[found + 2], r[found + 3]);
    }

    /** {@return bytes of its arrays} */
    long footprintBytes() {
        return (long) ranges.length * Long.BYTES + (long) rows.length * Integer.BYTES;
    }

    private static boolean isAtMost(long aHi, long aLo, long bHi, long bLo) {
        int order = Long.compareUnsigned(aHi, bHi);
        return order < 0 || (order == 0 && Long.compareUnsigned(aLo, bLo) <= 0);
    }

    /** Collects the lists of a table that is being compiled. */
    static final class Builder {
        private record Key(boolean ipv6, List<IpPrefix> prefixes) {}

        private record Range(long firstHi, long firstLo, long lastHi, long lastLo) {
            private boolean holds(Range other) {
                return isAtMost(firstHi, firstLo, other.firstHi, other.firstLo)
                        && isAtMost(other.lastHi, other.lastLo, lastHi, lastLo);
            }
        }

        private final Map<Key, Integer> lists = new HashMap<>();
        private final List<Range> ranges = new ArrayList<>();
        private final List<Integer> rows = new ArrayList<>(List.of(0));
        private List<IpPrefix> lastPrefixes = List.of();
        private boolean lastIpv6;
        private int last;

        /** {@return the number of the list of these prefixes for a family, {@link #EVERYONE} if there are none} */
        int add(boolean ipv6, List<IpPrefix> prefixes) {
            if (prefixes.isEmpty()) {
                return EVERYONE;
            }
            // The mappings of one entry of the configuration share the prefixes: to compare is cheaper than to hash.
            if (ipv6 != lastIpv6 || !prefixes.equals(lastPrefixes)) {
                last = lists.computeIfAbsent(new Key(ipv6, prefixes), this::compile);
                lastIpv6 = ipv6;
                lastPrefixes = prefixes;
            }
            return last;
        }

        private int compile(Key key) {
            List<Range> sorted = new ArrayList<>();
            for (IpPrefix prefix : key.prefixes()) {
                if (prefix.isIpv6() == key.ipv6()) {
                    sorted.add(range(prefix));
                }
            }
            sorted.sort((a, b) -> {
                int hi = Long.compareUnsigned(a.firstHi, b.firstHi);
                int lo = hi != 0 ? hi : Long.compareUnsigned(a.firstLo, b.firstLo);
                // Of two that begin alike the larger comes first, and takes the smaller in.
                int lastHi = lo != 0 ? lo : Long.compareUnsigned(b.lastHi, a.lastHi);
                return lastHi != 0 ? lastHi : Long.compareUnsigned(b.lastLo, a.lastLo);
            });
            int first = ranges.size();
            for (Range range : sorted) {
                if (ranges.size() == first || !ranges.getLast().holds(range)) {
                    ranges.add(range);
                }
            }
            rows.add(ranges.size());
            return rows.size() - 2;
        }

        private static Range range(IpPrefix prefix) {
            return switch (prefix) {
                case Ipv4Prefix four ->
                    new Range(
                            0,
                            Ipv4Address.mapped(four.network().bits()),
                            0,
                            Ipv4Address.mapped(four.broadcast().bits()));
                case Ipv6Prefix six -> {
                    int length = six.length();
                    long hostHi = length >= Long.SIZE ? 0 : -1L >>> length;
                    long hostLo = length <= Long.SIZE ? -1L : length == 128 ? 0 : -1L >>> (length - Long.SIZE);
                    long hi = six.network().hi();
                    long lo = six.network().lo();
                    yield new Range(hi, lo, hi | hostHi, lo | hostLo);
                }
            };
        }

        AllowLists build() {
            long[] flat = new long[ranges.size() * ROW];
            for (int i = 0; i < ranges.size(); i++) {
                Range range = ranges.get(i);
                flat[i * ROW] = range.firstHi;
                flat[i * ROW + 1] = range.firstLo;
                flat[i * ROW + 2] = range.lastHi;
                flat[i * ROW + 3] = range.lastLo;
            }
            int[] begins = new int[rows.size()];
            for (int i = 0; i < begins.length; i++) {
                begins[i] = rows.get(i);
            }
            return new AllowLists(flat, begins);
        }
    }
}
