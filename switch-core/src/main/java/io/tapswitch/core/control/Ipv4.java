package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.MacAddress;
import java.util.function.Function;

/** What people write about IPv4, as the wire's types and bare bits; what they write wrong is refused in words. */
public final class Ipv4 {
    private Ipv4() {}

    /**
     * Reads an address.
     *
     * @param text what a person wrote
     * @param what names the value in the refusal
     * @return the address in host order
     */
    public static int parse(String text, String what) {
        return read(text, what, Ipv4Address::parse).bits();
    }

    /**
     * Reads a block of addresses, written as address and length; no bits may be set behind the length.
     *
     * @param text what a person wrote
     * @param what names the value in the refusal
     * @return the block
     */
    public static Ipv4Prefix prefix(String text, String what) {
        return read(text, what, Ipv4Prefix::parse);
    }

    private static <T> T read(String text, String what, Function<String, T> parse) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            if (text.indexOf(':') >= 0) {
                throw Refusal.notInThisVersion("IPv6 (" + what + " " + text + ")");
            }
            throw Refusal.badInput("invalid " + what + ": " + e.getMessage());
        }
    }

    /** {@return the block of this length that an address lies in} */
    static Ipv4Prefix block(int address, int length) {
        return Ipv4Prefix.containing(Ipv4Address.fromBits(address), length);
    }

    /** {@return the address in dotted decimal} */
    public static String text(int address) {
        return Ipv4Address.fromBits(address).toString();
    }

    /** {@return the MAC address of an endpoint with this address: 02:42 and the four bytes (C2, A-IPAM-11)} */
    public static long mac(int address) {
        return MacAddress.ofContainer(Ipv4Address.fromBits(address)).bits();
    }

    /** {@return a MAC address, low 48 bits, as six hex pairs} */
    public static String macText(long mac) {
        return MacAddress.fromBits(mac).toString();
    }
}
