package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Carries bytes through every step that reads a frame before it is believed, in memory that ends where the frame ends:
 * Agrona checks bounds in tests, so a read beyond throws. Steps that write a longer answer need room behind the frame;
 * they are run twice with different rubbish there, and must do the same.
 */
final class WholeWay {
    private static final int ROOM = 2048;
    private static final long HOST_MAC = 0x0200_0000_00aaL;
    private static final long PEER_MAC = 0x0200_0000_00bbL;
    private static final NetworkSettings NETWORK = new NetworkSettings(
            0,
            List.of(
                    new GatewayAddress(Ipv4Address.fromBits(TestSwitch.GATEWAY), 24),
                    new GatewayAddress(Ipv6Address.parse("fd00::1"), 64)),
            TestSwitch.GATEWAY_MAC,
            1500,
            false,
            true,
            true,
            0,
            0,
            64,
            1024);
    private static final NeighbourTable NEIGHBOURS = new NeighbourTable(List.of(
            new NeighbourTable.Neighbour(Ipv4Address.parse("10.0.0.3"), TestSwitch.mac(1), 1, 0),
            new NeighbourTable.Neighbour(Ipv6Address.parse("fd00::3"), TestSwitch.mac(1), 1, 0)));
    private static final HostPort HOST = new HostPort(
            new HostSettings(
                    9,
                    List.of(),
                    HOST_MAC,
                    PEER_MAC,
                    Set.of(Ipv4Address.fromBits(TestSwitch.GATEWAY), Ipv6Address.parse("fd00::1")),
                    NEIGHBOURS),
            HostPort.newErrors());
    private static final SubnetTable SUBNETS = new SubnetTable(List.of(NETWORK));

    private final Bridge bridge = new Bridge(NETWORK, 1);
    private final PortTable ports = new PortTable();

    WholeWay() {
        bridge.neighbours = NEIGHBOURS;
        for (int port = 0; port < 2; port++) {
            ports.add(settings(port), new TokenBucket(0, 1));
        }
        ports.addHost(HOST.port);
    }

    private static PortSettings settings(int port) {
        Ipv4Address four = Ipv4Address.fromBits(TestSwitch.address(port));
        Ipv6Address six = Ipv6Address.parse("fd00::2").plus(port);
        return new PortSettings(port, 0, 0, List.of(port), TestSwitch.mac(port), four, six, true);
    }

    /** Carries the bytes, virtio_net_hdr first, through every step. */
    void run(byte[] bytes) {
        UnsafeBuffer exact = new UnsafeBuffer(bytes.clone());
        if (FrameValidator.validate(exact, 0, bytes.length, bridge) != Verdict.PASS) {
            host(bytes);
            return;
        }
        int frame = VirtioNetHeader.LENGTH;
        int length = bytes.length - frame;
        int etherType = EthernetHeader.etherType(exact, frame);
        int packet = frame + EthernetHeader.LENGTH;
        if (RouterGuard.check(exact, packet, length - EthernetHeader.LENGTH, etherType) == Verdict.PASS) {
            SourceGuard.check(exact, frame, length, ports, 0);
            SourceGuard.gateway(exact, packet, length - EthernetHeader.LENGTH, etherType, bridge.gateways);
        }
        if (EtherType.isTag(etherType)) {
            TagGuard.check(exact, packet, length - EthernetHeader.LENGTH, etherType, bridge);
        }
        AbsentNeighbour.isMeant(exact, frame, bridge);
        if (Resolution.isQuestion(exact, frame, length)) {
            SourceGuard.question(exact, frame, ports, 0);
            same(bytes, (buffer, b) -> Resolution.answer(buffer, 0, b, bridge, ports, 0));
        }
        same(bytes, (buffer, b) -> Gateway.handle(buffer, 0, b, new Bridge(NETWORK, 1), SUBNETS, 0));
        same(bytes, (buffer, b) -> HOST.toHost(buffer, 0, b, bridge, ports, 0));
        same(bytes, (buffer, b) -> Verdict.answer(AbsentNeighbour.write(buffer, 0, b, bridge)));
        host(bytes);
    }

    private void host(byte[] bytes) {
        Bridge[] bridges = {bridge};
        same(bytes, (buffer, b) -> HostIngress.decide(buffer, 0, b, HOST, ports, bridges, 0));
        if (bytes.length >= VirtioNetHeader.LENGTH + EthernetHeader.LENGTH) {
            UnsafeBuffer frame = new UnsafeBuffer(bytes, VirtioNetHeader.LENGTH, bytes.length - VirtioNetHeader.LENGTH);
            EthernetHeader.source(frame, 0, HOST_MAC);
            EthernetHeader.destination(frame, 0, PEER_MAC);
            same(bytes, (buffer, b) -> HostIngress.decide(buffer, 0, b, HOST, ports, bridges, 0));
        }
    }

    private interface Step {
        int decide(UnsafeBuffer buffer, int length);
    }

    private static void same(byte[] bytes, Step step) {
        byte[] zeros = Arrays.copyOf(bytes, bytes.length + ROOM);
        byte[] ones = zeros.clone();
        Arrays.fill(ones, bytes.length, ones.length, (byte) 0xff);
        int verdict = step.decide(new UnsafeBuffer(zeros), bytes.length);
        assertThat(step.decide(new UnsafeBuffer(ones), bytes.length)).isEqualTo(verdict);
        int length = Verdict.goesBack(verdict) ? Verdict.length(verdict) : bytes.length;
        assertThat(Arrays.copyOf(ones, length)).isEqualTo(Arrays.copyOf(zeros, length));
    }
}
