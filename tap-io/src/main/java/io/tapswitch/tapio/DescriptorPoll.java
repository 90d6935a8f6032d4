package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * One platform thread that waits for files of the kernel's news (netlink, inotify, pidfds) to become readable, and for
 * moments in time. Calls are made on that thread, one at a time and with no lock held; what they throw is reported as
 * uncaught and ends nothing. All methods on any thread.
 */
final class DescriptorPoll implements AutoCloseable {
    private static final int POLLIN = 1;
    private static final int POLLFD_LENGTH = 8;
    private static final int POLLFD_EVENTS = 4;
    private static final int POLLFD_RETURNED = 6;
    private static final int EFD_CLOEXEC_NONBLOCK = 0x80000 | 0x800;

    private final Map<Integer, Runnable> readers = new LinkedHashMap<>();
    // By their difference, since nanoTime may pass the largest number.
    private final PriorityQueue<Moment> moments = new PriorityQueue<>((a, b) -> Long.signum(a.atNs - b.atNs));
    private final int wakeFd;
    private final Thread thread;
    private boolean closed;

    private record Moment(long atNs, Runnable call) {
        long leftNs() {
            return atNs - System.nanoTime();
        }
    }

    private DescriptorPoll(String name, int wakeFd) {
        this.wakeFd = wakeFd;
        thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    static DescriptorPoll start(String name) {
        int wakeFd = Syscalls.eventfd(0, EFD_CLOEXEC_NONBLOCK);
        if (wakeFd < 0) {
            throw new DeviceException("cannot make an eventfd: " + Errno.describe(wakeFd), -wakeFd);
        }
        DescriptorPoll poll = new DescriptorPoll(name, wakeFd);
        poll.thread.start();
        return poll;
    }

    /** Calls whenever the file is readable or broken; the call has to read, or it comes again at once. */
    synchronized void add(int fd, Runnable onReadable) {
        readers.put(fd, onReadable);
        wake();
    }

    /** Looks at the file no longer. A call may be under way. */
    synchronized void remove(int fd) {
        readers.remove(fd);
        wake();
    }

    /** Calls once, after some time. */
    synchronized void after(Duration pause, Runnable call) {
        moments.add(new Moment(System.nanoTime() + pause.toNanos(), call));
        wake();
    }

    private void run() {
        while (true) {
            List<Runnable> calls = await();
            if (calls == null) {
                Syscalls.close(wakeFd);
                return;
            }
            for (Runnable call : calls) {
                try {
                    call.run();
                } catch (RuntimeException e) {
                    thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
                }
            }
        }
    }

    /** Waits; what is to be called now, null at the end. */
    private @Nullable List<Runnable> await() {
        try (Arena arena = Arena.ofConfined()) {
            List<Map.Entry<Integer, Runnable>> asked;
            long waitNs;
            synchronized (this) {
                if (closed) {
                    return null;
                }
                asked = readers.entrySet().stream()
                        .map(reader -> Map.entry(reader.getKey(), reader.getValue()))
                        .toList();
                waitNs = moments.isEmpty() ? -1 : Math.max(0, moments.element().leftNs());
            }
            int count = asked.size();
            MemorySegment pollfds = arena.allocate((count + 1L) * POLLFD_LENGTH, Long.BYTES);
            for (int i = 0; i <= count; i++) {
                int fd = i < count ? asked.get(i).getKey() : wakeFd;
                pollfds.set(ValueLayout.JAVA_INT, (long) i * POLLFD_LENGTH, fd);
                pollfds.set(ValueLayout.JAVA_SHORT, (long) i * POLLFD_LENGTH + POLLFD_EVENTS, (short) POLLIN);
            }
            // struct __kernel_timespec: seconds, nanoseconds.
            MemorySegment timeout = arena.allocate(2 * Long.BYTES, Long.BYTES);
            timeout.set(ValueLayout.JAVA_LONG, 0, waitNs / 1_000_000_000);
            timeout.set(ValueLayout.JAVA_LONG, Long.BYTES, waitNs % 1_000_000_000);
            Syscalls.ppoll(pollfds.address(), count + 1, waitNs < 0 ? 0 : timeout.address());
            MemorySegment wakes = arena.allocate(Long.BYTES, Long.BYTES);
            Syscalls.read(wakeFd, wakes.address(), Long.BYTES);
            return due(asked, pollfds);
        }
    }

    private synchronized List<Runnable> due(List<Map.Entry<Integer, Runnable>> asked, MemorySegment pollfds) {
        List<Runnable> calls = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            Runnable reader = asked.get(i).getValue();
            // The number may have become another file's while we waited: then the answer is not about that one.
            if (readers.get(asked.get(i).getKey()) == reader
                    && pollfds.get(ValueLayout.JAVA_SHORT, (long) i * POLLFD_LENGTH + POLLFD_RETURNED) != 0) {
                calls.add(reader);
            }
        }
        while (!moments.isEmpty() && moments.element().leftNs() <= 0) {
            calls.add(moments.remove().call());
        }
        return calls;
    }

    private void wake() {
        if (closed) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.write(wakeFd, arena.allocateFrom(ValueLayout.JAVA_LONG, 1).address(), Long.BYTES);
        }
    }

    /** Ends the thread; when another thread closes, nothing is called any more once this has returned. */
    @Override
    public void close() {
        synchronized (this) {
            if (!closed) {
                wake();
                closed = true;
            }
        }
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
