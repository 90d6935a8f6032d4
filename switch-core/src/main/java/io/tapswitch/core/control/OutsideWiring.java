package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.OutsideKernel.Device;
import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.core.dataplane.OverlaySettings;
import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the way to the outside, as a part of each version.
 *
 * <p>The switch shares the host's addresses. Each device of the host that has one, and lo, is an uplink: it has a TAP
 * of its own into which the kernel steers what is the switch's, by marks of single ports ({@link
 * io.tapswitch.tapio.Steering}). What there shall be follows from two things, the desired state and the host's devices
 * as they are now, and is compared with what is there each time a version comes into force:
 *
 * <pre>
 *   {@link #prepare}   TAPs for new devices, numbers for new addresses
 *   {@link #unmark}    ports that nobody publishes any more are the host's again
 *        dataplane takes the version: rules, uplinks
 *   {@link #settle}    TAPs of devices that are gone go; new devices are steered; new ports are marked
 * </pre>
 *
 * <p>Sockets hold a published port before this begins, silently, until it is over. So no packet to it is answered by
 * anybody but its container: first nobody has it, then there is a rule, then come the packets (P5).
 *
 * <p>Under the controller's lock, but for {@link #warnings} and the beat.
 */
final class OutsideWiring {
    /** Begin of the tags of uplinks' files, where endpoints have their ids. */
    static final String TAG = "uplink ";

    private static final Logger LOG = LoggerFactory.getLogger(OutsideWiring.class);
    private static final long BEAT_MS = 500;

    private final OutsideKernel kernel;
    private final BooleanSupplier alive;
    private final @Nullable String only;
    private final OutsideSlots slots;
    private final Published published;
    private final ServedRules rules = new ServedRules();
    private final NatPorts natPorts;
    private final TunnelWiring tunnels;
    private final Map<Integer, Uplink> uplinks = new TreeMap<>();
    private final List<Uplink> gone = new ArrayList<>();
    /** Devices, and the tunnel TAP of the one that has it. */
    private final Map<Integer, Plumbing.@Nullable Plug> steered = new TreeMap<>();

    private final Map<Integer, String> unsteerable = new HashMap<>();
    private List<Device> devices = List.of();
    private volatile List<String> warnings = List.of();
    private volatile OutsideState state;
    private volatile boolean closed;
    private Set<IpAddress> known = Set.of();
    private boolean beating;
    private int opened;
    /** Whether an address waits until the marks of another are gone. */
    private boolean postponed;

    /** A device with its TAP; the id is never used twice. */
    private record Uplink(
            Device device,
            int port,
            Plumbing.Plug plug,
            String id,
            @Nullable OwnLink link) {
        Uplink now(Device itself) {
            return new Uplink(itself, port, plug, id, link);
        }

        UplinkSettings settings() {
            return new UplinkSettings(port, plug.fds(), device.index(), device.loopback(), device.mtu(), link);
        }
    }

    /**
     * Looks at the host; nothing is made yet.
     *
     * @param workers how many the dataplane has
     * @param alive whether they forward: while they do not, the ports are better the host's again
     * @param abroad what the cluster says of tunnels
     */
    OutsideWiring(OutsideKernel kernel, int workers, BooleanSupplier alive, Supplier<Abroad> abroad) {
        this.kernel = kernel;
        this.alive = alive;
        this.only = kernel.only();
        this.slots = new OutsideSlots(kernel.slotsFile());
        this.published = new Published(workers);
        this.natPorts = new NatPorts(kernel, published);
        this.tunnels = new TunnelWiring(kernel, abroad);
        look();
        this.state = shown();
    }

    /** {@return whether an id is or was that of an uplink's TAP} */
    static boolean isUplink(String id) {
        return id.startsWith(TAG);
    }

    /** Other options come into force with the next version. {@return whether they are others} */
    boolean options(Configuration configuration) {
        boolean others = natPorts.options(configuration.nat());
        return tunnels.options(configuration.overlay()) || others;
    }

    /** Looks at the host again. {@return whether something is otherwise, so that a version is due} */
    boolean look() {
        List<Device> now = kernel.devices().stream()
                .filter(device -> isUplink(device)
                        || device.name().equals(only)
                        || !device.addresses().isEmpty())
                .toList();
        boolean others = natPorts.look();
        boolean same = !others && !tunnels.isMoved() && now.equals(devices);
        devices = now;
        unsteerable
                .keySet()
                .retainAll(
                        now.stream().filter(this::isUplink).map(Device::index).toList());
        return !same
                || postponed
                || !unsteerable.isEmpty()
                || steered.keySet().stream().anyMatch(device -> !kernel.isFirst(device));
    }

    /** {@return tags of what the last daemon left and this one may want} */
    Set<String> tags() {
        return kernel.tags(devices.stream().filter(this::isUplink).toList());
    }

    /** {@return the tag of a device's TAP: another device of the same number is another one} */
    static String tag(Device device) {
        return TAG + device.index() + " " + device.name();
    }

    /**
     * {@return what the next version must know}
     *
     * @param served the published ports that are in force and ours
     */
    OutsideView prepare(DesiredState next, List<ActivePort> served) {
        Map<Integer, Device> wanted = new TreeMap<>();
        devices.stream().filter(this::isUplink).forEach(device -> wanted.put(device.index(), device));
        letGo(uplink -> {
            Device device = wanted.get(uplink.device().index());
            return device == null || !isSame(device, uplink.device());
        });
        wanted.values().forEach(this::open);
        List<OutsideAddress> addresses = slots.assign(
                OutsideAddresses.own(devices, kernel.isShared() ? served : List.of()),
                kernel.isShared() ? OutsideAddresses.gateways(devices, next) : List.of());
        if (!beating) {
            // Marks of an earlier daemon may be as many as there can be.
            kernel.forgetAllBut(addresses.stream().map(OutsideAddress::address).collect(Collectors.toSet()));
        }
        addresses = withMarks(addresses);
        known = addresses.stream().map(OutsideAddress::address).collect(Collectors.toSet());
        Map<Integer, PortMarks> marks = new HashMap<>();
        addresses.forEach(address -> marks.put(address.slot(), kernel.marks(address.address())));
        published.plan(served, addresses, marks);
        OverlaySettings overlay = tunnels.prepare(
                next, uplinks.values().stream().map(Uplink::device).toList());
        return new OutsideView(
                addresses,
                marks,
                uplinks.values().stream().map(Uplink::settings).toList(),
                tunnels.reserved(natPorts.reserved(addresses)),
                rules.of(served, addresses),
                natPorts.options(),
                OutsideAddresses.homes(devices.stream().filter(this::isUplink).toList(), addresses),
                overlay);
    }

    /** A device may get another name or another MAC address and have its connections still; both, and it is another. */
    private static boolean isSame(Device a, Device b) {
        return a.name().equals(b.name()) || a.mac() == b.mac();
    }

    private boolean isUplink(Device device) {
        if (!device.up() || device.name().startsWith(OutsideAddresses.OWN_NAMES)) {
            return false;
        }
        return device.loopback()
                || (only == null ? !device.addresses().isEmpty() : device.name().equals(only));
    }

    private void open(Device device) {
        Uplink there = uplinks.get(device.index());
        if (there != null) {
            uplinks.put(device.index(), there.now(device));
            return;
        }
        int port = freePort();
        if (port < 0) {
            unsteerable.put(device.index(), "no more than " + EndpointRules.UPLINK_PORTS + " devices can be uplinks");
            return;
        }
        try {
            opened++;
            Plumbing.Plug plug = kernel.uplink(device);
            String id = TAG + device.index() + " " + opened;
            uplinks.put(device.index(), new Uplink(device, port, plug, id, kernel.link(device, plug)));
            unsteerable.remove(device.index());
        } catch (RuntimeException e) {
            // Of any kind: each change of the state comes by here, and none may fail because a device has no uplink.
            complain(device, e);
        }
    }

    private int freePort() {
        for (int port = EndpointRules.FIRST_UPLINK_PORT; port < EndpointRules.HOST_PORT; port++) {
            int number = port;
            if (uplinks.values().stream().noneMatch(uplink -> uplink.port() == number)
                    && gone.stream().noneMatch(uplink -> uplink.port() == number)) {
                return port;
            }
        }
        return -1;
    }

    private void complain(Device device, RuntimeException why) {
        String sentence = why instanceof Refusal refused ? refused.sentence() : String.valueOf(why.getMessage());
        if (!sentence.equals(unsteerable.put(device.index(), sentence))) {
            LOG.warn("{} is no uplink: {}", device.name(), sentence, why instanceof Refusal ? null : why);
        }
    }

    /**
     * {@return those addresses that have marks or for which there is room beside those of the version in force} Its
     * workers may still write the marks of an address that is gone, so they go when the next version is there, and what
     * has no room until then comes with the one after it.
     */
    private List<OutsideAddress> withMarks(List<OutsideAddress> addresses) {
        int room = DnatRule.SLOTS - known.size();
        List<OutsideAddress> with = new ArrayList<>();
        for (OutsideAddress address : addresses) {
            if (known.contains(address.address()) || room-- > 0) {
                with.add(address);
            }
        }
        postponed = with.size() < addresses.size();
        return with;
    }

    /** Gives ports back to the host that nobody publishes any more. */
    void unmark() {
        published.unmark();
    }

    /** The version is in force: what follows from it outside the dataplane. */
    void settle() {
        for (Uplink uplink : gone) {
            try {
                kernel.unsteer(
                        uplink.device().index(),
                        uplink.plug(),
                        steered.get(uplink.device().index()));
            } catch (Refusal e) {
                LOG.warn("{} is still steered: {}", uplink.device().name(), e.sentence());
            }
            steered.remove(uplink.device().index());
            drop(uplink);
        }
        gone.clear();
        for (Uplink uplink : uplinks.values()) {
            Device device = uplink.device();
            try {
                Plumbing.Plug tunnel = tunnels.plug(device);
                boolean isAsWanted = steered.containsKey(device.index())
                        && Objects.equals(steered.get(device.index()), tunnel)
                        && kernel.isFirst(device.index());
                if (!isAsWanted) {
                    kernel.steer(device, uplink.plug(), tunnel);
                    steered.put(device.index(), tunnel);
                    unsteerable.remove(device.index());
                }
            } catch (Refusal e) {
                complain(device, e);
            }
        }
        published.mark();
        tunnels.settle(known);
        kernel.forgetAllBut(known);
        if (!beating) {
            beating = true;
            // What an earlier daemon steered and this one does not must end before the programs see a sign of life.
            unsteerOthers();
            kernel.guardBinds();
            kernel.beat();
            Thread.ofPlatform().daemon().name("steering-beat").start(this::beat);
        }
        warn();
        state = shown();
    }

    private void unsteerOthers() {
        try {
            kernel.unsteerOthers();
        } catch (Refusal e) {
            LOG.warn("what an earlier daemon steered is still steered: {}", e.sentence());
        }
    }

    private void drop(Uplink uplink) {
        try {
            kernel.unplug(List.of(uplink.plug()));
        } catch (Refusal e) {
            LOG.error("the TAP of {} could not be removed: {}", uplink.device().name(), e.sentence());
        }
    }

    private void beat() {
        try {
            while (!closed) {
                Thread.sleep(BEAT_MS);
                if (alive.getAsBoolean()) {
                    kernel.beat();
                    tunnels.onBeat();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@return ids of the uplinks' TAPs, by port: whose a port is that the dataplane says is gone} */
    Map<Integer, String> ids() {
        Map<Integer, String> ids = new TreeMap<>();
        uplinks.values().forEach(uplink -> ids.put(uplink.port(), uplink.id()));
        ids.putAll(tunnels.ids());
        return ids;
    }

    /** Somebody deleted a TAP: with the next version it is made again. {@return whether it was one of these} */
    boolean lost(String id) {
        return tunnels.lost(id) || letGo(uplink -> uplink.id().equals(id));
    }

    /** Of these nothing is in the next version; they are taken apart when it is in force. */
    private boolean letGo(Predicate<Uplink> isMeant) {
        uplinks.values().stream().filter(isMeant).forEach(gone::add);
        return uplinks.values().removeIf(isMeant);
    }

    private void warn() {
        List<String> now = new ArrayList<>();
        for (Device device : devices) {
            String why = unsteerable.get(device.index());
            if (why != null) {
                now.add(device.name() + " is no uplink: " + why);
            }
        }
        if (only != null && devices.stream().noneMatch(device -> device.name().equals(only) && isUplink(device))) {
            boolean isThere = devices.stream().anyMatch(device -> device.name().equals(only));
            String missing = (isThere ? "the interface " + only + " is down" : "the host has no interface " + only)
                    + ", which the uplink shared:" + only
                    + " names: containers have no way to the outside until it is " + (isThere ? "up" : "there");
            if (!warnings.contains(missing)) {
                LOG.warn(missing);
            }
            now.add(missing);
        }
        slots.without()
                .forEach(address -> now.add("address " + address + " of the host is one too many: nothing is published"
                        + " on it, and nothing leaves with it"));
        warnings = List.copyOf(now);
    }

    /** {@return what a person should look at} */
    List<String> warnings() {
        List<String> all = new ArrayList<>(warnings);
        all.addAll(kernel.warnings());
        all.addAll(tunnels.warnings());
        state.uplinks().forEach(uplink -> all.addAll(uplink.warnings()));
        return all;
    }

    private OutsideState shown() {
        List<OutsideState.Uplink> shown = new ArrayList<>();
        for (Uplink uplink : uplinks.values()) {
            Device device = uplink.device();
            boolean isSteered = steered.containsKey(device.index());
            shown.add(new OutsideState.Uplink(
                    device.name(),
                    uplink.port(),
                    device.mtu(),
                    isSteered,
                    isSteered && kernel.isFirst(device.index()),
                    uplink.link()));
        }
        NatOptions options = natPorts.options();
        return new OutsideState(
                kernel.isShared(),
                shown,
                known.stream().sorted(Comparator.comparing(IpAddress::toString)).toList(),
                options.firstPort(),
                options.lastPort(),
                options.excludedFirst(),
                options.excludedLast(),
                Duration.ofMillis(options.udpTimeoutMs()),
                kernel.grace(),
                tunnels.state());
    }

    /** {@return what it was when the last version came into force, or at the last look since; any thread} */
    OutsideState state() {
        return state;
    }

    /** Takes everything off the host; the dataplane must be done with the TAPs. */
    void removeAll() {
        closed = true;
        kernel.removeAll();
        uplinks.values().forEach(this::drop);
        tunnels.removeAll();
        uplinks.clear();
    }

    /**
     * Ends the signs of life; what steers goes on until the grace time is over. The maps stay open until this process
     * ends: workers write marks as long as they run.
     */
    void close() {
        closed = true;
    }
}
