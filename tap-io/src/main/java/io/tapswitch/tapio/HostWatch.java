package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Watches the addresses, routes and rules of the daemon's namespace.
 *
 * <p>An event of the kernel is a hint to look: what it says is thrown away, and {@value #QUIET_MS} ms later everything
 * is listed and compared with what was told last. So lost events and bursts (a routing daemon that loads its table) do
 * no harm beyond that. The listeners are called on a thread of this object's own, one call at a time; after
 * {@link #close} from another thread it is not called any more.
 */
public final class HostWatch implements AutoCloseable {
    private static final int QUIET_MS = 20;
    private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);
    private static final int O_NONBLOCK = 0x800;
    private static final int F_SETFL = 4;
    private static final int NEWS_LENGTH = 32 * 1024;

    private final int fd;
    private final Consumer<HostState> onChange;
    private final Runnable onNews;
    private final DescriptorPoll poll;
    // Both belong to the poll's thread.
    private HostState told;
    private boolean lookIsDue;

    private HostWatch(int fd, Consumer<HostState> onChange, Runnable onNews) {
        this.fd = fd;
        this.onChange = onChange;
        this.onNews = onNews;
        this.told = HostState.read();
        poll = DescriptorPoll.start("host-watch");
    }

    /**
     * Begins to watch the calling thread's namespace.
     *
     * @param onChange hears what there is each time when it is not what it was; not at first
     */
    public static HostWatch start(Consumer<HostState> onChange) {
        return start(onChange, () -> {});
    }

    /**
     * Begins to watch the calling thread's namespace, and passes on that there was news.
     *
     * @param onChange hears what there is each time when it is not what it was; not at first
     * @param onNews hears of each burst of news of links, addresses, routes, default routes, rules and nexthops, before
     *     {@code onChange} and whether or not that hears of it: what a {@link RouteQuery} has answered may be wrong now
     */
    public static HostWatch start(Consumer<HostState> onChange, Runnable onNews) {
        int fd = RouteSocket.openDescriptor();
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_nl: u16 family, u16 padding, u32 port, u32 groups.
            MemorySegment address = arena.allocate(12, Integer.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) Rtnetlink.AF_NETLINK);
            int groups =
                    Rtnetlink.RTMGRP_LINK | Rtnetlink.RTMGRP_ADDRESSES_AND_ROUTES | Rtnetlink.RTMGRP_RULES_AND_NEXTHOPS;
            address.set(ValueLayout.JAVA_INT, 8, groups);
            int result = Syscalls.bind(fd, address);
            if (result >= 0) {
                result = Syscalls.fcntl(fd, F_SETFL, O_NONBLOCK);
            }
            if (result < 0) {
                Syscalls.close(fd);
                throw new DeviceException(
                        "cannot listen to the kernel's news of addresses: " + Errno.describe(result), -result);
            }
        }
        try {
            HostWatch watch = new HostWatch(fd, onChange, onNews);
            watch.poll.add(fd, watch::onNews);
            return watch;
        } catch (DeviceException e) {
            Syscalls.close(fd);
            throw e;
        }
    }

    private void onNews() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment news = arena.allocate(NEWS_LENGTH);
            long received = 0;
            // ENOBUFS says once that events were dropped, which is an event too.
            while (received >= 0 || received == -Errno.EINTR || received == -Errno.ENOBUFS) {
                received = Syscalls.recv(fd, news, 0);
            }
        }
        if (!lookIsDue) {
            lookIsDue = true;
            poll.after(Duration.ofMillis(QUIET_MS), this::look);
        }
    }

    private void look() {
        onNews.run();
        HostState now;
        try {
            now = HostState.read();
        } catch (DeviceException e) {
            // For want of files or memory: the event must not be lost by that.
            poll.after(RETRY_PAUSE, this::look);
            throw e;
        }
        lookIsDue = false;
        if (!now.equals(told)) {
            told = now;
            onChange.accept(now);
        }
    }

    /** {@return what there is at this moment; on a thread in the daemon's namespace} */
    public HostState now() {
        return HostState.read();
    }

    /** Ends the watch. */
    @Override
    public void close() {
        poll.close();
        Syscalls.close(fd);
    }
}
