package io.tapswitch.core.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's side of attaching: namespaces, devices, addresses, routes. The control plane decides what there shall
 * be, this makes it. Its calls block; they come from virtual threads.
 *
 * <p>It stands apart because the rules of the control plane must be testable without root; {@link TapPlumbing} is the
 * one that runs.
 */
public interface Plumbing extends AutoCloseable {
    /**
     * A network namespace that exists.
     *
     * @param path by which it was found
     * @param identity equal for the same namespace, whatever the path
     * @param name under /run/netns, when it was given by that
     */
    record Place(String path, String identity, @Nullable String name) {}

    /**
     * An interface to be made.
     *
     * @param name inside the namespace
     * @param mac its address
     * @param address its IPv4 address
     * @param prefixLength of the subnet
     * @param mtu in bytes
     * @param defaultGateway where the default route goes, or 0 for none by this interface
     * @param queues number of queues
     */
    record InterfacePlan(
            String name, long mac, int address, int prefixLength, int mtu, int defaultGateway, int queues) {}

    /** An interface that was made; it exists until closed. */
    interface Plug extends AutoCloseable {
        /** {@return the open files, one a queue} */
        List<Integer> fds();

        /** Closes the files; the device goes with the last one, within moments when no read is pending. */
        @Override
        void close();
    }

    /** Hears what happens to an interface; called on a thread that must not block for long. */
    interface LinkListener {
        /** The link went up or down. */
        void onLinkState(boolean up);

        /** The interface has another name. */
        void onRenamed(String name);

        /** The device or its namespace is gone. */
        void onGone();
    }

    /** {@return the namespace of this name, path or process id} */
    Place place(String netns);

    /** Makes interfaces in a namespace, all of them or none. */
    List<Plug> plug(Place place, List<InterfacePlan> plans);

    /** Tells the listener about an interface that had this name from now on, until it is closed. */
    void watch(Plug plug, String name, LinkListener listener);

    @Override
    void close();
}
