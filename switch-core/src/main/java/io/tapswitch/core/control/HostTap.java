package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.HostAddress;
import io.tapswitch.tapio.HostRoute;
import io.tapswitch.tapio.HostState;
import io.tapswitch.tapio.LinkCommand;
import io.tapswitch.tapio.LinkCommand.AddressFlag;
import io.tapswitch.tapio.LinkConfigurator;
import io.tapswitch.tapio.NetworkNamespace;
import io.tapswitch.tapio.TapDevice;
import io.tapswitch.tapio.TapOptions;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import io.tapswitch.wire.MacAddress;
import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The host's own interface at the switch: a TAP in the daemon's namespace, with the networks' gateway addresses and a
 * route to each of their subnets.
 *
 * <p>Addresses come without a route of their own (noprefixroute), so that the route that leads to the network has the
 * gateway as source and the network's MTU. What is there is compared with what shall be there each time, so it does not
 * matter who left it or took it away; link-local addresses and routes are the kernel's and stay.
 *
 * <p>The MAC address is made of the run directory's name: the same after each restart, another for another daemon, and
 * the mark by which a device is known as ours whose files were lost.
 */
final class HostTap implements Plumbing.HostPlug {
    private static final String NAME = "tapswitch";
    private static final int MOST_TAPS = 100;
    private static final TapOptions OPTIONS = TapOptions.DEFAULT;
    private static final int DEFAULT_MTU = 1500;
    private static final Ipv6Prefix LINK_LOCAL = Ipv6Prefix.parse("fe80::/10");

    /** A route of ours as it is or shall be; one that differs in any part is another. */
    private record Route(IpPrefix prefix, @Nullable IpAddress source, int mtu) {
        static Route to(Plumbing.HostNetwork network, Plumbing.HostSubnet subnet) {
            return new Route(subnet.prefix(), subnet.gateway(), network.mtu());
        }
    }

    private final String tag;
    private final int link;
    private final TapDevice tap;
    private final MacAddress mac;
    private final LinkConfigurator configurator;
    private volatile String lastName = "";

    HostTap(String tag, int link, TapDevice tap, MacAddress mac, LinkConfigurator configurator) {
        this.tag = tag;
        this.link = link;
        this.tap = tap;
        this.mac = mac;
        this.configurator = configurator;
    }

    /** {@return the MAC address of the host's interface of this daemon} */
    static MacAddress macOf(Path runDirectory) {
        try {
            byte[] name = runDirectory.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(name);
            // Locally administered, and none of 02:42:..., which are the containers'.
            return new MacAddress(0x0a00_0000_0000L | (ByteBuffer.wrap(hash).getLong() >>> 24));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    /** {@return our interface if it stands there without files, else a new one; set up, without addresses} */
    static TapDevice open(MacAddress mac, LinkConfigurator configurator) {
        List<String> links = links();
        TapDevice tap = null;
        for (int i = 0; tap == null && i < MOST_TAPS; i++) {
            String name = NAME + i;
            tap = links.contains(name) ? abandoned(name, mac) : TapDevice.create(name, OPTIONS);
        }
        if (tap == null) {
            throw new DeviceException("each name from " + NAME + "0 to " + NAME + (MOST_TAPS - 1)
                    + " is taken: delete those of ended daemons with `ip link delete NAME`");
        }
        try {
            String name = tap.name();
            apply(
                    configurator,
                    List.of(
                            new LinkCommand.SetAddress(name, mac.toString()),
                            new LinkCommand.SetAddrGenMode(name, "eui64"),
                            new LinkCommand.SetTxQueueLength(name, OPTIONS.txQueueLength()),
                            new LinkCommand.Up(name)));
            tap.sendWithoutQueueing();
            return tap;
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    private static @Nullable TapDevice abandoned(String name, MacAddress mac) {
        if (!mac.equals(macOf(name))) {
            return null;
        }
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return TapDevice.reattach(own, name, OPTIONS);
        } catch (DeviceException e) {
            // Somebody's who has the same directory, in another mount namespace.
            if (e.errno() == Errno.EBUSY || e.errno() == Errno.ENODEV) {
                return null;
            }
            throw e;
        }
    }

    private static List<String> links() {
        try {
            return Files.readAllLines(Path.of("/proc/self/net/dev")).stream()
                    .map(line -> line.strip().split(":", -1)[0])
                    .toList();
        } catch (IOException e) {
            throw new DeviceException("cannot list the host's interfaces", e);
        }
    }

    /** {@return the MAC address that a link of the host has, null for none} */
    static @Nullable MacAddress macOf(String name) {
        try {
            NetworkInterface found = NetworkInterface.getByName(name);
            byte[] address = found == null ? null : found.getHardwareAddress();
            if (address == null) {
                return null;
            }
            long bits = 0;
            for (byte octet : address) {
                bits = bits << 8 | (octet & 0xff);
            }
            return new MacAddress(bits);
        } catch (SocketException gone) {
            return null;
        }
    }

    private static void apply(LinkConfigurator configurator, List<LinkCommand> commands) {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            configurator.apply(own, commands);
        }
    }

    @Override
    public String tag() {
        return tag;
    }

    @Override
    public List<Integer> fds() {
        return Arrays.stream(tap.fds()).limit(1).boxed().toList();
    }

    @Override
    public String name() {
        try {
            lastName = tap.name();
        } catch (DeviceException gone) {
            // The news of it are on their way; until then it is called what it was.
        }
        return lastName;
    }

    @Override
    public MacAddress mac() {
        return mac;
    }

    int link() {
        return link;
    }

    TapDevice tap() {
        return tap;
    }

    @Override
    public List<String> set(Collection<Plumbing.HostNetwork> networks, boolean nothingElse) {
        try {
            String name = tap.name();
            HostState now = HostState.read();
            Set<String> addresses = new HashSet<>();
            Set<Route> routes = new HashSet<>();
            for (HostAddress address : now.addresses()) {
                if (address.link().equals(name) && !LINK_LOCAL.includes(address.ip())) {
                    addresses.add(address.ip() + "/" + address.prefixLength());
                }
            }
            for (HostRoute route : now.routes()) {
                if (route.link().equals(name) && !LINK_LOCAL.intersects(route.prefix())) {
                    routes.add(new Route(route.prefix(), route.source(), route.mtu()));
                }
            }
            if (nothingElse) {
                remove(name, networks, addresses, routes);
            }
            setMtu(name, networks);
            List<String> complaints = new ArrayList<>();
            for (Plumbing.HostNetwork network : networks) {
                String complaint = add(name, network, addresses, routes);
                if (complaint != null) {
                    complaints.add(complaint);
                }
            }
            return complaints;
        } catch (DeviceException e) {
            throw Refusal.failed(String.valueOf(e.getMessage()), e);
        }
    }

    private void remove(
            String name, Collection<Plumbing.HostNetwork> networks, Set<String> addresses, Set<Route> routes) {
        Set<String> addressesLeft = new HashSet<>(addresses);
        Set<Route> routesLeft = new HashSet<>(routes);
        for (Plumbing.HostNetwork network : networks) {
            for (Plumbing.HostSubnet subnet : network.subnets()) {
                addressesLeft.remove(text(subnet));
                routesLeft.remove(Route.to(network, subnet));
            }
        }
        List<LinkCommand> commands = new ArrayList<>();
        // Before the addresses: the kernel takes an IPv4 route away with the address that is its source.
        routesLeft.forEach(route ->
                commands.add(new LinkCommand.DeleteRoute(name, route.prefix().toString())));
        addressesLeft.forEach(address -> commands.add(new LinkCommand.DeleteAddress(name, address)));
        try {
            apply(configurator, commands);
        } catch (DeviceException goneMeanwhile) {
            commands.forEach(this::tryToApply);
        }
    }

    private void tryToApply(LinkCommand command) {
        try {
            apply(configurator, List.of(command));
        } catch (DeviceException gone) {
            // A route can go with its address; that it is gone is all that matters.
        }
    }

    private static String text(Plumbing.HostSubnet subnet) {
        return subnet.gateway() + "/" + subnet.prefix().length();
    }

    private void setMtu(String name, Collection<Plumbing.HostNetwork> networks) {
        int mtu = networks.stream().mapToInt(Plumbing.HostNetwork::mtu).max().orElse(DEFAULT_MTU);
        try {
            NetworkInterface now = NetworkInterface.getByName(name);
            if (now == null || now.getMTU() != mtu) {
                apply(configurator, List.of(new LinkCommand.SetMtu(name, mtu)));
            }
        } catch (SocketException gone) {
            throw new DeviceException("the host's interface " + name + " is gone", gone);
        }
    }

    /** Adds what a network lacks; a sentence when that failed. */
    private @Nullable String add(String name, Plumbing.HostNetwork network, Set<String> addresses, Set<Route> routes) {
        List<LinkCommand> commands = new ArrayList<>();
        for (Plumbing.HostSubnet subnet : network.subnets()) {
            if (!addresses.contains(text(subnet))) {
                commands.add(new LinkCommand.AddAddress(name, text(subnet), EnumSet.allOf(AddressFlag.class)));
            }
            if (!routes.contains(Route.to(network, subnet))) {
                commands.add(new LinkCommand.AddPrefixRoute(
                        name, subnet.prefix().toString(), subnet.gateway().toString(), network.mtu()));
            }
        }
        try {
            if (network.subnets().stream().anyMatch(subnet -> subnet.gateway() instanceof Ipv6Address)) {
                Ipv6Switch.enable(name);
            }
            apply(configurator, commands);
            return null;
        } catch (DeviceException e) {
            return "the host does not reach network " + network.networkName() + " in whole: " + e.getMessage();
        }
    }
}
