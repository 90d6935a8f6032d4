package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.concat;
import static io.tapswitch.tapio.IpFrames.ethernet;
import static io.tapswitch.tapio.IpFrames.icmp;
import static io.tapswitch.tapio.IpFrames.ipv4;
import static io.tapswitch.tapio.IpFrames.ipv6;
import static io.tapswitch.tapio.IpFrames.low;
import static io.tapswitch.tapio.IpFrames.udp;
import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.HOST6;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE6;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static io.tapswitch.tapio.TunnelFrames.DATAGRAMS;
import static io.tapswitch.tapio.TunnelFrames.TCP4_IN_TUNNEL4;
import static io.tapswitch.tapio.TunnelFrames.UDP_IN_TUNNEL4;
import static io.tapswitch.tapio.TunnelFrames.UDP_IN_TUNNEL6;
import static io.tapswitch.tapio.TunnelFrames.VXLAN_PORT;
import static io.tapswitch.tapio.TunnelLab.INNER;
import static io.tapswitch.tapio.TunnelLab.INNER_MAC;
import static io.tapswitch.tapio.TunnelLab.PEER;
import static io.tapswitch.tapio.TunnelLab.PEER_MAC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.PortReservation.Outcome;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Tun;
import io.tapswitch.wire.IpProtocol;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The TAP by which tunnels come and go, with the kernel's VXLAN as the other end. */
@Tag("netns")
final class TunnelTapIT {
    private static final int ETHERNET = IpFrames.ETHERNET;
    private static final int TRANSPORT = ETHERNET + IpFrames.IPV4;
    private static final int ANSWER_MS = 3000;
    private static final int IOCTL = System.getProperty("os.arch").equals("aarch64") ? 29 : 16;
    private static final int TUNSETOFFLOAD = 0x4004_54d0;
    private static final String UDP_FORWARDING = "rx-udp-gro-forwarding";

    @TempDir
    private Path runDirectory;

    private TunnelLab lab;

    @BeforeEach
    void begin() {
        lab = new TunnelLab(runDirectory);
    }

    @AfterEach
    void end() {
        lab.close();
    }

    @Test
    void isAnUplinkTapThatKnowsTunnelsAndStaysOneOverARestart() {
        assertThat(lab.hosts.<Boolean, RuntimeException>inHost(TunnelTap::isSupported))
                .isTrue();
        assertThat(lab.hosts.host.run("ip link")).doesNotContain("tapswitch-p");
        lab.restart();
        assertThat(lab.hosts.host.run("ip -d link show dev tswt0"))
                .contains("UP", "NOARP", "qdisc noqueue", "alias " + TunnelLab.ALIAS, "numqueues 2", "persist on");
        assertThat(Tun.headerLength(lab.tap.fds().getFirst())).isEqualTo(TunnelTap.HEADER_LENGTH);
        for (String offload : new String[] {"", "-csum"}) {
            assertThat(lab.has("tswt0", "tx-udp_tnl" + offload + "-segmentation"))
                    .isTrue();
        }
        assertThatThrownBy(() -> UplinkTap.adopt(lab.tap.fds()))
                .isInstanceOf(DeviceException.class)
                .hasMessage("the TAP 'tswt0' has headers of 24 bytes in front of its frames, not of 10");
        sendPlain("vx4", HOST, OUTSIDE);
    }

    @Test
    void saysWhyAKernelCannotHaveOne() {
        String reason = SyscallFilter.failing(IOCTL, TUNSETOFFLOAD, Errno.EINVAL, TunnelTap::unsupported);
        assertThat(reason)
                .startsWith("cannot set up the TAP 'tapswitch-p")
                .endsWith("': the kernel's TAPs take no super-frames inside tunnels, as Linux 6.17 and later do");
    }

    @Test
    void aFrameReachesTheKernelsTunnelByteByByte() {
        sendPlain("vx4", HOST, OUTSIDE);
        sendPlain("vx6", HOST6, OUTSIDE6);
    }

    private void sendPlain(String device, String from, String to) {
        try (PacketSocket peer = lab.peer(device, PacketSocket.ETHER_TYPE)) {
            byte[] inner = PacketSocket.frame(7, 1464);
            lab.queues.write(1, TunnelFrames.plain(from, to, 50_000, inner));
            assertThat(peer.receive()).isEqualTo(inner);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void O5_aTcpSuperFrameReachesTheKernelsTunnelByteByByte(boolean offloads) {
        offload(offloads);
        byte[] payload = random(40_000);
        byte[] tcp = concat(IpFrames.tcp(INNER, "10.5.0.9", 4000, 80, 1000, 1, 0x18), payload);
        ByteBuffer.wrap(tcp).putShort(16, (short) partial(INNER, "10.5.0.9", IpFrames.TCP, tcp.length));
        byte[] inner = ethernet(PEER_MAC, INNER_MAC, ipv4(INNER, "10.5.0.9", IpFrames.TCP, 77, 0, tcp), 0x0800);
        try (PacketSocket peer = lab.peer("vx4", 0x0800)) {
            lab.queues.write(
                    0,
                    TunnelFrames.superFrame(
                            HOST, OUTSIDE, inner, TCP4_IN_TUNNEL4, 1400, TRANSPORT + 20, TRANSPORT, 16));
            int at = 0;
            while (at < payload.length) {
                byte[] segment = peer.receive();
                ByteBuffer header = ByteBuffer.wrap(segment);
                int length = segment.length - TRANSPORT - 20;
                assertThat(Arrays.copyOf(segment, 12)).isEqualTo(Arrays.copyOf(inner, 12));
                assertThat(header.getInt(TRANSPORT + 4)).isEqualTo(1000 + at);
                assertThat(Arrays.copyOfRange(segment, TRANSPORT + 20, segment.length))
                        .isEqualTo(Arrays.copyOfRange(payload, at, at + length));
                if (!offloads) {
                    assertThat(length).isEqualTo(Math.min(1400, payload.length - at));
                    byte[] transport = Arrays.copyOfRange(segment, TRANSPORT, segment.length);
                    assertThat(IpFrames.transportChecksum(INNER, "10.5.0.9", IpFrames.TCP, transport))
                            .isZero();
                    assertThat(header.getShort(ETHERNET + 4)).isEqualTo((short) (77 + at / 1400));
                }
                at += length;
            }
            assertThat(at).isEqualTo(payload.length);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void O5_aUdpSuperFrameReachesASocketBehindTheKernelsTunnel(boolean offloads) throws Exception {
        offload(offloads);
        byte[] payload = random(10 * 1400 - 100);
        byte[] datagram = udp(4000, PORT, payload);
        ByteBuffer.wrap(datagram).putShort(6, (short) partial(INNER, PEER, IpFrames.UDP, datagram.length));
        byte[] inner = ethernet(PEER_MAC, INNER_MAC, ipv4(INNER, PEER, IpFrames.UDP, 77, 0, datagram), 0x0800);
        for (int type : new int[] {UDP_IN_TUNNEL4, UDP_IN_TUNNEL6}) {
            if (type == UDP_IN_TUNNEL6) {
                // Of the same inner network: the peer has its address at one of its tunnels.
                lab.hosts.outside.run("ip address del " + PEER + "/24 dev vx4");
                lab.hosts.outside.run("ip address add " + PEER + "/24 dev vx6");
            }
            String from = type == UDP_IN_TUNNEL4 ? HOST : HOST6;
            String to = type == UDP_IN_TUNNEL4 ? OUTSIDE : OUTSIDE6;
            byte[] frame = TunnelFrames.superFrame(from, to, inner, type, 1400, TRANSPORT + 8, TRANSPORT, 6);
            try (DatagramSocket peer = lab.hosts.inOutside(() -> new DatagramSocket(PORT))) {
                peer.setSoTimeout(ANSWER_MS);
                lab.queues.write(0, frame);
                for (int at = 0; at < payload.length; at += 1400) {
                    DatagramPacket one = new DatagramPacket(new byte[2000], 2000);
                    peer.receive(one);
                    assertThat(Arrays.copyOf(one.getData(), one.getLength()))
                            .isEqualTo(Arrays.copyOfRange(payload, at, Math.min(at + 1400, payload.length)));
                }
            }
        }
    }

    @Test
    void aStreamOfTheKernelsTunnelComesInSuperFrames() {
        TunnelStream stream = new TunnelStream(lab);
        byte[] bytes = random(4_000_000);
        assertThat(stream.carry(bytes)).isEqualTo(bytes);
        assertThat(stream.types.get(TCP4_IN_TUNNEL4)).as("%s", stream.types).isPositive();
        assertThat(stream.frames()).as("%s", stream.types).isLessThan(bytes.length / 1400 / 4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStreamThatWasCutIntoPacketsComesMergedAgain(boolean reserved) {
        lab.hosts.outside.run("ethtool -K out0 tx off");
        lab.hosts.host.run("ethtool -K up0 gro on");
        // The VXLAN devices of the neighbour make the kernel look for sockets of tunnels on the whole machine.
        try (PortReservation reservation = reserved ? reserve() : null) {
            assertThat(reservation != null).isEqualTo(reserved);
            TunnelStream stream = new TunnelStream(lab);
            byte[] bytes = random(4_000_000);
            assertThat(stream.carry(bytes)).isEqualTo(bytes);
            assertThat(stream.types).doesNotContainKey(TCP4_IN_TUNNEL4);
            assertThat(stream.types.getOrDefault(DATAGRAMS, 0))
                    .as("%s", stream.types)
                    .isPositive();
            assertThat(stream.frames()).as("%s", stream.types).isLessThan(bytes.length / 1400 / 2);
        }
    }

    private PortReservation reserve() {
        Outcome outcome = lab.hosts.inHost(() -> PortReservation.reserveBoth(IpProtocol.UDP, VXLAN_PORT, VXLAN_PORT));
        assertThat(outcome).isInstanceOf(Outcome.Reserved.class);
        PortReservation reservation = ((Outcome.Reserved) outcome).reservation();
        reservation.mergeDatagrams();
        return reservation;
    }

    private static int partial(String from, String to, int protocol, int length) {
        return ~IpFrames.checksum(0, IpFrames.pseudoHeader(from, to, protocol, length));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Without offloads what leaves the host is what goes over a wire, and the peer shows it as it comes. */
    private void offload(boolean on) {
        if (!on) {
            lab.hosts.host.run("ethtool -K up0 tx off");
            lab.hosts.outside.run("ethtool -K vx4 gro off");
        }
    }

    @Test
    void onlyTheTunnelsPortIsTakenFromTheHost() throws Exception {
        lab.steering.marks(0, low(HOST)).mark(PortMarks.UDP, PORT, 0);
        byte[] nats = ipv4(OUTSIDE, HOST, IpFrames.UDP, 1, 0, udp(5555, PORT, new byte[4]));
        byte[] tunnels = ipv4(OUTSIDE, HOST, IpFrames.UDP, 1, 0, udp(5555, VXLAN_PORT, new byte[4]));
        try (PacketSocket wire = lab.hosts.wire()) {
            SteeringLab.send(wire, tunnels);
            SteeringLab.send(wire, nats);
            lab.hosts.uplinkTap.expectNext(nats);
            expectNext(tunnels);
        }
        assertThat(lab.hosts.echo(lab.hosts.outside, HOST, VXLAN_PORT + 1)).isEqualTo("refused");
        assertThat(lab.hosts.connect(lab.hosts.outside, HOST, VXLAN_PORT, ANSWER_MS))
                .isEqualTo("refused");
        assertThat(lab.queues.tryReadAny()).isNull();
    }

    private void expectNext(byte[] packet) {
        byte[][] frame = new byte[1][];
        TestNamespace.await("a frame of the tunnel", 5000, () -> {
            frame[0] = lab.queues.tryReadAny();
            return frame[0] != null;
        });
        assertThat(HexFormat.of().formatHex(TunnelFrames.packet(frame[0])))
                .isEqualTo(HexFormat.of().formatHex(packet));
    }

    @Test
    void tunnelsEndAtLoAndAtDevicesWithoutEthernetHeadersToo() throws Exception {
        String there = "198.51.100.2";
        String here = "198.51.100.1";
        lab.steering.marks(0, low(here)).markTunnel(VXLAN_PORT);
        try (TunFile tun = new TunFile(lab.hosts.host, "tun0", here + "/24")) {
            lab.hosts.doInHost(() -> {
                lab.steering.steer(tun.index, lab.hosts.uplinkTap.index, lab.tap.index());
                lab.steering.steer(Steering.LOOPBACK, lab.hosts.loopbackTap.index, lab.tap.index());
            });
            byte[] packet = ipv4(there, here, IpFrames.UDP, 1, 0, udp(50_000, VXLAN_PORT, new byte[8]));
            tun.write(packet);
            expectNext(packet);
            byte[] quoted = ipv4(here, there, IpFrames.UDP, 1, 0, udp(50_000, VXLAN_PORT, new byte[0]));
            byte[] error = ipv4(there, here, IpFrames.ICMP, 1, 0, icmp(3, 4, 1280, quoted));
            tun.write(error);
            expectNext(error);
            lab.hosts.<Boolean, IOException>inHost(() -> {
                try (DatagramSocket client = new DatagramSocket()) {
                    client.send(new DatagramPacket(new byte[8], 8, InetAddress.getByName(HOST), VXLAN_PORT));
                }
                return true;
            });
            TestNamespace.await("what came by lo", 5000, () -> lab.queues.tryReadAny() != null);
        }
    }

    @Test
    void theHostHasThePortWhenTheSwitchIsDeadOrSteersForNoTunnel() throws Exception {
        lab.steering.rest();
        assertThat(answerOfTheHost()).isEqualTo("refused");
        lab.steering.beat(System.nanoTime());
        assertThat(answerOfTheHost()).isEqualTo("silence");
        lab.hosts.doInHost(() -> lab.steering.steer(lab.hosts.uplink, lab.hosts.uplinkTap.index));
        assertThat(answerOfTheHost()).isEqualTo("refused");
        assertThat(lab.has("up0", UDP_FORWARDING)).isFalse();
        lab.steerTunnel();
        assertThat(lab.has("up0", UDP_FORWARDING)).isTrue();
        lab.hosts.doInHost(() -> lab.steering.unsteer(lab.hosts.uplink, lab.hosts.uplinkTap.index, lab.tap.index()));
        assertThat(answerOfTheHost()).isEqualTo("refused");
        assertThat(lab.has("up0", UDP_FORWARDING)).isFalse();
        assertThat(lab.hosts.bpf.resolve("v1-link-" + lab.hosts.<Integer, RuntimeException>inHost(lab.tap::index)))
                .doesNotExist();
    }

    private String answerOfTheHost() throws Exception {
        return lab.hosts.echo(lab.hosts.outside, HOST, VXLAN_PORT);
    }

    @Test
    void udpGroIsPutBackByWhoeverFindsItChangedAndLeftAloneWhereItWasOn() {
        assertThat(lab.has("up0", UDP_FORWARDING)).isTrue();
        lab.steerTunnel();
        lab.steering.close();
        lab.hosts.doInHost(() -> Steering.removeAll(lab.hosts.bpf));
        assertThat(lab.has("up0", UDP_FORWARDING)).isFalse();
        lab.hosts.host.run("ethtool -K up0 " + UDP_FORWARDING + " on");
        lab.steering = lab.hosts.steering();
        lab.steerTunnel();
        lab.hosts.doInHost(() -> lab.steering.unsteer(lab.hosts.uplink, lab.hosts.uplinkTap.index, lab.tap.index()));
        assertThat(lab.has("up0", UDP_FORWARDING)).isTrue();
    }

    @Test
    void O12_anErrorAboutAPacketOfTheTunnelComesToIt() {
        lab.steering.marks(0, low(HOST)).mark(PortMarks.UDP, 50_001, 0);
        byte[] tunnels = error(50_000, VXLAN_PORT);
        byte[] either = error(50_001, VXLAN_PORT);
        byte[] hosts = error(50_000, VXLAN_PORT + 1);
        byte[] quoted = ipv6(HOST6, OUTSIDE6, IpFrames.UDP, udp(50_000, VXLAN_PORT, new byte[8]));
        byte[] six = ipv6(OUTSIDE6, HOST6, IpFrames.ICMP6, icmp(2, 0, 1280, quoted));
        try (PacketSocket wire = lab.hosts.wire()) {
            SteeringLab.send(wire, hosts);
            for (byte[] packet : new byte[][] {tunnels, either, six}) {
                SteeringLab.send(wire, packet);
                expectNext(packet);
            }
            lab.hosts.uplinkTap.expectNext(either);
            assertThat(lab.hosts.uplinkTap.tryRead()).isNull();
        }
    }

    /** Of a router to which a packet is too long. */
    private static byte[] error(int from, int to) {
        byte[] quoted = ipv4(HOST, OUTSIDE, IpFrames.UDP, 1, 0x4000, udp(from, to, new byte[1500]));
        return ipv4(OUTSIDE, HOST, IpFrames.ICMP, 1, 0, icmp(3, 4, 1400, Arrays.copyOf(quoted, 28)));
    }

    @Test
    void V2_aFlowStaysOnOneQueueAndFlowsShareThem() {
        BitSet queues = new BitSet();
        try (PacketSocket wire = lab.hosts.wire()) {
            for (int port = 50_000; port < 50_016; port++) {
                BitSet ofFlow = new BitSet();
                for (int i = 0; i < 3; i++) {
                    byte[] packet = ipv4(OUTSIDE, HOST, IpFrames.UDP, i, 0, udp(port, VXLAN_PORT, new byte[4]));
                    SteeringLab.send(wire, packet);
                    ofFlow.set(queueOf(packet));
                }
                assertThat(ofFlow.cardinality()).isOne();
                queues.or(ofFlow);
            }
        }
        assertThat(queues.cardinality()).isEqualTo(2);
    }

    /** Waits for a packet; the queue by which it came. */
    private int queueOf(byte[] packet) {
        int[] queue = {-1};
        TestNamespace.await("a packet", 5000, () -> {
            for (int i = 0; i < 2; i++) {
                byte[] frame = lab.queues.tryRead(i);
                if (frame != null) {
                    assertThat(TunnelFrames.packet(frame)).isEqualTo(packet);
                    queue[0] = i;
                }
            }
            return queue[0] >= 0;
        });
        return queue[0];
    }

    @Test
    void N22_fragmentsOfATunnelsPacketFollowTheirFirst() {
        byte[] first = fragment(IpFrames.MORE_FRAGMENTS, udp(50_000, VXLAN_PORT, new byte[1000]));
        byte[] later = fragment(1008 / 8, new byte[500]);
        try (PacketSocket wire = lab.hosts.wire()) {
            SteeringLab.send(wire, first);
            int queue = queueOf(first);
            SteeringLab.send(wire, later);
            assertThat(queueOf(later)).isEqualTo(queue);
            assertThat(lab.hosts.uplinkTap.tryRead()).isNull();
        }
    }

    private static byte[] fragment(int fragment, byte[] payload) {
        return ipv4(OUTSIDE, HOST, IpFrames.UDP, 7, fragment, payload);
    }
}
