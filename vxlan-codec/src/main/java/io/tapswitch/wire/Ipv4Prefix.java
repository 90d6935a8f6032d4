package io.tapswitch.wire;

/**
 * A range of IPv4 addresses that share their first bits (RFC 4632), such as a network's subnet.
 *
 * @param network the lowest address; its bits behind the length are 0
 * @param length how many bits are shared, 0..32
 */
public record Ipv4Prefix(Ipv4Address network, int length) implements IpPrefix, Comparable<Ipv4Prefix> {
    private static final int ADDRESS_BITS = 32;

    /** Checks that length and network fit each other. */
    public Ipv4Prefix {
        if (length < 0 || length > ADDRESS_BITS) {
            throw new IllegalArgumentException(
                    network + "/" + length + ": prefix length " + length + " is not between 0 and 32");
        }
        if ((network.bits() & ~mask(length)) != 0) {
            throw new IllegalArgumentException(network + "/" + length + " has bits behind its length; the network is "
                    + Ipv4Address.fromBits(network.bits() & mask(length)) + "/" + length);
        }
    }

    /** {@return the prefix of {@code length} bits that the address is in} */
    public static Ipv4Prefix containing(Ipv4Address address, int length) {
        return new Ipv4Prefix(Ipv4Address.fromBits(address.bits() & mask(length)), length);
    }

    /**
     * {@return the prefix written as address, slash, length} An address that is not the lowest one is refused.
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static Ipv4Prefix parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw malformed(text);
        }
        return new Ipv4Prefix(Ipv4Address.parse(text.substring(0, slash)), parseLength(text, slash + 1));
    }

    /** {@return highest address} */
    public Ipv4Address broadcast() {
        return Ipv4Address.fromBits(network.bits() | ~mask(length));
    }

    /** {@return the shared bits as ones} */
    public Ipv4Address netmask() {
        return Ipv4Address.fromBits(mask(length));
    }

    /** {@return how many addresses there are, network and broadcast address included} */
    public long size() {
        return 1L << (ADDRESS_BITS - length);
    }

    /** {@return whether the address is one of them} */
    public boolean contains(Ipv4Address address) {
        return contains(address.bits());
    }

    /** {@return whether the address, as a number, is one of them} */
    public boolean contains(int addressBits) {
        return (addressBits & mask(length)) == network.bits();
    }

    /** {@return whether all addresses of the other are in this one} */
    public boolean contains(Ipv4Prefix other) {
        return other.length >= length && contains(other.network);
    }

    /** {@return whether some address is in both} */
    public boolean overlaps(Ipv4Prefix other) {
        return contains(other) || other.contains(this);
    }

    /** By network, then the larger range first. */
    @Override
    public int compareTo(Ipv4Prefix other) {
        int byNetwork = network.compareTo(other.network);
        return byNetwork != 0 ? byNetwork : Integer.compare(length, other.length);
    }

    /** {@return address, slash, length} */
    @Override
    public String toString() {
        return network + "/" + length;
    }

    private static int parseLength(String text, int from) {
        int digits = text.length() - from;
        if (digits < 1 || digits > 2 || (digits == 2 && text.charAt(from) == '0')) {
            throw malformed(text);
        }
        int value = 0;
        for (int i = from; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw malformed(text);
            }
            value = value * 10 + digit;
        }
        return value;
    }

    private static int mask(int length) {
        return length == 0 ? 0 : -1 << (ADDRESS_BITS - length);
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not an IPv4 prefix; it is written as network, slash and length, like 172.18.0.0/16");
    }
}
