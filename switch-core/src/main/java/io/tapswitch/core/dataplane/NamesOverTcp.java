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
        return switch (EthernetHeader.etherType(buffer, offset + VirtioNetHeader.LENGTH)) {
            case EtherType.IPV4 -> toListener4(buffer, offset, length, bridge, ports, ingress);
            case EtherType.IPV6 -> toListener6(buffer, offset, length, bridge, ports, ingress);
            default -> PASS;
        };
    }

    private int toListener4(
            MutableDirectBuffer buffer, int offset, int length, Bridge bridge, PortTable ports, int ingress) {
        int packet = offset + L3;
        int transport = packet + Ipv4Header.headerLength(buffer, packet);
        boolean isMeant = Ipv4Header.protocol(buffer, packet) == IpProtocol.TCP
                && transport + TcpHeader.MIN_LENGTH <= offset + length
                && TcpHeader.destinationPort(buffer, transport) == Names.PORT
                && !Ipv4Header.isFragment(buffer, packet);
        int asked = isMeant ? bridge.gateways.indexOf(Ipv4Header.destinationAddress(buffer, packet)) : -1;
        if (asked < 0 || asked >= NamesClient.LISTENERS || views.of(ingress) == null) {
            return PASS;
        }
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0) {
            return DropReason.ofNat((int) classified).verdict();
        }
        if (Ipv4Header.sourceAddress(buffer, packet) != ports.address(ingress)) {
            return DropReason.SPOOF_IP.verdict();
        }
        int client = NamesClient.address(ingress, ports.generation(ingress));
        Translator.source(buffer, packet, classified, 0, client, PacketClass.sourcePort(buffer, packet, classified));
        Translator.destination(buffer, packet, classified, 0, NamesClient.LISTENER + asked, Names.PORT);
        return deliver(buffer, offset);
    }

    private int toListener6(
            MutableDirectBuffer buffer, int offset, int length, Bridge bridge, PortTable ports, int ingress) {
        int packet = offset + L3;
        int transport = packet + Ipv6Header.LENGTH;
        boolean isMeant = Ipv6Header.nextHeader(buffer, packet) == IpProtocol.TCP
                && transport + TcpHeader.MIN_LENGTH <= offset + length
                && TcpHeader.destinationPort(buffer, transport) == Names.PORT;
        int asked = isMeant
                ? bridge.gateways.indexOf(
                        Ipv6Header.destinationHi(buffer, packet), Ipv6Header.destinationLo(buffer, packet))
                : -1;
        if (asked < 0 || asked >= NamesClient.LISTENERS || views.of(ingress) == null) {
            return PASS;
        }
        long classified = NatPacket.classify(buffer, offset, length);
        if (classified < 0) {
            return DropReason.ofNat((int) classified).verdict();
        }
        long hi = Ipv6Header.sourceHi(buffer, packet);
        long lo = Ipv6Header.sourceLo(buffer, packet);
        boolean linkLocal = hi == SourceGuard.LINK_LOCAL && lo == SourceGuard.eui64(ports.mac(ingress));
        boolean isOwn =
                linkLocal || ((hi | lo) != 0 && hi == ports.addressHi(ingress) && lo == ports.addressLo(ingress));
        if (!isOwn) {
            return DropReason.SPOOF_IP.verdict();
        }
        long client = NamesClient.addressLo(ingress, ports.generation(ingress), linkLocal);
        int sourcePort = PacketClass.sourcePort(buffer, packet, classified);
        Translator.source(buffer, packet, classified, NamesClient.CLIENT_HI, client, sourcePort);
        long listener = NamesClient.LISTENER_LO + asked;
        Translator.destination(buffer, packet, classified, NamesClient.LISTENER_HI, listener, Names.PORT);
        return deliver(buffer, offset);
    }

    private int deliver(MutableDirectBuffer buffer, int offset) {
        EthernetHeader.destination(buffer, offset + VirtioNetHeader.LENGTH, mac);
        return port;
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
        return etherType == EtherType.IPV4
                ? toClient4(buffer, offset, length, classified, ports, bridges)
                : toClient6(buffer, offset, length, classified, ports, bridges);
    }

    private int toClient4(
            MutableDirectBuffer buffer,
            int offset,
            int length,
            long classified,
            PortTable ports,
            @Nullable Bridge[] bridges) {
        int packet = offset + L3;
        int client = Ipv4Header.destinationAddress(buffer, packet);
        int to = NamesClient.port(client);
        Bridge bridge = NamesClient.isClient(client) && NamesClient.isOf(ports.generation(to), client)
                ? bridge(to, ports, bridges)
                : null;
        int asked = Ipv4Header.sourceAddress(buffer, packet) - NamesClient.LISTENER;
        int own = ports.address(to);
        if (bridge == null || asked < 0 || asked >= bridge.gateways.size4() || own == 0) {
            return DropReason.DNS_TCP_CLIENT_GONE.verdict();
        }
        int verdict = FrameValidator.offload(buffer, offset, length - VirtioNetHeader.LENGTH, bridge.mtu);
        if (verdict != PASS) {
            return verdict;
        }
        Translator.source(buffer, packet, classified, 0, bridge.gateways.address(asked), Names.PORT);
        int destinationPort = PacketClass.destinationPort(buffer, packet, classified);
        Translator.destination(buffer, packet, classified, 0, own, destinationPort);
        return deliver(buffer, offset, bridge, ports, to);
    }

    private int toClient6(
            MutableDirectBuffer buffer,
            int offset,
            int length,
            long classified,
            PortTable ports,
            @Nullable Bridge[] bridges) {
        int packet = offset + L3;
        long client = Ipv6Header.destinationLo(buffer, packet);
        int to = NamesClient.port(client);
        boolean isClient = NamesClient.isClient(Ipv6Header.destinationHi(buffer, packet), client)
                && Ipv6Header.sourceHi(buffer, packet) == NamesClient.LISTENER_HI
                && NamesClient.isOf(ports.generation(to), client);
        Bridge bridge = isClient ? bridge(to, ports, bridges) : null;
        long asked = Ipv6Header.sourceLo(buffer, packet) - NamesClient.LISTENER_LO;
        boolean linkLocal = NamesClient.isLinkLocal(client);
        long hi = linkLocal ? SourceGuard.LINK_LOCAL : ports.addressHi(to);
        long lo = linkLocal ? SourceGuard.eui64(ports.mac(to)) : ports.addressLo(to);
        if (bridge == null || asked < 0 || asked >= bridge.gateways.size6() || (hi | lo) == 0) {
            return DropReason.DNS_TCP_CLIENT_GONE.verdict();
        }
        int verdict = FrameValidator.offload(buffer, offset, length - VirtioNetHeader.LENGTH, bridge.mtu);
        if (verdict != PASS) {
            return verdict;
        }
        int gateway = (int) asked;
        Translator.source(
                buffer, packet, classified, bridge.gateways.hi(gateway), bridge.gateways.lo(gateway), Names.PORT);
        int destinationPort = PacketClass.destinationPort(buffer, packet, classified);
        Translator.destination(buffer, packet, classified, hi, lo, destinationPort);
        return deliver(buffer, offset, bridge, ports, to);
    }

    private static @Nullable Bridge bridge(int port, PortTable ports, @Nullable Bridge[] bridges) {
        int network = ports.network(port);
        return network < 0 ? null : bridges[network];
    }

    private static int deliver(MutableDirectBuffer buffer, int offset, Bridge bridge, PortTable ports, int to) {
        int frame = offset + VirtioNetHeader.LENGTH;
        EthernetHeader.destination(buffer, frame, ports.mac(to));
        EthernetHeader.source(buffer, frame, bridge.gatewayMac);
        return to;
    }
}
