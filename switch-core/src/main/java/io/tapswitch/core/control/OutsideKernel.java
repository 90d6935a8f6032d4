package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's side of the outside: the host's devices, the programs that steer their frames, and sockets that hold
 * ports. {@link OutsideWiring} decides what there shall be, this makes it. Under the controller's lock, but for
 * {@link #beat}. Failures are a {@link Refusal} that says what could not be done.
 *
 * <p>It stands apart because the rules must be testable without root; {@link SteeredOutside} and {@link
 * DedicatedOutside} are those that run.
 */
interface OutsideKernel {
    /**
     * A device of the host, of the daemon's namespace.
     *
     * @param index the kernel's
     * @param name of the device
     * @param mtu in bytes
     * @param up whether it is
     * @param loopback whether it is lo
     * @param mac its MAC address, low 48 bits, 0 for none
     * @param addresses of both families, link-local ones left out
     */
    record Device(int index, String name, int mtu, boolean up, boolean loopback, long mac, List<IpAddress> addresses) {
        /** Copies the list. */
        public Device {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * A socket of the host.
     *
     * @param protocol TCP or UDP, by its number
     * @param port that it is bound to
     * @param address that it is bound to, null for all
     */
    record HostSocket(int protocol, int port, @Nullable IpAddress address) {}

    /** Ports that are held by sockets, until it is closed. */
    interface Held extends AutoCloseable {
        /** Lets the kernel join datagrams of the ports into trains, which a socket that only holds them prevents. */
        default void mergeDatagrams() {}

        @Override
        void close();
    }

    /** Sockets by which tunnels come and go, one for each worker. They end with this process. */
    interface SocketPlug extends Plumbing.Plug, AutoCloseable {
        /** {@return most packets that one write takes} */
        int segments();

        /** Ends them; the dataplane must be done with their files. */
        @Override
        void close();
    }

    /** {@return whether packets leave with the host's own addresses, and not with the switch's} */
    default boolean isShared() {
        return true;
    }

    /** {@return under what the files of uplinks are kept that the last daemon may have left and this one may want} */
    default Set<String> tags(List<Device> uplinks) {
        return uplinks.stream()
                .flatMap(device -> Stream.of(OutsideWiring.tag(device), TunnelWiring.tag(device)))
                .collect(Collectors.toSet());
    }

    /** {@return what the switch is on a device's LAN in its own right, null where it is the host} */
    default @Nullable OwnLink link(Device device, Plumbing.Plug plug) {
        return null;
    }

    /** {@return what comes of work at the kernel; its failure is a refusal with the same words} */
    static <T> T refusing(Supplier<T> work) {
        try {
            return work.get();
        } catch (DeviceException e) {
            throw Refusal.failed(String.valueOf(e.getMessage()), e);
        }
    }

    /** {@return how the aliases of all devices begin that a daemon with this run directory made for uplinks} */
    static String aliasOf(Path runDirectory) {
        return "tapswitch " + runDirectory + " ";
    }

    /** {@return the device that is to be used besides lo, null for all that have an address} */
    @Nullable
    String only();

    /** {@return how long after the last beat the switch's ports stay its own} */
    Duration grace();

    /** {@return where the numbers of addresses are kept} */
    Path slotsFile();

    /** {@return the host's devices, as they are now} */
    List<Device> devices();

    /** {@return the TAP of a device, the one that outlived the last daemon or a new one} */
    Plumbing.Plug uplink(Device device);

    /** Removes the TAPs of devices; the dataplane must be done with their files. */
    void unplug(Collection<Plumbing.Plug> plugs);

    /** {@return the tunnel TAP of a device, the one that outlived the last daemon or a new one} */
    default Plumbing.Plug tunnel(Device device) {
        throw Refusal.conflict("tunnels need the host's own address: start with --uplink shared");
    }

    /** {@return why tunnels go by sockets and not by a TAP, null when they go by a TAP} */
    default @Nullable String whyTunnelSocket() {
        return null;
    }

    /** {@return sockets for the tunnels that end at an address and a port of UDP} */
    default SocketPlug tunnelSocket(IpAddress local, int port) {
        throw Refusal.conflict("tunnels need the host's own address: start with --uplink shared");
    }

    /** {@return bytes of the largest packet that the host knows to get to another, 0 for no less than its device's} */
    default int pathMtu(IpAddress remote) {
        return 0;
    }

    /** {@return the host's address from which packets to another go, null when there is no way} */
    default @Nullable IpAddress sourceTo(IpAddress remote) {
        return null;
    }

    /**
     * Steers the frames of a device into its TAP, or back to the head of the device's programs.
     *
     * @param tunnel the TAP into which those for a tunnel go, null for none
     */
    void steer(Device device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel);

    /** {@return whether nobody's program comes before ours at a device that is steered} */
    boolean isFirst(int device);

    /** Steers the frames of a device no more. */
    void unsteer(int device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel);

    /** Steers the frames no more of what an earlier process steered and this one has not said a word about. */
    void unsteerOthers();

    /** Refuses binds to ports that are taken, where the kernel can; where it cannot, nothing happens. */
    void guardBinds();

    /** {@return the marks of one of the host's addresses} */
    PortMarks marks(IpAddress address);

    /** Forgets the marks of all other addresses. */
    void forgetAllBut(Set<IpAddress> addresses);

    /** Says that the switch lives; any thread. */
    void beat();

    /**
     * Reserves ports on an address, so that no socket of the host gets them.
     *
     * @param address null for all of both families
     * @param protocol whose ports
     * @return what holds them
     * @throws Refusal when somebody has one, naming it
     */
    Held hold(@Nullable IpAddress address, PortProtocol protocol, int first, int last);

    /** {@return what a person should know about held ports and the way out; any thread} */
    default List<String> warnings() {
        return List.of();
    }

    /** {@return the host's own sockets with a port within a range, each once} */
    List<HostSocket> socketsWithin(int first, int last);

    /**
     * Keeps ports from the host's own clients, whose answers would come here.
     *
     * @return what keeps them
     * @throws Refusal when too few would be left
     */
    Held keepFromClients(int first, int last);

    /** {@return the ports that the kernel gives to the host's own clients} */
    EphemeralPorts localPorts();

    /** Removes everything: programs, marks, what was set on lo, TAPs. */
    void removeAll();
}
