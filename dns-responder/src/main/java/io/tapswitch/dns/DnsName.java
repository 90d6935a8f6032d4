package io.tapswitch.dns;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A name in a message (RFC 1035 §3.1 and §4.1.4): labels, then a zero, or a pointer to the rest.
 *
 * <pre>
 *   00LLLLLL  octets ...        a label of L octets, 1 to 63; L = 0 is the root and ends the name
 *   11PPPPPP  PPPPPPPP          a pointer: the name goes on at P, counted from the header
 *   01, 10                      reserved: refused
 * </pre>
 *
 * <h2>Theory of operation</h2>
 *
 * Whoever sends a message chooses its pointers, so they decide how much work its reader has. Two rules bound it:
 *
 * <ul>
 *   <li>A pointer leads to before the labels that it ends, and behind the header. So each jump goes back further than
 *       the one before, and no loop exists: not to itself, not forward, not in a ring.
 *   <li>A name has 255 octets at most, so at most 127 labels with the root, so no more than {@link #MAX_JUMPS} pointers
 *       can each add one. Who needs more compresses nothing.
 * </ul>
 *
 * <p>A label may hold any octet; what stands between the dots of a text form may too, as {@code \.} or {@code \DDD}
 * (RFC 1035 §5.1, RFC 2181 §11). Letters A to Z and a to z are the same (RFC 4343), octets above 127 are only
 * themselves. A length is at most 63 and so never a letter: a whole name can be folded without a look at its labels.
 */
public final class DnsName {
    /** Most octets of a name, with its lengths and the root. */
    public static final int MAX_LENGTH = 255;
    /** Most octets of a label. */
    public static final int MAX_LABEL = 63;
    /** Most labels of a name, the root not counted. */
    public static final int MAX_LABELS = 127;
    /** Most pointers that one name follows. */
    public static final int MAX_JUMPS = 126;
    /** Not a name. */
    public static final int MALFORMED = -1;

    static final int POINTER = 0xC0;

    /** What means something in zone files (RFC 1035 §5.1), so that a text form is good there too. */
    private static final String SPECIAL = "\"$().;@\\";

    private static final int POINTER_MASK = 0x3FFF;
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long TOPS = ONES << 7;

    private DnsName() {}

    /**
     * {@return the index behind a name, or {@link #MALFORMED}}
     *
     * @param message where the message begins, which pointers count from
     * @param index where the name begins
     * @param end of the message
     */
    public static int skip(DirectBuffer b, int message, int index, int end) {
        long walked = walk(b, message, index, end, null, 0);
        return walked < 0 ? MALFORMED : (int) (walked >>> 8);
    }

    /**
     * Copies a name without its pointers.
     *
     * @param into has 255 octets of room at {@code at}
     * @return its length, or {@link #MALFORMED}
     */
    public static int expand(DirectBuffer b, int message, int index, int end, MutableDirectBuffer into, int at) {
        long walked = walk(b, message, index, end, into, at);
        return walked < 0 ? MALFORMED : (int) (walked & 0xFF);
    }

    /** Index behind the name in the upper bits, length in the lower 8; negative when malformed. */
    private static long walk(
            DirectBuffer b, int message, int index, int end, @Nullable MutableDirectBuffer into, int at) {
        int position = index;
        int floor = index;
        int behind = MALFORMED;
        int length = 0;
        int jumps = 0;
        while (position < end) {
            int octet = Octets.uint8(b, position);
            if (octet == 0) {
                if (into != null) {
                    into.putByte(at + length, (byte) 0);
                }
                return (long) (behind == MALFORMED ? position + 1 : behind) << 8 | (length + 1);
            }
            if (octet <= MAX_LABEL) {
                // One octet must be left for the root.
                if (length + octet + 1 >= MAX_LENGTH || position + octet >= end) {
                    return MALFORMED;
                }
                if (into != null) {
                    into.putBytes(at + length, b, position, octet + 1);
                }
                length += octet + 1;
                position += octet + 1;
                continue;
            }
            if (octet < POINTER || position + 1 >= end || ++jumps > MAX_JUMPS) {
                return MALFORMED;
            }
            behind = behind == MALFORMED ? position + 2 : behind;
            position = message + (Octets.uint16(b, position) & POINTER_MASK);
            if (position >= floor || position < message + DnsHeader.LENGTH) {
                return MALFORMED;
            }
            floor = position;
        }
        return MALFORMED;
    }

    /** {@return eight octets with A to Z made a to z, all at once} */
    static long fold(long octets) {
        long low = octets & ~TOPS;
        // Of each octet the top bit says: at least 'A', and above 'Z'. The sums stay within the octets.
        long fromA = low + ONES * (0x80 - 'A');
        long aboveZ = low + ONES * (0x7F - 'Z');
        long upper = (fromA ^ aboveZ) & ~octets & TOPS;
        return octets | (upper >>> 2);
    }

    /**
     * {@return the octets of a name that is written with dots; a last dot changes nothing}
     *
     * @throws IllegalArgumentException says what is wrong with the text
     */
    public static byte[] parse(String text) {
        byte[] octets = new byte[MAX_LENGTH];
        int label = 0;
        int at = 1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '.') {
                boolean isRoot = text.length() == 1;
                if (at == label + 1 && !isRoot) {
                    throw refusal(text, "has an empty label");
                }
                if (!isRoot) {
                    label = close(text, octets, label, at);
                    at = label + 1;
                }
                continue;
            }
            int octet = c;
            boolean isNumber = false;
            if (c == '\\') {
                int number = decimal(text, i + 1);
                isNumber = number >= 0;
                octet = isNumber ? number : i + 1 < text.length() ? text.charAt(i + 1) : -1;
                i += isNumber ? 3 : 1;
            }
            if (octet < 0 || octet > (isNumber ? 0xFF : 0x7F)) {
                throw refusal(text, "has a character that is not ASCII, or an escape that is none");
            }
            if (at >= MAX_LENGTH) {
                throw refusal(text, "has more than " + MAX_LENGTH + " octets");
            }
            octets[at++] = (byte) octet;
        }
        if (at > label + 1) {
            label = close(text, octets, label, at);
        }
        byte[] name = new byte[label + 1];
        System.arraycopy(octets, 0, name, 0, label);
        return name;
    }

    private static int close(String text, byte[] octets, int label, int at) {
        if (at - label - 1 > MAX_LABEL) {
            throw refusal(text, "has a label of more than " + MAX_LABEL + " octets");
        }
        if (at >= MAX_LENGTH) {
            throw refusal(text, "has more than " + MAX_LENGTH + " octets");
        }
        octets[label] = (byte) (at - label - 1);
        return at;
    }

    private static int decimal(String text, int index) {
        int value = 0;
        for (int i = index; i < index + 3; i++) {
            int digit = i < text.length() ? text.charAt(i) - '0' : -1;
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = 10 * value + digit;
        }
        return value;
    }

    private static IllegalArgumentException refusal(String text, String fault) {
        return new IllegalArgumentException("'" + text + "' is no DNS name: it " + fault);
    }

    /**
     * {@return a name without pointers as text, without the last dot; what is not printable as {@code \DDD}}
     *
     * @param index where it begins; it must be one that {@link #expand} or {@link #parse} made
     */
    public static String text(DirectBuffer b, int index) {
        StringBuilder text = new StringBuilder();
        int position = index;
        for (int length = Octets.uint8(b, position); length != 0; length = Octets.uint8(b, position)) {
            if (position != index) {
                text.append('.');
            }
            for (int i = position + 1; i <= position + length; i++) {
                append(text, Octets.uint8(b, i));
            }
            position += length + 1;
        }
        return text.isEmpty() ? "." : text.toString();
    }

    private static void append(StringBuilder text, int octet) {
        if (SPECIAL.indexOf(octet) >= 0) {
            text.append('\\').append((char) octet);
        } else if (octet > ' ' && octet < 0x7F) {
            text.append((char) octet);
        } else {
            text.append('\\').append((char) ('0' + octet / 100));
            text.append((char) ('0' + octet / 10 % 10)).append((char) ('0' + octet % 10));
        }
    }
}
