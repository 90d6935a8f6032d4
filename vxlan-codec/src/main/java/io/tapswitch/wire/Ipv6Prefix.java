package io.tapswitch.wire;

/**
 * A range of IPv6 addresses that share their first bits (RFC 4291 section 2.3).
 *
 * @param network the lowest address; its bits behind the length are 0
 * @param length how many bits are shared, 0..128
 */
public record Ipv6Prefix(Ipv6Address network, int length) implements IpPrefix, Comparable<Ipv6Prefix> {
    /** Checks that length and network fit each other. */
    public Ipv6Prefix {
        if (length < 0 || length > Ipv6Address.BITS) {
            throw new IllegalArgumentException(
                    network + "/" + length + ": prefix length " + length + " is not between 0 and 128");
        }
        if (!masked(network, length).equals(network)) {
            throw new IllegalArgumentException(network + "/" + length + " has bits behind its length; the network is "
                    + masked(network, length) + "/" + length);
        }
    }

    /** {@return the prefix of {@code length} bits that the address is in} */
    public static Ipv6Prefix containing(Ipv6Address address, int length) {
        return new Ipv6Prefix(masked(address, length), length);
    }

    /**
     * {@return the prefix written as address, slash, length} An address that is not the lowest one is refused.
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static Ipv6Prefix parse(String text) {
        int slash = text.indexOf('/');
        String digits = slash < 0 ? "" : text.substring(slash + 1);
        if (!digits.matches("0|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not an IPv6 prefix; it is written as network, slash and length, like fd00::/64");
        }
        return new Ipv6Prefix(Ipv6Address.parse(text.substring(0, slash)), Integer.parseInt(digits));
    }

    private static Ipv6Address masked(Ipv6Address address, int length) {
        long hi = length >= Long.SIZE ? -1 : length == 0 ? 0 : -1L << (Long.SIZE - length);
        long lo = length <= Long.SIZE ? 0 : -1L << (Ipv6Address.BITS - length);
        return new Ipv6Address(address.hi() & hi, address.lo() & lo);
    }

    /** {@return whether the address is one of them} */
    public boolean contains(Ipv6Address address) {
        return masked(address, length).equals(network);
    }

    /** {@return whether some address is in both} */
    public boolean overlaps(Ipv6Prefix other) {
        return length <= other.length ? contains(other.network) : other.contains(network);
    }

    /** {@return highest address} */
    public Ipv6Address last() {
        long hi = length >= Long.SIZE ? 0 : -1L >>> length;
        long lo = length <= Long.SIZE ? -1L : length == Ipv6Address.BITS ? 0 : -1L >>> (length - Long.SIZE);
        return new Ipv6Address(network.hi() | hi, network.lo() | lo);
    }

    /** By network, then the larger range first. */
    @Override
    public int compareTo(Ipv6Prefix other) {
        int byNetwork = network.compareTo(other.network);
        return byNetwork != 0 ? byNetwork : Integer.compare(length, other.length);
    }

    /** {@return address, slash, length} */
    @Override
    public String toString() {
        return network + "/" + length;
    }
}
