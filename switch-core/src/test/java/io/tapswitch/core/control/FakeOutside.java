package io.tapswitch.core.control;

import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A host without a kernel: devices that a test sets, marks in plain memory, sockets that are only names. */
class FakeOutside implements OutsideKernel {
    /** lo, index 1. */
    static final Device LO =
            new Device(1, "lo", 65_536, true, true, 0, List.of(IpAddress.parse("127.0.0.1"), IpAddress.parse("::1")));
    /** eth0, index 2, with 192.0.2.1 and 2001:db8::1. */
    static final Device ETH0 = new Device(
            2,
            "eth0",
            1500,
            true,
            false,
            0x0200_0000_0001L,
            List.of(IpAddress.parse("192.0.2.1"), IpAddress.parse("2001:db8::1")));

    /** What the host has. */
    List<Device> devices = new ArrayList<>(List.of(LO, ETH0));
    /** The one device that may be an uplink, null for all. */
    @Nullable
    String only;
    /** TAPs that are there, by tag. */
    final Map<String, Plumbing.Plug> taps = new LinkedHashMap<>();
    /** Devices that are steered. */
    final Set<Integer> steered = new TreeSet<>();
    /** Marks of each address. */
    final Map<IpAddress, PortMarks> marks = new HashMap<>();
    /** Most addresses that ever had marks at one time. */
    int most;
    /** What is held, as "address protocol first-last". */
    final List<String> held = new ArrayList<>();
    /** What cannot be held, in the same words. */
    final Set<String> busy = new TreeSet<>();
    /** Ports that sockets of the host have. */
    List<HostSocket> sockets = List.of();
    /** What the host's own clients use, and what the operator reserved. */
    EphemeralPorts local = new EphemeralPorts(32_768, 60_999, new BitSet());
    /** What breaks when an uplink's TAP is made, null for nothing. */
    @Nullable
    RuntimeException broken;
    /** What happened, in order. */
    final List<String> told = new ArrayList<>();

    private final Path directory;
    private int files = 1_000;
    private final AtomicInteger beats = new AtomicInteger();

    FakeOutside(Path directory) {
        this.directory = directory;
    }

    int beats() {
        return beats.get();
    }

    @Override
    public @Nullable String only() {
        return only;
    }

    @Override
    public Duration grace() {
        return Duration.ofSeconds(5);
    }

    @Override
    public Path slotsFile() {
        return directory.resolve("slots");
    }

    @Override
    public List<Device> devices() {
        return List.copyOf(devices);
    }

    @Override
    public Plumbing.Plug uplink(Device device) {
        if (broken != null) {
            throw broken;
        }
        return taps.computeIfAbsent(OutsideWiring.tag(device), tag -> new FakePlumbing.FakePlug(tag, List.of(files++)));
    }

    @Override
    public void unplug(Collection<Plumbing.Plug> plugs) {
        plugs.forEach(plug -> taps.remove(plug.tag()));
    }

    @Override
    public void steer(Device device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        steered.add(device.index());
        told.add("steer " + device.name());
    }

    @Override
    public boolean isFirst(int device) {
        return true;
    }

    @Override
    public void unsteer(int device, Plumbing.Plug plug, Plumbing.@Nullable Plug tunnel) {
        steered.remove(device);
    }

    @Override
    public void unsteerOthers() {
        told.add("unsteer others");
    }

    @Override
    public void guardBinds() {
        told.add("guard binds");
    }

    @Override
    public Held keepFromClients(int first, int last) {
        told.add("keep " + first + "-" + last);
        return () -> told.add("give back " + first + "-" + last);
    }

    @Override
    public PortMarks marks(IpAddress address) {
        PortMarks of = marks.computeIfAbsent(address, any -> PortMarks.inMemory());
        most = Math.max(most, marks.size());
        return of;
    }

    @Override
    public void forgetAllBut(Set<IpAddress> addresses) {
        marks.keySet().retainAll(addresses);
    }

    @Override
    public void beat() {
        beats.incrementAndGet();
    }

    @Override
    public Held hold(@Nullable IpAddress address, PortProtocol protocol, int first, int last) {
        String what = (address == null ? "*" : address) + " " + protocol.number() + " " + first + "-" + last;
        if (busy.contains(what)) {
            throw Refusal.conflict("port_allocated", what + " is somebody's");
        }
        held.add(what);
        told.add("hold " + what);
        return () -> {
            held.remove(what);
            told.add("release " + what);
        };
    }

    @Override
    public List<HostSocket> socketsWithin(int first, int last) {
        return sockets;
    }

    @Override
    public EphemeralPorts localPorts() {
        return local;
    }

    @Override
    public void removeAll() {
        steered.clear();
        marks.clear();
        told.add("remove all");
    }
}
