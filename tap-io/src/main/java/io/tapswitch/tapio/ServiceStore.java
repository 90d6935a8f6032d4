package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * systemd's file descriptor store: it keeps open what a service sends it (FDSTORE=1 of sd_pid_notify_with_fds(3)) and
 * hands it to the service's next start (sd_listen_fds_with_names(3)). The unit must allow it with
 * FileDescriptorStoreMax; otherwise systemd throws the files away without a word, before version 254 at least, which
 * says by the variable FDSTORE how many it keeps.
 */
final class ServiceStore {
    private static final String NAME = "tapswitch-vault";
    private static final int FIRST_PASSED = 3;
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int F_SETFD = 2;
    private static final int FD_CLOEXEC = 1;

    private final Map<String, String> environment;

    ServiceStore(Map<String, String> environment) {
        this.environment = environment;
    }

    /** {@return whether a service manager listens} */
    boolean exists() {
        return !environment.getOrDefault("NOTIFY_SOCKET", "").isEmpty();
    }

    /** {@return whether it says that it keeps files} */
    boolean promises() {
        try {
            return exists() && Integer.parseInt(environment.getOrDefault("FDSTORE", "0")) >= 2;
        } catch (NumberFormatException otherwise) {
            return false;
        }
    }

    /** {@return the queue that it kept, null for none} */
    @Nullable
    FdQueue queue() {
        List<Integer> ends = new ArrayList<>();
        if (Long.toString(ProcessHandle.current().pid()).equals(environment.get("LISTEN_PID"))) {
            String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
            for (int i = 0; i < names.length; i++) {
                if (names[i].equals(NAME)) {
                    Syscalls.fcntl(FIRST_PASSED + i, F_SETFD, FD_CLOEXEC);
                    ends.add(FIRST_PASSED + i);
                }
            }
        }
        if (ends.size() == 2 && ends.stream().allMatch(FdQueue::isEnd)) {
            return FdQueue.of(ends.get(0), ends.get(1));
        }
        ends.forEach(Syscalls::close);
        if (!ends.isEmpty()) {
            forget();
        }
        return null;
    }

    /** Sends it the ends of a queue to keep. */
    void keep(FdQueue queue) {
        send("FDSTORE=1\nFDNAME=" + NAME, queue.ends());
    }

    /** Tells it to close what it keeps. */
    void forget() {
        send("FDSTOREREMOVE=1\nFDNAME=" + NAME, List.of());
    }

    private void send(String words, List<Integer> fds) {
        String target = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (target.isEmpty()) {
            return;
        }
        int socket = Syscalls.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
        if (socket < 0) {
            throw new DeviceException("cannot make a socket: " + Errno.describe(socket), -socket);
        }
        try (Arena arena = Arena.ofConfined();
                FdMessage message = new FdMessage()) {
            long sent = message.send(socket, words, fds, FdMessage.address(arena, target), 0);
            if (sent < 0) {
                throw new DeviceException(
                        "cannot reach the service manager at NOTIFY_SOCKET=" + target + ": " + Errno.describe(sent),
                        (int) -sent);
            }
        } finally {
            Syscalls.close(socket);
        }
    }
}
