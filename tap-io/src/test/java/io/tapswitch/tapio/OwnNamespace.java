package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A network namespace without a name that one thread of ours lives in; it and all its devices die with the test, even
 * with a test that is killed.
 */
final class OwnNamespace implements AutoCloseable {
    private static final int UNSHARE = System.getProperty("os.arch").equals("aarch64") ? 97 : 272;
    private static final int CLONE_NEWNET = 0x4000_0000;
    private static final int O_RDWR_CLOEXEC = 0x80002;
    private static final long TUNSETIFF = 0x400454ca;
    private static final short TAP_FLAGS = 0x0002 | 0x1000 | 0x4000; // IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
    private static final int SIOCSIFFLAGS = 0x8914;
    private static final int SIOCGIFINDEX = 0x8933;
    private static final int IFREQ_LENGTH = 40;
    private static final int IFREQ_VALUE = 16;
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;

    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());

    OwnNamespace() {
        in(() -> {
            int result = (int) Syscalls.syscall(UNSHARE, CLONE_NEWNET, 0, 0, 0, 0, 0);
            if (result < 0) {
                throw new IllegalStateException("cannot make a namespace: " + Errno.describe(result));
            }
            // The kernel's own neighbour discovery would mix with the test's frames.
            Path disable = Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6");
            if (Files.exists(disable)) {
                Files.writeString(disable, "1");
            }
            return null;
        });
    }

    /** Runs something on the thread that lives in the namespace. */
    <T> T in(Callable<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        thread.execute(() -> {
            try {
                done.complete(work.call());
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        });
        return done.join();
    }

    /** Makes a TAP with virtio_net_hdr, up; its fd. */
    int openTap(String name) {
        int fd = in(() -> {
            int opened = Syscalls.open("/dev/net/tun", O_RDWR_CLOEXEC, 0);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment request = request(arena, name);
                request.set(ValueLayout.JAVA_SHORT, IFREQ_VALUE, TAP_FLAGS);
                expectSuccess("TUNSETIFF " + name, Syscalls.ioctl(opened, TUNSETIFF, request));
            }
            return opened;
        });
        setUp(name, true);
        return fd;
    }

    /** Sets a link up or down. */
    void setUp(String name, boolean up) {
        interfaceRequest(name, SIOCSIFFLAGS, up ? 1 : 0);
    }

    /** {@return the index of a link, or a negative errno} */
    int index(String name) {
        return interfaceRequest(name, SIOCGIFINDEX, 0);
    }

    private int interfaceRequest(String name, int code, int value) {
        return in(() -> {
            int socket = Syscalls.socket(AF_INET, SOCK_DGRAM, 0);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment request = request(arena, name);
                request.set(ValueLayout.JAVA_INT, IFREQ_VALUE, value);
                int result = Syscalls.ioctl(socket, code, request);
                return result < 0 ? result : request.get(ValueLayout.JAVA_INT, IFREQ_VALUE);
            } finally {
                Syscalls.close(socket);
            }
        });
    }

    /** Runs a command inside. */
    void run(String... command) {
        in(() -> {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
            return null;
        });
    }

    /** Opens a packet socket on a link. */
    PacketSocket packetSocket(String link) {
        int index = index(link);
        return in(() -> new PacketSocket(index));
    }

    private static MemorySegment request(Arena arena, String name) {
        MemorySegment request = arena.allocate(IFREQ_LENGTH, Long.BYTES);
        request.setString(0, name);
        return request;
    }

    private static void expectSuccess(String what, long result) {
        if (result < 0) {
            throw new IllegalStateException(what + ": " + Errno.describe(result));
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
