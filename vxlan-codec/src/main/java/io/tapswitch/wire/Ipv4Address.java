package io.tapswitch.wire;

/**
 * An IPv4 address for the control plane; the frame path has the bare int ({@link #toBits}). Ordered as
 * unsigned numbers.
 *
 * @param bits the address as a number: 127.0.0.1 is 0x7F000001
 */
public record Ipv4Address(int bits) implements IpAddress, Comparable<Ipv4Address> {
    /** {@return address of a number} */
    public static Ipv4Address fromBits(int bits) {
        return new Ipv4Address(bits);
    }

    /**
     * {@return second half of an address written as IPv6 (RFC 4291 section 2.5.5.2); the first half is 0}
     *
     * @param bits of the address
     */
    public static long mapped(int bits) {
        return 0xffff_0000_0000L | (bits & 0xffff_ffffL);
    }

    /**
     * {@return the address written as four decimal numbers} Shortened forms and leading zeros are refused: programs
     * disagree on whether 010 is eight or ten.
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static Ipv4Address parse(String text) {
        int bits = 0;
        int from = 0;
        for (int i = 0; i < 4; i++) {
            int dot = i < 3 ? text.indexOf('.', from) : text.length();
            if (dot < 0) {
                throw malformed(text);
            }
            bits = bits << 8 | octet(text, from, dot);
            from = dot + 1;
        }
        return new Ipv4Address(bits);
    }

    /** {@return the address as a number} */
    public int toBits() {
        return bits;
    }

    /** {@return the address that is {@code count} further; wraps around} */
    public Ipv4Address plus(int count) {
        return new Ipv4Address(bits + count);
    }

    @Override
    public int compareTo(Ipv4Address other) {
        return Integer.compareUnsigned(bits, other.bits);
    }

    /** {@return four decimal numbers} */
    @Override
    public String toString() {
        return (bits >>> 24) + "." + (bits >>> 16 & 0xFF) + "." + (bits >>> 8 & 0xFF) + "." + (bits & 0xFF);
    }

    private static int octet(String text, int from, int to) {
        int digits = to - from;
        if (digits < 1 || digits > 3 || (digits > 1 && text.charAt(from) == '0')) {
            throw malformed(text);
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw malformed(text);
            }
            value = value * 10 + digit;
        }
        if (value > 255) {
            throw malformed(text);
        }
        return value;
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException("'" + text
                + "' is not an IPv4 address; it is written as four numbers from 0 to 255 without leading zeros, like"
                + " 172.18.0.2");
    }
}
