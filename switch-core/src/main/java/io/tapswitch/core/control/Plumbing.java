package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NamesListener;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.MacAddress;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's side of attaching: namespaces, devices, addresses, routes, and the files that outlive the daemon. The
 * control plane decides what there shall be, this makes it. Its calls block; they come from virtual threads, under the
 * controller's lock unless a method says otherwise. They throw a {@link Refusal} that says what could not be done, and
 * leave nothing behind then.
 *
 * <p>Each device has a tag, the id of its endpoint: under it its files are kept beyond the daemon's life.
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

    /** An address of an interface, with the length of its subnet's prefix. */
    record Cidr(IpAddress ip, int prefixLength) {
        @Override
        public String toString() {
            return ip + "/" + prefixLength;
        }
    }

    /**
     * An interface to be made.
     *
     * @param tag id of the endpoint
     * @param name inside the namespace
     * @param mac its address
     * @param addresses of either family
     * @param defaultGateways where default routes go, at most one of a family; empty for none by this interface
     * @param resolver the way to the resolver, null when it is not by this interface
     * @param mtu in bytes
     * @param superFrameLength most bytes of a super-frame of the kernel's TCP; 0 for as many as it likes
     * @param queues number of queues
     */
    record InterfacePlan(
            String tag,
            String name,
            MacAddress mac,
            List<Cidr> addresses,
            List<IpAddress> defaultGateways,
            @Nullable ContainerRoute resolver,
            int mtu,
            int superFrameLength,
            int queues) {
        /** Copies the lists. */
        public InterfacePlan {
            addresses = List.copyOf(addresses);
            defaultGateways = List.copyOf(defaultGateways);
        }

        /** An interface by which the resolver is not reached. */
        public InterfacePlan(
                String tag,
                String name,
                MacAddress mac,
                List<Cidr> addresses,
                List<IpAddress> defaultGateways,
                int mtu,
                int queues) {
            this(tag, name, mac, addresses, defaultGateways, null, mtu, 0, queues);
        }
    }

    /**
     * A route of a container.
     *
     * @param interfaceName by which it goes
     * @param gateway next on it
     * @param to the only address that it leads to, null for everything
     */
    record ContainerRoute(
            String interfaceName,
            IpAddress gateway,
            @Nullable IpAddress to) {
        /** A default route. */
        public ContainerRoute(String interfaceName, IpAddress gateway) {
            this(interfaceName, gateway, null);
        }
    }

    /**
     * What a network puts on the host's TAP: its gateways' addresses (noprefixroute, nodad) and a route to each prefix
     * with the gateway as source.
     *
     * @param networkName for people
     * @param subnets of the network
     * @param mtu of the routes
     */
    record HostNetwork(String networkName, List<HostSubnet> subnets, int mtu) {
        /** Copies the list. */
        public HostNetwork {
            subnets = List.copyOf(subnets);
        }
    }

    /** A prefix that the host reaches by its TAP, and its own address in it. */
    record HostSubnet(IpPrefix prefix, IpAddress gateway) {}

    /** An interface that was made; it exists until {@link #unplug}, beyond the daemon's life. */
    interface Plug {
        /** {@return the id of its endpoint} */
        String tag();

        /** {@return the open files, one a queue} */
        List<Integer> fds();
    }

    /** The host's own interface ({@code tapswitch0}); one queue. */
    interface HostPlug extends Plug {
        /** {@return its name at the host, the last one when it is gone} */
        String name();

        /** {@return its MAC address} */
        MacAddress mac();

        /**
         * Gives it the addresses and routes of these networks that it lacks.
         *
         * @param nothingElse whether it loses all others
         * @return a sentence for each network that could not be put there in whole; empty when all is well
         */
        List<String> set(Collection<HostNetwork> networks, boolean nothingElse);
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

    /** {@return the namespace of this name, path or process id; any thread may ask} */
    Place place(String netns);

    /** Makes interfaces in a namespace, all of them or none; their files are kept from now on. */
    List<Plug> plug(Place place, List<InterfacePlan> plans);

    /** {@return the interface whose files outlived the last daemon, null when they did not or the device is gone} */
    @Nullable
    Plug adopt(String tag);

    /**
     * {@return the interface of this name in a namespace, attached anew from inside because its files were lost; null
     * when the namespace is another than it was or gone, or the interface is gone}
     *
     * @throws Refusal when it is there and cannot be had now, such as while another process holds it
     */
    @Nullable
    Plug reattach(String tag, Place place, String name, int queues);

    /** Removes interfaces; the dataplane must be done with their files. */
    void unplug(Collection<? extends Plug> plugs);

    /** Lets go of files that the last daemon kept and that are none of these tags'; their devices go. */
    void dropOthers(Set<String> tags);

    /** Makes these the namespace's routes, in place of those to the same: everything of the family, or one address. */
    void routes(Place place, List<ContainerRoute> routes);

    /**
     * {@return the host's interface under this tag: the one that outlived the last daemon, else a new one with the
     * first free of the names tapswitch0, tapswitch1 ...}
     */
    HostPlug host(String tag);

    /**
     * Tells the listener about an interface that had this name from now on, until it is unplugged; what is otherwise
     * already now is told at once.
     */
    void watch(Plug plug, String name, LinkListener listener);

    /** Tells when a namespace is gone in which no interface of ours could tell, until it is forgotten. */
    void watchNamespace(String key, Place place, Runnable gone);

    /** Watches a namespace no longer. */
    void forgetNamespace(String key);

    /** {@return a new listener for names by TCP, null where there shall be none} */
    default @Nullable NamesListener names() {
        return null;
    }

    /** {@return what makes the way to the outside, null where there shall be none} */
    @Nullable
    OutsideKernel outside();

    /** {@return who keeps the files beyond this process's life, for people: "systemd" or "keeper 1234"} */
    String keeper();

    /** Removes what is kept and was not asked for, and ends the keeper: nothing outlives this process. */
    void end();

    /** Ends this process's part; devices stay. */
    @Override
    void close();
}
