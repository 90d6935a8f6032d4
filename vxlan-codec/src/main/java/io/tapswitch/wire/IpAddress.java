package io.tapswitch.wire;

/** An address of either family, for the control plane. */
public sealed interface IpAddress permits Ipv4Address, Ipv6Address {
    /** {@return whether it is an IPv6 address} */
    default boolean isIpv6() {
        return this instanceof Ipv6Address;
    }

    /** {@return how many bits an address of this family has} */
    default int width() {
        return isIpv6() ? Ipv6Address.BITS : Integer.SIZE;
    }

    /**
     * {@return the address of either family that the text is}
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    static IpAddress parse(String text) {
        return text.indexOf(':') >= 0 ? Ipv6Address.parse(text) : Ipv4Address.parse(text);
    }
}
