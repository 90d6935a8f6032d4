package io.tapswitch.core.control;

/**
 * A block of IPv4 addresses.
 *
 * @param address its first address, in host order; no bits set behind the length
 * @param length bits that all of its addresses share, 0 to 32
 */
public record Ipv4Prefix(int address, int length) {
    /** Refuses lengths that do not exist, and bits behind the length. */
    public Ipv4Prefix {
        if (length < 0 || length > 32) {
            throw Refusal.badInput("invalid prefix length " + length + ": must be 0 to 32");
        }
        if ((address & ~mask(length)) != 0) {
            throw Refusal.badInput("invalid subnet " + Ipv4.text(address) + "/" + length + ": it should be "
                    + Ipv4.text(address & mask(length)) + "/" + length);
        }
    }

    /** {@return the block that a person wrote as {@code address/length}} */
    public static Ipv4Prefix parse(String text, String what) {
        int slash = text.indexOf('/');
        String lengthText = slash < 0 ? "" : text.substring(slash + 1);
        if (slash < 0 || lengthText.isEmpty() || lengthText.length() > 3) {
            throw notAPrefix(text, what);
        }
        int address = Ipv4.parse(text.substring(0, slash), what);
        int length = 0;
        for (int i = 0; i < lengthText.length(); i++) {
            char digit = lengthText.charAt(i);
            if (digit < '0' || digit > '9') {
                throw notAPrefix(text, what);
            }
            length = length * 10 + digit - '0';
        }
        return new Ipv4Prefix(address, length);
    }

    private static Refusal notAPrefix(String text, String what) {
        return Refusal.badInput("invalid " + what + " \"" + text + "\": not a CIDR like 10.1.0.0/16");
    }

    /** {@return the block of this length that an address lies in} */
    public static Ipv4Prefix of(int address, int length) {
        return new Ipv4Prefix(address & mask(length), length);
    }

    private static int mask(int length) {
        return length == 0 ? 0 : -1 << (32 - length);
    }

    /** {@return whether the address lies in this block} */
    public boolean contains(int candidate) {
        return (candidate & mask(length)) == address;
    }

    /** {@return whether the two blocks share an address} */
    public boolean overlaps(Ipv4Prefix other) {
        return length <= other.length ? contains(other.address) : other.contains(address);
    }

    /** {@return the last address: the broadcast address of the subnet} */
    public int last() {
        return address | ~mask(length);
    }

    @Override
    public String toString() {
        return Ipv4.text(address) + "/" + length;
    }
}
