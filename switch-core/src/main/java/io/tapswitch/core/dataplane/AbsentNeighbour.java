package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * An endpoint that is gone, as its neighbours find out (A-ATT-08). They still have its MAC address in their
 * caches, so they ask nobody and send: to a MAC address that no port has, with an IP address that the control
 * plane knows to be nobody's. The frame is flooded like any other to an unknown address, and its sender is told by
 * ICMP, from the gateway, that the host is unreachable, instead of being left to wait.
 */
final class AbsentNeighbour {
    private static final int L3 = VirtioNetHeader.LENGTH + EthernetHeader.LENGTH;

    private AbsentNeighbour() {}

    /** {@return whether a frame's IP destination is an address of the network that nobody has, its gateway included} */
    static boolean isMeant(DirectBuffer buffer, int frame, Bridge bridge) {
        int packet = frame + EthernetHeader.LENGTH;
        Gateways gateways = bridge.gateways;
        switch (EthernetHeader.etherType(buffer, frame)) {
            case EtherType.IPV4 -> {
                int address = Ipv4Header.destinationAddress(buffer, packet);
                return gateways.isOnLink(address)
                        && !gateways.isOwn(address)
                        && bridge.neighbours.find(address) == NeighbourTable.NONE;
            }
            case EtherType.IPV6 -> {
                long hi = Ipv6Header.destinationHi(buffer, packet);
                long lo = Ipv6Header.destinationLo(buffer, packet);
                return !Gateways.isLinkLocal(hi)
                        && gateways.isOnLink(hi, lo)
                        && !gateways.isOwn(hi, lo)
                        && bridge.neighbours.find(hi, lo) == NeighbourTable.NONE;
            }
            default -> {
                return false;
            }
        }
    }

    /**
     * Writes "nobody has this address" over a copy of such a frame.
     *
     * @param buffer the frame memory
     * @param offset of the copy
     * @param length bytes from there
     * @param bridge its network
     * @return bytes of the error's frame, or 0 when there is nothing to say
     */
    static int write(MutableDirectBuffer buffer, int offset, int length, Bridge bridge) {
        int frame = offset + VirtioNetHeader.LENGTH;
        int packet = offset + L3;
        Gateways gateways = bridge.gateways;
        int written = 0;
        if (EthernetHeader.etherType(buffer, frame) == EtherType.IPV4
                && PacketValidator.ipv4(buffer, packet, length - L3, gateways) == Verdict.PASS
                && IcmpError.isAllowed4(buffer, offset, gateways)) {
            int from = gateways.nearest(Ipv4Header.destinationAddress(buffer, packet));
            written = IcmpError.write4(
                    buffer, offset, from, IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.HOST_UNREACHABLE);
        } else if (EthernetHeader.etherType(buffer, frame) == EtherType.IPV6
                && PacketValidator.ipv6(buffer, packet, length - L3, gateways) == Verdict.PASS
                && IcmpError.isAllowed6(buffer, offset)) {
            int from = gateways.nearest(
                    Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet));
            written = IcmpError.write6(
                    buffer,
                    offset,
                    gateways.hi(from),
                    gateways.lo(from),
                    Icmpv6Header.DESTINATION_UNREACHABLE,
                    Icmpv6Header.ADDRESS_UNREACHABLE);
        }
        if (written != 0) {
            EthernetHeader.destination(buffer, frame, EthernetHeader.source(buffer, frame));
            EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        }
        return written;
    }
}
