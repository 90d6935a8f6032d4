package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration.Uplink.Address;
import io.tapswitch.core.config.OwnAddress;
import io.tapswitch.core.dataplane.LinkFrames;
import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.core.dataplane.OwnLink.LinkAddress;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.HostLink;
import io.tapswitch.tapio.HostLinks;
import io.tapswitch.tapio.Macvtap;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's side of an outside of our own: one macvtap on a device of the host ({@link Macvtap}), with a MAC address
 * and IP addresses that are nobody else's. Nothing is steered and no port is held, for all ports of these addresses are
 * the switch's; whose a port is stands in plain memory, and is found again from the flows.
 *
 * <p>The MAC address is kept beside the flows, so that neighbours see the same one after a restart. It is derived from
 * the parent's own, so that after the machine's next start it is the same, too.
 *
 * <p>A macvtap goes with its parent and says nothing. So each look at the host compares; a device that is not what it
 * was is shown under another number, by which the old one is taken apart and a new one made.
 */
final class DedicatedOutside implements OutsideKernel {
    /** Under what the device's files are kept. */
    static final String TAG = OutsideWiring.TAG + "dedicated";

    private static final String NAME = "tapswitch-d%d";
    private static final String MAC = "dedicated";
    /** Locally administered, and no group (IEEE 802). */
    private static final long LOCAL = 0x0200_0000_0000L;

    private static final long MAC_BITS = 0xffff_ffff_ffffL;
    private static final long FIRST_OCTET_FLAGS = 0x0300_0000_0000L;
    private static final int SHIFT = 16;

    private final Path runDirectory;
    private final KeptTaps kept;
    private final int workers;
    private final OwnAddress own;
    private final Duration grace;
    private final long mac;
    private final List<IpAddress> addresses;
    private final Map<IpAddress, PortMarks> marks = new HashMap<>();
    private @Nullable LinkPlug current;
    private int number = 1;
    private volatile String warning = "";

    /** The device. */
    private record LinkPlug(String tag, Macvtap device, List<Integer> fds, int parent) implements Plumbing.Plug {
        LinkPlug {
            fds = List.copyOf(fds);
        }
    }

    /**
     * Looks at the parent; nothing is made yet.
     *
     * @throws Refusal when it is not there and never was, or an address is the host's own
     */
    DedicatedOutside(Path runDirectory, KeptTaps kept, int workers, OwnAddress own, Duration grace) {
        this.runDirectory = runDirectory;
        this.kept = kept;
        this.workers = workers;
        this.own = own;
        this.grace = grace;
        addresses = own.addresses().stream().map(Address::ip).toList();
        List<HostLink> links = OutsideKernel.refusing(HostLinks::read);
        HostLink parent = parent(links);
        String before = keptMac();
        if (parent == null && before == null) {
            throw Refusal.badInput("--uplink dedicated: the parent " + own.parent()
                    + " is not there; the host's interfaces are "
                    + links.stream()
                            .map(HostLink::name)
                            .filter(name -> !name.equals("lo"))
                            .collect(Collectors.joining(", ")));
        }
        refuseHosts(links);
        mac = before == null && parent != null
                ? derive(parent.mac())
                : MacAddress.parse(String.valueOf(before)).bits();
        if (before == null) {
            keepMac();
        }
    }

    private void refuseHosts(List<HostLink> links) {
        for (HostLink link : links) {
            for (HostLink.Address address : link.addresses()) {
                if (addresses.contains(address.ip())) {
                    throw Refusal.badInput("--uplink dedicated: " + address.ip() + " is an address of the host, on "
                            + link.name() + ": the switch needs one that nobody on the LAN has");
                }
            }
        }
    }

    private @Nullable HostLink parent(List<HostLink> links) {
        return links.stream()
                .filter(link -> link.name().equals(own.parent()))
                .findFirst()
                .orElse(null);
    }

    private @Nullable String keptMac() {
        try {
            Path file = runDirectory.resolve(MAC);
            String[] words = Files.exists(file) ? Files.readString(file).strip().split(" ", -1) : new String[0];
            return words.length == 2 && words[0].equals(own.parent()) ? words[1] : null;
        } catch (IOException e) {
            throw Refusal.failed("cannot read " + runDirectory.resolve(MAC), e);
        }
    }

    private void keepMac() {
        try {
            Files.createDirectories(runDirectory);
            Files.writeString(runDirectory.resolve(MAC), own.parent() + " " + MacAddress.fromBits(mac) + "\n");
        } catch (IOException e) {
            throw Refusal.failed("cannot write " + runDirectory.resolve(MAC), e);
        }
    }

    private long derive(long parentMac) {
        try {
            String of = own.parent() + " " + parentMac + " " + runDirectory.toAbsolutePath();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(of.getBytes(StandardCharsets.UTF_8));
            long bits = ByteBuffer.wrap(hash).getLong() >>> SHIFT;
            return (bits & MAC_BITS & ~FIRST_OCTET_FLAGS) | LOCAL;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public @Nullable String only() {
        return null;
    }

    @Override
    public Duration grace() {
        return grace;
    }

    @Override
    public Path slotsFile() {
        return OutsideSlots.in(runDirectory);
    }

    /** The addresses stay while the device is away, so that flows and ports wait for it. */
    @Override
    public List<Device> devices() {
        HostLink parent = parent(OutsideKernel.refusing(HostLinks::read));
        boolean up = parent != null && parent.up();
        if (parent != null && up) {
            follow(parent);
        }
        warning = up
                ? ""
                : "the uplink's parent " + own.parent() + " is " + (parent == null ? "not there" : "down")
                        + ": containers have no way to the outside until it is back";
        return List.of(new Device(number, own.parent(), parent == null ? 1 : parent.mtu(), up, false, mac, addresses));
    }

    /** The device shall be on the parent as that is now; where it is not, there shall be another. */
    private void follow(HostLink parent) {
        LinkPlug plug = current;
        if (plug == null) {
            return;
        }
        OutsideKernel.refusing(() -> {
            if (plug.device().isOn(parent.index(), mac)) {
                plug.device().mtu(parent.mtu());
            } else {
                number++;
                current = null;
            }
            return plug;
        });
    }

    @Override
    public Set<String> tags(List<Device> uplinks) {
        return Set.of(TAG);
    }

    @Override
    public Plumbing.Plug uplink(Device device) {
        return OutsideKernel.refusing(() -> {
            HostLink parent = parent(HostLinks.read());
            if (parent == null) {
                throw new DeviceException("the parent " + own.parent() + " is gone");
            }
            Macvtap macvtap = kept.taken(TAG, Macvtap::adopt, Macvtap::name);
            if (macvtap != null && !macvtap.isOn(parent.index(), mac)) {
                kept.drop(List.of(TAG));
                macvtap.delete();
                macvtap = null;
            }
            boolean fresh = macvtap == null;
            if (macvtap == null) {
                // One whose files were lost has our MAC address.
                Macvtap.deleteAllOf(OutsideKernel.aliasOf(runDirectory));
                macvtap = Macvtap.create(new Macvtap.Plan(
                        parent.index(),
                        NAME,
                        mac,
                        parent.mtu(),
                        workers,
                        OutsideKernel.aliasOf(runDirectory) + TAG,
                        runDirectory));
            }
            try {
                if (macvtap.queues(workers, runDirectory) || fresh) {
                    kept.drop(List.of(TAG));
                    kept.put(TAG, macvtap.fds());
                }
                for (IpAddress address : addresses) {
                    if (address instanceof Ipv6Address six) {
                        macvtap.join(LinkFrames.solicitedNodeMac(six.lo()));
                    }
                }
            } catch (RuntimeException e) {
                macvtap.delete();
                throw e;
            }
            LinkPlug plug = new LinkPlug(TAG, macvtap, macvtap.fds(), parent.index());
            current = plug;
            return plug;
        });
    }

    @Override
    public OwnLink link(Device device, Plumbing.Plug plug) {
        List<LinkAddress> on = own.addresses().stream()
                .map(address -> new LinkAddress(address.ip(), address.length()))
                .toList();
        return new OwnLink(mac, device.index(), on, own.gateways());
    }

    @Override
    public void unplug(Collection<Plumbing.Plug> plugs) {
        for (Plumbing.Plug plug : plugs) {
            LinkPlug link = (LinkPlug) plug;
            OutsideKernel.refusing(() -> {
                if (current == null || link.equals(current)) {
                    current = null;
                    kept.drop(List.of(TAG));
                }
                link.device().delete();
                return link;
            });
        }
    }

    @Override
    public void steer(Device device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        // All that comes to its MAC address is ours.
    }

    @Override
    public boolean isFirst(int device) {
        return true;
    }

    @Override
    public void unsteer(int device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        // Nothing was steered.
    }

    @Override
    public void unsteerOthers() {
        // Nothing was steered; what a shared uplink left was removed at the start.
    }

    @Override
    public void guardBinds() {
        // No socket of the host can have these addresses.
    }

    @Override
    public Held keepFromClients(int first, int last) {
        // They have other addresses.
        return () -> {};
    }

    @Override
    public PortMarks marks(IpAddress address) {
        return marks.computeIfAbsent(address, any -> PortMarks.inMemory());
    }

    @Override
    public void forgetAllBut(Set<IpAddress> kept) {
        marks.keySet().retainAll(kept);
    }

    @Override
    public void beat() {
        // Nobody waits for a sign of life: frames wait in the device's queues.
    }

    @Override
    public Held hold(@Nullable IpAddress address, PortProtocol protocol, int first, int last) {
        if (address != null && !PublishedPorts.isAny(address) && !addresses.contains(address)) {
            throw Refusal.conflict(
                    "address_not_here",
                    "failed to bind port " + PortSpec.bracketed(address) + ":" + first + "/" + protocol.word()
                            + ": cannot assign requested address: the uplink is dedicated, and ports are published on "
                            + addresses.stream().map(IpAddress::toString).collect(Collectors.joining(" and "))
                            + " only; leave the address out");
        }
        return () -> {};
    }

    @Override
    public List<HostSocket> socketsWithin(int first, int last) {
        return List.of();
    }

    @Override
    public EphemeralPorts localPorts() {
        return new EphemeralPorts(0, 0, new BitSet());
    }

    @Override
    public List<String> warnings() {
        String now = warning;
        return now.isEmpty() ? List.of() : List.of(now);
    }

    @Override
    public void removeAll() {
        OutsideKernel.refusing(() -> {
            removeTraces(kept, runDirectory);
            return runDirectory;
        });
    }

    /** {@return whether a daemon with this run directory left anything} */
    static boolean hasTraces(Path runDirectory) {
        return Files.exists(runDirectory.resolve(MAC));
    }

    /**
     * Removes the device that a daemon with this run directory made, and its MAC address. No process may use it.
     *
     * @throws DeviceException when the kernel or the rights do not allow it
     */
    static void removeDevice(KeptTaps kept, Path runDirectory) {
        kept.forget(TAG);
        Macvtap.deleteAllOf(OutsideKernel.aliasOf(runDirectory));
        try {
            Files.deleteIfExists(runDirectory.resolve(MAC));
        } catch (IOException e) {
            throw Refusal.failed("cannot remove " + runDirectory.resolve(MAC), e);
        }
    }

    /** Removes everything: that, and the flows. */
    static void removeTraces(KeptTaps kept, Path runDirectory) {
        removeDevice(kept, runDirectory);
        FlowMemory.removeFiles(runDirectory);
        OutsideSlots.remove(runDirectory);
    }
}
