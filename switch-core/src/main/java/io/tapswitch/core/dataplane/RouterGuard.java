package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * Step 3 of the frame's way, for every port: what only a router may say is not said by a container. Router
 * advertisements (RFC 6105) and ICMP redirects of both families end here, also where the source guard is off.
 *
 * <p>A filter like this one is evaded by hiding the message (RFC 7113). So neighbour discovery behind any extension
 * header, which no honest sender makes, ends here too, and with it the first fragment of any such message (RFC 6980); a
 * fragment that does not begin a message needs no look, because without its first one it is never put together again. A
 * chain of extension headers that cannot be walked, or that ends before the message's type, is dropped rather than
 * believed. The packet ends where its length says: what the sender put behind that into the frame, no receiver sees.
 */
final class RouterGuard {
    private RouterGuard() {}

    /**
     * Checks a packet of a frame that passed {@link FrameValidator}. For TCP and UDP this is two comparisons.
     *
     * @param buffer the frame memory
     * @param packet offset behind the Ethernet header, and behind priority tags
     * @param length bytes from there to the end of the frame
     * @param etherType of the packet
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int check(DirectBuffer buffer, int packet, int length, int etherType) {
        if (etherType == EtherType.IPV4) {
            return Ipv4Header.protocol(buffer, packet) == IpProtocol.ICMP ? icmp(buffer, packet, length) : PASS;
        }
        if (etherType == EtherType.IPV6) {
            int next = Ipv6Header.nextHeader(buffer, packet);
            return next == IpProtocol.TCP || next == IpProtocol.UDP ? PASS : ipv6(buffer, packet, length, next);
        }
        return PASS;
    }

    private static int icmp(DirectBuffer buffer, int packet, int length) {
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        boolean hasType = headerLength < length && Ipv4Header.fragmentOffset(buffer, packet) == 0;
        return hasType && IcmpHeader.type(buffer, packet + headerLength) == IcmpHeader.REDIRECT
                ? DropReason.ROGUE_REDIRECT.verdict()
                : PASS;
    }

    private static int ipv6(DirectBuffer buffer, int packet, int frameLength, int next) {
        // One that says that it is longer than the frame is discarded by every receiver.
        int length = Math.min(frameLength, Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet));
        if (next == IpProtocol.ICMPV6) {
            return length == Ipv6Header.LENGTH
                    ? DropReason.TRUNCATED_IP.verdict()
                    : router(Icmpv6Header.type(buffer, packet + Ipv6Header.LENGTH));
        }
        long walked = Ipv6Extensions.walk(buffer, packet, length);
        if (walked < 0) {
            return DropReason.IP6_EXTENSION.verdict();
        }
        if (Ipv6Extensions.protocol(walked) != IpProtocol.ICMPV6 || Ipv6Extensions.isLaterFragment(walked)) {
            return PASS;
        }
        int offset = Ipv6Extensions.offset(walked);
        if (offset >= length) {
            return DropReason.ND_HIDDEN.verdict();
        }
        int type = Icmpv6Header.type(buffer, packet + offset);
        int verdict = router(type);
        return verdict == PASS && Icmpv6Header.isNeighbourDiscovery(type) ? DropReason.ND_HIDDEN.verdict() : verdict;
    }

    private static int router(int type) {
        return switch (type) {
            case Icmpv6Header.ROUTER_ADVERTISEMENT -> DropReason.ROGUE_RA.verdict();
            case Icmpv6Header.REDIRECT -> DropReason.ROGUE_REDIRECT.verdict();
            default -> PASS;
        };
    }
}
