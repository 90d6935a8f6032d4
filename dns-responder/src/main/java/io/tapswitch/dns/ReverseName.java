package io.tapswitch.dns;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * The address that a name below {@code in-addr.arpa} (RFC 1035 §3.5) or {@code ip6.arpa} (RFC 3596 §2.5) is for, or the
 * part of it. Used again; one thread; no call allocates.
 *
 * <p>{@code 2.0.66.10.in-addr.arpa} is all of 10.66.0.2, {@code 66.10.in-addr.arpa} the 16 bits of 10.66. A label that
 * is not how a part is written ({@code 02}, {@code 256}, {@code x}), and any label before a whole address, is below:
 * the name is below that of the bits behind the label, and no address has it.
 */
final class ReverseName {
    private static final int V4_LABELS = 4;
    private static final int V6_LABELS = 32;

    private final FoldedName inAddr = arpa("in-addr.arpa");
    private final FoldedName ip6 = arpa("ip6.arpa");

    private long hi;
    private long lo;
    private int bits;
    private int labels;
    private boolean isV4;
    private boolean isBelow;

    private static FoldedName arpa(String text) {
        FoldedName name = new FoldedName();
        byte[] octets = DnsName.parse(text);
        name.read(new UnsafeBuffer(octets), 0, octets.length);
        return name;
    }

    /** Reads a name; {@return whether it is that of an address or of a part of one, or below} */
    boolean read(FoldedName name) {
        int behind = name.endsWith(inAddr);
        isV4 = behind >= 0;
        if (isV4) {
            hi = 0;
            lo = DnsAddress.V4_MAPPED;
            bits = DnsAddress.V4_PREFIX;
            labels = behind;
            v4(name, behind);
            return true;
        }
        behind = name.endsWith(ip6);
        if (behind < 0) {
            return false;
        }
        hi = 0;
        lo = 0;
        bits = 0;
        labels = behind;
        v6(name, behind);
        return true;
    }

    private void v4(FoldedName name, int behind) {
        int label = behind - 1;
        for (; label >= 0 && behind - label <= V4_LABELS; label--) {
            int part = decimal(name, name.start(label));
            if (part < 0) {
                break;
            }
            lo |= (long) part << (128 - bits - 8);
            bits += 8;
        }
        isBelow = label >= 0;
    }

    private void v6(FoldedName name, int behind) {
        int label = behind - 1;
        for (; label >= 0 && behind - label <= V6_LABELS; label--) {
            int at = name.start(label);
            int digit = name.octet(at) == 1 ? Character.digit((char) name.octet(at + 1), 16) : -1;
            if (digit < 0) {
                break;
            }
            if (bits < Long.SIZE) {
                hi |= (long) digit << (60 - bits);
            } else {
                lo |= (long) digit << (124 - bits);
            }
            bits += 4;
        }
        isBelow = label >= 0;
    }

    private static int decimal(FoldedName name, int at) {
        int length = name.octet(at);
        if (length > 3 || (length > 1 && name.octet(at + 1) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = at + 1; i <= at + length; i++) {
            int digit = name.octet(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = 10 * value + digit;
        }
        return value > 0xFF ? -1 : value;
    }

    /** {@return whether it is below in-addr.arpa} */
    boolean isV4() {
        return isV4;
    }

    /** {@return upper 64 bits of the address, IPv4 mapped} */
    long hi() {
        return hi;
    }

    /** {@return lower 64 bits} */
    long lo() {
        return lo;
    }

    /** {@return how many of the 128 bits the name has} */
    int bits() {
        return bits;
    }

    /** {@return whether the name is below what its bits say} */
    boolean isBelow() {
        return isBelow;
    }

    /** {@return the label at which the name of the first so many bits begins} */
    int labelOf(int prefixBits) {
        return labels - (isV4 ? (prefixBits - DnsAddress.V4_PREFIX + 7) >> 3 : (prefixBits + 3) >> 2);
    }
}
