package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Extensions;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Echo replies (RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 section 4.2), written over the request.
 *
 * <p>Echo requests in fragments are answered fragment by fragment. Every fragment of an echo reply is the fragment of
 * its request with the addresses exchanged, and only the first differs further, in type and checksum; so the sender
 * reassembles a right answer, and a gateway without a reassembly buffer cannot be made to run out of one. The checksum
 * is updated, not computed (RFC 1624), so that a wrong one stays wrong (N24); IPv6's, which covers the addresses too,
 * stays right when they are exchanged.
 */
final class Echo {
    private static final int TTL = 64;

    private Echo() {}

    /** {@return PASS for an echo request of ICMP, or part of one, in a right IPv4 packet; else a drop reason} */
    static int check4(DirectBuffer buffer, int packet) {
        if (Ipv4Header.fragmentOffset(buffer, packet) != 0) {
            return PASS;
        }
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        int icmp = packet + headerLength;
        int length = Ipv4Header.totalLength(buffer, packet) - headerLength;
        if (length < IcmpHeader.LENGTH) {
            return DropReason.BAD_ICMP.verdict();
        }
        if (!Ipv4Header.moreFragments(buffer, packet) && !IcmpHeader.checksumValid(buffer, icmp, length)) {
            return DropReason.BAD_ICMP.verdict();
        }
        boolean request =
                IcmpHeader.type(buffer, icmp) == IcmpHeader.ECHO_REQUEST && IcmpHeader.code(buffer, icmp) == 0;
        return request ? PASS : DropReason.GATEWAY_NO_SERVICE.verdict();
    }

    /** Makes the reply of what {@link #check4} let pass, but for the Ethernet header. */
    static void reply4(MutableDirectBuffer buffer, int packet) {
        if (Ipv4Header.fragmentOffset(buffer, packet) == 0) {
            int icmp = packet + Ipv4Header.headerLength(buffer, packet);
            IcmpHeader.type(buffer, icmp, IcmpHeader.ECHO_REPLY);
            int checksum = IcmpHeader.checksum(buffer, icmp);
            IcmpHeader.checksum(buffer, icmp, InternetChecksum.update16(checksum, IcmpHeader.ECHO_REQUEST << 8, 0));
        }
        int from = Ipv4Header.destinationAddress(buffer, packet);
        Ipv4Header.destinationAddress(buffer, packet, Ipv4Header.sourceAddress(buffer, packet));
        Ipv4Header.sourceAddress(buffer, packet, from);
        Ipv4Header.ttl(buffer, packet, TTL);
        Ipv4Header.updateChecksum(buffer, packet);
    }

    /** {@return PASS for an echo request of ICMPv6, or part of one, in a right IPv6 packet; else a drop reason} */
    static int check6(DirectBuffer buffer, int packet) {
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        long walked = Ipv6Extensions.walk(buffer, packet, length);
        int next = Ipv6Header.nextHeader(buffer, packet);
        boolean bare = next == IpProtocol.ICMPV6;
        boolean inFragments = next == IpProtocol.FRAGMENT
                && Ipv6Extensions.offset(walked) == Ipv6Header.LENGTH + Ipv6Extensions.FRAGMENT_LENGTH;
        if (!bare && !inFragments) {
            return DropReason.GATEWAY_NO_SERVICE.verdict();
        }
        if (Ipv6Extensions.isLaterFragment(walked)) {
            return PASS;
        }
        int icmp = packet + Ipv6Extensions.offset(walked);
        int icmpLength = packet + length - icmp;
        if (icmpLength < Icmpv6Header.LENGTH || (bare && !isChecksumRight(buffer, packet, icmp, icmpLength))) {
            return DropReason.BAD_ICMP.verdict();
        }
        boolean request =
                Icmpv6Header.type(buffer, icmp) == Icmpv6Header.ECHO_REQUEST && Icmpv6Header.code(buffer, icmp) == 0;
        return request ? PASS : DropReason.GATEWAY_NO_SERVICE.verdict();
    }

    /** {@return whether the checksum of an ICMPv6 message right behind its IPv6 header is right} */
    static boolean isChecksumRight(DirectBuffer buffer, int packet, int icmp, int length) {
        long pseudo = InternetChecksum.pseudoHeader(
                Ipv6Header.sourceHi(buffer, packet),
                Ipv6Header.sourceLo(buffer, packet),
                Ipv6Header.destinationHi(buffer, packet),
                Ipv6Header.destinationLo(buffer, packet),
                IpProtocol.ICMPV6,
                length);
        return InternetChecksum.isValid(pseudo + InternetChecksum.sum(buffer, icmp, length));
    }

    /** Makes the reply of what {@link #check6} let pass, but for the Ethernet header. */
    static void reply6(MutableDirectBuffer buffer, int packet) {
        int length = Ipv6Header.LENGTH + Ipv6Header.payloadLength(buffer, packet);
        long walked = Ipv6Extensions.walk(buffer, packet, length);
        if (!Ipv6Extensions.isLaterFragment(walked)) {
            int icmp = packet + Ipv6Extensions.offset(walked);
            Icmpv6Header.type(buffer, icmp, Icmpv6Header.ECHO_REPLY);
            int checksum = InternetChecksum.update16(
                    Icmpv6Header.checksum(buffer, icmp), Icmpv6Header.ECHO_REQUEST << 8, Icmpv6Header.ECHO_REPLY << 8);
            Icmpv6Header.checksum(buffer, icmp, checksum);
        }
        long fromHi = Ipv6Header.destinationHi(buffer, packet);
        long fromLo = Ipv6Header.destinationLo(buffer, packet);
        Ipv6Header.destination(
                buffer, packet, Ipv6Header.sourceHi(buffer, packet), Ipv6Header.sourceLo(buffer, packet));
        Ipv6Header.source(buffer, packet, fromHi, fromLo);
        Ipv6Header.hopLimit(buffer, packet, TTL);
    }
}
