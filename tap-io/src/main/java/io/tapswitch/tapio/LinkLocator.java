package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import org.jspecify.annotations.Nullable;

/**
 * Finds a TAP's link wherever it is. The TAP's file knows the device's name and can open its namespace, which is let go
 * at once; the kernel is asked for the link of that name by that namespace's id for the daemon's, which it gets here
 * when it had none. Thread safety: as {@link RouteSocket}, any thread.
 */
final class LinkLocator implements AutoCloseable {
    /** Stands for the id of the daemon's own namespace. */
    static final int OWN = -1;

    // A search that meets a rename or move in the middle is done again; many of them do not happen by themselves.
    private static final int SEARCHES = 5;

    private final RouteSocket kernel = RouteSocket.open();
    private final NetworkNamespace.Identity ownIdentity;
    private final int ownId;

    /** In the calling thread's namespace, the daemon's. */
    LinkLocator() {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            ownIdentity = own.identity();
            ownId = kernel.knownNamespaceId(own);
        }
    }

    /** {@return {@link #OWN} for the daemon's namespace, which may have an id for itself, else the id} */
    int normalized(int namespaceId) {
        return namespaceId == ownId ? OWN : namespaceId;
    }

    /** {@return whether the namespace that a link was in last has ended} */
    boolean namespaceEnded(LinkState last) {
        // Each namespace has a loopback device, of index 1.
        return last.namespaceId() != OWN && kernel.link(last.namespaceId(), 1) == null;
    }

    /**
     * Asks the kernel what a TAP's link is like now.
     *
     * @param last where it was, if that is worth trying first; saves two of four calls
     * @return null when the link is gone
     * @throws DeviceException when the kernel does not say
     */
    @Nullable
    LinkState find(TapDevice tap, @Nullable LinkState last) {
        for (int i = 0; i < SEARCHES && !tap.isClosed(); i++) {
            try {
                String name = tap.name();
                LinkState found = last == null ? null : kernel.link(last.namespaceId(), last.index());
                if (found != null && found.name().equals(name)) {
                    return found;
                }
                try (NetworkNamespace namespace = tap.namespace()) {
                    boolean own = namespace.identity().equals(ownIdentity);
                    found = kernel.link(own ? OWN : kernel.namespaceId(namespace), name);
                }
                if (found != null) {
                    return found;
                }
            } catch (DeviceException e) {
                // EINVAL: the device is still there, in a namespace that has ended (get_net_ns).
                if (e.errno() == Errno.EBADFD || e.errno() == Errno.EINVAL) {
                    return null;
                }
                throw e;
            } catch (IllegalStateException closedMeanwhile) {
                return null;
            }
        }
        if (tap.isClosed()) {
            return null;
        }
        throw new DeviceException("a link changes its name or place too quickly to be followed");
    }

    @Override
    public void close() {
        kernel.close();
    }
}
