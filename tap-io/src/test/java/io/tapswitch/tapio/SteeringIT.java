package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.ethernet;
import static io.tapswitch.tapio.IpFrames.icmp;
import static io.tapswitch.tapio.IpFrames.ipv4;
import static io.tapswitch.tapio.IpFrames.ipv6;
import static io.tapswitch.tapio.IpFrames.low;
import static io.tapswitch.tapio.IpFrames.tcp;
import static io.tapswitch.tapio.IpFrames.udp;
import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.HOST6;
import static io.tapswitch.tapio.SteeringLab.HOST6_HIGH;
import static io.tapswitch.tapio.SteeringLab.HOST_MAC;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE6;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE_MAC;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.BpfProgram;
import io.tapswitch.tapio.sys.BpfProgram.Register;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the programs take from a real host, what they leave to it, and that answers reach who asked. */
@Tag("netns")
class SteeringIT {
    private static final int CLIENT_PORT = 5555;
    static final int ANSWER_MS = 3000;

    @TempDir
    private Path runDirectory;

    SteeringLab lab;
    Steering steering;
    private PortMarks marks;

    @BeforeEach
    void begin() {
        lab = new SteeringLab(runDirectory);
        try {
            steering = lab.steering(this::attachment);
        } catch (DeviceException e) {
            lab.close();
            throw e;
        }
        marks = steering.marks(0, low(HOST));
        marks.mark(PortMarks.TCP, PORT, 0);
        marks.mark(PortMarks.UDP, PORT, 0);
    }

    Attachment attachment(Path directory) {
        return new TcxAttachment(directory);
    }

    @AfterEach
    void end() {
        steering.close();
        lab.close();
    }

    @Test
    void P10_aRemoteClientReachesAPublishedPortAndOtherPortsAreTheHosts() throws Exception {
        lab.uplinkTap.answer();
        assertThat(lab.echo(lab.outside, HOST, PORT)).isEqualTo("hello");
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        assertThat(lab.connect(lab.outside, HOST, PORT + 1, ANSWER_MS)).isEqualTo("refused");
        marks.clear(PortMarks.TCP, PORT);
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        assertThat(lab.echo(lab.outside, HOST, PORT)).isEqualTo("hello");
    }

    @Test
    void P10_theHostReachesAPublishedPortByItsOwnAddressAndBy127001() throws Exception {
        steerLoopback();
        lab.loopbackTap.answer();
        for (String own : new String[] {HOST, "127.0.0.1"}) {
            assertThat(lab.echo(lab.host, own, PORT)).as(own).isEqualTo("hello");
            assertThat(lab.connect(lab.host, own, PORT, ANSWER_MS)).as(own).isEqualTo("connected");
            assertThat(lab.connect(lab.host, own, PORT + 1, ANSWER_MS)).as(own).isEqualTo("refused");
        }
        assertThat(lab.connect(lab.host, "127.0.0.2", PORT, ANSWER_MS)).isEqualTo("refused");
        steering.marks(0, Steering.LOOPBACK_NET_LOW).mark(PortMarks.TCP, PORT, 0);
        assertThat(lab.connect(lab.host, "127.0.0.2", PORT, ANSWER_MS)).isEqualTo("connected");
    }

    private void steerLoopback() {
        lab.doInHost(() -> steering.steer(Steering.LOOPBACK, lab.loopbackTap.index));
        steering.marks(0, low("127.0.0.1")).mark(PortMarks.TCP, PORT, PORT, 0);
        steering.marks(0, low("127.0.0.1")).mark(PortMarks.UDP, PORT, PORT, 0);
    }

    @Test
    void P10_overIPv6Too() throws Exception {
        steering.marks(HOST6_HIGH, 1).mark(PortMarks.UDP, PORT, 0);
        steering.marks(0, 1).mark(PortMarks.UDP, PORT, 0);
        steerLoopback();
        lab.uplinkTap.answer();
        lab.loopbackTap.answer();
        assertThat(lab.echo(lab.outside, "2001:db8::1", PORT)).isEqualTo("hello");
        assertThat(lab.echo(lab.outside, "2001:db8::1", PORT + 1)).isEqualTo("refused");
        assertThat(lab.echo(lab.host, "2001:db8::1", PORT)).isEqualTo("hello");
        assertThat(lab.echo(lab.host, "::1", PORT)).isEqualTo("hello");
    }

    @Test
    void aTunnelWithoutEthernetHeadersIsAnUplinkToo() throws Exception {
        String there = "198.51.100.2";
        String here = "198.51.100.1";
        try (TunFile tun = new TunFile(lab.host, "tun0", here + "/24")) {
            lab.doInHost(() -> steering.steer(tun.index, lab.uplinkTap.index));
            steering.marks(0, low(here)).mark(PortMarks.UDP, PORT, 0);
            steering.marks(0, low(here)).mark(PortMarks.ICMP_ID, 77, 0);
            long before = received("InEchoReps");
            byte[] pong = ipv4(there, here, IpFrames.ICMP, 1, 0, icmp(0, 0, 77 << 16 | 1, new byte[8]));
            tun.write(pong);
            lab.uplinkTap.expectNext(pong);
            TestNamespace.await("the host's", 5000, () -> received("InEchoReps") == before + 1);
            lab.uplinkTap.answer();
            tun.write(ipv4(there, here, IpFrames.UDP, 1, 0, udp(CLIENT_PORT, PORT, new byte[4])));
            assertThat(tun.read())
                    .isEqualTo(ipv4(here, there, IpFrames.UDP, 1, 0, udp(PORT, CLIENT_PORT, new byte[4])));
        }
    }

    @Test
    void aFrameComesInTheQueueOfTheWorkerThatOwnsThePort() {
        int queues = Tun.IFF_MULTI_QUEUE;
        try (SteeredTap first = new SteeredTap(lab.host, "tswmq", queues);
                SteeredTap second = new SteeredTap(lab.host, "tswmq", queues);
                PacketSocket wire = lab.wire()) {
            Steering.queueByOwner(first.file());
            lab.doInHost(() -> steering.steer(lab.uplink, first.index));
            for (int port = PORT; port < PORT + 8; port++) {
                SteeredTap owner = port % 2 == 0 ? first : second;
                marks.mark(PortMarks.TCP, port, port % 2);
                byte[] segment = segment(OUTSIDE, HOST, port);
                SteeringLab.send(wire, segment);
                owner.expectNext(segment);
            }
            assertThat(first.tryRead()).isNull();
            assertThat(second.tryRead()).isNull();
        }
    }

    @Test
    void leavesToTheHostWhatOnlyLooksLikeAPublishedPort() {
        steerLoopback();
        byte[] good = segment(OUTSIDE, HOST, PORT);
        // One that would be taken, if it were not for the frame around it.
        byte[] same = ipv4(OUTSIDE, HOST, IpFrames.UDP, 2, 0, udp(CLIENT_PORT, PORT, new byte[4]));
        byte[] elsewhere = IpFrames.mac("02:ee:00:00:00:01");
        try (PacketSocket wire = lab.wire()) {
            SteeringLab.send(wire, segment(OUTSIDE, "198.51.100.9", PORT));
            SteeringLab.sendFrame(wire, ethernet(elsewhere, OUTSIDE_MAC, same, 0x0800));
            SteeringLab.sendFrame(wire, ethernet(HOST_MAC, OUTSIDE_MAC, same, 0x8100, 100, 0x0800));
            SteeringLab.send(wire, Arrays.copyOf(good, IpFrames.IPV4 + 7));
            SteeringLab.send(wire, segment(OUTSIDE, HOST, PORT + 1));
            // A forgery: answers would go to the host itself.
            SteeringLab.send(wire, segment(HOST, HOST, PORT));
            SteeringLab.send(wire, good);
            lab.uplinkTap.expectNext(good);
        }
    }

    @Test
    void P6_aPortOf127001IsNotReachedFromOutside() {
        steerLoopback();
        byte[] good = segment(OUTSIDE, HOST, PORT);
        try (PacketSocket wire = lab.wire()) {
            SteeringLab.send(wire, segment(OUTSIDE, "127.0.0.1", PORT));
            SteeringLab.send(wire, segment("127.0.0.1", "127.0.0.1", PORT));
            SteeringLab.send(wire, segment("127.0.0.1", HOST, PORT));
            SteeringLab.send(wire, good);
            lab.uplinkTap.expectNext(good);
            assertThat(lab.loopbackTap.tryRead()).isNull();
        }
    }

    private static byte[] segment(String from, String to, int port) {
        return ipv4(from, to, IpFrames.TCP, 1, 0, tcp(from, to, CLIENT_PORT, port, 1, 0, IpFrames.SYN));
    }

    @Test
    void N22_laterFragmentsFollowTheirFirst() {
        byte[] first = fragment(7, IpFrames.MORE_FRAGMENTS, udp(CLIENT_PORT, PORT, new byte[1000]));
        byte[] later = fragment(7, 1008 / 8, new byte[500]);
        byte[] foreignFirst = fragment(8, IpFrames.MORE_FRAGMENTS, udp(CLIENT_PORT, PORT + 1, new byte[1000]));
        byte[] early = fragment(9, 1008 / 8, new byte[300]);
        try (PacketSocket wire = lab.wire()) {
            SteeringLab.send(wire, first);
            lab.uplinkTap.expectNext(first);
            long before = received("ReasmReqds");
            SteeringLab.send(wire, later);
            lab.uplinkTap.expectNext(later);
            assertThat(received("ReasmReqds")).as("taken, not cloned").isEqualTo(before);
            // Of a datagram whose first fragment was not seen both get it: whose it is, nobody knows.
            SteeringLab.send(wire, foreignFirst);
            SteeringLab.send(wire, early);
            lab.uplinkTap.expectNext(early);
            TestNamespace.await("the host's", 5000, () -> received("ReasmReqds") == before + 2);
        }
    }

    @Test
    void N22_anIdThatWasOursIsTheHostsAgain() {
        try (PacketSocket wire = lab.wire()) {
            byte[] first = fragment(7, IpFrames.MORE_FRAGMENTS, udp(CLIENT_PORT, PORT, new byte[1000]));
            SteeringLab.send(wire, first);
            lab.uplinkTap.expectNext(first);
            long before = received("ReasmReqds");
            byte[] later = fragment(7, 1008 / 8, new byte[500]);
            SteeringLab.send(wire, fragment(7, IpFrames.MORE_FRAGMENTS, udp(CLIENT_PORT, PORT + 1, new byte[1000])));
            SteeringLab.send(wire, later);
            lab.uplinkTap.expectNext(later);
            TestNamespace.await("the host's", 5000, () -> received("ReasmReqds") == before + 2);
        }
    }

    private static byte[] fragment(int id, int fragment, byte[] payload) {
        return ipv4(OUTSIDE, HOST, IpFrames.UDP, id, fragment, payload);
    }

    @Test
    void N22_fragmentsOfIPv6BehindOtherExtensionHeaders() {
        steering.marks(HOST6_HIGH, 1).mark(PortMarks.UDP, PORT, 0);
        byte[] datagram = udp(CLIENT_PORT, PORT, new byte[1000]);
        byte[] first = six(60, IpFrames.extension(44, 0, 0x01040000, IpFrames.extension(17, 1, 77, datagram)));
        byte[] later = six(60, IpFrames.extension(44, 0, 0x01040000, IpFrames.extension(17, 1008, 77, new byte[64])));
        byte[] whole = six(60, IpFrames.extension(17, 0, 0x01040000, udp(CLIENT_PORT, PORT, new byte[10])));
        byte[] foreign = six(60, IpFrames.extension(17, 0, 0x01040000, udp(CLIENT_PORT, PORT + 1, new byte[10])));
        try (PacketSocket wire = lab.wire()) {
            for (byte[] packet : new byte[][] {first, later, whole}) {
                SteeringLab.send(wire, foreign);
                SteeringLab.send(wire, packet);
                lab.uplinkTap.expectNext(packet);
            }
        }
    }

    private static byte[] six(int nextHeader, byte[] payload) {
        return ipv6(OUTSIDE6, HOST6, nextHeader, payload);
    }

    @Test
    void anAnswerToAPingGoesToBothBecauseTheHostMayPingWithTheSameId() {
        marks.mark(PortMarks.ICMP_ID, 77, 0);
        byte[] other = ipv4(OUTSIDE, HOST, IpFrames.ICMP, 1, 0, icmp(0, 0, 78 << 16 | 1, new byte[8]));
        byte[] ours = ipv4(OUTSIDE, HOST, IpFrames.ICMP, 1, 0, icmp(0, 0, 77 << 16 | 1, new byte[8]));
        long before = received("InEchoReps");
        try (PacketSocket wire = lab.wire()) {
            SteeringLab.send(wire, other);
            SteeringLab.send(wire, ours);
            lab.uplinkTap.expectNext(ours);
            TestNamespace.await("the host's", 5000, () -> received("InEchoReps") == before + 2);
        }
    }

    @Test
    void N19_anErrorGoesWhereTheQuotedPacketCameFrom() {
        byte[] quoted = ipv4(HOST, OUTSIDE, IpFrames.TCP, 1, 0, tcp(HOST, OUTSIDE, PORT, CLIENT_PORT, 1, 0, 16));
        byte[] hosts = ipv4(HOST, OUTSIDE, IpFrames.TCP, 1, 0, tcp(HOST, OUTSIDE, PORT + 1, CLIENT_PORT, 1, 0, 16));
        byte[] options = withOptions(quoted);
        try (PacketSocket wire = lab.wire()) {
            for (byte[] each : new byte[][] {Arrays.copyOf(quoted, 28), options}) {
                byte[] error = ipv4("198.51.100.7", HOST, IpFrames.ICMP, 1, 0, icmp(3, 4, 1280, each));
                long before = received("InErrors") + received("InDestUnreachs");
                SteeringLab.send(wire, ipv4(OUTSIDE, HOST, IpFrames.ICMP, 1, 0, icmp(3, 1, 0, hosts)));
                TestNamespace.await(
                        "the host's", 5000, () -> received("InErrors") + received("InDestUnreachs") > before);
                SteeringLab.send(wire, error);
                lab.uplinkTap.expectNext(error);
            }
        }
    }

    /** The packet with four bytes of options, its checksum left wrong: nobody looks at a quoted one. */
    private static byte[] withOptions(byte[] packet) {
        byte[] header = Arrays.copyOf(packet, IpFrames.IPV4 + 4);
        header[0] = 0x46;
        Arrays.fill(header, IpFrames.IPV4, IpFrames.IPV4 + 4, (byte) 1);
        return IpFrames.concat(header, Arrays.copyOfRange(packet, IpFrames.IPV4, IpFrames.IPV4 + 8));
    }

    @Test
    void N19_anErrorOfIPv6GoesWhereTheQuotedPacketCameFrom() {
        steering.marks(HOST6_HIGH, 1).mark(PortMarks.UDP, PORT, 0);
        byte[] quoted = ipv6(HOST6, OUTSIDE6, 17, udp(PORT, CLIENT_PORT, new byte[0]));
        byte[] hosts = ipv6(HOST6, OUTSIDE6, 17, udp(PORT + 1, CLIENT_PORT, new byte[0]));
        byte[] error = six(IpFrames.ICMP6, icmp(2, 0, 1280, quoted));
        try (PacketSocket wire = lab.wire()) {
            SteeringLab.send(wire, six(IpFrames.ICMP6, icmp(2, 0, 1280, hosts)));
            SteeringLab.send(wire, error);
            lab.uplinkTap.expectNext(error);
        }
    }

    @Test
    void standsBeforeForeignProgramsAndMendsItWhenItDoesNot() throws Exception {
        lab.uplinkTap.answer();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> steering.isFirst(lab.uplink)))
                .isTrue();
        int accept = Bpf.loadProgram(
                        "accept",
                        Bpf.PROG_TYPE_SCHED_CLS,
                        new BpfProgram().move(Register.R0, 0).exit())
                .result();
        assertThat(accept).isPositive();
        Runnable remove = lab.inHost(() -> attachForeign(accept));
        Syscalls.close(accept);
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> steering.isFirst(lab.uplink)))
                .isFalse();
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        lab.doInHost(() -> steering.steer(lab.uplink, lab.uplinkTap.index));
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> steering.isFirst(lab.uplink)))
                .isTrue();
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        remove.run();
    }

    /** Attaches a program before all others; how it goes again. */
    Runnable attachForeign(int program) {
        int link = Bpf.createTcxLink(program, lab.uplink, Bpf.BPF_F_BEFORE);
        assertThat(link).isPositive();
        return () -> Syscalls.close(link);
    }

    @Test
    void restsAndForgetsAndUnsteers() throws Exception {
        steerLoopback();
        assertThat(setting("route_localnet")).isEqualTo("1");
        lab.uplinkTap.answer();
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        steering.rest();
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        steering.beat(System.nanoTime());
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        steering.forget(0, low(HOST));
        assertThatThrownBy(() -> marks.mark(PortMarks.TCP, PORT, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        steering.marks(0, low(HOST)).mark(PortMarks.TCP, PORT, 0);
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        lab.doInHost(() -> {
            steering.unsteer(lab.uplink, lab.uplinkTap.index);
            steering.unsteer(Steering.LOOPBACK, lab.loopbackTap.index);
        });
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        assertThat(setting("route_localnet")).isEqualTo("0");
        assertThat(setting("accept_local")).isEqualTo("0");
    }

    @Test
    void largeReceiveOffloadIsPutBackWhereItWasOn() {
        lab.host.run("ip link add link up0 name mac0 type macvlan");
        int device = SteeredTap.index(lab.host, "mac0");
        String before = features("mac0");
        assertThat(before).contains("large-receive-offload: off");
        lab.doInHost(() -> steering.steer(device, lab.uplinkTap.index));
        assertThat(features("mac0")).as("it is not on").isEqualTo(before);
        lab.doInHost(() -> steering.unsteer(device, lab.uplinkTap.index));
        assertThat(features("mac0")).isEqualTo(before);
        steering.close();
        try (SteeringMaps maps = SteeringMaps.open(lab.bpf)) {
            // As an earlier process would have left it of a card; a macvlan takes the wish, over one without it.
            maps.control(DeviceFeatures.CONTROL_DEVICES + Long.BYTES, device);
        }
        lab.doInHost(() -> Steering.removeAll(lab.bpf));
        assertThat(features("mac0")).contains("large-receive-offload: off [requested on]");
    }

    private String features(String device) {
        return lab.host.run("ethtool -k " + device);
    }

    @Test
    void saysThatADeviceIsNotThere() {
        assertThatThrownBy(() -> lab.doInHost(() -> steering.steer(99, lab.uplinkTap.index)))
                .isInstanceOf(DeviceException.class)
                .hasMessage("there is no device 99 to steer");
    }

    private String setting(String name) {
        return lab.host.run("sysctl -n net.ipv4.conf.lo." + name).strip();
    }

    /** A counter of the host's stack (/proc/net/snmp). */
    private long received(String counter) {
        String[] lines = lab.host.run("cat /proc/net/snmp").split("\n", -1);
        for (int i = 0; i + 1 < lines.length; i += 2) {
            String[] names = lines[i].split(" ", -1);
            int at = Arrays.asList(names).indexOf(counter);
            boolean ours = names[0].equals("Ip:") || names[0].equals("Icmp:");
            if (at > 0 && ours) {
                return Long.parseLong(lines[i + 1].split(" ", -1)[at]);
            }
        }
        throw new AssertionError(counter);
    }
}
