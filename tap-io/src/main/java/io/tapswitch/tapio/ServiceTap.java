package io.tapswitch.tapio;

import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A TAP whose other end is a network namespace of the daemon's own: a TCP stack for the switch, which has none.
 *
 * <p><b>Theory of operation.</b> The namespace is made for it and has no name. Nothing of the host is in it, no
 * firewall, route, address or sysctl, so nothing of the host can disturb what is served there, and what is done there
 * touches nothing of the host. A socket belongs to the namespace of the thread that makes it ({@link #call}); from then
 * on any thread may use it.
 *
 * <pre>
 *   worker ==file== tap0 | lo          own namespace: its file, the TAP's file and the sockets keep it
 * </pre>
 *
 * <p>The device asks for no neighbour and announces nothing: what it sends is IP in frames to its own MAC address, and
 * what it is sent bears that address too. Nothing of it outlives the process, however that ends.
 *
 * <p>Any thread may call. Before {@link #close} the workers must be done with the file (requirement R3).
 */
public final class ServiceTap implements AutoCloseable {
    /** The device's name inside; nobody else is there. */
    public static final String NAME = "tap0";

    /** The largest MTU of a TAP: MAX_MTU less the Ethernet header (tun_net_initialize of drivers/net/tun.c). */
    private static final int MTU = 65_535 - 14;

    private final NetworkNamespace namespace;
    private final TapDevice tap;

    private ServiceTap(NetworkNamespace namespace, TapDevice tap) {
        this.namespace = namespace;
        this.tap = tap;
    }

    /**
     * Makes namespace and device, both up.
     *
     * @param configurator sets them up
     * @param mac of the device
     * @param settings addresses and routes, of {@link #NAME} or lo
     * @throws DeviceException when that failed; nothing is left then
     */
    public static ServiceTap open(LinkConfigurator configurator, MacAddress mac, List<LinkCommand> settings) {
        NetworkNamespace namespace = NetworkNamespace.create("of the switch's own services");
        try {
            TapDevice tap = namespace.call(() -> TapDevice.createHere(NAME));
            try {
                List<LinkCommand> commands = new ArrayList<>();
                commands.add(new LinkCommand.Up("lo"));
                commands.add(new LinkCommand.SetAddress(NAME, mac.toString()));
                commands.add(new LinkCommand.SetMtu(NAME, MTU));
                commands.add(new LinkCommand.SetTxQueueLength(NAME, TapOptions.DEFAULT_TX_QUEUE_LENGTH));
                commands.add(new LinkCommand.SetAddrGenMode(NAME, "none"));
                commands.add(new LinkCommand.WithoutArp(NAME));
                commands.add(new LinkCommand.Up(NAME));
                commands.addAll(settings);
                configurator.apply(namespace, commands);
                return new ServiceTap(namespace, tap);
            } catch (RuntimeException e) {
                tap.close();
                throw e;
            }
        } catch (RuntimeException e) {
            namespace.close();
            throw e;
        }
    }

    /** Sets more inside. */
    public void configure(LinkConfigurator configurator, List<LinkCommand> settings) {
        configurator.apply(namespace, settings);
    }

    /** Does something inside; see {@link NetworkNamespace#call}. */
    public <T, X extends Exception> T call(NetworkNamespace.Work<T, X> work) throws X {
        return namespace.call(work);
    }

    /** {@return the device's open files, one} */
    public List<Integer> fds() {
        return List.of(tap.fds()[0]);
    }

    /** {@return the namespace} */
    public NetworkNamespace.Identity namespace() {
        return namespace.identity();
    }

    /** Lets go of both; they end with the last socket inside. */
    @Override
    public void close() {
        tap.close();
        namespace.close();
    }
}
