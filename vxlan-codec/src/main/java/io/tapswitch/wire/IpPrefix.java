package io.tapswitch.wire;

/** A range of addresses of either family that share their first bits. */
public sealed interface IpPrefix permits Ipv4Prefix, Ipv6Prefix {
    /** {@return the lowest address} */
    IpAddress network();

    /** {@return how many bits are shared} */
    int length();

    /** {@return whether it is a range of IPv6 addresses} */
    default boolean isIpv6() {
        return this instanceof Ipv6Prefix;
    }

    /** {@return whether the address is one of the range; one of the other family never is} */
    default boolean includes(IpAddress address) {
        return switch (this) {
            case Ipv4Prefix four -> address instanceof Ipv4Address other && four.contains(other);
            case Ipv6Prefix six -> address instanceof Ipv6Address other && six.contains(other);
        };
    }

    /** {@return whether some address is in both; ranges of different families never share one} */
    default boolean intersects(IpPrefix prefix) {
        return switch (this) {
            case Ipv4Prefix four -> prefix instanceof Ipv4Prefix other && four.overlaps(other);
            case Ipv6Prefix six -> prefix instanceof Ipv6Prefix other && six.overlaps(other);
        };
    }

    /**
     * {@return the range of either family that the text is: an address, slash, length}
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    static IpPrefix parse(String text) {
        return text.indexOf(':') >= 0 ? Ipv6Prefix.parse(text) : Ipv4Prefix.parse(text);
    }
}
