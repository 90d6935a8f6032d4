package io.tapswitch.core.control;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.IpBatch;
import io.tapswitch.tapio.LinkCommand;
import io.tapswitch.tapio.LinkConfigurator;
import io.tapswitch.tapio.LinkMonitor;
import io.tapswitch.tapio.LinkState;
import io.tapswitch.tapio.NetworkNamespace;
import io.tapswitch.tapio.TapDevice;
import io.tapswitch.tapio.TapOptions;
import io.tapswitch.tapio.sys.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: interfaces as TAP devices.
 *
 * <p>A device is made in the daemon's namespace under a name that nobody has, moved into the container's under its
 * final name, and configured there:
 *
 * <pre>
 *   daemon's namespace                     container's namespace
 *   TUNSETIFF ts3fa2...  --one batch-->    eth0, down
 *                                          --one batch--> MAC, MTU, queue length, address, up, default route; lo up
 * </pre>
 *
 * <p>The namespace is held open only in between: an open namespace outlives its deletion (R1). A failure closes the
 * devices, and with them goes everything that hung on them.
 *
 * <p>Any thread may call; calls block for the life of two {@code ip} processes, some 10 ms.
 */
public final class TapPlumbing implements Plumbing {
    private final LinkConfigurator configurator = new IpBatch();
    private final Map<Integer, LinkListener> listeners = new ConcurrentHashMap<>();
    /** The monitor knows links by numbers; these are never used twice, unlike the ids of ports. */
    private final AtomicInteger nextLink = new AtomicInteger();

    private final LinkMonitor monitor = LinkMonitor.start(new MonitorNews());

    private record TapPlug(String tag, int link, TapDevice tap) implements Plug {
        @Override
        public List<Integer> fds() {
            return Arrays.stream(tap.fds()).boxed().toList();
        }
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
            throw refusal(e);
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
            if (!target.identity().toString().equals(place.identity())) {
                throw Refusal.conflict("namespace " + place.path() + " was replaced by another meanwhile");
            }
            refuseTaken(target, place, plans);
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
            configurator.apply(target, settings);
            List<Plug> plugs = new ArrayList<>();
            for (int i = 0; i < taps.size(); i++) {
                plugs.add(new TapPlug(plans.get(i).tag(), nextLink.getAndIncrement(), taps.get(i)));
            }
            return plugs;
        } catch (DeviceException e) {
            taps.forEach(TapDevice::close);
            throw refusal(e);
        } catch (RuntimeException e) {
            taps.forEach(TapDevice::close);
            throw e;
        }
    }

    private static void refuseTaken(NetworkNamespace target, Place place, List<InterfacePlan> plans) {
        List<String> devices;
        try {
            devices = target.call(() -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")));
        } catch (IOException e) {
            throw Refusal.failed("cannot list the interfaces of namespace " + place.path() + ": " + e.getMessage(), e);
        }
        for (InterfacePlan plan : plans) {
            if (devices.stream().anyMatch(line -> line.strip().startsWith(plan.name() + ":"))) {
                throw Refusal.conflict("namespace " + place.path() + " already has an interface " + plan.name()
                        + ": tapswitch makes eth0, eth1 ... in a namespace that has none of these");
            }
        }
    }

    private static void configure(InterfacePlan plan, List<LinkCommand> settings) {
        String name = plan.name();
        settings.add(new LinkCommand.SetAddress(name, plan.mac().toString()));
        settings.add(new LinkCommand.SetMtu(name, plan.mtu()));
        settings.add(new LinkCommand.SetTxQueueLength(name, TapOptions.DEFAULT_TX_QUEUE_LENGTH));
        plan.addresses().forEach(address -> settings.add(new LinkCommand.AddAddress(name, address.toString())));
        settings.add(new LinkCommand.Up(name));
        plan.defaultGateways()
                .forEach(gateway -> settings.add(new LinkCommand.AddDefaultRoute(name, gateway.toString())));
    }

    @Override
    public @Nullable Plug adopt(String tag) {
        return null;
    }

    @Override
    public @Nullable Plug reattach(String tag, Place place, String name, int queues) {
        return null;
    }

    @Override
    public void unplug(Collection<? extends Plug> plugs) {
        for (Plug plug : plugs) {
            if (plug instanceof TapPlug tapPlug) {
                listeners.remove(tapPlug.link());
                monitor.unwatch(tapPlug.link());
                tapPlug.tap().close();
            }
        }
    }

    @Override
    public void dropOthers(Set<String> tags) {}

    @Override
    public void defaultRoutes(Place place, List<DefaultRoute> routes) {
        throw Refusal.notInThisVersion("changing default routes");
    }

    @Override
    public HostPlug host(String tag) {
        throw Refusal.notInThisVersion("the host's interface");
    }

    @Override
    public String keeper() {
        return "";
    }

    @Override
    public void watch(Plug plug, String name, LinkListener listener) {
        if (!(plug instanceof TapPlug tapPlug)) {
            throw new IllegalArgumentException("not an interface of this plumbing");
        }
        listeners.put(tapPlug.link(), listener);
        try {
            LinkState now = monitor.watch(tapPlug.link(), tapPlug.tap());
            if (!now.up()) {
                listener.onLinkState(false);
            }
            if (!now.name().equals(name)) {
                listener.onRenamed(now.name());
            }
        } catch (DeviceException e) {
            // The device went away between its making and now.
            listener.onGone();
        }
    }

    /** The monitor's news, by link, handed to whoever watches that interface. */
    private final class MonitorNews implements io.tapswitch.tapio.LinkListener {
        @Override
        public void onLinkChanged(int link, LinkState before, LinkState now) {
            LinkListener listener = listeners.get(link);
            if (listener == null) {
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
            LinkListener listener = listeners.remove(link);
            if (listener != null) {
                listener.onGone();
            }
        }
    }

    @Override
    public void close() {
        monitor.close();
    }
}
