package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv4Options;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * Checks an IP packet that is for the gateway or the host, before anything in it is believed: version, lengths, header
 * checksum, options (RFC 791), sources that no packet may have (RFC 1122 section 3.2.1.3, RFC 6890), and IPv6 extension
 * headers (RFC 8200 section 4, RFC 5095). Every walk is bounded.
 */
final class PacketValidator {
    private static final int LOOPBACK = 127;
    private static final int MULTICAST = 224;

    private PacketValidator() {}

    /**
     * Checks an IPv4 packet of a member.
     *
     * @param buffer the frame memory
     * @param packet offset of the IPv4 header
     * @param length bytes from there to the end of the frame, at least 20
     * @param gateways of the network it came from
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int ipv4(DirectBuffer buffer, int packet, int length, Gateways gateways) {
        int verdict = ipv4Header(buffer, packet, length);
        if (verdict != PASS) {
            return verdict;
        }
        int source = Ipv4Header.sourceAddress(buffer, packet);
        boolean possible = isHost(source)
                && source != Ipv4Header.destinationAddress(buffer, packet)
                && !gateways.isOwn(source)
                && !gateways.isBroadcast(source);
        return possible ? PASS : DropReason.IP_SOURCE.verdict();
    }

    /** {@return whether an IPv4 address can be that of a single host} */
    static boolean isHost(int address) {
        int firstByte = address >>> 24;
        return firstByte != 0 && firstByte != LOOPBACK && firstByte < MULTICAST;
    }

    /** Checks what holds for an IPv4 packet whoever sent it: version, lengths, checksum, options. */
    static int ipv4Header(DirectBuffer buffer, int packet, int length) {
        if (Ipv4Header.version(buffer, packet) != 4) {
            return DropReason.IP_VERSION.verdict();
        }
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        if (headerLength < Ipv4Header.MIN_LENGTH || headerLength > length) {
            return DropReason.IP_HEADER_LENGTH.verdict();
        }
        int totalLength = Ipv4Header.totalLength(buffer, packet);
        if (totalLength < headerLength || totalLength > length) {
            return DropReason.IP_TOTAL_LENGTH.verdict();
        }
        if (!Ipv4Header.checksumValid(buffer, packet)) {
            return DropReason.IP_CHECKSUM.verdict();
        }
        if (headerLength > Ipv4Header.MIN_LENGTH
                && (!Ipv4Options.wellFormed(buffer, packet) || Ipv4Options.hasSourceRoute(buffer, packet))) {
            return DropReason.IP_OPTIONS.verdict();
        }
        return PASS;
    }

    /**
     * Checks an IPv6 packet of a member.
     *
     * @param buffer the frame memory
     * @param packet offset of the IPv6 header
     * @param length bytes from there to the end of the frame, at least 40
     * @param gateways of the network it came from
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int ipv6(DirectBuffer buffer, int packet, int length, Gateways gateways) {
        int verdict = ipv6Header(buffer, packet, length);
        if (verdict != PASS) {
            return verdict;
        }
        long hi = Ipv6Header.sourceHi(buffer, packet);
        long lo = Ipv6Header.sourceLo(buffer, packet);
        boolean toItself =
                hi == Ipv6Header.destinationHi(buffer, packet) && lo == Ipv6Header.destinationLo(buffer, packet);
        return isHost(hi, lo) && !toItself && !gateways.isOwn(hi, lo) ? PASS : DropReason.IP_SOURCE.verdict();
    }

    /** {@return whether an IPv6 address can be that of a single host: not ::, ::1, IPv4-mapped or multicast} */
    static boolean isHost(long hi, long lo) {
        boolean reserved = hi == 0 && (lo >>> 32 == 0 || lo >>> 32 == 0xffff);
        return !reserved && hi >>> 56 != 0xff;
    }

    /** Checks what holds for an IPv6 packet whoever sent it: version, length, extension headers. */
    static int ipv6Header(DirectBuffer buffer, int packet, int length) {
        if (Ipv6Header.version(buffer, packet) != 6) {
            return DropReason.IP_VERSION.verdict();
        }
        int packetLength = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        if (packetLength > length) {
            return DropReason.IP_TOTAL_LENGTH.verdict();
        }
        return Ipv6Extensions.walk(buffer, packet, packetLength) < 0 ? DropReason.IP6_EXTENSION.verdict() : PASS;
    }
}
