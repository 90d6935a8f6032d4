package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.NatPacket.L3;
import static io.tapswitch.core.dataplane.Verdict.PASS;

import io.tapswitch.nat.PacketClass;
import io.tapswitch.nat.Translator;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.TcpHeader;
import org.agrona.MutableDirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Names by TCP: the way of a container's segments to the listener that answers them, and back.
 *
 * <h2>Theory of operation</h2>
 *
 * The switch has no TCP. What containers send to port 53 of the switch's own addresses in their network goes to a TAP
 * in a namespace of the switch's own, where a listener has the kernel's. Both addresses are translated on the way:
 *
 * <pre>
 *   container                                                          listener
 *   own address      : p   -> asked address : 53
 *        becomes             port, generation : p       -> which of them : 53       {@link NamesClient}
 *   own address      : p   <- asked address : 53
 *        becomes             port, generation : p       <- which of them : 53
 * </pre>
 *
 * <p>The new addresses say all that the way back needs, so there is no table: no flow is looked up, begun or ended, and
 * any worker does either direction. Ports stay. The frame keeps its offload header: super-frames stay whole, and a
 * checksum that is not finished is moved along as the kernel counts it (O3; {@link Translator}).
 *
 * <p>A client is who its port says: a segment with another source than the port's own is dropped. What the listener
 * sends to a port of another generation is for a container that is gone, and is dropped too. An address that its
 * network has lost meanwhile ends the way back as well. Errors by ICMP do not cross: the TAP's MTU is larger than every
 * network's, so that no segment is too big.
 *
 * <p>Fragments are not taken here, they go where they went without: no TCP sends any.
 *
 * <p>Immutable, so that workers share it. Nothing here allocates.
 */
final class NamesOverTcp {
    final int port;
    private final long mac;
    private final ClientViews views;

    NamesOverTcp(NamesListenerSettings settings, ClientViews views) {
        port = settings.port();
        mac = settings.mac();
        this.views = views;
    }

    /**
     * Looks whether a frame for a gateway's MAC address is a segment for the listener, and makes it one.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr of a frame that passed {@link FrameValidator}
     * @param length bytes from there
     * @param bridge the network it came from
     * @param ports where the port's own addresses are
     * @param ingress the port it came from
     * @return the listener's port, a drop reason's verdict, or {@link Verdict#PASS} when it is not for the listener
     */
    int toListener(MutableDirectBuffer buffer, int offset, int length, Bridge bridge, PortTable ports, int ingress) {
        int etherType = EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH);
        boolean ipv4 = etherType == EtherType.IPV4;
        if (!ipv4 && etherType != EtherType.IPV6) {
            return PASS;
        }
        int packet = offset + L3;
        int transport = packet + (ipv4 ? Ipv4Header.headerLength(buffer, packet) : Ipv6Header.LENGTH);
        boolean isTcp = ipv4
                ? Ipv4Header.protocol(buffer, packet) == IpProtocol.TCP && !Ipv4Header.isFragment(buffer, packet)
                : Ipv6Header.nextHeader(buffer, packet) == IpProtocol.TCP;
        boolean isMeant = isTcp
                && transport + TcpHeader.MIN_LENGTH <= offset + length
                && TcpHeader.destinationPort(buffer, transport) == Names.PORT;
        int asked = isMeant ? asked(buffer, packet, ipv4, bridge.gateways) : -1;
        if (asked < 0 || asked >= NamesClient.LISTENERS || views.of(ingress) == null) {
            return PASS;
        }
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0) {
            return DropReason.ofNat((int) classified).verdict();
        }
        boolean isOwn = ipv4
                ? toListener4(buffer, packet, classified, asked, ports, ingress)
                : toListener6(buffer, packet, classified, asked, ports, ingress);
        if (!isOwn) {
            return DropReason.SPOOF_IP.verdict();
        }
        EthernetHeader.destination(buffer, offset + VirtioNetHeader.LENGTH, mac);
        return port;
    }

    private static int asked(MutableDirectBuffer buffer, int packet, boolean ipv4, Gateways gateways) {
        return ipv4
                ? gateways.indexOf(Ipv4Header.destinationAddress(buffer, packet))
                : gateways.indexOf(Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet));
    }

    /** Translates; {@return false, with nothing changed, where the source is not the port's own} */
    private static boolean toListener4(
            MutableDirectBuffer buffer, int packet, long classified, int asked, PortTable ports, int ingress) {
        if (Ipv4Header.sourceAddress(buffer, packet) != ports.address(ingress)) {
            return false;
        }
        int client = NamesClient.address(ingress, ports.generation(ingress));
        Translator.source(buffer, packet, classified, 0, client, PacketClass.sourcePort(buffer, packet, classified));
        Translator.destination(buffer, packet, classified, 0, NamesClient.LISTENER + asked, Names.PORT);
        return true;
    }

    private static boolean toListener6(
            MutableDirectBuffer buffer, int packet, long classified, int asked, PortTable ports, int ingress) {
        long hi = Ipv6Header.sourceHi(buffer, packet);
        long lo = Ipv6Header.sourceLo(buffer, packet);
        boolean linkLocal = hi == SourceGuard.LINK_LOCAL && lo == SourceGuard.eui64(ports.mac(ingress));
        boolean isPorts = (hi | lo) != 0 && hi == ports.addressHi(ingress) && lo == ports.addressLo(ingress);
        if (!linkLocal && !isPorts) {
            return false;
        }
        long client = NamesClient.addressLo(ingress, ports.generation(ingress), linkLocal);
        int sourcePort = PacketClass.sourcePort(buffer, packet, classified);
        Translator.source(buffer, packet, classified, NamesClient.CLIENT_HI, client, sourcePort);
        long listener = NamesClient.LISTENER_LO + asked;
        Translator.destination(buffer, packet, classified, NamesClient.LISTENER_HI, listener, Names.PORT);
        return true;
    }

    /**
     * Makes a segment of the listener one of the address that the container asked.
     *
     * @param buffer the frame memory
     * @param offset of the virtio_net_hdr
     * @param length bytes from there
     * @param ports whose links are up
     * @param bridges the networks
     * @return the container's port or a drop reason's verdict
     */
    int toClient(MutableDirectBuffer buffer, int offset, int length, PortTable ports, @Nullable Bridge[] bridges) {
        int frame = offset + VirtioNetHeader.LENGTH;
        if (length >= FrameMemory.READ_LENGTH) {
            return DropReason.TRUNCATED_READ.verdict();
        }
        if (length < L3) {
            return DropReason.RUNT.verdict();
        }
        int etherType = EthernetHeader.etherType(buffer, frame);
        if (etherType != EtherType.IPV4 && etherType != EtherType.IPV6) {
            return DropReason.DNS_TCP_STRAY.verdict();
        }
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0
                || PacketClass.kind(classified) != PacketClass.PORTS
                || PacketClass.protocol(classified) != IpProtocol.TCP
                || PacketClass.sourcePort(buffer, offset + L3, classified) != Names.PORT) {
            return DropReason.DNS_TCP_STRAY.verdict();
        }
        boolean ipv4 = etherType == EtherType.IPV4;
        int packet = offset + L3;
        int to = ipv4 ? client4(buffer, packet, ports) : client6(buffer, packet, ports);
        Bridge bridge = to < 0 || ports.network(to) < 0 ? null : bridges[ports.network(to)];
        int asked = bridge == null ? -1 : askedOf(buffer, packet, ipv4, bridge.gateways);
        if (bridge == null || asked < 0) {
            return DropReason.DNS_TCP_CLIENT_GONE.verdict();
        }
        int verdict = FrameValidator.offload(buffer, offset, length - VirtioNetHeader.LENGTH, bridge.mtu);
        if (verdict != PASS) {
            return verdict;
        }
        if (ipv4) {
            toClient4(buffer, packet, classified, bridge.gateways.address(asked), ports.address(to));
        } else {
            toClient6(buffer, packet, classified, bridge.gateways, asked, ports, to);
        }
        EthernetHeader.destination(buffer, frame, ports.mac(to));
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        return to;
    }

    /** {@return the port whose client the listener answers, -1 when it is gone} */
    private static int client4(MutableDirectBuffer buffer, int packet, PortTable ports) {
        int client = Ipv4Header.destinationAddress(buffer, packet);
        int to = NamesClient.port(client);
        boolean isThere = NamesClient.isClient(client) && NamesClient.isOf(ports.generation(to), client);
        return isThere && ports.address(to) != 0 ? to : -1;
    }

    private static int client6(MutableDirectBuffer buffer, int packet, PortTable ports) {
        long client = Ipv6Header.destinationLo(buffer, packet);
        int to = NamesClient.port(client);
        boolean isThere = NamesClient.isClient(Ipv6Header.destinationHi(buffer, packet), client)
                && NamesClient.isOf(ports.generation(to), client);
        boolean hasAddress = NamesClient.isLinkLocal(client) || (ports.addressHi(to) | ports.addressLo(to)) != 0;
        return isThere && hasAddress ? to : -1;
    }

    /** {@return which of the network's addresses was asked, -1 when it has it no more} */
    private static int askedOf(MutableDirectBuffer buffer, int packet, boolean ipv4, Gateways gateways) {
        if (ipv4) {
            int asked = Ipv4Header.sourceAddress(buffer, packet) - NamesClient.LISTENER;
            return asked >= 0 && asked < gateways.size4() ? asked : -1;
        }
        long asked = Ipv6Header.sourceLo(buffer, packet) - NamesClient.LISTENER_LO;
        boolean isOne = Ipv6Header.sourceHi(buffer, packet) == NamesClient.LISTENER_HI
                && asked >= 0
                && asked < gateways.size6();
        return isOne ? (int) asked : -1;
    }

    private static void toClient4(MutableDirectBuffer buffer, int packet, long classified, int from, int to) {
        Translator.source(buffer, packet, classified, 0, from, Names.PORT);
        int destinationPort = PacketClass.destinationPort(buffer, packet, classified);
        Translator.destination(buffer, packet, classified, 0, to, destinationPort);
    }

    private static void toClient6(
            MutableDirectBuffer buffer,
            int packet,
            long classified,
            Gateways gateways,
            int asked,
            PortTable ports,
            int to) {
        boolean linkLocal = NamesClient.isLinkLocal(Ipv6Header.destinationLo(buffer, packet));
        long hi = linkLocal ? SourceGuard.LINK_LOCAL : ports.addressHi(to);
        long lo = linkLocal ? SourceGuard.eui64(ports.mac(to)) : ports.addressLo(to);
        Translator.source(buffer, packet, classified, gateways.hi(asked), gateways.lo(asked), Names.PORT);
        int destinationPort = PacketClass.destinationPort(buffer, packet, classified);
        Translator.destination(buffer, packet, classified, hi, lo, destinationPort);
    }
}
