package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.concat;
import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.OUTSIDE;
import static io.tapswitch.tapio.TunnelFrames.DATAGRAMS;
import static io.tapswitch.tapio.TunnelFrames.VNI;
import static io.tapswitch.tapio.TunnelFrames.VXLAN_PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sockets by which tunnels come and go, on a worker's I/O, with the kernel's sockets and VXLAN at the other end. */
@ParameterizedClass
@EnumSource(IoMode.class)
@Tag("netns")
@Timeout(60)
final class TunnelSocketIT {
    private static final IpAddress HOST_4 = Ipv4Address.parse(HOST);
    private static final IpAddress HOST_6 = Ipv6Address.parse("2001:db8::1");
    private static final String OUTSIDE_6 = "2001:db8::2";
    private static final int PORT = 7;
    private static final int SLOTS = 64;
    private static final int SOL_UDP = 17;
    private static final int UDP_SEGMENT = 103;

    private final IoMode mode;

    private final TestNamespace host = new TestNamespace();
    private final TestNamespace outside = new TestNamespace();
    private final NetworkNamespace hostOpen = host.open();
    private final NetworkNamespace outsideOpen = outside.open();
    private final List<TunnelSocket> sockets = new ArrayList<>();
    private FrameMemory memory;
    private FrameIo io;
    private Frames seen;

    TunnelSocketIT(IoMode mode) {
        this.mode = mode;
    }

    /** What came, as bytes, and what became of writes. */
    private static class Frames implements FrameHandler {
        final List<byte[]> frames = new ArrayList<>();
        final List<Integer> results = new ArrayList<>();
        final FrameIo io;
        boolean removed;

        Frames(FrameIo io) {
            this.io = io;
        }

        byte[] next() {
            return first(frames);
        }

        int result() {
            return first(results);
        }

        private <T> T first(List<T> awaited) {
            long endNs = System.nanoTime() + 3_000_000_000L;
            while (awaited.isEmpty() && System.nanoTime() - endNs < 0) {
                io.poll(this, 20_000_000L);
            }
            assertThat(awaited).isNotEmpty();
            return awaited.removeFirst();
        }

        @Override
        public void onFrame(int port, int slot, int offset, int length) {
            byte[] bytes = new byte[length];
            io.buffer().getBytes(offset, bytes);
            frames.add(bytes);
            io.release(slot);
        }

        @Override
        public void onWritten(int port, int slot, int result) {
            results.add(result);
            io.release(slot);
        }

        @Override
        public void onPortGone(int port, int errno) {
            throw new AssertionError("port " + port + " is gone: " + Errno.describe(errno));
        }

        @Override
        public void onPortRemoved(int port) {
            removed = true;
        }
    }

    @BeforeEach
    void begin() {
        for (TestNamespace each : new TestNamespace[] {host, outside}) {
            each.run("ip link set lo up");
            each.run("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
        }
        TestNamespace.sh("ip -n " + host.name + " link add up0 type veth peer name out0 netns " + outside.name);
        host.run("ip address add " + HOST + "/24 dev up0");
        host.run("ip address add 2001:db8::1/64 dev up0 nodad");
        outside.run("ip address add " + OUTSIDE + "/24 dev out0");
        outside.run("ip address add " + OUTSIDE_6 + "/64 dev out0 nodad");
        host.run("ip link set up0 up");
        outside.run("ip link set out0 up");
        memory = FrameMemory.map((long) SLOTS * FrameMemory.SLOT_LENGTH);
        io = FrameIos.open(mode, memory, 0, SLOTS);
        seen = new Frames(io);
    }

    @AfterEach
    void everySlotAndPortIsBack() {
        try (host;
                outside;
                hostOpen;
                outsideOpen) {
            if (!sockets.isEmpty()) {
                io.removePort(PORT);
                while (!seen.removed) {
                    io.poll(seen, 20_000_000L);
                }
            }
            assertThat(io.slotsInUse()).isZero();
            io.close();
            memory.close();
            sockets.forEach(TunnelSocket::close);
        }
    }

    private TunnelSocket open(IpAddress local, int count) {
        TunnelSocket socket = hostOpen.call(() -> TunnelSocket.open(local, VXLAN_PORT, count));
        sockets.add(socket);
        return socket;
    }

    private void serve(IpAddress local) {
        io.addPort(PORT, open(local, 1).fds().getFirst(), true);
        io.poll(seen, 0);
    }

    private DatagramChannel outsideChannel(String local) throws IOException {
        DatagramChannel channel = outsideOpen.call(DatagramChannel::open);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, 4 << 20);
        channel.bind(new InetSocketAddress(InetAddress.getByName(local), 0));
        return channel;
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static byte[] payload(byte[] frame) {
        boolean six = frame[TunnelTap.HEADER_LENGTH + 12] == (byte) 0x86;
        return Arrays.copyOfRange(frame, TunnelTap.HEADER_LENGTH + IpFrames.ETHERNET + (six ? 48 : 28), frame.length);
    }

    /** A frame as the dataplane writes it: outer headers of which only destination and mark count. */
    private void write(IpAddress from, String to, int port, int mark, int gsoSize, byte[] payload) throws IOException {
        int slot = io.allocate();
        byte[] toBytes = InetAddress.getByName(to).getAddress();
        ByteBuffer frame = ByteBuffer.allocate(TunnelTap.HEADER_LENGTH + IpFrames.ETHERNET + 48);
        frame.put(1, (byte) (gsoSize > 0 ? DATAGRAMS : 0));
        frame.order(ByteOrder.LITTLE_ENDIAN).putShort(4, (short) gsoSize).order(ByteOrder.BIG_ENDIAN);
        int ip = TunnelTap.HEADER_LENGTH + IpFrames.ETHERNET;
        int udp = ip + (from.isIpv6() ? 40 : 20);
        frame.put(ip + 1, (byte) (from.isIpv6() ? mark << 4 : mark));
        frame.put(ip + (from.isIpv6() ? 24 : 16), toBytes);
        frame.putShort(udp + 2, (short) port);
        byte[] whole = concat(Arrays.copyOf(frame.array(), udp + 8), payload);
        // Where encapsulation puts it, in the headroom.
        int at = FrameMemory.readOffset(slot) - 64;
        io.buffer().putBytes(at, whole);
        io.write(PORT, slot, at, whole.length);
    }

    private static String outside(IpAddress local) {
        return local.isIpv6() ? OUTSIDE_6 : OUTSIDE;
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, "2001:db8::1"})
    void aDatagramComesAsAFrameOfATunnelTap_withItsSenderAndItsCongestionMark(String address) throws IOException {
        IpAddress local = address.equals(HOST) ? HOST_4 : HOST_6;
        serve(local);
        try (DatagramChannel peer = outsideChannel(outside(local))) {
            for (int mark = 0; mark < 4; mark++) {
                peer.setOption(StandardSocketOptions.IP_TOS, mark);
                byte[] sent = random(100 + mark);
                peer.send(ByteBuffer.wrap(sent), new InetSocketAddress(address, VXLAN_PORT));
                byte[] frame = seen.next();
                assertThat(payload(frame)).isEqualTo(sent);
                assertThat(frame[0]).as("verified").isEqualTo((byte) 2);
                assertThat(frame[1]).as("one packet").isZero();
                ByteBuffer read = ByteBuffer.wrap(frame);
                int ip = TunnelTap.HEADER_LENGTH + IpFrames.ETHERNET;
                int udp = ip + (local.isIpv6() ? 40 : 20);
                int source = local.isIpv6() ? ip + 8 : ip + 12;
                byte[] from = Arrays.copyOfRange(frame, source, source + (local.isIpv6() ? 16 : 4));
                assertThat(InetAddress.getByAddress(from)).isEqualTo(InetAddress.getByName(outside(local)));
                assertThat(read.getShort(udp) & 0xffff)
                        .isEqualTo(((InetSocketAddress) peer.getLocalAddress()).getPort());
                assertThat(read.getShort(udp + 2)).isEqualTo((short) VXLAN_PORT);
                assertThat(read.getShort(udp + 4)).isEqualTo((short) (8 + sent.length));
                assertThat(local.isIpv6() ? read.getShort(ip) >>> 4 & 3 : frame[ip + 1] & 3)
                        .isEqualTo(mark);
                if (!local.isIpv6()) {
                    assertThat(IpFrames.checksum(0, Arrays.copyOfRange(frame, ip, udp)))
                            .isZero();
                }
            }
        }
    }

    @Test
    void emptyAndTheLongestDatagramsComeToo() throws IOException {
        serve(HOST_4);
        try (DatagramChannel peer = outsideChannel(OUTSIDE)) {
            for (int i = 0; i < 200; i++) {
                peer.send(ByteBuffer.allocate(0), new InetSocketAddress(HOST, VXLAN_PORT));
                assertThat(payload(seen.next())).isEmpty();
            }
            byte[] longest = random(65_507);
            peer.send(ByteBuffer.wrap(longest), new InetSocketAddress(HOST, VXLAN_PORT));
            assertThat(payload(seen.next())).isEqualTo(longest);
        }
    }

    @Test
    void aTrainComesInOnePiece_andSaysHowLongItsPacketsAre() throws IOException {
        serve(HOST_4);
        int fd = outsideOpen.call(() -> Syscalls.socket(2, 2, 0));
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            assertThat(Syscalls.setsockopt(fd, SOL_UDP, UDP_SEGMENT, 1400)).isZero();
            byte[] sent = random(40 * 1400 + 3);
            java.lang.foreign.MemorySegment bytes = arena.allocate(sent.length);
            bytes.copyFrom(java.lang.foreign.MemorySegment.ofArray(sent));
            assertThat(Syscalls.sendto(fd, bytes, 0, PortReservation.socketAddress(HOST_4, VXLAN_PORT, arena)))
                    .isEqualTo(sent.length);
            byte[] frame = seen.next();
            assertThat(frame[1]).isEqualTo((byte) DATAGRAMS);
            assertThat(ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).getShort(4))
                    .isEqualTo((short) 1400);
            assertThat(payload(frame)).isEqualTo(sent);
        } finally {
            Syscalls.close(fd);
        }
    }

    @ParameterizedTest
    @CsvSource({HOST + ",0", HOST + ",3", "2001:db8::1,0", "2001:db8::1,2"})
    void O5_V14_oneDatagramAndATrainLeave_withTtl64AndTheirMarkAndDf(String address, int mark) throws IOException {
        IpAddress local = address.equals(HOST) ? HOST_4 : HOST_6;
        serve(local);
        int device = SteeredTap.index(outside, "out0");
        try (DatagramChannel peer = outsideChannel(outside(local));
                PacketSocket wire =
                        outsideOpen.call(() -> new PacketSocket(device, local.isIpv6() ? 0x86dd : 0x0800))) {
            int port = ((InetSocketAddress) peer.getLocalAddress()).getPort();
            ByteBuffer read = ByteBuffer.allocate(70_000);
            byte[] one = random(1000);
            write(local, outside(local), port, mark, 0, one);
            assertThat(seen.result()).isGreaterThan(one.length);
            InetSocketAddress from = (InetSocketAddress) peer.receive(read.clear());
            assertThat(from.getPort()).isEqualTo(VXLAN_PORT);
            assertThat(from.getAddress()).isEqualTo(InetAddress.getByName(address));
            assertThat(Arrays.copyOf(read.array(), read.position())).isEqualTo(one);
            byte[] packet = udpFrame(wire, local);
            assertThat(local.isIpv6() ? packet[7] : packet[8]).as("TTL").isEqualTo((byte) 64);
            assertThat(local.isIpv6() ? ByteBuffer.wrap(packet).getShort() >>> 4 & 0xff : packet[1] & 0xff)
                    .as("DSCP and ECN")
                    .isEqualTo(mark);
            if (!local.isIpv6()) {
                assertThat(packet[6] & 0x40).as("DF").isNotZero();
            }
            byte[] train = random(44 * 1440 + 5);
            write(local, outside(local), port, mark, 1440, train);
            assertThat(seen.result()).isGreaterThan(train.length);
            for (int at = 0; at < train.length; at += 1440) {
                peer.receive(read.clear());
                assertThat(Arrays.copyOf(read.array(), read.position()))
                        .isEqualTo(Arrays.copyOfRange(train, at, Math.min(at + 1440, train.length)));
            }
        }
    }

    /** The next packet of UDP on the wire. */
    private static byte[] udpFrame(PacketSocket wire, IpAddress local) {
        while (true) {
            byte[] frame = wire.receive();
            byte[] packet = Arrays.copyOfRange(frame, IpFrames.ETHERNET, frame.length);
            if (packet[local.isIpv6() ? 6 : 9] == IpFrames.UDP) {
                return packet;
            }
        }
    }

    @Test
    void manyShortPacketsLeaveInOneWrite() throws IOException {
        serve(HOST_4);
        int segments = sockets.getFirst().segments();
        assertThat(segments).isIn(64, 128);
        try (DatagramChannel peer = outsideChannel(OUTSIDE)) {
            int port = ((InetSocketAddress) peer.getLocalAddress()).getPort();
            write(HOST_4, OUTSIDE, port, 0, 100, random(segments * 100));
            assertThat(seen.result()).isPositive();
            ByteBuffer read = ByteBuffer.allocate(2000);
            for (int i = 0; i < segments; i++) {
                peer.receive(read.clear());
                assertThat(read.position()).isEqualTo(100);
            }
            write(HOST_4, OUTSIDE, port, 0, 100, random((segments + 1) * 100));
            assertThat(seen.result()).isNegative();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, "2001:db8::1"})
    void O12_whatIsLongerThanThePathIsRefusedAndNotFragmented(String address) throws IOException {
        IpAddress local = address.equals(HOST) ? HOST_4 : HOST_6;
        serve(local);
        write(local, outside(local), 9, 0, 0, random(1500));
        assertThat(seen.result()).isEqualTo(-Errno.EMSGSIZE);
        write(local, outside(local), 9, 0, 1500, random(3000));
        assertThat(seen.result()).isIn(-Errno.EMSGSIZE, -Errno.EINVAL);
        write(local, outside(local), 9, 0, 0, random(1000));
        assertThat(seen.result()).isPositive();
    }

    @Test
    void theWholeGroupHasThePortAndNobodyElse() {
        TunnelSocket group = open(HOST_4, 3);
        assertThat(group.fds()).hasSize(3);
        assertThatThrownBy(() -> open(HOST_4, 1))
                .isInstanceOf(DeviceException.class)
                .hasMessage("UDP port 4789 of " + HOST + " is in use by a process of the host");
        assertThatThrownBy(() -> hostOpen.call(
                        () -> new DatagramSocket(new InetSocketAddress(InetAddress.getByName(HOST), VXLAN_PORT))))
                .isInstanceOf(java.net.BindException.class);
        group.close();
        sockets.clear();
        open(HOST_4, 2).close();
        sockets.clear();
    }

    @Test
    void V10_framesGoToTheKernelsVxlanAndComeFromIt() throws IOException {
        serve(HOST_4);
        outside.run("ip link add vx4 type vxlan id " + VNI + " dstport " + VXLAN_PORT + " local " + OUTSIDE + " remote "
                + HOST);
        outside.run("ip link set vx4 addrgenmode none");
        outside.run("ip link set vx4 mtu 1450 up");
        int device = SteeredTap.index(outside, "vx4");
        byte[] vxlan =
                ByteBuffer.allocate(8).putInt(0x0800_0000).putInt(VNI << 8).array();
        try (PacketSocket peer = outsideOpen.call(() -> new PacketSocket(device))) {
            for (int length : new int[] {60, 1464}) {
                byte[] inner = PacketSocket.frame(length, length);
                write(HOST_4, OUTSIDE, VXLAN_PORT, 0, 0, concat(vxlan, inner));
                assertThat(seen.result()).isPositive();
                assertThat(peer.receive()).isEqualTo(inner);
                assertThat(peer.send(inner)).isEqualTo(length);
                assertThat(payload(seen.next())).isEqualTo(concat(vxlan, inner));
            }
            byte[] train = new byte[0];
            for (int i = 0; i < 40; i++) {
                train = concat(train, vxlan, PacketSocket.frame(i, 1400));
            }
            write(HOST_4, OUTSIDE, VXLAN_PORT, 0, 1408, train);
            assertThat(seen.result()).isPositive();
            for (int i = 0; i < 40; i++) {
                assertThat(PacketSocket.number(peer.receive())).isEqualTo(i);
            }
        }
    }

    @Test
    void R11_movingFramesAllocatesNothing() throws IOException {
        serve(HOST_4);
        long[] moved = new long[1];
        FrameHandler circle = new Frames(io) {
            @Override
            public void onFrame(int port, int slot, int offset, int length) {
                moved[0]++;
                io.write(port, slot, offset, length);
            }

            @Override
            public void onWritten(int port, int slot, int result) {
                io.release(slot);
            }
        };
        for (int i = 0; i < 8; i++) {
            // To itself: what comes says that it is for this address, and is sent there again.
            write(HOST_4, HOST, VXLAN_PORT, i & 3, i < 4 ? 0 : 500, random(1000));
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = -1;
        for (int window = 0; window < 30 && allocated != 0; window++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long end = moved[0] + 50_000;
            while (moved[0] < end) {
                io.poll(circle, 100_000_000L);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).isZero();
        for (int i = 0; i < 50; i++) {
            io.poll(seen, 1_000_000L);
        }
    }
}
