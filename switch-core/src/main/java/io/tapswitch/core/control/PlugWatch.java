package io.tapswitch.core.control;

import io.tapswitch.core.control.Plumbing.LinkListener;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.LinkMonitor;
import io.tapswitch.tapio.LinkState;
import io.tapswitch.tapio.NamespaceWatch;
import io.tapswitch.tapio.TapDevice;
import io.tapswitch.tapio.sys.Errno;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the kernel's news of TAPs to whoever watches that interface. The kernel tells of all but one thing: that nobody
 * needs the namespace of a device that was attached to from inside, and so keeps it alive; {@link NamespaceWatch} finds
 * that out. Each interface is gone once at most. Any thread may call.
 */
final class PlugWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PlugWatch.class);
    private static final long AGAIN_MS = 1_000;

    /** The monitor knows links by numbers; these are never used twice, unlike the ids of ports. */
    private final AtomicInteger nextLink = new AtomicInteger();

    private final Map<Integer, LinkListener> listeners = new ConcurrentHashMap<>();
    /** Links that are of use in the daemon's namespace only: moved away, they are gone. */
    private final Set<Integer> here = ConcurrentHashMap.newKeySet();

    private final LinkMonitor monitor = LinkMonitor.start(new MonitorNews());
    private final NamespaceWatch namespaces = new NamespaceWatch();
    private volatile boolean closed;

    /** {@return a number for a new interface} */
    int newLink() {
        return nextLink.getAndIncrement();
    }

    /** Begins to watch, and tells at once what is otherwise than the caller believes. */
    void watch(int link, TapDevice tap, String name, LinkListener listener) {
        listeners.put(link, listener);
        begin(link, tap, name, listener);
    }

    /** As {@link #watch}, but to leave the daemon's namespace is the interface's end. */
    void watchHere(int link, TapDevice tap, String name, LinkListener listener) {
        here.add(link);
        watch(link, tap, name, listener);
    }

    private void begin(int link, TapDevice tap, String name, LinkListener listener) {
        try {
            LinkState now = monitor.watch(link, tap);
            if (isAway(link, now)) {
                gone(link);
                return;
            }
            if (!now.up()) {
                listener.onLinkState(false);
            }
            if (!now.name().equals(name)) {
                listener.onRenamed(now.name());
            }
        } catch (DeviceException e) {
            if (e.errno() == Errno.EBADFD) {
                // The device went away between its making and now.
                gone(link);
            } else {
                LOG.warn("{} is not watched yet, another try follows: {}", name, e.getMessage());
                Thread.ofVirtual().name("watch again").start(() -> beginAgain(link, tap, name, listener));
            }
        }
    }

    /** That the kernel gave no answer, for want of files say, is no news of the device. */
    private void beginAgain(int link, TapDevice tap, String name, LinkListener listener) {
        try {
            Thread.sleep(AGAIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        if (!closed && listeners.get(link) == listener) {
            begin(link, tap, name, listener);
        }
    }

    /** Says that the interface's own file keeps its namespace, so that its end is looked for. */
    void pinned(int link, Path path, long inode) {
        namespaces.watch(link, path, inode, () -> gone(link));
    }

    /** Tells of the end of a namespace in which there is no interface of ours. */
    void namespace(String key, Path path, long inode, Runnable gone) {
        namespaces.watch(key, path, inode, gone);
    }

    /** Watches such a namespace no longer. */
    void forgetNamespace(String key) {
        namespaces.forget(key);
    }

    /** Watches it no longer; comes before the device's close. */
    void forget(int link) {
        here.remove(link);
        listeners.remove(link);
        namespaces.forget(link);
        monitor.unwatch(link);
    }

    private boolean isAway(int link, LinkState now) {
        return here.contains(link) && !now.isHere();
    }

    private void gone(int link) {
        LinkListener listener = listeners.remove(link);
        if (listener != null) {
            listener.onGone();
        }
    }

    private final class MonitorNews implements io.tapswitch.tapio.LinkListener {
        @Override
        public void onLinkChanged(int link, LinkState before, LinkState now) {
            LinkListener listener = listeners.get(link);
            if (listener == null) {
                return;
            }
            if (isAway(link, now)) {
                gone(link);
                return;
            }
            if (before.up() != now.up()) {
                listener.onLinkState(now.up());
            }
            if (!before.name().equals(now.name())) {
                listener.onRenamed(now.name());
            }
        }

        @Override
        public void onLinkGone(int link, LinkState last, Departure why) {
            gone(link);
        }
    }

    @Override
    public void close() {
        closed = true;
        monitor.close();
        namespaces.close();
    }
}
