package io.tapswitch.dns;

/**
 * An address of either family as 128 bits; IPv4 as {@code ::ffff:a.b.c.d} (RFC 4291 §2.5.5.2), which no name has as an
 * IPv6 address.
 *
 * @param hi upper 64 bits
 * @param lo lower 64 bits
 */
public record DnsAddress(long hi, long lo) implements Comparable<DnsAddress> {
    static final long V4_MAPPED = 0xFFFFL << 32;
    static final int V4_PREFIX = 96;

    /** {@return an IPv4 address by its bits} */
    public static DnsAddress v4(int bits) {
        return new DnsAddress(0, V4_MAPPED | (bits & 0xFFFF_FFFFL));
    }

    /** {@return whether it is an IPv4 address} */
    public boolean isV4() {
        return hi == 0 && lo >>> 32 == 0xFFFF;
    }

    /** Unsigned, so that addresses of a subnet stand together. */
    @Override
    public int compareTo(DnsAddress other) {
        return compare(hi, lo, other.hi, other.lo);
    }

    static int compare(long aHi, long aLo, long bHi, long bLo) {
        int order = Long.compareUnsigned(aHi, bHi);
        return order != 0 ? order : Long.compareUnsigned(aLo, bLo);
    }

    /** {@return the upper half of a mask of so many bits of 128} */
    static long maskHi(int bits) {
        return bits <= 0 ? 0 : bits >= Long.SIZE ? -1 : -1L << (Long.SIZE - bits);
    }

    /** {@return its lower half} */
    static long maskLo(int bits) {
        return maskHi(bits - Long.SIZE);
    }
}
