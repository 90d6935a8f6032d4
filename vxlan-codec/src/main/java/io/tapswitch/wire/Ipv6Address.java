package io.tapswitch.wire;

/**
 * An IPv6 address for the control plane; the frame path has the two bare longs. Ordered as unsigned numbers.
 *
 * @param hi the first 64 bits
 * @param lo the last 64 bits
 */
public record Ipv6Address(long hi, long lo) implements IpAddress, Comparable<Ipv6Address> {
    /** How many bits an address has. */
    public static final int BITS = 128;

    private static final int GROUPS = 8;
    private static final long LINK_LOCAL = 0xfe80_0000_0000_0000L;

    /** {@return address of two numbers} */
    public static Ipv6Address fromBits(long hi, long lo) {
        return new Ipv6Address(hi, lo);
    }

    /** {@return whether it stands for an IPv4 address (RFC 4291 section 2.5.5.2); no packet has such a one} */
    public boolean isV4Mapped() {
        return hi == 0 && lo >>> Integer.SIZE == 0xFFFF;
    }

    /** {@return the link-local address that an interface of this MAC address gives itself (RFC 4291 appendix A)} */
    public static Ipv6Address linkLocalOf(MacAddress mac) {
        long bits = mac.bits();
        long identifier = (bits & 0xffff_ff00_0000L) << 16 | 0xff_fe00_0000L | (bits & 0xff_ffffL);
        return new Ipv6Address(LINK_LOCAL, identifier ^ 0x0200_0000_0000_0000L);
    }

    /**
     * {@return the address written as groups of hexadecimal digits, one run of zeros as ::} (RFC 4291 section 2.2); the
     * last two groups may be an IPv4 address. No zone, no brackets.
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static Ipv6Address parse(String text) {
        int gap = text.indexOf("::");
        int[] before = groups(text, gap < 0 ? text : text.substring(0, gap), gap < 0);
        int[] after = gap < 0 ? new int[0] : groups(text, text.substring(gap + 2), true);
        int count = before.length + after.length;
        if (gap < 0 ? count != GROUPS : count >= GROUPS) {
            throw malformed(text);
        }
        long hi = 0;
        long lo = 0;
        for (int i = 0; i < GROUPS; i++) {
            int fromEnd = i - (GROUPS - after.length);
            long group = i < before.length ? before[i] : fromEnd >= 0 ? after[fromEnd] : 0;
            hi = i < GROUPS / 2 ? hi << 16 | group : hi;
            lo = i < GROUPS / 2 ? lo : lo << 16 | group;
        }
        return new Ipv6Address(hi, lo);
    }

    private static int[] groups(String whole, String part, boolean mayEndInIpv4) {
        if (part.isEmpty()) {
            return new int[0];
        }
        String[] words = part.split(":", -1);
        String last = words[words.length - 1];
        boolean ipv4 = mayEndInIpv4 && last.indexOf('.') >= 0;
        int[] groups = new int[words.length + (ipv4 ? 1 : 0)];
        for (int i = 0; i < words.length - (ipv4 ? 1 : 0); i++) {
            groups[i] = group(whole, words[i]);
        }
        if (ipv4) {
            int bits = Ipv4Address.parse(last).bits();
            groups[groups.length - 2] = bits >>> 16;
            groups[groups.length - 1] = bits & 0xffff;
        }
        return groups;
    }

    private static int group(String whole, String word) {
        int value = 0;
        for (int i = 0; i < word.length(); i++) {
            int digit = word.charAt(i) < 128 ? Character.digit(word.charAt(i), 16) : -1;
            if (digit < 0) {
                throw malformed(whole);
            }
            value = value << 4 | digit;
        }
        if (word.isEmpty() || word.length() > 4) {
            throw malformed(whole);
        }
        return value;
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException("'" + text
                + "' is not an IPv6 address; it is written as up to eight groups of hexadecimal digits, like fd00::2");
    }

    /** {@return the address that is {@code count} further; wraps around} */
    public Ipv6Address plus(long count) {
        long sum = lo + count;
        boolean carry = count >= 0 && Long.compareUnsigned(sum, lo) < 0;
        boolean borrow = count < 0 && Long.compareUnsigned(sum, lo) > 0;
        return new Ipv6Address(hi + (carry ? 1 : 0) - (borrow ? 1 : 0), sum);
    }

    /** {@return whether it is of fe80::/10} */
    public boolean isLinkLocal() {
        return hi >>> 54 == 0x3fa;
    }

    /** {@return whether it is of ff00::/8} */
    public boolean isMulticast() {
        return hi >>> 56 == 0xff;
    }

    @Override
    public int compareTo(Ipv6Address other) {
        int byHi = Long.compareUnsigned(hi, other.hi);
        return byHi != 0 ? byHi : Long.compareUnsigned(lo, other.lo);
    }

    private int groupAt(int index) {
        long half = index < GROUPS / 2 ? hi : lo;
        return (int) (half >>> ((3 - (index & 3)) * 16)) & 0xffff;
    }

    /** {@return the shortest form, lower case (RFC 5952)} */
    @Override
    public String toString() {
        int start = -1;
        int longest = 1;
        for (int i = 0; i < GROUPS; i++) {
            int run = 0;
            while (i + run < GROUPS && groupAt(i + run) == 0) {
                run++;
            }
            if (run > longest) {
                longest = run;
                start = i;
            }
            i += run;
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (i == start) {
                text.append("::");
                i += longest - 1;
            } else {
                boolean first = text.isEmpty() || text.charAt(text.length() - 1) == ':';
                text.append(first ? "" : ":").append(Integer.toHexString(groupAt(i)));
            }
        }
        return text.toString();
    }
}
