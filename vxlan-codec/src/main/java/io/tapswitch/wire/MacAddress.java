package io.tapswitch.wire;

import java.util.HexFormat;

/**
 * A MAC address for the control plane; the frame path has the bare long ({@link #toBits}).
 *
 * @param bits the address in the low 48 bits, the rest 0
 */
public record MacAddress(long bits) implements Comparable<MacAddress> {
    /** ff:ff:ff:ff:ff:ff. */
    public static final MacAddress BROADCAST = new MacAddress(EthernetHeader.BROADCAST);

    private static final int TEXT_LENGTH = 17;
    /** 02:42, locally administered: what Docker gives containers. */
    private static final long CONTAINER_PREFIX = 0x0242L << 32;

    /** Checks the range. */
    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("not 48 bits: 0x" + Long.toHexString(bits));
        }
    }

    /** {@return address of the low 48 bits} The upper ones must be 0. */
    public static MacAddress fromBits(long bits) {
        return new MacAddress(bits);
    }

    /** {@return 02:42 followed by the IPv4 address, as Docker makes them} */
    public static MacAddress ofContainer(Ipv4Address address) {
        return new MacAddress(CONTAINER_PREFIX | (address.bits() & 0xFFFF_FFFFL));
    }

    /**
     * {@return the address written as six pairs of hexadecimal digits between colons or hyphens}
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static MacAddress parse(String text) {
        if (text.length() != TEXT_LENGTH) {
            throw malformed(text);
        }
        char separator = text.charAt(2);
        long bits = 0;
        for (int i = 0; i < TEXT_LENGTH; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                if (c != separator || (c != ':' && c != '-')) {
                    throw malformed(text);
                }
            } else if (HexFormat.isHexDigit(c)) {
                bits = bits << 4 | HexFormat.fromHexDigit(c);
            } else {
                throw malformed(text);
            }
        }
        return new MacAddress(bits);
    }

    /** {@return the address in the low 48 bits} */
    public long toBits() {
        return bits;
    }

    /** {@return whether it is broadcast or multicast, which no interface can have} */
    public boolean isGroup() {
        return EthernetHeader.isGroup(bits);
    }

    @Override
    public int compareTo(MacAddress other) {
        return Long.compare(bits, other.bits);
    }

    /** {@return lower case with colons} */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(TEXT_LENGTH);
        for (int shift = 40; shift >= 0; shift -= 8) {
            if (!text.isEmpty()) {
                text.append(':');
            }
            HexFormat.of().toHexDigits(text, (byte) (bits >>> shift));
        }
        return text.toString();
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not a MAC address; it is written as six pairs of digits, like 02:42:ac:12:00:02");
    }
}
