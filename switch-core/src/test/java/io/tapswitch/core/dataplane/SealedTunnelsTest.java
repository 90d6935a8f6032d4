package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.Frames.BROADCAST;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.core.dataplane.TestSwitch.Written;
import io.tapswitch.core.dataplane.TunnelKeys.PeerKey;
import io.tapswitch.vxlan.ReceivingKey;
import io.tapswitch.vxlan.SendingKey;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.vxlan.TunnelKey;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.UdpHeader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** V13: two hosts with an encrypted network and one in clear, and a wire between them that the test holds. */
class SealedTunnelsTest {
    private static final int TUNNEL = 100;
    private static final int VNI = 4096;
    private static final int CLEAR_VNI = 4097;
    /** Of the encrypted network, and of the one in clear. */
    private static final int PEER = 200;

    private static final int CLEAR_PEER = 201;
    private static final int OUTER = TunnelHeader.LENGTH + 50;
    private static final IpAddress HOST_A = Ipv4Address.parse("192.0.2.1");
    private static final IpAddress HOST_B = Ipv4Address.parse("192.0.2.2");
    private static final NetworkSettings CLEAR_NETWORK =
            new NetworkSettings(1, 0x0b00_0001, 0x0242_0b00_0001L, 24, 1500, false, 0, 10_000, 64, 1024);

    private final TunnelKey keyOfA = key(1);
    private final TunnelKey nextOfA = key(2);
    private final ReceivingKey heardOfA = new ReceivingKey(keyOfA);
    private final TestSwitch a = host(0, 5);
    private final TestSwitch b = host(2, 6);

    private static TunnelKey key(int id) {
        byte[] secret = new byte[TunnelKey.SECRET_LENGTH];
        Arrays.fill(secret, (byte) id);
        return new TunnelKey(id, secret, id);
    }

    /** One port in the encrypted network, one in the other. */
    private static TestSwitch host(int port, int clearPort) {
        TestSwitch host = new TestSwitch(1);
        host.addNetwork(TestSwitch.NETWORK);
        host.addNetwork(CLEAR_NETWORK);
        host.addPort(port, 0, false);
        host.addPort(clearPort, 1, false);
        return host;
    }

    private void connect() {
        connect(new SendingKey(keyOfA, 0, 1_000), heardOfA);
    }

    private void connect(@Nullable SendingKey sending, ReceivingKey... heard) {
        a.overlay(overlay(HOST_A, HOST_B, 2, 6).with(new TunnelKeys(sending, List.of())));
        b.overlay(overlay(HOST_B, HOST_A, 0, 5)
                .with(new TunnelKeys(
                        null,
                        Arrays.stream(heard)
                                .map(key -> new PeerKey(HOST_A, key))
                                .toList())));
    }

    private static OverlaySettings overlay(IpAddress local, IpAddress remote, int number, int clearNumber) {
        return new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL),
                local,
                1_578,
                Map.of(),
                List.of(new TunnelNetwork(0, VNI, false, true), new TunnelNetwork(1, CLEAR_VNI, false)),
                List.of(new TunnelPeer(PEER, 0, remote), new TunnelPeer(CLEAR_PEER, 1, remote)),
                List.of(endpoint(number, 0, PEER), endpoint(clearNumber, 1, CLEAR_PEER)));
    }

    private static RemoteEndpoint endpoint(int number, int network, int peer) {
        return new RemoteEndpoint(peer, network, mac(number), Ipv4Address.fromBits(address(number)), null);
    }

    @AfterEach
    void framesAreConserved() {
        a.assertConserved();
        b.assertConserved();
    }

    private static Frame toTwo() {
        Frame frame = Frames.udp(mac(2), mac(0), address(0), address(2), 60);
        frame.ethernet().putBytes(50, "a secret that nobody reads".getBytes(StandardCharsets.US_ASCII));
        return frame;
    }

    private static Frame inClear() {
        return Frames.udp(mac(6), mac(5), address(5), address(6), 60);
    }

    private List<byte[]> sent() {
        return a.written.stream()
                .filter(written -> written.port() == TUNNEL)
                .map(Written::bytes)
                .toList();
    }

    private byte[] sentOne(int port, Frame frame) {
        assertThat(a.send(port, frame)).containsExactly(TUNNEL);
        return sent().getFirst();
    }

    private int[] deliver(byte[] outer) {
        Frame arriving = new Frame(0);
        arriving.bytes = outer.clone();
        return b.send(TUNNEL, arriving);
    }

    private static byte[] ethernet(byte[] plain) {
        return Arrays.copyOfRange(plain, TunnelHeader.PLAIN_LENGTH, plain.length);
    }

    private static void assertNoSecretIn(byte[] outer) {
        assertThat(new String(outer, StandardCharsets.ISO_8859_1)).doesNotContain("secret");
    }

    @Test
    void V13_aFrameCrossesUnreadably_andComesOutAsItWas() {
        connect();
        byte[] original = toTwo().bytes;
        byte[] outer = sentOne(0, toTwo());
        assertNoSecretIn(outer);
        assertThat(outer).hasSize(OUTER + original.length - TunnelHeader.PLAIN_LENGTH + 28);
        assertThat(VxlanHeader.isSealed(new UnsafeBuffer(outer), OUTER - 8)).isTrue();
        assertThat(deliver(outer)).containsExactly(2);
        assertThat(ethernet(b.written.getFirst().bytes())).isEqualTo(ethernet(original));
        assertThat(a.counters(PEER).txFrames()).isEqualTo(1);
        assertThat(a.counters(PEER).txBytes()).isEqualTo(original.length - TunnelHeader.PLAIN_LENGTH);
        assertThat(b.counters(PEER).rxBytes()).isEqualTo(original.length - TunnelHeader.PLAIN_LENGTH);
    }

    @Test
    void V13_theOtherNetworkGoesInClearAsEver() {
        connect();
        assertThat(deliver(sentOne(5, inClear()))).containsExactly(6);
    }

    @Test
    void V13_whatIsInClearDoesNotComeIntoAnEncryptedNetwork() {
        connect();
        byte[] outer = sentOne(5, inClear());
        // Forged: the frame is in clear, the network is the encrypted one.
        new UnsafeBuffer(outer).putByte(OUTER - 2, (byte) VNI);
        assertThat(deliver(outer)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_CLEAR)).isEqualTo(1);
    }

    @Test
    void V13_whatIsEncryptedDoesNotComeIntoANetworkInClear() {
        connect();
        byte[] outer = sentOne(0, toTwo());
        new UnsafeBuffer(outer).putByte(OUTER - 2, (byte) CLEAR_VNI);
        assertThat(deliver(outer)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEALED)).isEqualTo(1);
    }

    @Test
    void V13_withoutAKeyNothingIsSent_inClearLeastOfAll() {
        connect(null, heardOfA);
        assertThat(a.send(0, toTwo())).isEmpty();
        assertThat(a.send(0, Frames.udp(BROADCAST, mac(0), address(0), 0x0a00_00ff, 20)))
                .isEmpty();
        assertThat(a.send(0, superFrame())).isEmpty();
        assertThat(a.drops(PEER, DropReason.TUNNEL_SEAL_NO_KEY)).isEqualTo(3);
        assertThat(a.send(5, inClear())).containsExactly(TUNNEL);
    }

    @Test
    void V13_ofAKeyThatIsNotKnown_orChanged_orPlayedAgain_nothingIsTaken() {
        connect();
        byte[] outer = sentOne(0, toTwo());
        byte[] changed = outer.clone();
        changed[outer.length - 20] ^= 1;
        assertThat(deliver(changed)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_FORGED)).isEqualTo(1);
        assertThat(deliver(outer)).containsExactly(2);
        assertThat(deliver(outer)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_REPLAY)).isEqualTo(1);
        b.overlay(overlay(HOST_B, HOST_A, 0, 5).with(new TunnelKeys(null, List.of(new PeerKey(HOST_A, heardOfA)))));
        assertThat(deliver(outer)).as("a new version remembers").isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_REPLAY)).isEqualTo(2);
        b.overlay(overlay(HOST_B, HOST_A, 0, 5)
                .with(new TunnelKeys(null, List.of(new PeerKey(HOST_B, new ReceivingKey(keyOfA))))));
        assertThat(deliver(outer)).as("the key is another host's").isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_KEY)).isEqualTo(1);
        byte[] cut = Arrays.copyOf(outer, OUTER + 14);
        int udpLength = 16 + 14;
        UdpHeader.length(new UnsafeBuffer(cut), OUTER - 16, udpLength);
        Ipv4Header.totalLength(new UnsafeBuffer(cut), OUTER - 36, 20 + udpLength);
        Ipv4Header.updateChecksum(new UnsafeBuffer(cut), OUTER - 36);
        assertThat(deliver(cut)).isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_TRUNCATED)).isEqualTo(1);
    }

    @Test
    void V13_theNextKeyIsUsedWhileTheOldOneIsStillAccepted() {
        connect(new SendingKey(keyOfA, 0, 1_000), heardOfA, new ReceivingKey(nextOfA));
        byte[] late = sentOne(0, toTwo());
        a.overlay(overlay(HOST_A, HOST_B, 2, 6).with(new TunnelKeys(new SendingKey(nextOfA, 0, 10), List.of())));
        byte[] next = sentOne(0, toTwo());
        assertThat(deliver(next)).containsExactly(2);
        assertThat(deliver(late)).containsExactly(2);
    }

    private static Frame superFrame() {
        Frame tcp = Frames.ipv4(mac(2), mac(0), address(0), address(2), IpProtocol.TCP, 20 + 60_000);
        tcp.ethernet().putByte(14 + 20 + 12, (byte) 0x50);
        tcp.ethernet().putByte(14 + 20 + 13, (byte) 0x10);
        tcp.offload(1, 1, 1_382, 54, 34, 16);
        return tcp;
    }

    @Test
    void O6_aSuperFrameLeavesInOneWrite_andIsOneAgainThere() {
        connect();
        byte[] original = superFrame().bytes;
        byte[] outer = sentOne(0, superFrame());
        UnsafeBuffer header = new UnsafeBuffer(outer);
        int size = 8 + 28 + 54 + 1_382;
        assertThat(TunnelHeader.gsoType(header, 0)).isEqualTo(TunnelHeader.GSO_UDP_L4);
        assertThat(TunnelHeader.gsoSize(header, 0)).isEqualTo(size);
        assertThat(TunnelHeader.flags(header, 0)).isEqualTo(TunnelHeader.NEEDS_CSUM);
        int pieces = 60_000 / 1_382 + 1;
        assertThat(outer).hasSize(OUTER - 8 + 60_000 + pieces * (8 + 28 + 54));
        IntStream.range(0, pieces)
                .forEach(i -> assertThat(VxlanHeader.isSealed(header, OUTER - 8 + i * size))
                        .isTrue());
        assertThat(deliver(outer)).containsExactly(2);
        byte[] inner = b.written.getFirst().bytes();
        assertThat(TunnelHeader.gsoSize(new UnsafeBuffer(inner), 0)).isEqualTo(1_382);
        assertThat(inner).hasSize(original.length);
        assertThat(Arrays.copyOfRange(inner, 64, inner.length))
                .isEqualTo(Arrays.copyOfRange(original, 64, original.length));
        assertThat(deliver(outer)).as("each piece came before").isEmpty();
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_SEAL_REPLAY)).isEqualTo(pieces);
    }

    @Test
    void O6_whatIsTooMuchForOneWriteLeavesInSeveral() {
        connect();
        Frame datagrams = Frames.udp(mac(2), mac(0), address(0), address(2), 65_480);
        UnsafeBuffer frame = datagrams.ethernet();
        UdpHeader.length(frame, 34, 65_488);
        datagrams.offload(1, 5, 200, 42, 34, 6);
        a.send(0, datagrams);
        List<byte[]> writes = new ArrayList<>(sent());
        int pieces = 65_480 / 200 + 1;
        assertThat(writes).hasSize(pieces / 64 + 1);
        assertThat(a.term(Term.SPLIT)).isEqualTo(writes.size() - 1L);
        int bytes = 0;
        for (byte[] write : writes) {
            deliver(write);
            for (Written written : b.written) {
                bytes += written.bytes().length - TunnelHeader.PLAIN_LENGTH - 42;
            }
        }
        assertThat(bytes).isEqualTo(65_480);
    }

    @Test
    void V13_inTheMiddleOfATrainNothingInClearComesAlong() {
        connect();
        byte[] outer = sentOne(0, superFrame());
        int size = TunnelHeader.gsoSize(new UnsafeBuffer(outer), 0);
        byte[] clear = sentOne(5, Frames.udp(mac(6), mac(5), address(5), address(6), size - 8 - 42));
        assertThat(clear).hasSize(OUTER - 8 + size);
        // The second packet is a forged one: in clear, first of the other network and then of this one.
        System.arraycopy(clear, OUTER - 8, outer, OUTER - 8 + size, size);
        assertThat(deliver(outer)).as("before it, itself, and behind it").containsExactly(2, 2, 6);
        outer = sentOne(0, superFrame());
        System.arraycopy(clear, OUTER - 8, outer, OUTER - 8 + size, size);
        outer[OUTER - 8 + size + 6] = (byte) VNI;
        assertThat(deliver(outer)).containsExactly(2, 2);
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_CLEAR)).isEqualTo(1);
        // And a train of a network in clear with one of the encrypted network in it.
        byte[] train = Arrays.copyOf(clear, clear.length + size);
        System.arraycopy(clear, OUTER - 8, train, clear.length, size);
        train[clear.length + 6] = (byte) VNI;
        System.arraycopy(outer, 0, train, 0, OUTER - 8);
        UnsafeBuffer header = new UnsafeBuffer(train);
        UdpHeader.length(header, OUTER - 16, 8 + 2 * size);
        Ipv4Header.totalLength(header, OUTER - 36, 28 + 2 * size);
        Ipv4Header.updateChecksum(header, OUTER - 36);
        assertThat(deliver(train)).containsExactly(6);
        assertThat(b.drops(TUNNEL, DropReason.TUNNEL_CLEAR)).isEqualTo(2);
    }
}
