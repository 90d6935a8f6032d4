package io.tapswitch.core.control;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.names.NamesListener;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.IpBatch;
import io.tapswitch.tapio.LinkCommand;
import io.tapswitch.tapio.LinkCommand.AddressFlag;
import io.tapswitch.tapio.LinkConfigurator;
import io.tapswitch.tapio.NetworkNamespace;
import io.tapswitch.tapio.TapDevice;
import io.tapswitch.tapio.TapOptions;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.MacAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: interfaces as TAP devices, which outlive the daemon.
 *
 * <p>A device is made in the daemon's namespace under a name that nobody has, moved into the container's under its
 * final name, and configured there. Then its files are put into the vault, and it is made to persist:
 *
 * <pre>
 *   daemon's namespace                     container's namespace
 *   TUNSETIFF ts3fa2...  --one batch-->    eth0, down
 *                                          --one batch--> MAC, MTU, queue length, addresses, up, default routes; lo up
 *   vault: tag -> files
 * </pre>
 *
 * <p>Whoever starts next takes the files out of the vault ({@link #adopt}), and the container has seen nothing. When
 * the vault is lost too, the device stands there without carrier, and is attached to from inside ({@link #reattach}).
 * Such a file keeps the namespace alive, so it is never put into the vault, and its namespace's end is looked for
 * ({@link PlugWatch}).
 *
 * <p>Order: into the vault before it persists, no longer persistent before it is dropped. So a daemon that is killed in
 * between leaves no device that nobody knows: what is in the vault under no endpoint's tag goes at the next start
 * ({@link #dropOthers}).
 *
 * <p>A namespace is held open only in between: an open namespace outlives its deletion (R1). A failure closes the
 * devices, and with them goes everything that hung on them. A device with more queues than there are workers has the
 * others taken off until a daemon with enough workers is there; one of a single queue stays so.
 *
 * <p>Any thread may call; calls block for the life of two {@code ip} processes, some 10 ms.
 */
public final class TapPlumbing implements Plumbing {
    private static final Logger LOG = LoggerFactory.getLogger(TapPlumbing.class);
    private static final Set<Integer> NOT_OF_THE_NAME =
            Set.of(0, Errno.ENOENT, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM);

    private final LinkConfigurator configurator = new IpBatch();
    private final Path runDirectory;
    private final int workers;
    private final TunnelWay tunnels;
    private final KeptTaps kept;
    private final @Nullable OutsideKernel outside;
    private final PlugWatch watch;
    private boolean ended;

    /** Opens the vault, without a way to the outside. */
    public TapPlumbing(Path runDirectory, int workers) {
        this(runDirectory, workers, UplinkChoice.NONE, TunnelWay.AUTO);
    }

    /**
     * Opens the vault, and the way to the outside.
     *
     * @param runDirectory where what outlives the daemon, but not the machine, is found again
     * @param workers how many queues of one device can be used
     * @param uplink which way to the outside there shall be
     * @param tunnels by what those to other hosts shall come and go
     */
    public TapPlumbing(Path runDirectory, int workers, UplinkChoice uplink, TunnelWay tunnels) {
        this.runDirectory = runDirectory;
        this.workers = workers;
        this.tunnels = tunnels;
        // First what ends with this process, then what begins another one.
        watch = new PlugWatch();
        kept = new KeptTaps(runDirectory);
        outside = uplink.mode() == UplinkChoice.Mode.NONE ? withoutOutside() : open(uplink);
    }

    /** A daemon before this one may have had one: what it left would take frames for nobody. */
    private @Nullable OutsideKernel withoutOutside() {
        if (SteeredOutside.hasTraces(kept.root(), runDirectory) || DedicatedOutside.hasTraces(runDirectory)) {
            try {
                kept.refuseOtherNamespace();
                DedicatedOutside.removeDevice(kept, runDirectory);
                SteeredOutside.removeTraces(kept.root(), runDirectory);
            } catch (DeviceException e) {
                LOG.warn("what an earlier daemon's uplink left stays: {}", e.getMessage());
            }
        }
        return null;
    }

    private @Nullable OutsideKernel open(UplinkChoice uplink) {
        try {
            if (uplink.own() != null) {
                SteeredOutside.removeSteering(kept.root(), runDirectory);
                return new DedicatedOutside(runDirectory, kept, workers, uplink.own(), uplink.grace());
            }
            if (DedicatedOutside.hasTraces(runDirectory)) {
                DedicatedOutside.removeDevice(kept, runDirectory);
            }
            SteeredOutside.refuseAnother();
            return new SteeredOutside(runDirectory, kept, workers, uplink.device(), uplink.grace(), tunnels);
        } catch (Refusal e) {
            watch.close();
            kept.close();
            throw e;
        } catch (DeviceException e) {
            if (uplink.chosen()) {
                watch.close();
                kept.close();
                throw uplink.own() != null
                        ? e
                        : new DeviceException(e.getMessage() + "; " + UplinkChoice.WITHOUT_BPF, e.errno());
            }
            LOG.warn(
                    "containers have no way to the outside, and no ports can be published: {}; {}, and --uplink none"
                            + " is to be without on purpose",
                    e.getMessage(),
                    UplinkChoice.WITHOUT_BPF);
            return null;
        }
    }

    @Override
    public NamesListener names() {
        return NamesListener.open(configurator);
    }

    @Override
    public @Nullable OutsideKernel outside() {
        return outside;
    }

    @Override
    public Place place(String netns) {
        try (NetworkNamespace namespace = NetworkNamespace.parse(netns);
                NetworkNamespace own = NetworkNamespace.current()) {
            if (namespace.identity().equals(own.identity())) {
                throw Refusal.badInput("namespace " + netns + " is the daemon's own: a container needs one of its own");
            }
            boolean isPath = netns.indexOf('/') >= 0;
            boolean isPid = !isPath && netns.chars().allMatch(c -> c >= '0' && c <= '9');
            String path = isPath ? netns : isPid ? "/proc/" + netns + "/ns/net" : NetworkNamespace.NAMES + "/" + netns;
            return new Place(path, namespace.identity().toString(), isPath || isPid ? null : netns);
        } catch (DeviceException e) {
            // Unless the daemon has reached its own limits, it is a matter of what was named.
            throw NOT_OF_THE_NAME.contains(e.errno()) ? refusal(e) : Refusal.badInput(String.valueOf(e.getMessage()));
        }
    }

    private static Refusal refusal(DeviceException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.errno()) {
            case Errno.ENOENT -> Refusal.unknown(message);
            case Errno.EINVAL -> Refusal.badInput(message);
            default -> Refusal.failed(message, e);
        };
    }

    @Override
    public List<Plug> plug(Place place, List<InterfacePlan> plans) {
        List<TapDevice> taps = new ArrayList<>();
        try (NetworkNamespace target = NetworkNamespace.ofPath(Path.of(place.path()));
                NetworkNamespace own = NetworkNamespace.current()) {
            requireSame(target, place);
            NamespaceLook.refuseTaken(target, place, plans);
            List<LinkCommand> moves = new ArrayList<>();
            List<LinkCommand> settings = new ArrayList<>();
            settings.add(new LinkCommand.Up("lo"));
            for (InterfacePlan plan : plans) {
                String temporary = "ts" + ObjectName.shortId(ObjectName.newId());
                taps.add(
                        TapDevice.create(temporary, new TapOptions(plan.queues(), TapOptions.DEFAULT_TX_QUEUE_LENGTH)));
                moves.add(new LinkCommand.MoveToNamespace(temporary, target, plan.name()));
                configure(plan, settings);
            }
            configurator.apply(own, moves);
            enableIpv6(target, plans);
            configurator.apply(target, settings);
            return keep(plans, taps);
        } catch (DeviceException e) {
            taps.forEach(TapDevice::close);
            throw refusal(e);
        } catch (RuntimeException e) {
            taps.forEach(TapDevice::close);
            throw e;
        }
    }

    private static void requireSame(NetworkNamespace target, Place place) {
        if (!target.identity().toString().equals(place.identity())) {
            throw Refusal.conflict("namespace " + place.path() + " was replaced by another meanwhile");
        }
    }

    private static void configure(InterfacePlan plan, List<LinkCommand> settings) {
        String name = plan.name();
        settings.add(new LinkCommand.SetAddress(name, plan.mac().toString()));
        settings.add(new LinkCommand.SetMtu(name, plan.mtu()));
        if (plan.superFrameLength() > 0) {
            settings.add(new LinkCommand.SetSuperFrameLength(name, plan.superFrameLength()));
        }
        settings.add(new LinkCommand.SetTxQueueLength(name, TapOptions.DEFAULT_TX_QUEUE_LENGTH));
        settings.add(new LinkCommand.SetAddrGenMode(name, "eui64"));
        // The control plane knows that nobody has the address: no second of silence to ask for it.
        plan.addresses()
                .forEach(address ->
                        settings.add(new LinkCommand.AddAddress(name, address.toString(), Set.of(AddressFlag.NO_DAD))));
        settings.add(new LinkCommand.Up(name));
        plan.defaultGateways()
                .forEach(gateway -> settings.add(new LinkCommand.AddDefaultRoute(name, gateway.toString())));
        if (plan.resolver() != null) {
            settings.add(command(plan.resolver()));
        }
    }

    private static void enableIpv6(NetworkNamespace target, List<InterfacePlan> plans) {
        List<String> links = plans.stream()
                .filter(plan ->
                        plan.addresses().stream().anyMatch(cidr -> cidr.ip().isIpv6()))
                .map(InterfacePlan::name)
                .toList();
        if (!links.isEmpty()) {
            target.call(() -> {
                links.forEach(Ipv6Switch::enable);
                return links;
            });
        }
    }

    /** Sees to it that the devices outlive this process, all or none. */
    private List<Plug> keep(List<InterfacePlan> plans, List<TapDevice> taps) {
        List<String> tags = new ArrayList<>();
        try {
            List<Plug> plugs = new ArrayList<>();
            for (int i = 0; i < taps.size(); i++) {
                TapDevice tap = taps.get(i);
                String tag = plans.get(i).tag();
                kept.keep(tag, tap);
                tags.add(tag);
                plugs.add(plugOf(tag, tap));
            }
            return plugs;
        } catch (RuntimeException e) {
            try {
                kept.letGo(taps, tags);
            } catch (DeviceException another) {
                e.addSuppressed(another);
            }
            throw e;
        }
    }

    @Override
    public @Nullable Plug adopt(String tag) {
        TapDevice tap = kept.taken(tag);
        return tap == null ? null : plugOf(tag, tap);
    }

    private TapPlug plugOf(String tag, TapDevice tap) {
        int queues = Math.min(workers, tap.fds().length);
        tap.attachedQueues(queues);
        return new TapPlug(tag, watch.newLink(), tap, queues);
    }

    @Override
    public @Nullable Plug reattach(String tag, Place place, String name, int queues) {
        try (NetworkNamespace target = NetworkNamespace.ofPath(Path.of(place.path()))) {
            NetworkNamespace.Identity identity = target.identity();
            if (!identity.toString().equals(place.identity())) {
                return null;
            }
            TapDevice tap =
                    TapDevice.reattach(target, name, new TapOptions(queues, TapOptions.DEFAULT_TX_QUEUE_LENGTH));
            try {
                TapPlug plug = plugOf(tag, tap);
                watch.pinned(plug.link(), Path.of(place.path()), identity.inode());
                return plug;
            } catch (RuntimeException e) {
                // Its file would keep the namespace alive, and nobody would look whether it still has to.
                tap.close();
                throw e;
            }
        } catch (DeviceException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENODEV) {
                return null;
            }
            throw refusal(e);
        }
    }

    @Override
    public void unplug(Collection<? extends Plug> plugs) {
        List<TapDevice> taps = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        for (Plug plug : plugs) {
            TapDevice tap = tapOf(plug);
            watch.forget(linkOf(plug));
            taps.add(tap);
            tags.add(plug.tag());
        }
        try {
            kept.letGo(taps, tags);
        } catch (DeviceException e) {
            throw refusal(e);
        }
    }

    private static TapDevice tapOf(Plug plug) {
        return plug instanceof TapPlug ours ? ours.tap() : ((HostTap) plug).tap();
    }

    private static int linkOf(Plug plug) {
        return plug instanceof TapPlug ours ? ours.link() : ((HostTap) plug).link();
    }

    @Override
    public void dropOthers(Set<String> tags) {
        kept.dropOthers(tags);
    }

    @Override
    public void routes(Place place, List<ContainerRoute> routes) {
        try (NetworkNamespace target = NetworkNamespace.ofPath(Path.of(place.path()))) {
            requireSame(target, place);
            configurator.apply(target, routes.stream().map(TapPlumbing::command).toList());
        } catch (DeviceException e) {
            throw refusal(e);
        }
    }

    private static LinkCommand command(ContainerRoute route) {
        String gateway = route.gateway().toString();
        return route.to() == null
                ? new LinkCommand.SetDefaultRoute(route.interfaceName(), gateway)
                : new LinkCommand.SetHostRoute(route.interfaceName(), route.to().toString(), gateway);
    }

    @Override
    public HostPlug host(String tag) {
        try {
            TapDevice tap = kept.taken(tag);
            MacAddress mac = HostTap.macOf(runDirectory);
            if (tap == null) {
                tap = HostTap.open(mac, configurator);
                try {
                    kept.keep(tag, tap);
                } catch (RuntimeException e) {
                    tap.close();
                    throw e;
                }
            }
            return new HostTap(tag, watch.newLink(), tap, mac, configurator);
        } catch (DeviceException e) {
            throw refusal(e);
        }
    }

    @Override
    public void watch(Plug plug, String name, LinkListener listener) {
        if (plug instanceof HostTap) {
            watch.watchHere(linkOf(plug), tapOf(plug), name, listener);
        } else {
            watch.watch(linkOf(plug), tapOf(plug), name, listener);
        }
    }

    @Override
    public void watchNamespace(String key, Place place, Runnable gone) {
        watch.namespace(key, Path.of(place.path()), NetworkNamespace.Identity.inodeOf(place.identity()), gone);
    }

    @Override
    public void forgetNamespace(String key) {
        watch.forgetNamespace(key);
    }

    @Override
    public String keeper() {
        return kept.holder();
    }

    @Override
    public void end() {
        ended = true;
        dropOthers(Set.of());
        kept.end();
        watch.close();
    }

    /** The devices' files stay open until this process ends, since a worker may still be reading them. */
    @Override
    public void close() {
        if (ended) {
            return;
        }
        watch.close();
        kept.close();
    }
}
