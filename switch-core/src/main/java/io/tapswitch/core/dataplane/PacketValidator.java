package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv4Options;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * Checks an IP packet that is for the gateway, before anything in it is believed: version, lengths, header checksum,
 * options (RFC 791), sources that no packet may have (RFC 1122 section 3.2.1.3, RFC 6890), and IPv6 extension headers
 * (RFC 8200 section 4, RFC 5095). Every walk is bounded.
 */
final class PacketValidator {
    private static final int LOOPBACK = 127;
    private static final int MULTICAST = 224;

    private PacketValidator() {}

    /**
     * Checks an IPv4 packet.
     *
     * @param buffer the frame memory
     * @param packet offset of the IPv4 header
     * @param length bytes from there to the end of the frame, at least 20
     * @param bridge the network it came from
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int ipv4(DirectBuffer buffer, int packet, int length, Bridge bridge) {
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
        int source = Ipv4Header.sourceAddress(buffer, packet);
        return isPossibleSource(source, Ipv4Header.destinationAddress(buffer, packet), bridge)
                ? PASS
                : DropReason.IP_SOURCE.verdict();
    }

    private static boolean isPossibleSource(int source, int destination, Bridge bridge) {
        int firstByte = source >>> 24;
        return firstByte != 0
                && firstByte != LOOPBACK
                && firstByte < MULTICAST
                && source != destination
                && source != bridge.gatewayAddress
                && source != bridge.broadcastAddress;
    }

    /**
     * Checks an IPv6 packet.
     *
     * @param buffer the frame memory
     * @param packet offset of the IPv6 header
     * @param length bytes from there to the end of the frame, at least 40
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int ipv6(DirectBuffer buffer, int packet, int length) {
        if (Ipv6Header.version(buffer, packet) != 6) {
            return DropReason.IP_VERSION.verdict();
        }
        if (Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet) > length) {
            return DropReason.IP_TOTAL_LENGTH.verdict();
        }
        boolean multicastSource = (Ipv6Header.sourceHi(buffer, packet) >>> 56) == 0xff;
        boolean toItself = Ipv6Header.sourceHi(buffer, packet) == Ipv6Header.destinationHi(buffer, packet)
                && Ipv6Header.sourceLo(buffer, packet) == Ipv6Header.destinationLo(buffer, packet);
        if (multicastSource || toItself) {
            return DropReason.IP_SOURCE.verdict();
        }
        return Ipv6Extensions.walk(buffer, packet, length) < 0 ? DropReason.IP6_EXTENSION.verdict() : PASS;
    }
}
