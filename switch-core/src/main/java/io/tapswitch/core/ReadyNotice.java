package io.tapswitch.core;

import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd that the service is ready: one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)). Java has
 * no unix datagram sockets, so this is a system call.
 */
final class ReadyNotice {
    private static final Logger LOG = LoggerFactory.getLogger(ReadyNotice.class);

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int FAMILY_BYTES = 2;

    private ReadyNotice() {}

    /** Sends it, when somebody asked; a failure is logged, because the switch works all the same. */
    static void send(@Nullable String target) {
        if (target == null || target.isEmpty()) {
            return;
        }
        int socket = Syscalls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
        if (socket < 0) {
            LOG.warn("cannot notify {}: errno {}", target, -socket);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            byte[] message = "READY=1\n".getBytes(StandardCharsets.US_ASCII);
            MemorySegment bytes = arena.allocate(message.length);
            MemorySegment.copy(message, 0, bytes, ValueLayout.JAVA_BYTE, 0, message.length);
            long sent = Syscalls.sendto(socket, bytes, 0, address(arena, target));
            if (sent < 0) {
                LOG.warn("cannot notify {}: errno {}", target, -sent);
            }
        } finally {
            Syscalls.close(socket);
        }
    }

    /** struct sockaddr_un; a name that begins with @ is abstract: its first byte is zero (unix(7)). */
    private static MemorySegment address(Arena arena, String target) {
        byte[] path = target.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = path[0] == '@';
        if (isAbstract) {
            path[0] = 0;
        }
        MemorySegment address = arena.allocate(FAMILY_BYTES + path.length + (isAbstract ? 0 : 1), 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, FAMILY_BYTES, path.length);
        return address;
    }
}
