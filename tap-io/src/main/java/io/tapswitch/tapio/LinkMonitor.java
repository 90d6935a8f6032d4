package io.tapswitch.tapio;

import io.tapswitch.tapio.LinkListener.Departure;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Watches TAPs wherever they are: up, down, renamed, changed, moved, deleted, or ended with their namespace.
 *
 * <p><b>Theory of operation.</b> A container may do with its interface what it likes, and the switch has to know. A
 * socket in each namespace would hold it open (R1), so there is one, in the daemon's, which hears all namespaces that
 * have an id there ({@link LinkEvents}). {@link #watch} gives the TAP's namespace such an id (RTM_NEWNSID), which holds
 * nothing: the kernel takes it away when the namespace ends, and says so, usually before the device is dead.
 *
 * <pre>
 *   kernel --"link 7 of namespace 3"--> LinkEvents --mark--> links {port -> TAP, last state}
 *                                                              |  once all that is there has been read
 *   kernel <-----"what is it like now?"------ LinkLocator <----+
 *                                                              +--> LinkListener, if it differs
 * </pre>
 *
 * <p>An event is a hint to look and nothing more: the state is asked from the kernel, through the TAP's own file, which
 * knows its name and namespace at any time. So messages out of date, a reused index or id, and events lost in an
 * overflow (everything is looked at then) cannot lead to a wrong state. Changes undone before we look are not told.
 *
 * <p>Invariants: a link is found by (namespace id, index) of its last known state; while it is nowhere else, each event
 * that matters carries these. After a move to a namespace without an id, the old namespace's RTM_DELLINK is the event,
 * and the look gives the new namespace its id.
 *
 * <p>Threads: one platform daemon thread reads and calls the listener, with no lock held. {@link #watch} and
 * {@link #unwatch} on any thread; they share a lock with the thread's looks, a few dozen microseconds each. A call of
 * the listener may be under way when {@link #unwatch} returns. Limits: none of its own; memory is per link.
 *
 * <p>References: rtnetlink(7), netlink(7), net/core/net_namespace.c (unhash_nsid), drivers/net/tun.c.
 */
public final class LinkMonitor implements AutoCloseable {
    private static final long RETRY_PAUSE_NS = 100_000_000;
    private static final int POLLIN = 1;
    private static final int POLLFD_LENGTH = 8;
    private static final int EFD_CLOEXEC = 0x80000;

    private final LinkListener listener;
    private final LinkEvents events;
    private final LinkLocator locator;
    private final int wakeFd;
    private final Thread thread;
    private final Map<Integer, Watched> links = new HashMap<>();
    private final Map<Place, Watched> places = new HashMap<>();
    private boolean closed;

    private static final class Watched {
        final int port;
        final TapDevice tap;
        LinkState last;

        Watched(int port, TapDevice tap, LinkState last) {
            this.port = port;
            this.tap = tap;
            this.last = last;
        }
    }

    private record Place(int namespaceId, int index) {
        static Place of(LinkState state) {
            return new Place(state.namespaceId(), state.index());
        }
    }

    private LinkMonitor(LinkListener listener, LinkEvents events, LinkLocator locator, int wakeFd) {
        this.listener = listener;
        this.events = events;
        this.locator = locator;
        this.wakeFd = wakeFd;
        thread = Thread.ofPlatform().name("link-monitor").daemon().unstarted(this::run);
    }

    /** Begins to watch, in the calling thread's namespace: the daemon's, where it makes its TAPs. */
    public static LinkMonitor start(LinkListener listener) {
        LinkEvents events = LinkEvents.open();
        try {
            LinkMonitor monitor = new LinkMonitor(listener, events, new LinkLocator(), openWake());
            monitor.thread.start();
            return monitor;
        } catch (DeviceException e) {
            events.close();
            throw e;
        }
    }

    private static int openWake() {
        int fd = Syscalls.eventfd(0, EFD_CLOEXEC);
        if (fd < 0) {
            throw new DeviceException("cannot make an eventfd: " + Errno.describe(fd), -fd);
        }
        return fd;
    }

    /**
     * Watches a TAP from now on, until it is gone or {@link #unwatch}ed.
     *
     * @return its state now; later ones go to the listener
     * @throws DeviceException when it is gone
     */
    public synchronized LinkState watch(int port, TapDevice tap) {
        if (closed) {
            throw new IllegalStateException("the link monitor was closed");
        }
        if (links.containsKey(port)) {
            throw new IllegalStateException("port " + port + " is watched already");
        }
        // An event between this look and the entries below waits for our lock, and finds them.
        LinkState now = locator.find(tap, null);
        if (now == null) {
            throw new DeviceException("the TAP of port " + port + " is gone", Errno.EBADFD);
        }
        Watched watched = new Watched(port, tap, now);
        links.put(port, watched);
        places.put(Place.of(now), watched);
        return now;
    }

    /** Watches a port's TAP no longer; nothing happens when it is not watched. Comes before the TAP's close. */
    public synchronized void unwatch(int port) {
        Watched watched = links.get(port);
        if (watched != null) {
            forget(watched);
        }
    }

    private void forget(Watched watched) {
        links.remove(watched.port, watched);
        places.remove(Place.of(watched.last), watched);
    }

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfds = arena.allocate(2 * POLLFD_LENGTH, Long.BYTES);
            // struct __kernel_timespec: seconds, nanoseconds.
            MemorySegment retryPause = arena.allocate(2 * Long.BYTES, Long.BYTES);
            waitFor(pollfds, 0, events.fd());
            waitFor(pollfds, 1, wakeFd);
            Round round = new Round();
            while (!isClosed()) {
                // Whatever ends the wait, an interrupted call included, the socket is read and the marks are looked at.
                retryPause.set(ValueLayout.JAVA_LONG, Long.BYTES, RETRY_PAUSE_NS);
                Syscalls.ppoll(pollfds.address(), 2, round.marks.isEmpty() ? 0 : retryPause.address());
                events.drain(round);
                for (Runnable call : round.look()) {
                    tell(call);
                }
            }
        } finally {
            events.close();
            locator.close();
            Syscalls.close(wakeFd);
        }
    }

    private static void waitFor(MemorySegment pollfds, int index, int fd) {
        pollfds.set(ValueLayout.JAVA_INT, (long) index * POLLFD_LENGTH, fd);
        pollfds.set(ValueLayout.JAVA_SHORT, (long) index * POLLFD_LENGTH + Integer.BYTES, (short) POLLIN);
    }

    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            // R9: the listener's trouble with one port must not end the watch over the others.
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    /** Why a link is to be looked at. */
    private enum Mark {
        /** Something happened to it, most likely where it was last. */
        EVENT,
        /** Its namespace ended; the namespace's id may be another's by now. */
        NAMESPACE_ENDED,
        /** Events were lost; what is at its last place may be another link. */
        LOST
    }

    /** The links that are to be looked at; belongs to the monitor's thread. */
    private final class Round implements LinkEvents.Sink {
        private final Map<Watched, Mark> marks = new LinkedHashMap<>();

        @Override
        public void onLink(int namespaceId, int index) {
            synchronized (LinkMonitor.this) {
                Watched watched = places.get(new Place(locator.normalized(namespaceId), index));
                if (watched != null) {
                    marks.putIfAbsent(watched, Mark.EVENT);
                }
            }
        }

        @Override
        public void onNamespaceEnded(int namespaceId) {
            synchronized (LinkMonitor.this) {
                for (Watched watched : links.values()) {
                    if (watched.last.namespaceId() == namespaceId) {
                        marks.put(watched, Mark.NAMESPACE_ENDED);
                    }
                }
            }
        }

        @Override
        public void onLost() {
            synchronized (LinkMonitor.this) {
                for (Watched watched : links.values()) {
                    marks.merge(watched, Mark.LOST, (mark, lost) -> mark == Mark.NAMESPACE_ENDED ? mark : lost);
                }
            }
        }

        /** Looks at what is marked; the calls to make. A link that could not be looked at stays marked. */
        List<Runnable> look() {
            List<Runnable> calls = new ArrayList<>();
            synchronized (LinkMonitor.this) {
                marks.entrySet().removeIf(entry -> {
                    Watched watched = entry.getKey();
                    try {
                        if (links.get(watched.port) == watched) {
                            check(watched, entry.getValue(), calls);
                        }
                        return true;
                    } catch (DeviceException noAnswer) {
                        return false;
                    }
                });
            }
            return calls;
        }
    }

    private void check(Watched watched, Mark mark, List<Runnable> calls) {
        int port = watched.port;
        LinkState before = watched.last;
        LinkState now = locator.find(watched.tap, mark == Mark.EVENT ? before : null);
        if (now == null) {
            Departure why = mark == Mark.NAMESPACE_ENDED || locator.namespaceEnded(before)
                    ? Departure.NAMESPACE_ENDED
                    : Departure.DEVICE_DELETED;
            forget(watched);
            // That a TAP is closed is no news to its owner.
            if (!watched.tap.isClosed()) {
                calls.add(() -> listener.onLinkGone(port, before, why));
            }
        } else if (!now.equals(before)) {
            places.remove(Place.of(before), watched);
            watched.last = now;
            places.put(Place.of(now), watched);
            calls.add(() -> listener.onLinkChanged(port, before, now));
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Ends the watch and its thread; does nothing the second time. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            links.clear();
            places.clear();
            wake();
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

    private void wake() {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.write(wakeFd, arena.allocateFrom(ValueLayout.JAVA_LONG, 1).address(), Long.BYTES);
        }
    }
}
