package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The far end of a tunnel device without Ethernet headers (IFF_TUN), in a namespace of a test. */
final class TunFile implements AutoCloseable {
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;
    private static final int IFF_TUN = 1;
    private static final int PATIENCE_MS = 10_000;

    final int index;
    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes = arena.allocate(70_000, Long.BYTES);

    TunFile(TestNamespace namespace, String name, String address) {
        try (NetworkNamespace there = namespace.open()) {
            fd = there.call(() -> {
                int opened = Syscalls.open("/dev/net/tun", O_RDWR_NONBLOCK_CLOEXEC, 0);
                assertThat(Tun.setInterface(opened, name, IFF_TUN | Tun.IFF_NO_PI))
                        .isZero();
                return opened;
            });
        }
        namespace.run("ip link set " + name + " addrgenmode none");
        namespace.run("ip address add " + address + " dev " + name);
        namespace.run("ip link set " + name + " up");
        index = SteeredTap.index(namespace, name);
    }

    void write(byte[] packet) {
        MemorySegment.copy(packet, 0, bytes, ValueLayout.JAVA_BYTE, 0, packet.length);
        assertThat(Syscalls.write(fd, bytes.address(), packet.length)).isEqualTo(packet.length);
    }

    byte[] read() {
        long[] length = new long[1];
        TestNamespace.await("a packet in the tunnel", PATIENCE_MS, () -> {
            length[0] = Syscalls.read(fd, bytes.address(), bytes.byteSize());
            return length[0] != -Errno.EAGAIN;
        });
        assertThat(length[0]).isPositive();
        return bytes.asSlice(0, length[0]).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void close() {
        Syscalls.close(fd);
        arena.close();
    }
}
