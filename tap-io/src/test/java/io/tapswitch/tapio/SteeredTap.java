package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A TAP of a test with virtio headers, made in a namespace; by hand, or with a thread that answers as a server would. */
final class SteeredTap implements AutoCloseable {
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;
    private static final int PATIENCE_MS = 10_000;
    private static final int VIRTIO = TapDevice.HEADER_LENGTH;
    private static final int IP = VIRTIO + IpFrames.ETHERNET;

    final String name;
    final int index;
    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes = arena.allocate(70_000, Long.BYTES);
    private volatile boolean answering;
    private @Nullable Thread answerer;

    SteeredTap(TestNamespace namespace, String name) {
        this(namespace, name, 0);
    }

    /** With more flags of its device, such as those of several queues: another of these with the same name is one. */
    SteeredTap(TestNamespace namespace, String name, int flags) {
        this.name = name;
        try (NetworkNamespace there = namespace.open()) {
            fd = there.call(() -> open(name, flags));
        }
        // No packets of the host's own IPv6 among those of the test.
        namespace.run("ip link set " + name + " addrgenmode none");
        namespace.run("ip link set " + name + " up");
        index = index(namespace, name);
    }

    private static int open(String name, int flags) {
        int opened = Syscalls.open("/dev/net/tun", O_RDWR_NONBLOCK_CLOEXEC, 0);
        assertThat(Tun.setInterface(opened, name, Tun.IFF_TAP | Tun.IFF_NO_PI | Tun.IFF_VNET_HDR | flags))
                .isZero();
        assertThat(Tun.setHeaderLength(opened, VIRTIO)).isZero();
        assertThat(Tun.setOffload(opened, Tun.TUN_F_CSUM | Tun.TUN_F_TSO)).isZero();
        return opened;
    }

    static int index(TestNamespace namespace, String link) {
        try (NetworkNamespace there = namespace.open()) {
            return there.call(() -> {
                try (RouteSocket kernel = RouteSocket.open()) {
                    return Objects.requireNonNull(kernel.link(-1, link)).index();
                }
            });
        }
    }

    /** The next IP frame, or tagged frame, with its virtio header, or null when there is none now. */
    byte @Nullable [] tryRead() {
        while (true) {
            long length = Syscalls.read(fd, bytes.address(), bytes.byteSize());
            if (length == -Errno.EAGAIN) {
                return null;
            }
            assertThat(length).isPositive();
            byte[] frame = bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            if (isIp(frame)) {
                return frame;
            }
        }
    }

    private static boolean isIp(byte[] frame) {
        int type = ByteBuffer.wrap(frame).getShort(VIRTIO + 12) & 0xffff;
        // A tagged one too: it is never to be steered, and would hide behind its tag.
        return type == 0x0800 || type == 0x86dd || type == 0x8100;
    }

    /** The next IP packet, without the headers of virtio and Ethernet. */
    byte[] readPacket() {
        AtomicReference<byte @Nullable []> frame = new AtomicReference<>();
        TestNamespace.await("a frame in " + name, PATIENCE_MS, () -> {
            frame.set(tryRead());
            return frame.get() != null;
        });
        byte[] found = Objects.requireNonNull(frame.get());
        return Arrays.copyOfRange(found, IP, found.length);
    }

    /** Reads until a packet is this one, and says whether none came before. */
    void expectNext(byte[] packet) {
        assertThat(HexFormat.of().formatHex(readPacket()))
                .isEqualTo(HexFormat.of().formatHex(packet));
    }

    void write(byte[] frame) {
        MemorySegment.copy(frame, 0, bytes, ValueLayout.JAVA_BYTE, 0, frame.length);
        assertThat(Syscalls.write(fd, bytes.address(), frame.length)).isEqualTo(frame.length);
    }

    int file() {
        return fd;
    }

    /** From now on a thread gives UDP datagrams back and accepts TCP connections. */
    SteeredTap answer() {
        return answer(frame -> true);
    }

    SteeredTap answer(Predicate<byte[]> which) {
        answering = true;
        answerer = Thread.ofPlatform().daemon().start(() -> {
            while (answering) {
                byte[] frame = tryRead();
                if (frame == null) {
                    LockSupport.parkNanos(200_000);
                } else if (which.test(frame)) {
                    answer(frame);
                }
            }
        });
        return this;
    }

    private void answer(byte[] frame) {
        ByteBuffer buffer = ByteBuffer.wrap(frame);
        boolean six = frame[IP] >>> 4 == 6;
        int length = six ? 16 : 4;
        int source = IP + (six ? 8 : 12);
        int transport = IP + (six ? 40 : IpFrames.IPV4);
        int protocol = frame[IP + (six ? 6 : 9)];
        // The way out fills the addresses in; on lo they are zero.
        Arrays.fill(frame, VIRTIO, VIRTIO + 12, (byte) 0);
        if (protocol == IpFrames.UDP) {
            swap(frame, source, length);
            swap(frame, transport, 2);
            write(frame);
        } else if (protocol == IpFrames.TCP && !six && frame[transport + 13] == IpFrames.SYN) {
            String from = dotted(frame, source + 4);
            String to = dotted(frame, source);
            byte[] segment = IpFrames.tcp(
                    from,
                    to,
                    buffer.getShort(transport + 2),
                    buffer.getShort(transport),
                    1,
                    buffer.getInt(transport + 4) + 1,
                    IpFrames.SYN_ACK);
            byte[] packet = IpFrames.ipv4(from, to, IpFrames.TCP, 1, 0, segment);
            write(IpFrames.concat(new byte[VIRTIO], IpFrames.ethernet(new byte[6], new byte[6], packet, 0x0800)));
        }
    }

    private static void swap(byte[] frame, int at, int length) {
        byte[] first = Arrays.copyOfRange(frame, at, at + length);
        System.arraycopy(frame, at + length, frame, at, length);
        System.arraycopy(first, 0, frame, at + length, length);
    }

    private static String dotted(byte[] frame, int at) {
        return (frame[at] & 0xff) + "." + (frame[at + 1] & 0xff) + "." + (frame[at + 2] & 0xff) + "."
                + (frame[at + 3] & 0xff);
    }

    @Override
    public void close() {
        answering = false;
        if (answerer != null) {
            try {
                answerer.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        Syscalls.close(fd);
        arena.close();
    }
}
