package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.DnatRules;
import io.tapswitch.nat.FlowLimits;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.InsideEndpoint;
import io.tapswitch.nat.NatVersion.InsideNetwork;
import io.tapswitch.nat.NatVersion.NatOptions;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A switch on a host with an outside: networks 0 (10.0.0.0/24, fd00::/64; ports 0 to 3) and 1 (10.1.0.0/24, fd01::/64;
 * ports 4 to 7), a host with 192.0.2.1 and 2001:db8::1 on eth0, and everything else behind that. Port i is read by
 * worker i mod workers.
 */
final class OutsideWorld {
    static final int ETH0 = 20;
    static final int LO = 21;
    static final int HOST = 22;
    static final int ETH1 = 23;
    static final int DEVICE_ETH1 = 3;
    static final int DEVICE_ETH0 = 2;
    static final int DEVICE_LO = 1;
    static final int NETWORK_PORTS = 4;

    static final String HOST4 = "192.0.2.1";
    static final String HOST6 = "2001:db8::1";
    /** At eth1. */
    static final String OTHER4 = "192.0.2.129";

    static final String OTHER6 = "2001:db8:1::1";
    /** Slots by index. */
    static final List<String> ADDRESSES =
            List.of(HOST4, HOST6, "10.0.0.1", "fd00::1", "10.1.0.1", "fd01::1", "127.0.0.1", "::1", OTHER4, OTHER6);

    /** Addresses that the host does not have any more. */
    final Set<String> lost = new HashSet<>();

    static final FlowLimits LIMITS = new FlowLimits(1 << 12, 64, 16, 1 << 11);

    /** Routes of the host: everything by eth0, but what a test says. */
    static final class FakeRoutes implements RouteSource {
        final Map<IpAddress, Integer> kinds = new HashMap<>();
        final Map<IpAddress, Integer> devices = new HashMap<>();
        final Map<IpAddress, Integer> mtus = new HashMap<>();
        int asked;
        /** Answers without allocating: the default route, with an MTU of 576 to addresses that end with 8. */
        boolean quiet;

        private static final long SOURCE4 = 0xffff_0000_0000L | 0xc000_0201L;

        @Override
        public void ask(long hi, long lo, Route into) {
            asked++;
            if (quiet) {
                into.kind = Route.UNICAST;
                into.device = DEVICE_ETH0;
                into.mtu = (lo & 0xff) == 8 ? 576 : 0;
                into.sourceHi = hi == 0 ? 0 : 0x2001_0db8_0000_0000L;
                into.sourceLo = hi == 0 ? SOURCE4 : 1;
                return;
            }
            boolean four = hi == 0 && lo >>> 32 == 0xffff;
            IpAddress address = four ? Ipv4Address.fromBits((int) lo) : new Ipv6Address(hi, lo);
            into.kind = kinds.getOrDefault(address, Route.UNICAST);
            into.device = devices.getOrDefault(address, DEVICE_ETH0);
            into.mtu = mtus.getOrDefault(address, 0);
            boolean first = into.device != DEVICE_ETH1;
            IpAddress source = IpAddress.parse(four ? first ? HOST4 : OTHER4 : first ? HOST6 : OTHER6);
            into.sourceHi = source instanceof Ipv6Address six ? six.hi() : 0;
            into.sourceLo = switch (source) {
                case Ipv6Address six -> six.lo();
                case Ipv4Address v4 -> 0xffff_0000_0000L | (v4.bits() & 0xffff_ffffL);
            };
        }
    }

    final int workers;
    final FakeRoutes routes = new FakeRoutes();
    final TestSwitch tested;
    final Map<Integer, PortMarks> marks = new TreeMap<>();
    final List<DnatRule> rules = new ArrayList<>();
    int uplinkMtu = 1500;
    /** What the switch is on eth0 in its own right, null where it is the host. */
    @Nullable
    OwnLink link;

    OutsideWorld(int workers) {
        this(workers, Frames6.network(0, "10.0.0.1", "fd00::1", false, true));
    }

    /** With another network 0. */
    OutsideWorld(int workers, NetworkSettings first) {
        this.workers = workers;
        List<NatResources.Share> shares = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            shares.add(new NatResources.Share(
                    new UnsafeBuffer(java.nio.ByteBuffer.allocateDirect((int) LIMITS.keptLength() + 64)),
                    new UnsafeBuffer(java.nio.ByteBuffer.allocateDirect((int) LIMITS.derivedLength() + 64)),
                    routes));
        }
        tested = new TestSwitch(workers, new NatResources(LIMITS, 1, 2, shares));
        tested.addNetwork(first);
        tested.addNetwork(Frames6.network(1, "10.1.0.1", "fd01::1", false, true));
        for (int port = 0; port < 2 * NETWORK_PORTS; port++) {
            tested.put(settings(port));
        }
        tested.host(
                HOST,
                Set.of(HOST4, HOST6, "10.0.0.1", "fd00::1", "10.1.0.1", "fd01::1").stream()
                        .map(IpAddress::parse)
                        .collect(Collectors.toSet()));
        for (int slot = 0; slot < ADDRESSES.size(); slot++) {
            marks.put(slot, PortMarks.inMemory());
        }
        take();
    }

    PortSettings settings(int port) {
        int worker = port % workers;
        return new PortSettings(
                port,
                port / NETWORK_PORTS,
                worker,
                List.of(port),
                TestSwitch.mac(port),
                (Ipv4Address) address(port, false),
                (Ipv6Address) address(port, true),
                true);
    }

    static IpAddress address(int port, boolean ipv6) {
        int network = port / NETWORK_PORTS;
        int last = 2 + port % NETWORK_PORTS;
        return IpAddress.parse(ipv6 ? "fd0" + network + "::" + last : "10." + network + ".0." + last);
    }

    static End end(int port, boolean ipv6, int number) {
        return new End(address(port, ipv6), number);
    }

    static long gatewayMac(int port) {
        return 0x0242_0a00_0001L + ((long) (port / NETWORK_PORTS) << 16);
    }

    /** {@return frames that a container sends to its gateway} */
    static NatFrames container(int port) {
        return new NatFrames(gatewayMac(port), TestSwitch.mac(port));
    }

    /** {@return frames that come by an uplink} */
    static NatFrames outside() {
        return new NatFrames(0x0200_0000_0020L, 0x0200_0000_0021L);
    }

    /** {@return frames that come by lo} */
    static NatFrames local() {
        return new NatFrames(0, 0);
    }

    /** Publishes a port of all of the host's addresses for an endpoint's, and marks it as the control plane does. */
    void publish(int id, int protocol, int outsidePort, int port, int insidePort) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            rules.add(new DnatRule(
                    id,
                    DnatRule.ANY,
                    protocol,
                    outsidePort,
                    outsidePort,
                    port / NETWORK_PORTS,
                    port,
                    address(port, ipv6),
                    insidePort,
                    List.of()));
        }
        take();
        marks.values().forEach(mark -> mark.mark(kind(protocol), outsidePort, port % workers));
    }

    static int kind(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> PortMarks.TCP;
            case IpProtocol.UDP -> PortMarks.UDP;
            case IpProtocol.SCTP -> PortMarks.SCTP;
            default -> PortMarks.ICMP_ID;
        };
    }

    /** Takes rules and ports into force as they stand. */
    void take() {
        List<OutsideAddress> addresses = new ArrayList<>();
        for (int slot = 0; slot < ADDRESSES.size(); slot++) {
            if (!lost.contains(ADDRESSES.get(slot))) {
                addresses.add(new OutsideAddress(slot, IpAddress.parse(ADDRESSES.get(slot))));
            }
        }
        List<InsideEndpoint> endpoints = tested.tables().ports().values().stream()
                .filter(port -> !internal(port.network()))
                .map(port -> new InsideEndpoint(port.id(), port.network(), port.ipv4(), port.ipv6()))
                .toList();
        List<InsideNetwork> networks = tested.tables().networks().values().stream()
                .filter(network -> !network.internal())
                .map(network -> new InsideNetwork(
                        network.id(),
                        network.gateways().get(0).address(),
                        network.gateways().get(1).address(),
                        false))
                .toList();
        NatOptions options = new NatOptions(30_000, 1024, 65_535, 32_768, 60_999, true);
        NatVersion nat = new NatVersion(
                addresses, networks, endpoints, List.copyOf(rules), DnatRules.compile(rules), List.of(), options);
        List<UplinkSettings> uplinks = List.of(
                new UplinkSettings(ETH0, files(ETH0 + (link == null ? 0 : 80)), DEVICE_ETH0, false, uplinkMtu, link),
                new UplinkSettings(LO, files(LO), DEVICE_LO, true, 65_536),
                new UplinkSettings(ETH1, files(ETH1), DEVICE_ETH1, false, uplinkMtu));
        tested.outside(new OutsideSettings(
                nat, marks, uplinks, Map.of(0, DEVICE_ETH0, 1, DEVICE_ETH0, 8, DEVICE_ETH1, 9, DEVICE_ETH1)));
    }

    private boolean internal(int network) {
        NetworkSettings settings = tested.tables().networks().get(network);
        return settings == null || settings.internal();
    }

    private List<Integer> files(int port) {
        List<Integer> files = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            files.add(port * 100 + i);
        }
        return files;
    }

    /** {@return the one frame that was written when a container sent one; it went to a port} */
    Frame send(int port, Frame frame, int to) {
        tested.send(port, frame);
        return one(to);
    }

    /** Lets a frame arrive by an uplink, at the queue that the kernel would choose, and returns the one written. */
    Frame arrive(int uplink, Frame frame, int to) {
        bring(uplink, frame);
        return one(to);
    }

    void bring(int uplink, Frame frame) {
        tested.written.clear();
        tested.arrive(uplink, steered(frame), frame);
        tested.settle();
    }

    /** {@return the worker whose queue the marks choose; 0 without a mark, as for a clone} */
    private int steered(Frame frame) {
        PortMarks marked =
                marks.get(ADDRESSES.indexOf(NatFrames.destinationAddress(frame).toString()));
        int protocol = kind(NatFrames.protocol(frame));
        return marked == null
                ? 0
                : Math.max(
                        0, marked.owner(protocol, NatFrames.destination(frame).port()));
    }

    Frame one(int to) {
        assertThat(tested.written).as("frames written; dropped: %s", drops()).hasSize(1);
        assertThat(tested.written.getFirst().port()).isEqualTo(to);
        return NatFrames.of(tested.written.getFirst().bytes());
    }

    void nothing() {
        assertThat(tested.written).isEmpty();
    }

    /** {@return all frames that were written to a port} */
    List<Frame> all(int to) {
        return tested.written.stream()
                .filter(written -> written.port() == to)
                .map(written -> NatFrames.of(written.bytes()))
                .toList();
    }

    /** {@return why frames were dropped, over all ports} */
    Map<DropReason, Long> drops() {
        Map<DropReason, Long> drops = new TreeMap<>();
        for (int port = 0; port <= HOST; port++) {
            tested.counters(port).drops().forEach((reason, count) -> drops.merge(reason, count, Long::sum));
        }
        return drops;
    }

    static long destinationMac(Frame frame) {
        return EthernetHeader.destination(frame.ethernet(), 0);
    }

    static long sourceMac(Frame frame) {
        return EthernetHeader.source(frame.ethernet(), 0);
    }

    @Nullable
    DropReason onlyDrop() {
        Map<DropReason, Long> drops = drops();
        return drops.size() == 1 ? drops.keySet().iterator().next() : null;
    }
}
