package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Frames.BROADCAST;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.core.dataplane.TestSwitch.Written;
import io.tapswitch.vxlan.Decapsulation;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.ArpHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.UdpHeader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two switches on two hosts, and a wire between their tunnel TAPs that the test holds: V1 to V9, B12. */
class TunnelsTest {
    static final int TUNNEL = 100;
    static final int PEER = 200;
    static final int OTHER_PEER = 201;
    private static final int VNI = 4096;
    static final IpAddress HOST_A = Ipv4Address.parse("192.0.2.1");
    static final IpAddress HOST_B = Ipv4Address.parse("192.0.2.2");
    static final IpAddress HOST_C = Ipv4Address.parse("192.0.2.3");

    private final List<TestSwitch> all = new ArrayList<>();
    /** Has ports 0 and 1. */
    private final TestSwitch a = host(0, 1);
    /** Has ports 2 and 3. */
    private final TestSwitch b = host(2, 3);

    private TestSwitch host(int... ports) {
        TestSwitch host = new TestSwitch(1);
        host.addNetwork(TestSwitch.NETWORK);
        for (int port : ports) {
            host.addPort(port, 0, false);
        }
        all.add(host);
        return host;
    }

    @AfterEach
    void framesAreConserved() {
        all.forEach(TestSwitch::assertConserved);
    }

    static RemoteEndpoint endpoint(int number, int peer) {
        return new RemoteEndpoint(peer, 0, mac(number), Ipv4Address.fromBits(address(number)), null);
    }

    static OverlaySettings overlay(
            IpAddress local, boolean learns, List<RemoteEndpoint> endpoints, IpAddress... remotes) {
        List<TunnelPeer> peers = new ArrayList<>();
        for (IpAddress remote : remotes) {
            peers.add(new TunnelPeer(PEER + peers.size(), 0, remote));
        }
        TunnelNetwork network = new TunnelNetwork(0, VNI, learns);
        return new OverlaySettings(TUNNEL, List.of(TUNNEL), local, 1500, Map.of(), List.of(network), peers, endpoints);
    }

    private void connect(boolean learns) {
        a.overlay(overlay(HOST_A, learns, learns ? List.of() : List.of(endpoint(2, PEER), endpoint(3, PEER)), HOST_B));
        b.overlay(overlay(HOST_B, learns, learns ? List.of() : List.of(endpoint(0, PEER), endpoint(1, PEER)), HOST_A));
    }

    /** What a switch wrote to its tunnel TAP last. */
    private static List<byte[]> sent(TestSwitch from) {
        return from.written.stream()
                .filter(written -> written.port() == TUNNEL)
                .map(Written::bytes)
                .toList();
    }

    private static int[] deliver(TestSwitch to, byte[] frame) {
        Frame arriving = new Frame(0);
        arriving.bytes = frame.clone();
        return to.send(TUNNEL, arriving);
    }

    private static byte[] ethernet(byte[] plain) {
        return Arrays.copyOfRange(plain, TunnelHeader.PLAIN_LENGTH, plain.length);
    }

    private static Frame toTwo() {
        return Frames.udp(mac(2), mac(0), address(0), address(2), 33);
    }

    @Test
    void V1_aFrameForAnotherHostLeavesInATunnelAndArrivesAsItWas() {
        connect(false);
        byte[] original = toTwo().bytes;
        assertThat(a.send(0, toTwo())).containsExactly(TUNNEL);
        byte[] outer = sent(a).getFirst();
        Decapsulation read = new Decapsulation(true);
        assertThat(read.read(new UnsafeBuffer(outer), 0, outer.length)).isZero();
        assertThat(read.vni()).isEqualTo(VNI);
        assertThat(deliver(b, outer)).containsExactly(2);
        assertThat(ethernet(b.written.getFirst().bytes())).isEqualTo(ethernet(original));
        assertThat(a.counters(PEER).txFrames()).isEqualTo(1);
        assertThat(b.counters(PEER).rxFrames()).isEqualTo(1);
        assertThat(b.counters(PEER).rxBytes()).isEqualTo(original.length - TunnelHeader.PLAIN_LENGTH);
    }

    @Test
    void B12_whoIsOnAnotherHostIsAnsweredForHere() {
        connect(false);
        assertThat(a.send(0, Frames.arp(ArpHeader.REQUEST, BROADCAST, mac(0), address(0), 0, address(3))))
                .containsExactly(0);
        UnsafeBuffer answer = new UnsafeBuffer(ethernet(a.written.getFirst().bytes()));
        assertThat(ArpHeader.senderMac(answer, EthernetHeader.LENGTH)).isEqualTo(mac(3));
    }

    @Test
    void V9_aBroadcastGoesToEachPeerOnceAndToEachMemberHere() {
        List<RemoteEndpoint> known = List.of(endpoint(2, PEER));
        a.overlay(overlay(HOST_A, false, known, HOST_B, HOST_C));
        Frame broadcast = Frames.udp(BROADCAST, mac(0), address(0), 0x0a00_00ff, 20);
        assertThat(a.send(0, broadcast)).containsExactly(1, TUNNEL, TUNNEL);
        assertThat(a.counters(PEER).txFrames()).isEqualTo(1);
        assertThat(a.counters(OTHER_PEER).txFrames()).isEqualTo(1);
        a.removePort(1);
        assertThat(a.send(0, Frames.udp(BROADCAST, mac(0), address(0), 0x0a00_00ff, 20)))
                .as("nobody here wants it: the last peer gets the frame itself")
                .containsExactly(TUNNEL, TUNNEL);
        assertThat(sent(a))
                .allSatisfy(frame -> assertThat(ethernetInside(frame)).isEqualTo(ethernet(broadcast.bytes)));
    }

    private static byte[] ethernetInside(byte[] frame) {
        return Arrays.copyOfRange(frame, TunnelHeader.LENGTH + 50, frame.length);
    }

    @Test
    void V8_whatComesOutOfATunnelGoesIntoNone() {
        connect(true);
        b.overlay(overlay(HOST_B, true, List.of(), HOST_A, HOST_C));
        a.send(0, Frames.udp(BROADCAST, mac(0), address(0), 0x0a00_00ff, 20));
        assertThat(deliver(b, sent(a).getFirst())).containsExactly(2, 3);
        Frame beyond = Frames.udp(GATEWAY_MAC, mac(0), address(0), 0x0808_0808, 20);
        // The gateway of the sender's own host takes it; this one makes it go over the wire all the same.
        byte[] outer = wrap(beyond);
        assertThat(deliver(b, outer)).isEmpty();
        assertThat(b.drops(PEER, DropReason.TUNNEL_SPLIT_HORIZON)).isEqualTo(1);
        b.overlay(overlay(HOST_B, false, List.of(endpoint(7, OTHER_PEER)), HOST_A, HOST_C));
        assertThat(deliver(b, wrap(Frames.udp(mac(7), mac(0), address(0), address(7), 20))))
                .isEmpty();
        assertThat(b.drops(PEER, DropReason.TUNNEL_SPLIT_HORIZON)).isEqualTo(2);
    }

    /** As host A would send it to host B. */
    private static byte[] wrap(Frame frame) {
        return wrap(frame, HOST_A, VNI);
    }

    private static byte[] wrap(Frame frame, IpAddress from, int vni) {
        TunnelTable table = new TunnelTable(new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL),
                from,
                9000,
                Map.of(),
                List.of(new TunnelNetwork(0, vni, true)),
                List.of(new TunnelPeer(PEER, 0, HOST_B)),
                List.of()));
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[256 + frame.bytes.length]);
        buffer.putBytes(128, frame.bytes);
        TunnelTable.Peer peer = Objects.requireNonNull(table.peer(PEER));
        int start = peer.way.apply(buffer, 128, frame.bytes.length, 7);
        byte[] wrapped = new byte[128 + frame.bytes.length - start];
        buffer.getBytes(start, wrapped);
        return wrapped;
    }

    @Test
    void V7_onlyPeersOfTheNetworkAreHeard_andNobodyIsLearnedBehindOthers() {
        connect(true);
        assertThat(deliver(b, wrap(toTwo(), HOST_C, VNI))).isEmpty();
        assertThat(deliver(b, wrap(toTwo(), HOST_A, VNI + 1))).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_UNKNOWN_PEER)).isEqualTo(1);
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_UNKNOWN_VNI)).isEqualTo(1);
        assertThat(Objects.requireNonNull(b.fdb(0, 0)).lookup(mac(0))).isEqualTo(Fdb.NONE);
        assertThat(deliver(b, wrap(toTwo(), HOST_A, VNI))).containsExactly(2);
        assertThat(Objects.requireNonNull(b.fdb(0, 0)).lookup(mac(0))).isEqualTo(PEER);
    }

    @Test
    void V7_row57_aPeerOfOneNetworkIsNoneOfAnother() {
        b.addNetwork(new NetworkSettings(1, 0x0a01_0001, GATEWAY_MAC + 1, 24, 1500, false, 0, 10_000, 64, 1024));
        b.overlay(new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL),
                HOST_B,
                1500,
                Map.of(),
                List.of(new TunnelNetwork(0, VNI, true), new TunnelNetwork(1, VNI + 1, true)),
                List.of(new TunnelPeer(PEER, 0, HOST_A), new TunnelPeer(OTHER_PEER, 1, HOST_C)),
                List.of()));
        assertThat(deliver(b, wrap(toTwo(), HOST_A, VNI + 1))).isEmpty();
        assertThat(deliver(b, wrap(toTwo(), HOST_C, VNI))).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_UNKNOWN_PEER)).isEqualTo(2);
        for (int network : new int[] {0, 1}) {
            assertThat(Objects.requireNonNull(b.fdb(0, network)).lookup(mac(0))).isEqualTo(Fdb.NONE);
        }
        assertThat(deliver(b, wrap(toTwo(), HOST_A, VNI))).containsExactly(2);
    }

    /** The switch's own MAC address in each network is the gateway's, and all hosts have the same. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void V4_theSwitchsOwnMacAddressDoesNotComeOutOfATunnel(boolean learns) {
        connect(learns);
        Frame own = Frames.udp(mac(2), GATEWAY_MAC, address(0), address(2), 20);
        assertThat(deliver(b, wrap(own))).isEmpty();
        assertThat(b.drops(PEER, DropReason.SPOOF_MAC)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void V7_theAddressOfAContainerHereIsNeverLearnedFromATunnel_row56(boolean learns) {
        connect(learns);
        Frame forged = Frames.udp(mac(2), mac(3), address(3), address(2), 20);
        assertThat(deliver(b, wrap(forged))).isEmpty();
        assertThat(b.drops(PEER, DropReason.SPOOF_MAC)).isEqualTo(1);
        assertThat(Objects.requireNonNull(b.fdb(0, 0)).lookup(mac(3))).isEqualTo(3);
    }

    @Test
    void V5_V15_reservedBitsAreIgnoredAndNoiseIsCounted() {
        connect(true);
        byte[] plain = wrap(toTwo());
        int vxlan = TunnelHeader.LENGTH + 50 - VxlanHeader.LENGTH;
        byte[] reserved = plain.clone();
        // Flags that mean nothing beside that of VXLAN, and all of the reserved bytes but the bits of other protocols.
        reserved[vxlan] |= 0x42;
        Arrays.fill(reserved, vxlan + 1, vxlan + 4, (byte) 0x7f);
        reserved[vxlan + 7] = (byte) 0xff;
        assertThat(reserved).isNotEqualTo(plain);
        assertThat(deliver(b, reserved)).containsExactly(2);
        assertThat(ethernet(b.written.getFirst().bytes())).isEqualTo(ethernet(toTwo().bytes));
        byte[] noise = plain.clone();
        noise[vxlan] = 0;
        assertThat(deliver(b, noise)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_VXLAN_NO_VNI)).isEqualTo(1);
        byte[] cut = Arrays.copyOf(plain, TunnelHeader.LENGTH + 20);
        assertThat(deliver(b, cut)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_OUTER_TRUNCATED)).isEqualTo(1);
    }

    @Test
    void O6_aSuperFrameLeavesWhole() {
        connect(false);
        Frame tcp = Frames.ipv4(mac(2), mac(0), address(0), address(2), IpProtocol.TCP, 20 + 30_000);
        tcp.ethernet().putByte(14 + 20 + 12, (byte) 0x50);
        tcp.offload(1, 1, 1_396, 54, 34, 16);
        assertThat(a.send(0, tcp)).containsExactly(TUNNEL);
        byte[] outer = sent(a).getFirst();
        assertThat(TunnelHeader.gsoType(new UnsafeBuffer(outer), 0)).isEqualTo(0x21);
        assertThat(deliver(b, outer)).containsExactly(2);
        byte[] inner = b.written.getFirst().bytes();
        assertThat(ethernet(inner)).isEqualTo(ethernet(tcp.bytes));
        assertThat(TunnelHeader.gsoSize(new UnsafeBuffer(inner), 0)).isEqualTo(1_396);
    }

    @Test
    void O6_aSuperFrameThatIsNoPacketWithOuterHeadersIsCut() {
        connect(false);
        Frame datagrams = Frames.udp(mac(2), mac(0), address(0), address(2), 65_480);
        UnsafeBuffer frame = datagrams.ethernet();
        UdpHeader.length(frame, 34, 65_488);
        UdpHeader.sourcePort(frame, 34, 5_000);
        UdpHeader.destinationPort(frame, 34, 6_000);
        datagrams.offload(1, 5, 1_400, 42, 34, 6);
        a.send(0, datagrams);
        List<byte[]> pieces = sent(a);
        assertThat(pieces).hasSize(65_480 / 1_400 + 1);
        assertThat(a.term(Term.SPLIT)).isEqualTo(pieces.size() - 1L);
        int bytes = 0;
        for (byte[] piece : pieces) {
            assertThat(deliver(b, piece)).containsExactly(2);
            bytes += ethernet(b.written.getFirst().bytes()).length - 42;
        }
        assertThat(bytes).isEqualTo(65_480);
    }

    @Test
    void O5_bySocketASuperFrameLeavesInTrains_andIsOneAgainAtTheOtherEnd() {
        a.overlay(bySocket(overlay(HOST_A, false, List.of(endpoint(2, PEER)), HOST_B), 16));
        b.overlay(bySocket(overlay(HOST_B, false, List.of(endpoint(0, PEER)), HOST_A), 16));
        Frame tcp = Frames.ipv4(mac(2), mac(0), address(0), address(2), IpProtocol.TCP, 20 + 30_000);
        tcp.ethernet().putByte(14 + 20 + 12, (byte) 0x50);
        tcp.ethernet().putByte(14 + 20 + 13, (byte) 0x10);
        tcp.offload(1, 1, 1_396, 54, 34, 16);
        int pieces = 30_000 / 1_396 + 1;
        assertThat(a.send(0, tcp)).containsExactly(TUNNEL, TUNNEL);
        assertThat(a.term(Term.SPLIT)).isEqualTo(1);
        assertThat(a.counters(PEER).txFrames()).isEqualTo(2);
        int payload = 0;
        for (byte[] outer : sent(a)) {
            UnsafeBuffer train = new UnsafeBuffer(outer);
            assertThat(TunnelHeader.gsoType(train, 0)).isEqualTo(TunnelHeader.GSO_UDP_L4);
            assertThat(TunnelHeader.gsoSize(train, 0)).isEqualTo(VxlanHeader.LENGTH + 54 + 1_396);
            assertThat(deliver(b, outer)).containsExactly(2);
            byte[] inner = b.written.getFirst().bytes();
            assertThat(TunnelHeader.gsoType(new UnsafeBuffer(inner), 0)).isEqualTo(TunnelHeader.GSO_TCPV4);
            assertThat(TunnelHeader.gsoSize(new UnsafeBuffer(inner), 0)).isEqualTo(1_396);
            payload += ethernet(inner).length - 54;
        }
        assertThat(payload).isEqualTo(30_000);
        assertThat(pieces).isGreaterThan(16);
        assertThat(a.send(0, toTwo())).containsExactly(TUNNEL);
        assertThat(TunnelHeader.gsoType(new UnsafeBuffer(sent(a).getFirst()), 0))
                .isZero();
        assertThat(deliver(b, sent(a).getFirst())).containsExactly(2);
    }

    private static OverlaySettings bySocket(OverlaySettings byTap, int segments) {
        return new OverlaySettings(
                byTap.port(),
                byTap.fds(),
                byTap.local(),
                byTap.mtu(),
                byTap.paths(),
                byTap.networks(),
                byTap.peers(),
                byTap.endpoints(),
                segments);
    }

    @Test
    void O12_whatIsTooLongForThePathIsCountedUnderItsName() {
        connect(false);
        a.ios[0].egress((port, slot, offset, length) -> port == TUNNEL ? -90 : length);
        a.send(0, toTwo());
        assertThat(a.drops(TUNNEL, DropReason.TX_TOO_LONG)).isEqualTo(1);
    }

    @Test
    void V11_anEndpointThatMovedIsFoundWhereItIsNow() {
        connect(false);
        a.removePort(1);
        a.overlay(overlay(
                HOST_A, false, List.of(endpoint(1, PEER), endpoint(2, PEER), endpoint(3, OTHER_PEER)), HOST_B, HOST_C));
        a.send(0, Frames.udp(mac(1), mac(0), address(0), address(1), 20));
        a.send(0, Frames.udp(mac(3), mac(0), address(0), address(3), 20));
        assertThat(a.counters(PEER).txFrames()).isEqualTo(1);
        assertThat(a.counters(OTHER_PEER).txFrames()).isEqualTo(1);
        a.overlay(overlay(HOST_A, false, List.of(endpoint(2, PEER)), HOST_B));
        a.addPort(1, 0, false);
        assertThat(a.send(0, Frames.udp(mac(1), mac(0), address(0), address(1), 20)))
                .containsExactly(1);
        a.overlay(null);
        assertThat(a.send(0, toTwo())).as("flooded, and said to be nobody").containsExactly(0, 1);
    }

    @Test
    void aVersionWithTunnelsThatContradictItselfIsRefused() {
        connect(false);
        assertThat(a.term(Term.DROPPED)).isZero();
        OverlaySettings twice = new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL),
                HOST_A,
                1500,
                Map.of(),
                List.of(new TunnelNetwork(0, VNI, true), new TunnelNetwork(9, VNI, true)),
                List.of(new TunnelPeer(0, 0, HOST_A)),
                List.of(endpoint(5, 17)));
        SwitchTables wrong =
                new SwitchTables(99, a.tables().networks(), Map.of(), a.tables().ports(), null).with(twice);
        assertThatThrownBy(() -> TableRules.require(wrong, 1)).hasMessageContaining("inconsistent");
        assertThat(TableRules.faults(wrong, 1))
                .contains(
                        "network 9 has tunnels, but is not there",
                        "VNI 4096 is that of two networks",
                        "port 0 is peer 0 and a container's",
                        "peer 0 has this host's address",
                        "a remote endpoint of network 0 is behind port 17, which is no peer there");
    }
}
