package io.tapswitch.nat;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * What is read from one fragment, of either family (RFC 791 §3.1, RFC 8200 §4.5). One instance is filled again and
 * again.
 *
 * <p>Lengths are checked here, and what RFC 1858 and RFC 7112 ask: the first fragment has all headers up to the
 * transport header, whole, and no other fragment begins within that. So no filter behind us is evaded by the pieces
 * that we make of the datagram, which begin where these did.
 */
final class Fragment {
    /** What {@link #read} returns for a packet that is whole, an atomic IPv6 fragment (RFC 6946) included. */
    static final int WHOLE = 1;
    /** What it returns for a fragment that nothing is wrong with; below 0 is a {@link FragmentDrop}. */
    static final int PART = 0;
    /** Most bytes of headers before a fragment's payload. Honest IPv6 chains have a few dozen. */
    static final int MAX_HEADER_LENGTH = 512;

    /** What an IPv6 fragment has in place of a protocol, which is no part of its identity. */
    static final int NO_PROTOCOL = 0x100;

    private static final int NOT_FOUND = -1;
    private static final int MAX_LENGTH = 65_535;
    private static final int OFFSET_UNIT = 8;
    private static final int OFFSET_AND_FLAGS = 2;
    private static final int IDENTIFICATION = 4;

    long sourceHi;
    long sourceLo;
    long destinationHi;
    long destinationLo;
    int identification;
    int protocol;
    boolean isIpv6;
    /** Bytes of the packet, without what pads its frame. */
    int packetLength;
    /** Bytes before the payload; in IPv6 the fragment header is the last of them. */
    int headerLength;
    /** Where in the datagram the payload begins and ends. */
    int start;

    int end;
    boolean isLast;
    boolean dontFragment;
    int ecn;

    /** {@return whether a packet, whose IP header was validated, is a part of a datagram} */
    static boolean isFragment(DirectBuffer b, int packet, int length) {
        if (Ipv4Header.version(b, packet) == 4) {
            return Ipv4Header.isFragment(b, packet);
        }
        int header = fragmentHeader(b, packet, length);
        return header > 0 && (b.getShort(packet + header + OFFSET_AND_FLAGS, BIG_ENDIAN) & 0xFFF9) != 0;
    }

    /** Reads a packet of {@code length} bytes or more at {@code packet}. */
    int read(DirectBuffer b, int packet, int length) {
        if (length < Ipv4Header.MIN_LENGTH) {
            return FragmentDrop.MALFORMED.verdict();
        }
        return switch (Ipv4Header.version(b, packet)) {
            case 4 -> read4(b, packet, length);
            case 6 -> read6(b, packet, length);
            default -> FragmentDrop.MALFORMED.verdict();
        };
    }

    private int read4(DirectBuffer b, int packet, int length) {
        int header = Ipv4Header.headerLength(b, packet);
        int total = Ipv4Header.totalLength(b, packet);
        if (header < Ipv4Header.MIN_LENGTH || header > total || total > length) {
            return FragmentDrop.MALFORMED.verdict();
        }
        isIpv6 = false;
        packetLength = total;
        headerLength = header;
        start = Ipv4Header.fragmentOffset(b, packet);
        end = start + total - header;
        isLast = !Ipv4Header.moreFragments(b, packet);
        if (isLast && start == 0) {
            return WHOLE;
        }
        sourceHi = 0;
        sourceLo = Ipv4Address.mapped(Ipv4Header.sourceAddress(b, packet));
        destinationHi = 0;
        destinationLo = Ipv4Address.mapped(Ipv4Header.destinationAddress(b, packet));
        identification = Ipv4Header.identification(b, packet);
        protocol = Ipv4Header.protocol(b, packet);
        dontFragment = Ipv4Header.dontFragment(b, packet);
        ecn = Ipv4Header.ecn(b, packet);
        if (header + end > MAX_LENGTH) {
            return FragmentDrop.TOO_LONG.verdict();
        }
        int verdict = lengths();
        boolean cutsHeader = start < shortest(protocol) && (start > 0 || end < shortest(protocol));
        return verdict == PART && cutsHeader ? FragmentDrop.TINY.verdict() : verdict;
    }

    private int read6(DirectBuffer b, int packet, int length) {
        int total = length < Ipv6Header.LENGTH ? 0 : Ipv6Header.LENGTH + Ipv6Header.payloadLength(b, packet);
        if (total == 0 || total > length) {
            return FragmentDrop.MALFORMED.verdict();
        }
        packetLength = total;
        int header = fragmentHeader(b, packet, total);
        if (header < 0) {
            return WHOLE;
        }
        isIpv6 = true;
        headerLength = header + Ipv6Extensions.FRAGMENT_LENGTH;
        int offsetAndFlags = b.getShort(packet + header + OFFSET_AND_FLAGS, BIG_ENDIAN) & 0xFFFF;
        start = offsetAndFlags & 0xFFF8;
        end = start + total - headerLength;
        isLast = (offsetAndFlags & 1) == 0;
        if (isLast && start == 0) {
            return WHOLE;
        }
        sourceHi = Ipv6Header.sourceHi(b, packet);
        sourceLo = Ipv6Header.sourceLo(b, packet);
        destinationHi = Ipv6Header.destinationHi(b, packet);
        destinationLo = Ipv6Header.destinationLo(b, packet);
        identification = b.getInt(packet + header + IDENTIFICATION, BIG_ENDIAN);
        protocol = NO_PROTOCOL;
        dontFragment = false;
        ecn = Ipv6Header.trafficClass(b, packet) & 3;
        if (headerLength > MAX_HEADER_LENGTH) {
            return FragmentDrop.MALFORMED.verdict();
        }
        if (header - Ipv6Header.LENGTH + end > MAX_LENGTH) {
            return FragmentDrop.TOO_LONG.verdict();
        }
        int verdict = lengths();
        return verdict == PART ? headerChain(b, packet, total, b.getByte(packet + header) & 0xFF) : verdict;
    }

    private int lengths() {
        return end == start || (!isLast && end % OFFSET_UNIT != 0) ? FragmentDrop.MALFORMED.verdict() : PART;
    }

    /** RFC 7112: the first fragment has the whole chain. Of a later one only the first header's protocol is known. */
    private int headerChain(DirectBuffer b, int packet, int total, int nextHeader) {
        if (start > 0) {
            return start < shortest(nextHeader) ? FragmentDrop.TINY.verdict() : PART;
        }
        long walked = Ipv6Extensions.walk(b, packet, total);
        if (walked < 0) {
            return (walked == Ipv6Extensions.TRUNCATED ? FragmentDrop.TINY : FragmentDrop.MALFORMED).verdict();
        }
        int upperLayer = total - Ipv6Extensions.offset(walked);
        return upperLayer < shortest(Ipv6Extensions.protocol(walked)) ? FragmentDrop.TINY.verdict() : PART;
    }

    /** The shortest header of a protocol, 0 if it is not one that is translated. */
    private static int shortest(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> 20;
            case IpProtocol.SCTP -> 12;
            case IpProtocol.UDP, IpProtocol.ICMP, IpProtocol.ICMPV6 -> 8;
            default -> 0;
        };
    }

    /** Where the fragment header stands, counted from the IPv6 header, or {@link #NOT_FOUND}. */
    private static int fragmentHeader(DirectBuffer b, int packet, int length) {
        int next = Ipv6Header.nextHeader(b, packet);
        int at = Ipv6Header.LENGTH;
        for (int headers = 0; headers < Ipv6Extensions.MAX_HEADERS; headers++) {
            if (length - at < Ipv6Extensions.FRAGMENT_LENGTH) {
                return NOT_FOUND;
            }
            if (next == IpProtocol.FRAGMENT) {
                return at;
            }
            if (!precedesFragments(next)) {
                return NOT_FOUND;
            }
            next = b.getByte(packet + at) & 0xFF;
            at += extensionLength(b, packet + at);
        }
        return NOT_FOUND;
    }

    /** {@return whether a header is one that each fragment carries (RFC 8200 §4.5, per-fragment headers)} */
    private static boolean precedesFragments(int protocol) {
        return protocol == IpProtocol.HOP_BY_HOP
                || protocol == IpProtocol.ROUTING
                || protocol == IpProtocol.DESTINATION_OPTIONS;
    }

    private static int extensionLength(DirectBuffer b, int header) {
        return ((b.getByte(header + 1) & 0xFF) + 1) << 3;
    }

    /**
     * {@return where the byte stands that names what follows the per-fragment headers}, counted from the IPv6 header
     *
     * @param length of the per-fragment headers, the IPv6 header included
     */
    static int nextHeaderField(DirectBuffer b, int packet, int length) {
        int field = 6;
        int at = Ipv6Header.LENGTH;
        while (at < length) {
            field = at;
            at += extensionLength(b, packet + at);
        }
        return field;
    }
}
