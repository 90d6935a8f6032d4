package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.MutableDirectBuffer;

/**
 * An ICMP error to somebody outside, in the name of the host's address that its packet was for: nobody outside hears of
 * the switch, or of who is behind it. The Ethernet addresses are zero, for the kernel fills them in.
 */
final class OutsideError {
    private OutsideError() {}

    /**
     * Writes it over the packet, as it came from outside.
     *
     * @return bytes of the frame, or 0 when nothing may be said about such a packet
     */
    static int write(MutableDirectBuffer buffer, int offset, Complaint complaint, int mtu) {
        int packet = offset + L3;
        int written;
        if (NatPacket.isIpv4(buffer, offset)) {
            int from = Ipv4Header.destinationAddress(buffer, packet);
            written = IcmpError.isAllowed4(buffer, offset, Gateways.NONE)
                    ? IcmpError.write4(buffer, offset, from, complaint.type4, complaint.code4, mtu)
                    : 0;
        } else {
            long hi = Ipv6Header.destinationHi(buffer, packet);
            long lo = Ipv6Header.destinationLo(buffer, packet);
            written = IcmpError.isAllowed6(buffer, offset)
                    ? IcmpError.write6(buffer, offset, hi, lo, complaint.type6, complaint.code6, mtu)
                    : 0;
        }
        clearAddresses(buffer, offset);
        VirtioNetHeader.clear(buffer, offset);
        return written;
    }

    /** A frame for an uplink: to lo's address, which is zero, or to whom the kernel finds. */
    static void clearAddresses(MutableDirectBuffer buffer, int offset) {
        EthernetHeader.destination(buffer, offset + VirtioNetHeader.LENGTH, 0);
        EthernetHeader.source(buffer, offset + VirtioNetHeader.LENGTH, 0);
    }
}
