package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.ipv4;
import static io.tapswitch.tapio.IpFrames.low;
import static io.tapswitch.tapio.IpFrames.udp;
import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The TAP beside an uplink, as the host's stack and the workers see it. */
@Tag("netns")
final class UplinkTapIT {
    private static final String ALIAS = "tapswitch of a test";
    private static final int IP = TapDevice.HEADER_LENGTH + IpFrames.ETHERNET;
    private static final int CLIENT_PORT = 5555;
    private static final int PATIENCE_MS = 10_000;

    @TempDir
    private Path runDirectory;

    private SteeringLab lab;
    private Steering steering;
    private UplinkTap tap;
    private final TapQueues queues = new TapQueues(() -> tap);

    @BeforeEach
    void begin() {
        lab = new SteeringLab(runDirectory);
        try {
            steering = lab.steering();
            tap = lab.inHost(() -> UplinkTap.create("tswu%d", 2, ALIAS));
        } catch (DeviceException e) {
            lab.close();
            throw e;
        }
    }

    @AfterEach
    void end() {
        tap.close();
        steering.close();
        lab.close();
        queues.close();
        Keeper keeper = Keeper.of(runDirectory);
        if (keeper != null) {
            keeper.end(runDirectory);
        }
    }

    @Test
    void standsBesideTheHostsStackWithoutAddressQueueingOrNeighbours() {
        assertThat(tap.name()).isEqualTo("tswu0");
        assertThat(lab.<Integer, RuntimeException>inHost(tap::index)).isEqualTo(SteeredTap.index(lab.host, "tswu0"));
        String link = lab.host.run("ip -d link show dev tswu0");
        assertThat(link)
                .contains("UP", "LOWER_UP", "NOARP", "mtu 65521", "qdisc noqueue", "qlen 1000", "alias " + ALIAS)
                .contains("multi_queue", "numqueues 2", "vnet_hdr on", "persist on");
        assertThat(lab.host.run("tc qdisc show dev tswu0").lines()).hasSize(1);
        assertThat(lab.host.run("ip address show dev tswu0")).doesNotContain("inet");
        assertThat(lab.host.run("sysctl -n net.ipv6.conf.tswu0.disable_ipv6").strip())
                .isEqualTo("1");
        try (UplinkTap second = lab.inHost(() -> UplinkTap.create("tswu%d", 1, "another"))) {
            assertThat(second.name()).isEqualTo("tswu1");
            lab.doInHost(second::delete);
        }
        assertThat(lab.host.run("ip link")).contains("tswu0").doesNotContain("tswu1");
    }

    @Test
    void O11_packetsAsLargeAsTheMtuOfLoPassBothWays() throws Exception {
        lab.doInHost(() -> steering.steer(Steering.LOOPBACK, tap.index()));
        steering.marks(0, low("127.0.0.1")).mark(PortMarks.UDP, PORT, 0);
        steering.marks(0, 1).mark(PortMarks.UDP, PORT, 1);
        // The largest that the family, or lo's MTU of 65536, allows.
        passBothWays("127.0.0.1", 65_535 - IpFrames.IPV4 - 8, 0, 65_535);
        passBothWays("::1", 65_536 - 40 - 8, 1, 65_536);
    }

    private void passBothWays(String address, int payload, int queue, int packetLength) throws Exception {
        lab.<Boolean, Exception>inHost(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.setSoTimeout(PATIENCE_MS);
                socket.setSendBufferSize(1 << 20);
                socket.setReceiveBufferSize(1 << 20);
                socket.connect(InetAddress.getByName(address), PORT);
                byte[] sent = new byte[payload];
                new Random(payload).nextBytes(sent);
                socket.send(new DatagramPacket(sent, payload));
                byte[] frame = queues.await(queue);
                assertThat(frame).hasSize(IP + packetLength);
                turn(frame);
                queues.write(queue, frame);
                DatagramPacket back = new DatagramPacket(new byte[payload + 1], payload + 1);
                socket.receive(back);
                assertThat(Arrays.copyOf(back.getData(), back.getLength())).isEqualTo(sent);
                return true;
            }
        });
    }

    /** Makes an answer of a datagram: addresses and ports change places, all sums stay as they are. */
    private static void turn(byte[] frame) {
        boolean six = frame[IP] >>> 4 == 6;
        swap(frame, IP + (six ? 8 : 12), six ? 16 : 4);
        swap(frame, IP + (six ? 40 : IpFrames.IPV4), 2);
        Arrays.fill(frame, TapDevice.HEADER_LENGTH, TapDevice.HEADER_LENGTH + 12, (byte) 0);
    }

    private static void swap(byte[] frame, int at, int length) {
        byte[] first = Arrays.copyOfRange(frame, at, at + length);
        System.arraycopy(frame, at + length, frame, at, length);
        System.arraycopy(first, 0, frame, at + length, length);
    }

    @Test
    void aFrameComesToItsOwnersQueueAlsoWithMoreOrFewerWorkersAfterARestart() {
        lab.doInHost(() -> steering.steer(lab.uplink, tap.index()));
        expectByOwner(2);
        restart();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> tap.queues(4))).isTrue();
        assertThat(tap.fds()).hasSize(4);
        expectByOwner(4);
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> tap.queues(3))).isFalse();
        expectByOwner(3);
        restart();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> tap.queues(1))).isFalse();
        expectByOwner(1);
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> tap.queues(4))).isFalse();
        expectByOwner(4);
        assertThat(lab.host.run("ip -d link show dev tswu0")).contains("numqueues 4", "LOWER_UP", "mtu 65521");
    }

    /** Sends to two ports of each worker, and expects each datagram in its owner's queue and in no other. */
    private void expectByOwner(int workers) {
        PortMarks marks = steering.marks(0, low(HOST));
        try (PacketSocket wire = lab.wire()) {
            for (int port = PORT; port < PORT + 2 * workers; port++) {
                marks.mark(PortMarks.UDP, port, port % workers);
                byte[] datagram = ipv4(OUTSIDE, HOST, IpFrames.UDP, 1, 0, udp(CLIENT_PORT, port, new byte[4]));
                SteeringLab.send(wire, datagram);
                byte[] frame = queues.await(port % workers);
                assertThat(Arrays.copyOfRange(frame, IP, frame.length)).isEqualTo(datagram);
            }
        }
        for (int queue = 0; queue < tap.fds().size(); queue++) {
            assertThat(queues.tryRead(queue)).as("queue " + queue).isNull();
        }
    }

    /** The device goes through the vault to another object, as to another process. */
    private void restart() {
        try (FdVault vault = FdVault.open(runDirectory, Map.of())) {
            vault.put("uplink", tap.fds());
            tap.close();
        }
        try (FdVault vault = FdVault.open(runDirectory, Map.of())) {
            List<Integer> files = Objects.requireNonNull(vault.taken().get("uplink"));
            tap = UplinkTap.adopt(files);
            vault.drop(List.of("uplink"));
        }
    }

    @Test
    void isFoundByItsAliasWhenItsFilesAreLost() {
        tap.close();
        assertThat(lab.host.run("ip link")).contains("tswu0");
        assertThatThrownBy(() -> UplinkTap.deleteAbandoned("")).isInstanceOf(IllegalArgumentException.class);
        assertThat(lab.<Integer, RuntimeException>inHost(() -> UplinkTap.deleteAbandoned("tapswitch")))
                .isZero();
        assertThat(lab.<Integer, RuntimeException>inHost(() -> UplinkTap.deleteAbandoned(ALIAS)))
                .isOne();
        assertThat(lab.host.run("ip link")).doesNotContain("tswu0");
    }
}
