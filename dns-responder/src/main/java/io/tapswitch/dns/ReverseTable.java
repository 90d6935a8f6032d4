package io.tapswitch.dns;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * The names of a zone's addresses of one family, and which addresses are the zone's: sorted, and searched by halves, so
 * that a part of an address is found as well as a whole one. Immutable.
 *
 * <pre>
 *   addresses   hi[], lo[], place of the name's octets[]       sorted, unsigned
 *   subnets     hi[], lo[], bits[]                              few: searched one by one
 * </pre>
 */
final class ReverseTable {
    /** No address, no subnet. */
    static final int NONE = -1;

    private final long[] hi;
    private final long[] lo;
    private final int[] names;
    private final long[] subnetHi;
    private final long[] subnetLo;
    private final int[] subnetBits;

    /** Addresses with the place of their name, and subnets, all of one family. */
    ReverseTable(SortedMap<DnsAddress, Integer> namePlaces, List<ZoneSpec.Subnet> subnets) {
        int size = namePlaces.size();
        hi = new long[size];
        lo = new long[size];
        names = new int[size];
        int entry = 0;
        for (Map.Entry<DnsAddress, Integer> place : namePlaces.entrySet()) {
            hi[entry] = place.getKey().hi();
            lo[entry] = place.getKey().lo();
            names[entry++] = place.getValue();
        }
        subnetHi = new long[subnets.size()];
        subnetLo = new long[subnets.size()];
        subnetBits = new int[subnets.size()];
        for (int i = 0; i < subnets.size(); i++) {
            int bits = subnets.get(i).bits();
            subnetHi[i] = subnets.get(i).network().hi() & DnsAddress.maskHi(bits);
            subnetLo[i] = subnets.get(i).network().lo() & DnsAddress.maskLo(bits);
            subnetBits[i] = bits;
        }
    }

    /** {@return the place of the name of an address, or {@link #NONE}} */
    int find(long addressHi, long addressLo) {
        int entry = firstFrom(addressHi, addressLo);
        boolean isFound = entry < hi.length && hi[entry] == addressHi && lo[entry] == addressLo;
        return isFound ? names[entry] : NONE;
    }

    /** {@return whether an address begins with so many bits} */
    boolean hasWithin(long prefixHi, long prefixLo, int bits) {
        int entry = firstFrom(prefixHi, prefixLo);
        return entry < hi.length
                && (hi[entry] & DnsAddress.maskHi(bits)) == prefixHi
                && (lo[entry] & DnsAddress.maskLo(bits)) == prefixLo;
    }

    /** {@return bits of the subnet in which all addresses that begin with so many bits are, or {@link #NONE}} */
    int subnetOf(long prefixHi, long prefixLo, int bits) {
        for (int i = 0; i < subnetBits.length; i++) {
            int length = subnetBits[i];
            if (length <= bits
                    && (prefixHi & DnsAddress.maskHi(length)) == subnetHi[i]
                    && (prefixLo & DnsAddress.maskLo(length)) == subnetLo[i]) {
                return length;
            }
        }
        return NONE;
    }

    private int firstFrom(long addressHi, long addressLo) {
        int low = 0;
        int high = hi.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (DnsAddress.compare(hi[middle], lo[middle], addressHi, addressLo) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** {@return octets that it takes} */
    long footprintBytes() {
        return 20L * hi.length + 20L * subnetBits.length;
    }
}
