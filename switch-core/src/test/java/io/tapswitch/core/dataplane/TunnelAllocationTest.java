package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.core.dataplane.TestSwitch.Written;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R11: tunnels allocate nothing, by a TAP and by sockets. */
class TunnelAllocationTest {
    private static final int TUNNEL = 100;
    private static final int PEER = 200;
    private static final int ROUNDS = 2_000;
    private static final IpAddress HERE = Ipv4Address.parse("192.0.2.1");
    private static final IpAddress THERE = Ipv4Address.parse("192.0.2.2");

    private static TestSwitch host(IpAddress local, IpAddress remote, int own, int other, int segments) {
        TestSwitch host = new TestSwitch(1);
        host.addNetwork(TestSwitch.NETWORK);
        host.addPort(own, 0, false);
        host.overlay(new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL),
                local,
                1600,
                Map.of(),
                List.of(new TunnelNetwork(0, 42, false)),
                List.of(new TunnelPeer(PEER, 0, remote)),
                List.of(new RemoteEndpoint(PEER, 0, mac(other), Ipv4Address.fromBits(address(other)), null)),
                segments));
        return host;
    }

    private static Frame superFrame(int from, int to) {
        Frame tcp = Frames.ipv4(mac(to), mac(from), address(from), address(to), IpProtocol.TCP, 20 + 30_000);
        tcp.ethernet().putByte(14 + 20 + 12, (byte) 0x50);
        tcp.ethernet().putByte(14 + 20 + 13, (byte) 0x10);
        tcp.offload(1, 1, 1_396, 54, 34, 16);
        return tcp;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 64})
    void R11_noFrameToOrFromAnotherHostAllocates(int segments) {
        TestSwitch there = host(THERE, HERE, 1, 0, segments);
        TestSwitch here = host(HERE, THERE, 0, 1, segments);
        FrameRounds rounds = new FrameRounds(here, 1);
        for (Frame frame : List.of(superFrame(1, 0), Frames.udp(mac(0), mac(1), address(1), address(0), 64))) {
            there.send(1, frame);
            for (Written outer : there.written) {
                if (outer.port() == TUNNEL) {
                    Frame arriving = new Frame(0);
                    arriving.bytes = outer.bytes().clone();
                    rounds.add(TUNNEL, arriving);
                }
            }
        }
        rounds.add(0, superFrame(0, 1));
        rounds.add(0, Frames.udp(mac(1), mac(0), address(0), address(1), 64));
        assertThat(rounds.frames()).isEqualTo(4);
        assertThat(rounds.leastBytes(ROUNDS)).isZero();
        assertThat(here.counters(0).txFrames()).isGreaterThan(ROUNDS);
        assertThat(here.counters(PEER).txFrames()).isGreaterThan(ROUNDS);
        here.assertConserved();
        there.assertConserved();
    }
}
