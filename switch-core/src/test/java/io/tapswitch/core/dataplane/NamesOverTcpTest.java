package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.HOST_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.dns.ClientView;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.VirtioNetHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.TcpHeader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** D11: TCP to port 53 of what the container calls its resolver reaches the listener, and its answers come back. */
class NamesOverTcpTest {
    private static final int LISTENER = 10;
    private static final long LISTENER_MAC = 0x0200_0000_00ccL;
    private static final int QUERY = 0x18;

    private final TestSwitch tested = withListener(2, Frames6.network(false, true));
    private final long gatewayMac = 0x0242_0a00_0001L;
    private final NatFrames fromOne = new NatFrames(gatewayMac, mac(1));
    private final NatFrames fromListener = new NatFrames(LISTENER_MAC, LISTENER_MAC);

    private static TestSwitch withListener(int workers, NetworkSettings network) {
        TestSwitch made = Frames6.withPorts(workers, network, 3);
        ClientView view = new ClientView(List.of(), false, true, 5, 5);
        made.views(Map.of(0, view, 1, view));
        made.listener(new NamesListenerSettings(LISTENER, List.of(LISTENER), LISTENER_MAC));
        return made;
    }

    @AfterEach
    void framesAreConserved() {
        tested.assertConserved();
    }

    private Frame written(int port) {
        assertThat(tested.written).hasSize(1);
        assertThat(tested.written.getFirst().port()).isEqualTo(port);
        Frame frame = NatFrames.of(tested.written.getFirst().bytes());
        assertThat(NatFrames.checksumsRight(frame)).as("checksums").isTrue();
        return frame;
    }

    private void dropped(int port, Frame frame, DropReason reason) {
        long before = tested.drops(port, reason);
        assertThat(tested.send(port, frame)).isEmpty();
        assertThat(tested.drops(port, reason)).as(reason.word()).isEqualTo(before + 1);
    }

    /** The listener's answer to what it got. */
    private Frame answer(Frame got, int payloadLength) {
        return fromListener.tcp(NatFrames.destination(got), NatFrames.source(got), QUERY, 7, 8, payloadLength);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.3, 10.0.0.1, 128.0.32.1, 10.53.0.16",
        "fd00::3, fd00::1, fd53:0:0:1::2001, fd53::10",
        "fd00::3, fe80::42:aff:fe00:1, fd53:0:0:1::2001, fd53::11",
        "fe80::42:aff:fe00:3, fe80::42:aff:fe00:1, fd53:0:0:1:8000::2001, fd53::11",
    })
    void D11_aSegmentReachesTheListenerAndItsAnswerComesBack(String own, String asked, String client, String listener) {
        Frame query = fromOne.tcp(End.of(own, 40_000), End.of(asked, 53), QUERY, 1, 2, 33);
        tested.send(1, query);
        Frame got = written(LISTENER);
        assertThat(NatFrames.source(got)).isEqualTo(End.of(client, 40_000));
        assertThat(NatFrames.destination(got)).isEqualTo(End.of(listener, 53));
        assertThat(EthernetHeader.destination(got.ethernet(), 0)).isEqualTo(LISTENER_MAC);

        tested.send(LISTENER, answer(got, 99));
        Frame back = written(1);
        assertThat(NatFrames.source(back)).isEqualTo(End.of(asked, 53));
        assertThat(NatFrames.destination(back)).isEqualTo(End.of(own, 40_000));
        assertThat(EthernetHeader.destination(back.ethernet(), 0)).isEqualTo(mac(1));
        assertThat(EthernetHeader.source(back.ethernet(), 0)).isEqualTo(gatewayMac);
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.3, 10.0.0.1", "fd00::3, fd00::1"})
    void O3_unfinishedChecksumsAndSuperFramesPassAsTheyAre(String own, String asked) {
        Frame query = fromOne.tcp(End.of(own, 40_000), End.of(asked, 53), QUERY, 1, 2, 33);
        tested.send(1, NatFrames.partial(query));
        Frame got = written(LISTENER);
        assertThat(VirtioNetHeader.flags(got.buffer(), 0)).isEqualTo(VirtioNetHeader.NEEDS_CSUM);

        Frame answer = NatFrames.partial(answer(got, 30_000));
        int transport = NatFrames.transport(answer);
        boolean six = NatFrames.isIpv6(answer);
        int type = six ? VirtioNetHeader.GSO_TCPV6 : VirtioNetHeader.GSO_TCPV4;
        answer.offload(
                VirtioNetHeader.NEEDS_CSUM,
                type,
                1400,
                transport + TcpHeader.MIN_LENGTH,
                transport,
                TcpHeader.CHECKSUM_OFFSET);
        tested.send(LISTENER, answer);
        Frame back = written(1);
        assertThat(back.bytes).hasSameSizeAs(answer.bytes);
        assertThat(VirtioNetHeader.gsoSize(back.buffer(), 0)).isEqualTo(1400);
    }

    @Test
    void D11_aContainerOfAnInternalNetworkIsServedToo() {
        try (TestSwitchInForce internal = new TestSwitchInForce(withListener(1, Frames6.network(true, false)))) {
            Frame query = fromOne.tcp(End.of("10.0.0.3", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 33);
            assertThat(internal.made.send(1, query)).containsExactly(LISTENER);
        }
    }

    private record TestSwitchInForce(TestSwitch made) implements AutoCloseable {
        @Override
        public void close() {
            made.assertConserved();
        }
    }

    @Test
    void otherPortsAndOtherAddressesAreNoneOfTheListeners() {
        tested.host(12, Set.of(Ipv4Address.parse("10.0.0.1"), Ipv4Address.parse("192.168.1.5")));
        End own = End.of("10.0.0.3", 40_000);
        assertThat(tested.send(1, fromOne.tcp(own, End.of("10.0.0.1", 80), QUERY, 1, 2, 3)))
                .containsExactly(12);
        assertThat(tested.send(1, fromOne.tcp(own, End.of("192.168.1.5", 53), QUERY, 1, 2, 3)))
                .containsExactly(12);
        assertThat(tested.send(1, fromOne.tcp(own, End.of("10.0.0.1", 53), QUERY, 1, 2, 3)))
                .containsExactly(LISTENER);
    }

    @Test
    void aContainerThatSeesNoNamesHasNoListener() {
        NatFrames fromTwo = new NatFrames(gatewayMac, mac(2));
        tested.send(2, fromTwo.tcp(End.of("10.0.0.4", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 3));
        assertThat(tested.drops(2, DropReason.GATEWAY_NO_SERVICE)).isEqualTo(1);
    }

    @Test
    void anotherSourceThanThePortsOwnIsDropped() {
        tested.put(Frames6.port(1, 1, false));
        Frame spoofed = fromOne.tcp(End.of("10.0.0.9", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 3);
        dropped(1, spoofed, DropReason.SPOOF_IP);
        Frame six = fromOne.tcp(End.of("fd00::9", 40_000), End.of("fd00::1", 53), QUERY, 1, 2, 3);
        dropped(1, six, DropReason.SPOOF_IP);
    }

    @Test
    void aWrongChecksumIsDropped() {
        Frame query = fromOne.tcp(End.of("10.0.0.3", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 33);
        dropped(1, query.with(NatFrames.transport(query) + TcpHeader.MIN_LENGTH, 0x55), DropReason.NAT_TCP_CHECKSUM);
    }

    @Test
    void anAnswerToAContainerThatIsGoneReachesNobodyElse() {
        tested.send(1, fromOne.tcp(End.of("10.0.0.3", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 33));
        Frame answer = answer(written(LISTENER), 50);
        tested.removePort(1);
        dropped(LISTENER, answer, DropReason.DNS_TCP_CLIENT_GONE);
        tested.put(Frames6.port(1, 1, true));
        dropped(LISTENER, answer, DropReason.DNS_TCP_CLIENT_GONE);
    }

    @Test
    void aChangeOfThePortOrItsNetworkCutsNoConnection() {
        tested.send(1, fromOne.tcp(End.of("10.0.0.3", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 33));
        Frame answer = answer(written(LISTENER), 50);
        tested.put(Frames6.port(1, 1, false));
        tested.addNetwork(Frames6.network(true, true));
        assertThat(tested.send(LISTENER, answer)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 15})
    void anAnswerInTheNameOfAnAddressThatIsNoneIsDropped(int index) {
        End listener = new End(Ipv4Address.fromBits(NamesClient.LISTENER + index), 53);
        End client = new End(Ipv4Address.fromBits(NamesClient.address(1, 1)), 40_000);
        Frame answer = fromListener.tcp(listener, client, QUERY, 1, 2, 5);
        if (index == 0) {
            assertThat(tested.send(LISTENER, answer)).containsExactly(1);
        } else {
            dropped(LISTENER, answer, DropReason.DNS_TCP_CLIENT_GONE);
        }
    }

    @Test
    void whatTheKernelBehindTheListenerSaysItselfEndsHere() {
        End listener = End.of("10.53.0.16", 53);
        End client = new End(Ipv4Address.fromBits(NamesClient.address(1, 1)), 40_000);
        dropped(LISTENER, fromListener.udp(listener, client, 5), DropReason.DNS_TCP_STRAY);
        dropped(LISTENER, fromListener.echo(listener, client, true, 1, 5), DropReason.DNS_TCP_STRAY);
        dropped(LISTENER, fromListener.tcp(End.of("10.53.0.16", 80), client, 2, 1, 2, 0), DropReason.DNS_TCP_STRAY);
        dropped(LISTENER, Frames.ethernet(HOST_MAC, LISTENER_MAC, EtherType.ARP, 28), DropReason.DNS_TCP_STRAY);
        End stranger = End.of("10.0.0.3", 40_000);
        dropped(LISTENER, fromListener.tcp(listener, stranger, 2, 1, 2, 0), DropReason.DNS_TCP_CLIENT_GONE);
    }

    @Test
    void withoutAListenerTheGatewaySaysThatNobodyIsThere() {
        tested.listener(null);
        Frame query = fromOne.tcp(End.of("10.0.0.3", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 33);
        assertThat(tested.send(1, query)).containsExactly(1);
        assertThat(tested.drops(1, DropReason.GATEWAY_NO_SERVICE)).isEqualTo(1);
    }

    @Test
    void R11_noSegmentAllocates() {
        try (TestSwitchInForce one = new TestSwitchInForce(withListener(1, Frames6.network(false, true)))) {
            FrameRounds rounds = new FrameRounds(one.made, 16);
            for (String[] way : new String[][] {
                {"10.0.0.3", "10.0.0.1"}, {"fd00::3", "fd00::1"}, {"fe80::42:aff:fe00:3", "fe80::42:aff:fe00:1"}
            }) {
                Frame query = fromOne.tcp(End.of(way[0], 40_000), End.of(way[1], 53), QUERY, 1, 2, 33);
                one.made.send(1, query);
                Frame got = NatFrames.of(one.made.written.getFirst().bytes());
                rounds.add(1, query);
                rounds.add(1, NatFrames.partial(fromOne.tcp(End.of(way[0], 40_000), End.of(way[1], 53), 2, 1, 2, 0)));
                rounds.add(LISTENER, answer(got, 99));
                rounds.add(LISTENER, NatFrames.partial(answer(got, 1_200)));
                rounds.add(LISTENER, answer(got, 99).with(NatFrames.transport(got) + 30, 0x77));
            }
            // Whom it does not serve, whom it does not know, and what is none of its segments.
            End listener = End.of("10.53.0.16", 53);
            rounds.add(1, fromOne.tcp(End.of("10.0.0.9", 40_000), End.of("10.0.0.1", 53), QUERY, 1, 2, 3));
            rounds.add(
                    2,
                    new NatFrames(gatewayMac, mac(2)).tcp(End.of("10.0.0.4", 1), End.of("10.0.0.1", 53), 2, 1, 2, 3));
            rounds.add(LISTENER, fromListener.tcp(listener, End.of("128.0.64.1", 40_000), QUERY, 1, 2, 5));
            rounds.add(LISTENER, fromListener.udp(listener, End.of("128.0.32.1", 40_000), 5));
            assertThat(rounds.leastBytes(4_000)).isZero();
            assertThat(one.made.counters(LISTENER).txFrames()).isGreaterThan(6 * 4_000);
            assertThat(one.made.counters(1).txFrames()).isGreaterThan(6 * 4_000);
            assertThat(one.made.drops(LISTENER, DropReason.DNS_TCP_CLIENT_GONE)).isPositive();
        }
    }

    @Test
    void everyPortHasAnAddressOfItsOwn() {
        for (int port = 0; port < FrameIo.MAX_PORTS; port += 7) {
            for (int generation : new int[] {0, 1, 0x1ffff, 0x7fff_ffff, -1}) {
                int address = NamesClient.address(port, generation);
                long lo = NamesClient.addressLo(port, generation, (port & 1) == 1);
                assertThat(NamesClient.isClient(address)).isTrue();
                assertThat(NamesClient.isClient(NamesClient.CLIENT_HI, lo)).isTrue();
                assertThat(NamesClient.port(address)).isEqualTo(port);
                assertThat(NamesClient.port(lo)).isEqualTo(port);
                assertThat(NamesClient.isOf(generation, address)).isTrue();
                assertThat(NamesClient.isOf(generation, lo)).isTrue();
                assertThat(NamesClient.isOf(generation + 1, address)).isFalse();
                assertThat(NamesClient.isOf(generation + 1, lo)).isFalse();
                assertThat(NamesClient.isLinkLocal(lo)).isEqualTo((port & 1) == 1);
            }
        }
        assertThat(NamesClient.isClient(NamesClient.LISTENER)).isFalse();
        assertThat(NamesClient.isClient(Ipv6Address.parse("fd53::10").hi(), 1)).isFalse();
    }
}
