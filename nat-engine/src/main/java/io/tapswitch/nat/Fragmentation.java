package io.tapswitch.nat;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Splits a whole packet into fragments, in order (RFC 791 §3.2, RFC 8200 §4.5): what {@link Reassembly} put together
 * to the size in which it came (N22), and an IPv4 packet that may be fragmented to an MTU (O11).
 *
 * <p><b>Theory of operation.</b> How a packet is to be split is one long, its shape, so that it goes along with a
 * packet as a number:
 *
 * <pre>
 *   63   61 60       44 43                  32 31            0
 *   +------+-----------+----------------------+--------------+
 *   | 0    | size      | per-fragment headers | IPv6 ident.  |
 *   +------+-----------+----------------------+--------------+
 * </pre>
 *
 * Size is the most that a fragment has in bytes, headers included. IPv6 needs its identification kept beside, because
 * a whole packet has none, and the length of the headers that each fragment repeats; IPv4 has 0 for both. A router
 * must not split an IPv6 packet that came whole: such a shape has no per-fragment headers, and {@link #pieces} says 0.
 *
 * <p>Pieces are written one by one, by number, so the caller needs no more slots at once than it has. All but the last
 * have the largest payload that fits and is a multiple of 8. DF, ECN and the rest of the header are the whole
 * packet's. IPv4 options that are not to be copied (RFC 791 §3.1) become no-operations behind the first piece, as in
 * Linux, so that all headers are equally long. Stateless; no call allocates.
 */
public final class Fragmentation {
    /** What {@link #pieces} returns for a packet that must not, or cannot, be split so. */
    public static final int IMPOSSIBLE = 0;

    private static final int SIZE_SHIFT = 44;
    private static final int HEADERS_SHIFT = 32;
    private static final int HEADERS_MASK = 0xFFF;
    private static final long LOW_32 = 0xffff_ffffL;
    private static final int UNIT_MASK = ~7;
    private static final int OPTION_END = 0;
    private static final int OPTION_NOP = 1;
    private static final int OPTION_COPIED = 0x80;

    private Fragmentation() {}

    /** {@return the shape of IPv4 fragments of at most {@code size} bytes} */
    public static long shape(int size) {
        return (long) size << SIZE_SHIFT;
    }

    /**
     * {@return the shape of IPv6 fragments of at most {@code size} bytes, of a packet that is split by who sends it}
     *
     * @param perFragmentHeaders bytes of the headers that each repeats, the IPv6 header included
     */
    public static long shape6(int size, int perFragmentHeaders, int identification) {
        return shape(size, perFragmentHeaders, identification);
    }

    /** {@return the shape of fragments of at most {@code size} bytes; for IPv4 the rest is not looked at} */
    static long shape(int size, int perFragmentHeaders, int identification) {
        return (long) size << SIZE_SHIFT | (long) perFragmentHeaders << HEADERS_SHIFT | (identification & LOW_32);
    }

    /** {@return most bytes of a fragment, headers included} */
    public static int size(long shape) {
        return (int) (shape >>> SIZE_SHIFT);
    }

    /** {@return the same shape, with fragments of at most {@code size} bytes} */
    public static long withSize(long shape, int size) {
        return (shape & (1L << SIZE_SHIFT) - 1) | (long) size << SIZE_SHIFT;
    }

    /** {@return into how many pieces a packet is split: 1 if it is small enough, or {@link #IMPOSSIBLE}} */
    public static int pieces(DirectBuffer b, int packet, int length, long shape) {
        if (length <= size(shape)) {
            return 1;
        }
        int step = step(b, packet, shape);
        int payload = length - headers(b, packet, shape);
        return step <= 0 ? IMPOSSIBLE : (payload + step - 1) / step;
    }

    /**
     * Writes one piece, with its IP header, to another place.
     *
     * @param piece from 0, less than {@link #pieces}
     * @param at where in {@code out}; {@link #size} bytes must be writable from there
     * @return the piece's length
     */
    public static int write(
            DirectBuffer b, int packet, int length, long shape, int piece, MutableDirectBuffer out, int at) {
        if (length <= size(shape)) {
            out.putBytes(at, b, packet, length);
            return length;
        }
        int headers = headers(b, packet, shape);
        int step = step(b, packet, shape);
        int start = piece * step;
        int payload = Math.min(step, length - headers - start);
        boolean isLast = start + payload == length - headers;
        out.putBytes(at, b, packet, headers);
        if (Ipv4Header.version(b, packet) == 4) {
            out.putBytes(at + headers, b, packet + headers + start, payload);
            header4(out, at, headers, start, payload, isLast);
            return headers + payload;
        }
        int own = headers + Ipv6Extensions.FRAGMENT_LENGTH;
        out.putBytes(at + own, b, packet + headers + start, payload);
        header6(out, at, headers, start, payload, isLast, (int) shape);
        return own + payload;
    }

    private static void header4(MutableDirectBuffer out, int at, int headers, int start, int payload, boolean isLast) {
        if (start > 0) {
            blankOptions(out, at + Ipv4Header.MIN_LENGTH, at + headers);
        }
        Ipv4Header.totalLength(out, at, headers + payload);
        // The header is still that of the whole, which may be a fragment itself.
        boolean hasMore = !isLast || Ipv4Header.moreFragments(out, at);
        Ipv4Header.fragment(
                out, at, Ipv4Header.dontFragment(out, at), hasMore, Ipv4Header.fragmentOffset(out, at) + start);
        Ipv4Header.updateChecksum(out, at);
    }

    private static void header6(
            MutableDirectBuffer out, int at, int headers, int start, int payload, boolean isLast, int identification) {
        int field = at + Fragment.nextHeaderField(out, at, headers);
        int header = at + headers;
        out.putByte(header, out.getByte(field));
        out.putByte(header + 1, (byte) 0);
        out.putShort(header + 2, (short) (start | (isLast ? 0 : 1)), BIG_ENDIAN);
        out.putInt(header + 4, identification, BIG_ENDIAN);
        out.putByte(field, (byte) IpProtocol.FRAGMENT);
        Ipv6Header.payloadLength(out, at, headers + Ipv6Extensions.FRAGMENT_LENGTH - Ipv6Header.LENGTH + payload);
    }

    /** Turns options that only the first fragment has into no-operations; a malformed one ends the walk. */
    private static void blankOptions(MutableDirectBuffer b, int from, int to) {
        int at = from;
        while (at < to && b.getByte(at) != OPTION_END) {
            int type = b.getByte(at) & 0xFF;
            int length = type == OPTION_NOP ? 1 : at + 1 < to ? b.getByte(at + 1) & 0xFF : 0;
            if (length == 0 || length > to - at) {
                return;
            }
            if ((type & OPTION_COPIED) == 0) {
                b.setMemory(at, length, (byte) OPTION_NOP);
            }
            at += length;
        }
    }

    /** Payload of each piece but the last, 0 or less if there is none. */
    private static int step(DirectBuffer b, int packet, long shape) {
        int headers = headers(b, packet, shape);
        boolean ipv6 = Ipv4Header.version(b, packet) == 6;
        if (ipv6 && headers == 0) {
            return 0;
        }
        return (size(shape) - headers - (ipv6 ? Ipv6Extensions.FRAGMENT_LENGTH : 0)) & UNIT_MASK;
    }

    private static int headers(DirectBuffer b, int packet, long shape) {
        return Ipv4Header.version(b, packet) == 4
                ? Ipv4Header.headerLength(b, packet)
                : (int) (shape >>> HEADERS_SHIFT) & HEADERS_MASK;
    }
}
