package io.tapswitch.core.control;

import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.BindGuard;
import io.tapswitch.tapio.BpfDirectory;
import io.tapswitch.tapio.ClientPorts;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.HostLink;
import io.tapswitch.tapio.HostLinks;
import io.tapswitch.tapio.NamespaceLock;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.tapio.RouteQuery;
import io.tapswitch.tapio.SocketDiag;
import io.tapswitch.tapio.Steering;
import io.tapswitch.tapio.TunnelTap;
import io.tapswitch.tapio.UplinkTap;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's side of the outside as it is: BPF programs at the host's devices ({@link Steering}), one TAP for each
 * ({@link UplinkTap}), whose files are kept with the containers'. Everything is of the daemon's network namespace and
 * outlives the daemon.
 */
public final class SteeredOutside implements OutsideKernel {
    private static final Logger LOG = LoggerFactory.getLogger(SteeredOutside.class);
    private static final String TAP_NAME = "tapswitch-u%d";
    private static final String TUNNEL_TAP_NAME = "tapswitch-t%d";
    private static final String CLIENT_PORTS = "client-ports";
    /** What a daemon of a namespace holds that shares its addresses, as long as its process is there. */
    private static final String SHARING = "tapswitch-outside";
    /** The daemon before this one may not be quite dead. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path runDirectory;
    private final KeptTaps kept;
    private final int workers;
    private final @Nullable String only;
    private final Duration grace;
    private final Steering steering;
    private final PortHolding holding;
    private final TunnelSockets tunnelSockets;
    /** The TAPs that are now, by tag: one that is on its way out has the tag of its successor. */
    private final Map<String, UplinkPlug> current = new HashMap<>();
    /** Indexes of devices and TAPs with our programs. */
    private final Set<Integer> steered = new HashSet<>();

    /** The TAP of a device of the host. */
    private record UplinkPlug(String tag, UplinkTap tap, int queues) implements Plumbing.Plug {
        @Override
        public List<Integer> fds() {
            return tap.fds().subList(0, queues);
        }
    }

    /**
     * Opens what an earlier daemon left, or begins.
     *
     * @param only the device that is to be used besides lo, null for all that have an address
     * @param grace how long after the last beat frames still come here
     * @param tunnels by what they shall come and go
     * @throws DeviceException when the kernel or the rights do not allow it
     */
    SteeredOutside(
            Path runDirectory, KeptTaps kept, int workers, @Nullable String only, Duration grace, TunnelWay tunnels) {
        this.runDirectory = runDirectory;
        this.kept = kept;
        this.workers = workers;
        this.only = only;
        this.grace = grace;
        this.tunnelSockets = new TunnelSockets(tunnels, workers);
        this.holding =
                PortHolding.ofThisProcess(new ClientPorts(ClientPorts.SYSCTLS, runDirectory.resolve(CLIENT_PORTS)));
        this.steering = Steering.open(BpfDirectory.open(kept.root(), BpfDirectory.SYSTEM, runDirectory), grace);
    }

    /**
     * Loads what the start of a daemon needs of this, on a thread beside the one that starts its workers: half of a
     * start is the JVM's reading of classes.
     */
    public static void loadEarly() {
        try {
            HostLinks.read();
            SocketDiag.holders(IpProtocol.UDP, 1, 1);
            Steering.loadEarly();
        } catch (DeviceException e) {
            // Whoever needs it says so.
        }
    }

    /** Refuses when another daemon of this namespace has uplinks; else none may have any until this process ends. */
    static void refuseAnother() {
        long endNs = System.nanoTime() + PATIENCE.toNanos();
        boolean alone = NamespaceLock.take(SHARING);
        while (!alone && System.nanoTime() - endNs < 0) {
            LockSupport.parkNanos(PAUSE_NS);
            alone = NamespaceLock.take(SHARING);
        }
        if (!alone) {
            throw Refusal.conflict("another tapswitch daemon shares the addresses of this network namespace ('ss -xap'"
                    + " shows who has @" + SHARING + "): end it, or start this one with --uplink none or in a network"
                    + " namespace of its own");
        }
    }

    @Override
    public @Nullable String only() {
        return only;
    }

    @Override
    public Duration grace() {
        return grace;
    }

    @Override
    public Path slotsFile() {
        return OutsideSlots.in(runDirectory);
    }

    @Override
    public List<Device> devices() {
        List<Device> devices = new ArrayList<>();
        for (HostLink link : OutsideKernel.refusing(HostLinks::read)) {
            List<IpAddress> addresses = link.addresses().stream()
                    .filter(address -> address.usable() && address.scope() != HostLink.Scope.LINK)
                    .map(HostLink.Address::ip)
                    .toList();
            devices.add(new Device(
                    link.index(), link.name(), link.mtu(), link.up(), link.loopback(), link.mac(), addresses));
        }
        return devices;
    }

    @Override
    public Plumbing.Plug uplink(Device device) {
        return plug(OutsideWiring.tag(device), UplinkTap::adopt, alias -> UplinkTap.create(TAP_NAME, workers, alias));
    }

    @Override
    public Plumbing.Plug tunnel(Device device) {
        return plug(
                TunnelWiring.tag(device), TunnelTap::adopt, alias -> TunnelTap.create(TUNNEL_TAP_NAME, workers, alias));
    }

    @Override
    public Set<String> tags(List<Device> uplinks) {
        Set<String> all = OutsideKernel.super.tags(uplinks);
        return tunnelSockets.areForced()
                ? all.stream().filter(tag -> !tag.startsWith(TunnelWiring.TAG)).collect(Collectors.toSet())
                : all;
    }

    @Override
    public @Nullable String whyTunnelSocket() {
        return tunnelSockets.reason();
    }

    @Override
    public SocketPlug tunnelSocket(IpAddress local, int port) {
        return OutsideKernel.refusing(() -> tunnelSockets.open(local, port));
    }

    @Override
    public @Nullable IpAddress sourceTo(IpAddress remote) {
        Ipv6Address key = key(remote);
        try (RouteQuery query = RouteQuery.open()) {
            query.ask(key.hi(), key.lo(), 0, 0);
            if (query.kind() != RouteQuery.Kind.UNICAST) {
                return null;
            }
            return remote instanceof Ipv4Address
                    ? Ipv4Address.fromBits((int) query.sourceLow())
                    : new Ipv6Address(query.sourceHigh(), query.sourceLow());
        }
    }

    @Override
    public int pathMtu(IpAddress remote) {
        Ipv6Address key = key(remote);
        try (RouteQuery query = RouteQuery.open()) {
            query.ask(key.hi(), key.lo(), 0, 0);
            return query.mtu();
        }
    }

    private Plumbing.Plug plug(String tag, Function<List<Integer>, UplinkTap> adopt, Function<String, UplinkTap> make) {
        return OutsideKernel.refusing(() -> {
            UplinkTap tap = kept.taken(tag, adopt, UplinkTap::name);
            if (tap == null) {
                String alias = OutsideKernel.aliasOf(runDirectory) + tag;
                UplinkTap.deleteAbandoned(alias);
                tap = make.apply(alias);
                try {
                    // The one before it may be on its way out: its files must not be in the way of these.
                    kept.drop(List.of(tag));
                    kept.put(tag, tap.fds());
                } catch (RuntimeException e) {
                    tap.delete();
                    throw e;
                }
            } else if (tap.queues(workers)) {
                kept.drop(List.of(tag));
                kept.put(tag, tap.fds());
            }
            UplinkPlug plug = new UplinkPlug(tag, tap, workers);
            current.put(tag, plug);
            return plug;
        });
    }

    @Override
    public void unplug(Collection<Plumbing.Plug> plugs) {
        for (Plumbing.Plug plug : plugs) {
            UplinkPlug uplink = (UplinkPlug) plug;
            OutsideKernel.refusing(() -> {
                if (current.remove(uplink.tag(), uplink)) {
                    kept.drop(List.of(uplink.tag()));
                }
                try {
                    uplink.tap().delete();
                } catch (DeviceException gone) {
                    uplink.tap().close();
                }
                return uplink;
            });
        }
    }

    @Override
    public void steer(Device device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        OutsideKernel.refusing(() -> {
            int tap = ((UplinkPlug) plug).tap().index();
            if (tunnel == null) {
                steering.steer(device.index(), tap);
            } else {
                int tunnelTap = ((UplinkPlug) tunnel).tap().index();
                steering.steer(device.index(), tap, tunnelTap);
                steered.add(tunnelTap);
            }
            steered.add(device.index());
            steered.add(tap);
            return device;
        });
    }

    @Override
    public boolean isFirst(int device) {
        return OutsideKernel.refusing(() -> steering.isFirst(device));
    }

    @Override
    public void unsteer(int device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        OutsideKernel.refusing(() -> {
            if (tunnel == null) {
                steering.unsteer(device, index(plug, device));
            } else {
                steering.unsteer(device, index(plug, device), index(tunnel, device));
            }
            return device;
        });
    }

    private static int index(Plumbing.Plug plug, int otherwise) {
        try {
            return ((UplinkPlug) plug).tap().index();
        } catch (DeviceException gone) {
            // Its program went with it.
            return otherwise;
        }
    }

    @Override
    public void unsteerOthers() {
        OutsideKernel.refusing(() -> {
            steering.unsteerAllBut(steered);
            return steered;
        });
    }

    @Override
    public void guardBinds() {
        OutsideKernel.refusing(() -> {
            holding.forgetEarlier();
            return holding;
        });
        Path processes = BindGuard.cgroupRoot();
        if (processes != null) {
            try {
                steering.guardBinds(processes);
            } catch (DeviceException e) {
                LOG.info("processes of the host may bind to ports of large published ranges: {}", e.getMessage());
            }
        }
    }

    @Override
    public PortMarks marks(IpAddress address) {
        Ipv6Address key = key(address);
        return OutsideKernel.refusing(() -> steering.marks(key.hi(), key.lo()));
    }

    private static Ipv6Address key(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> new Ipv6Address(0, Ipv4Address.mapped(four.bits()));
            case Ipv6Address six -> six;
        };
    }

    @Override
    public void forgetAllBut(Set<IpAddress> addresses) {
        Set<Ipv6Address> keys = addresses.stream().map(SteeredOutside::key).collect(Collectors.toSet());
        OutsideKernel.refusing(() -> {
            steering.forgetAllBut((high, low) -> keys.contains(new Ipv6Address(high, low)));
            return keys;
        });
    }

    @Override
    public void beat() {
        long nowNs = System.nanoTime();
        long lastNs = steering.lastBeatNs();
        Duration silence = Duration.ofNanos(nowNs - lastNs);
        steering.beat(nowNs);
        if (lastNs != 0 && silence.compareTo(grace) > 0) {
            LOG.info(
                    "there was no sign of life for {} s, longer than --grace {} s: in between the host answered for"
                            + " itself, and connections may be lost",
                    silence.toSeconds(),
                    grace.toSeconds());
        }
    }

    @Override
    public Held hold(@Nullable IpAddress address, PortProtocol protocol, int first, int last) {
        return OutsideKernel.refusing(() -> holding.hold(address, protocol, first, last));
    }

    @Override
    public Held keepFromClients(int first, int last) {
        return OutsideKernel.refusing(() -> holding.kept(first, last));
    }

    @Override
    public List<String> warnings() {
        return holding.warnings();
    }

    @Override
    public List<HostSocket> socketsWithin(int first, int last) {
        Set<HostSocket> sockets = new LinkedHashSet<>();
        for (int protocol : new int[] {IpProtocol.TCP, IpProtocol.UDP}) {
            for (SocketDiag.Holder holder : OutsideKernel.refusing(() -> SocketDiag.holders(protocol, first, last))) {
                IpAddress address = holder.isOnAll() ? null : holder.address();
                sockets.add(new HostSocket(protocol, holder.port(), address));
            }
        }
        return List.copyOf(sockets);
    }

    @Override
    public EphemeralPorts localPorts() {
        return EphemeralPorts.now();
    }

    @Override
    public void removeAll() {
        OutsideKernel.refusing(() -> {
            steering.close();
            removeTraces(kept.root(), runDirectory);
            return runDirectory;
        });
    }

    /** {@return whether a daemon with this run directory left anything} */
    static boolean hasTraces(Path root, Path runDirectory) {
        return Files.exists(OutsideSlots.in(runDirectory))
                || BpfDirectory.isThere(root, BpfDirectory.SYSTEM, runDirectory);
    }

    /** Removes the programs, marks and TAPs of a daemon with this run directory, and what was set on lo, if any. */
    static void removeSteering(Path root, Path runDirectory) {
        if (BpfDirectory.isThere(root, BpfDirectory.SYSTEM, runDirectory)) {
            Steering.removeAll(BpfDirectory.open(root, BpfDirectory.SYSTEM, runDirectory));
            BpfDirectory.remove(BpfDirectory.SYSTEM, runDirectory);
        }
        UplinkTap.deleteAllOf(OutsideKernel.aliasOf(runDirectory));
        ClientPorts.restore(ClientPorts.SYSCTLS, runDirectory.resolve(CLIENT_PORTS));
    }

    /**
     * Removes what a daemon with this run directory left at the host: programs, marks, TAPs, what was set on lo, flows.
     * No process may use it.
     *
     * @param root the file system as who keeps the files sees it
     * @throws DeviceException when the kernel or the rights do not allow it
     */
    static void removeTraces(Path root, Path runDirectory) {
        removeSteering(root, runDirectory);
        FlowMemory.removeFiles(runDirectory);
        OutsideSlots.remove(runDirectory);
    }
}
