package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;

/**
 * That something of a network namespace is one process' alone: a bound unix socket with an abstract name (unix(7)).
 * Such names belong to the namespace, need no file, and the kernel gives them up when the process dies, however it
 * dies; this process does not give them up before.
 */
public final class NamespaceLock {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;

    private NamespaceLock() {}

    /**
     * Takes a name in the calling thread's namespace.
     *
     * @param name the same for all that want it; ss -xa shows it with an @ before it
     * @return whether it is this process' until that ends
     * @throws DeviceException when there can be no such socket
     */
    public static boolean take(String name) {
        int socket = Syscalls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
        int result = socket;
        if (socket >= 0) {
            try (Arena arena = Arena.ofConfined()) {
                result = Syscalls.bind(socket, FdMessage.address(arena, "@" + name));
            }
            if (result >= 0) {
                return true;
            }
            Syscalls.close(socket);
        }
        if (result == -Errno.EADDRINUSE) {
            return false;
        }
        throw new DeviceException(
                "cannot take the name " + name + " in this network namespace: " + Errno.describe(-result), -result);
    }
}
