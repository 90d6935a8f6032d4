package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import io.tapswitch.wire.MacAddress;
import io.tapswitch.wire.NeighbourOptions;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * IPv6 frames for tests, and a network of both families: ports have {@link #address} besides their IPv4 address, the
 * gateway is fd00::1.
 */
final class Frames6 {
    static final Ipv6Address GATEWAY = Ipv6Address.parse("fd00::1");
    static final Ipv6Address UNSPECIFIED = new Ipv6Address(0, 0);
    static final Ipv6Address ALL_NODES = Ipv6Address.parse("ff02::1");
    static final int IP = EthernetHeader.LENGTH;
    static final int ICMP = IP + Ipv6Header.LENGTH;

    private Frames6() {}

    /** {@return network 0 with 10.0.0.0/24 and fd00::/64} */
    static NetworkSettings network(boolean internal, boolean icc) {
        return network(0, "10.0.0.1", "fd00::1", internal, icc);
    }

    static NetworkSettings network(int id, String gateway4, String gateway6, boolean internal, boolean icc) {
        List<GatewayAddress> gateways = List.of(
                new GatewayAddress(Ipv4Address.parse(gateway4), 24),
                new GatewayAddress(Ipv6Address.parse(gateway6), 64));
        long mac = 0x0242_0000_0000L | (Ipv4Address.parse(gateway4).bits() & 0xffff_ffffL);
        return new NetworkSettings(id, gateways, mac, 1500, internal, icc, false, 0, 10_000, 64, 1024);
    }

    /** {@return a switch of so many workers and guarded ports on such a network} */
    static TestSwitch withPorts(int workers, NetworkSettings network, int ports) {
        TestSwitch tested = new TestSwitch(workers);
        tested.addNetwork(network);
        for (int port = 0; port < ports; port++) {
            tested.put(port(port, port % workers, true));
        }
        return tested;
    }

    static PortSettings port(int port, int worker, boolean guarded) {
        Ipv4Address four = Ipv4Address.fromBits(TestSwitch.address(port));
        return new PortSettings(port, 0, worker, List.of(port), TestSwitch.mac(port), four, address(port), guarded);
    }

    static Ipv6Address address(int port) {
        return Ipv6Address.parse("fd00::2").plus(port);
    }

    static Ipv6Address linkLocal(long mac) {
        return Ipv6Address.linkLocalOf(MacAddress.fromBits(mac));
    }

    static Frame ipv6(long destination, long source, Ipv6Address from, Ipv6Address to, int next, int payloadLength) {
        Frame frame = Frames.ethernet(destination, source, EtherType.IPV6, Ipv6Header.LENGTH + payloadLength);
        UnsafeBuffer b = frame.ethernet();
        Ipv6Header.trafficClassAndFlowLabel(b, IP, 0, 0);
        Ipv6Header.payloadLength(b, IP, payloadLength);
        Ipv6Header.nextHeader(b, IP, next);
        Ipv6Header.hopLimit(b, IP, 64);
        Ipv6Header.source(b, IP, from.hi(), from.lo());
        Ipv6Header.destination(b, IP, to.hi(), to.lo());
        return frame;
    }

    static Frame udp(long destination, long source, Ipv6Address from, Ipv6Address to, int payloadLength) {
        return ipv6(destination, source, from, to, IpProtocol.UDP, 8 + payloadLength);
    }

    static Frame icmp(long destination, long source, Ipv6Address from, Ipv6Address to, int type, int bodyLength) {
        Frame frame = ipv6(destination, source, from, to, IpProtocol.ICMPV6, Icmpv6Header.LENGTH + bodyLength);
        Icmpv6Header.type(frame.ethernet(), ICMP, type);
        return checksum(frame);
    }

    /** {@return the frame with a right ICMPv6 checksum} */
    static Frame checksum(Frame frame) {
        UnsafeBuffer b = frame.ethernet();
        Icmpv6Header.checksum(b, ICMP, 0);
        Icmpv6Header.checksum(b, ICMP, ~InternetChecksum.fold(sum(b)) & 0xffff);
        return frame;
    }

    /** {@return whether the checksum of a bare ICMPv6 message is right} */
    static boolean isChecksumRight(UnsafeBuffer frame) {
        return InternetChecksum.isValid(sum(frame));
    }

    private static long sum(UnsafeBuffer b) {
        int length = Ipv6Header.payloadLength(b, IP);
        return InternetChecksum.sum(b, IP + 8, 32) + IpProtocol.ICMPV6 + length + InternetChecksum.sum(b, ICMP, length);
    }

    static Frame echoRequest(long destination, long source, Ipv6Address from, Ipv6Address to, int payloadLength) {
        Frame frame = icmp(destination, source, from, to, Icmpv6Header.ECHO_REQUEST, payloadLength);
        Icmpv6Header.sequence(frame.ethernet(), ICMP, 7);
        return checksum(frame);
    }

    /** {@return a neighbour solicitation to the target's solicited-node address, with the option unless null} */
    static Frame solicitation(long source, Ipv6Address from, Ipv6Address target, @Nullable Long option) {
        Ipv6Address group = new Ipv6Address(0xff02_0000_0000_0000L, 0x1_ff00_0000L | (target.lo() & 0xff_ffff));
        long mac = 0x3333_0000_0000L | (group.lo() & 0xffff_ffffL);
        return neighbour(Icmpv6Header.NEIGHBOUR_SOLICITATION, mac, source, from, group, target, option);
    }

    static Frame advertisement(long source, Ipv6Address from, Ipv6Address target, @Nullable Long option) {
        long mac = 0x3333_0000_0001L;
        return neighbour(Icmpv6Header.NEIGHBOUR_ADVERTISEMENT, mac, source, from, ALL_NODES, target, option);
    }

    static Frame neighbour(
            int type,
            long destination,
            long source,
            Ipv6Address from,
            Ipv6Address to,
            Ipv6Address target,
            @Nullable Long option) {
        int body = Icmpv6Header.NEIGHBOUR_LENGTH - Icmpv6Header.LENGTH;
        Frame frame = icmp(destination, source, from, to, type, body + (option == null ? 0 : 8));
        UnsafeBuffer b = frame.ethernet();
        Ipv6Header.hopLimit(b, IP, 255);
        Icmpv6Header.target(b, ICMP, target.hi(), target.lo());
        if (option != null) {
            boolean solicits = type == Icmpv6Header.NEIGHBOUR_SOLICITATION;
            int kind = solicits ? NeighbourOptions.SOURCE_LINK_LAYER : NeighbourOptions.TARGET_LINK_LAYER;
            NeighbourOptions.linkLayer(b, ICMP + Icmpv6Header.NEIGHBOUR_LENGTH, kind, option);
        }
        return checksum(frame);
    }

    /** {@return the frame with a header of 8 bytes put between the IPv6 header and its payload} */
    static Frame behind(int extension, Frame frame, int... header) {
        UnsafeBuffer b = frame.ethernet();
        byte[] old = frame.bytes.clone();
        int next = Ipv6Header.nextHeader(b, IP);
        frame.cut(b.capacity() + 8);
        UnsafeBuffer longer = frame.ethernet();
        longer.putBytes(ICMP + 8, old, io.tapswitch.tapio.VirtioNetHeader.LENGTH + ICMP, b.capacity() - ICMP);
        longer.setMemory(ICMP, 8, (byte) 0);
        longer.putByte(ICMP, (byte) next);
        for (int i = 0; i < header.length; i++) {
            longer.putByte(ICMP + 1 + i, (byte) header[i]);
        }
        Ipv6Header.nextHeader(longer, IP, extension);
        Ipv6Header.payloadLength(longer, IP, Ipv6Header.payloadLength(longer, IP) + 8);
        return frame;
    }
}
