package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The messages of a {@link FdVault}: both ends of a SEQPACKET socketpair, and what lies between them. No lock; one
 * thread at a time.
 */
final class FdQueue implements AutoCloseable {
    /** Most messages; a switch has fewer ports. */
    static final int CAPACITY = 16_384;

    private static final int AF_UNIX = 1;
    private static final int SOCK_SEQPACKET = 5;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_DOMAIN = 39;
    private static final int SO_PEEK_OFF = 42;
    // The kernel doubles it. A message without data of its own is charged about 1 KiB to its sender, in 6.18 832 bytes.
    private static final int SEND_BUFFER_BYTES = CAPACITY * 1024;
    private static final int MSG_PEEK = 2;
    private static final int MSG_DONTWAIT = 0x40;

    private final int entrance;
    private final int exit;
    private final FdMessage message = new FdMessage();
    /** How often each tag is in the queue: more than once only when a {@link #drop} was killed in the middle. */
    private final Map<String, Integer> counts = new HashMap<>();

    private int length;

    private FdQueue(int entrance, int exit) {
        this.entrance = entrance;
        this.exit = exit;
    }

    /** Makes an empty queue. */
    static FdQueue create() {
        int[] pair = new int[2];
        int result = Syscalls.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, pair);
        if (result < 0) {
            throw new DeviceException("cannot make a socketpair: " + Errno.describe(result), -result);
        }
        // Without the right to exceed net.core.wmem_max the queue is short, and a full one says so.
        Syscalls.setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
        return new FdQueue(pair[0], pair[1]);
    }

    /** Takes the two ends of a queue, in whatever order; the exit is the one where messages wait. */
    static FdQueue of(int one, int other) {
        return waits(one) ? new FdQueue(other, one) : new FdQueue(one, other);
    }

    private static boolean waits(int socket) {
        Syscalls.setsockopt(socket, SOL_SOCKET, SO_PEEK_OFF, 0);
        try (FdMessage look = new FdMessage()) {
            return look.discard(socket, MSG_PEEK | MSG_DONTWAIT) > 0;
        }
    }

    /** {@return whether a file may be one end of a queue} */
    static boolean isEnd(int fd) {
        return Syscalls.getsockopt(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX
                && Syscalls.getsockopt(fd, SOL_SOCKET, SO_TYPE) == SOCK_SEQPACKET;
    }

    /** {@return both ends} */
    List<Integer> ends() {
        return List.of(entrance, exit);
    }

    /** Opens all that is in the queue in this process, and leaves it there. */
    Map<String, List<Integer>> openAll() {
        Map<String, List<Integer>> found = new LinkedHashMap<>();
        counts.clear();
        length = 0;
        // Each look begins where the one before ended (SO_PEEK_OFF of socket(7)): the queue stays as it is.
        Syscalls.setsockopt(exit, SOL_SOCKET, SO_PEEK_OFF, 0);
        while (true) {
            FdMessage.Received next;
            try {
                next = message.receive(exit, MSG_PEEK | MSG_DONTWAIT);
            } catch (DeviceException e) {
                found.values().forEach(FdQueue::closeAll);
                throw e;
            }
            if (next == null) {
                return found;
            }
            length++;
            counts.merge(next.text(), 1, Integer::sum);
            if (found.putIfAbsent(next.text(), next.fds()) != null) {
                closeAll(next.fds());
            }
        }
    }

    private static void closeAll(List<Integer> fds) {
        fds.forEach(Syscalls::close);
    }

    boolean contains(String tag) {
        return counts.containsKey(tag);
    }

    Set<String> tags() {
        return Set.copyOf(counts.keySet());
    }

    /** Adds files under a tag that is not there. */
    void put(String tag, List<Integer> fds) {
        if (length >= CAPACITY) {
            throw full(tag, Errno.ENOBUFS);
        }
        send(tag, fds);
        counts.put(tag, 1);
    }

    private void send(String tag, List<Integer> fds) {
        long sent = message.send(entrance, tag, fds, MemorySegment.NULL, MSG_DONTWAIT);
        if (sent < 0) {
            throw full(tag, (int) -sent);
        }
        length++;
    }

    private DeviceException full(String tag, int errno) {
        return new DeviceException(
                "cannot keep the files of " + tag + " beside " + length + " others: "
                        + (errno == Errno.EAGAIN || errno == Errno.ENOBUFS
                                ? "the vault is full; it has room for " + CAPACITY + " when the daemon may exceed "
                                        + "net.core.wmem_max (CAP_NET_ADMIN)"
                                : Errno.describe(errno)),
                errno);
    }

    /**
     * Takes tags out. The queue is turned round: what comes first is sent to the end again and only then taken from the
     * front, so that each message is at least once in it whenever we are killed.
     */
    void drop(Collection<String> tags) {
        Set<String> left = new HashSet<>(tags);
        left.retainAll(counts.keySet());
        Map<String, Integer> wanted = new HashMap<>();
        left.forEach(tag -> wanted.put(tag, counts.getOrDefault(tag, 0)));
        Syscalls.setsockopt(exit, SOL_SOCKET, SO_PEEK_OFF, -1);
        for (int turns = length; turns > 0 && !wanted.isEmpty(); turns--) {
            FdMessage.Received first = Objects.requireNonNull(message.receive(exit, MSG_PEEK | MSG_DONTWAIT));
            try {
                if (left.contains(first.text())) {
                    if (forgetOne(wanted, first.text())) {
                        counts.remove(first.text());
                    }
                } else if (counts.getOrDefault(first.text(), 0) > 1) {
                    forgetOne(counts, first.text());
                } else {
                    send(first.text(), first.fds());
                }
            } finally {
                closeAll(first.fds());
            }
            message.discard(exit, MSG_DONTWAIT);
            length--;
        }
    }

    /** Counts one less; whether that was the last. */
    private static boolean forgetOne(Map<String, Integer> counts, String tag) {
        return counts.compute(tag, (key, count) -> count == null || count == 1 ? null : count - 1) == null;
    }

    /** Closes our ends; what is in the queue stays as long as somebody else has them. */
    @Override
    public void close() {
        Syscalls.close(entrance);
        Syscalls.close(exit);
        message.close();
    }
}
