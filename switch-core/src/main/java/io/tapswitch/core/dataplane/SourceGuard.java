package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;

/**
 * Step 3 of the frame's way, where it is switched on for the port: a container speaks only with its own MAC address and
 * its own IP addresses, also in ARP (B12, N21). What it cannot read it does not let pass.
 *
 * <p>IPv6: besides the unspecified address of duplicate address detection, the one link-local address that the kernel
 * forms from the MAC (EUI-64, RFC 4291 appendix A).
 */
final class SourceGuard {
    private static final long LINK_LOCAL = 0xfe80_0000_0000_0000L;

    private SourceGuard() {}

    /**
     * Checks a frame that passed {@link FrameValidator}.
     *
     * @param buffer the frame memory
     * @param frame offset of the Ethernet header
     * @param frameLength bytes from there
     * @param mac the port's MAC address
     * @param address the port's IPv4 address
     * @return {@link Verdict#PASS} or a drop reason's verdict
     */
    static int check(DirectBuffer buffer, int frame, int frameLength, long mac, int address) {
        if (EthernetHeader.source(buffer, frame) != mac) {
            return DropReason.SPOOF_MAC.verdict();
        }
        int packet = frame + EthernetHeader.LENGTH;
        int length = frameLength - EthernetHeader.LENGTH;
        return switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> ipv4(buffer, packet, length, address);
            case EtherType.IPV6 -> ipv6(buffer, packet, mac);
            case EtherType.ARP -> arp(buffer, packet, mac, address);
            case EtherType.VLAN, EtherType.QINQ, EtherType.QINQ_OLD -> DropReason.GUARD_UNREADABLE.verdict();
            default -> PASS;
        };
    }

    private static int ipv4(DirectBuffer buffer, int packet, int length, int address) {
        int headerLength = Ipv4Header.headerLength(buffer, packet);
        if (Ipv4Header.version(buffer, packet) != 4 || headerLength < Ipv4Header.MIN_LENGTH || headerLength > length) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        return Ipv4Header.sourceAddress(buffer, packet) == address ? PASS : DropReason.SPOOF_IP.verdict();
    }

    private static int ipv6(DirectBuffer buffer, int packet, long mac) {
        if (Ipv6Header.version(buffer, packet) != 6) {
            return DropReason.GUARD_UNREADABLE.verdict();
        }
        long high = Ipv6Header.sourceHi(buffer, packet);
        long low = Ipv6Header.sourceLo(buffer, packet);
        boolean unspecified = high == 0 && low == 0;
        return unspecified || (high == LINK_LOCAL && low == eui64(mac)) ? PASS : DropReason.SPOOF_IP.verdict();
    }

    /** The interface identifier of a MAC address: ff:fe in the middle, the universal/local bit inverted. */
    static long eui64(long mac) {
        return (((mac & 0xffff_ff00_0000L) << 16) | 0xff_fe00_0000L | (mac & 0xff_ffffL)) ^ 0x0200_0000_0000_0000L;
    }

    private static int arp(DirectBuffer buffer, int packet, long mac, int address) {
        int sender = ArpHeader.senderAddress(buffer, packet);
        // 0.0.0.0 is a probe for duplicates (RFC 5227).
        boolean own = ArpHeader.senderMac(buffer, packet) == mac && (sender == address || sender == 0);
        return own ? PASS : DropReason.SPOOF_ARP.verdict();
    }
}
