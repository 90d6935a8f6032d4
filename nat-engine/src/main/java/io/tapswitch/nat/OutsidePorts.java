package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The ports of the host's addresses: which are NAT's to give, and who is told of them.
 *
 * <p><b>Theory of operation.</b> The {@link PortAllocator} knows ports of slots that are <i>open</i>, which costs a
 * millisecond and three megabytes once. The first {@value #PREPARED} addresses that routes may choose are opened with
 * the version; the others by the first mapping behind them, and most addresses of a host (gateways, loopback) never
 * have one. What is reserved in an open slot is the union of three reasons: published (the rules in force), reserved
 * (others' sockets), out of the range; so a port is only given back when none is left.
 *
 * <pre>
 *                     nobody's             NAT's, for a mapping        published, mappings still there
 *   allocator         free                 taken                       taken, not usable
 *   steered to        the host             this worker ({@link NatEngine.PortSink#onOwned})
 *                                                                      the endpoint's worker, by who published it
 * </pre>
 *
 * <p>A port that is published while a mapping holds it is retired: flows keep it, and no new one gets it. When the rule
 * goes before they do, the port is said to be NAT's again. When the published endpoint is another worker's, so are all
 * packets to the port from then on, and they must not meet what the two workers think of them: the flows end. So they
 * do when a socket of the host has the port: its packets are the host's (N7). The worker's thread.
 */
final class OutsidePorts {
    /** Addresses that are opened before they are used: those of two uplinks with both families. */
    static final int PREPARED = 4;

    private final FlowTable table;
    private final VersionInForce inForce;
    private final int worker;
    private final int workers;
    private final PortAllocator allocator;
    private final NatEngine.PortSink sink;
    private final NatCounters counters;
    private final BitSet open = new BitSet(PortAllocator.MAX_SLOTS);
    private List<DnatRule> rules = List.of();
    private List<NatVersion.PortRange> reserved = List.of();
    /** Of a version, as far as somebody asked: by protocol and slot; 8 KiB where an open slot has three megabytes. */
    private final Map<Integer, BitSet> reservedPorts = new HashMap<>();

    private NatVersion.NatOptions range = new NatVersion.NatOptions(0, 1, 0, 0, 0, true);
    private int[] hosts = {};
    private int nextHost;

    OutsidePorts(
            FlowTable table,
            VersionInForce inForce,
            int worker,
            int workers,
            NatEngine.PortSink sink,
            NatCounters counters) {
        this.table = table;
        this.inForce = inForce;
        this.worker = worker;
        this.workers = workers;
        this.allocator = new PortAllocator(worker, workers, this::isInRange);
        this.sink = sink;
        this.counters = counters;
    }

    /** Opens what will be used, so that no packet has to. The range is known already. */
    void prepare(NatVersion version) {
        Set<@Nullable IpAddress> unlikely = new HashSet<>();
        for (NatVersion.InsideNetwork network : version.networks()) {
            unlikely.add(network.gateway4());
            unlikely.add(network.gateway6());
        }
        int prepared = 0;
        for (NatVersion.OutsideAddress address : version.addresses()) {
            boolean loopback =
                    FlowTuple.isLoopback(InsideTable.hi(address.address()), InsideTable.lo(address.address()));
            if (!loopback && prepared < PREPARED && !unlikely.contains(address.address())) {
                prepared++;
                if (!open.get(address.slot())) {
                    open(address.slot());
                }
                allocator.prepareSlot(address.slot());
            }
        }
    }

    /** {@return a port for a new mapping of an endpoint, or {@link PortAllocator#NONE}} */
    int allocate(int protocol, int slot, int wanted, int endpoint, long nowMs) {
        if (!open.get(slot)) {
            open(slot);
        }
        int host = host(endpoint);
        if (isShort(protocol, slot, endpoint)) {
            return PortAllocator.NONE;
        }
        return allocator.allocate(protocol, slot, wanted, host, nowMs);
    }

    /**
     * {@return whether an endpoint has as many ports as it gets} TCP's may serve several endpoints when none is free
     * (N3); of others, half are always left to the others.
     */
    boolean isShort(int protocol, int slot, int endpoint) {
        return (protocol != IpProtocol.TCP || !inForce.portOverload)
                && allocator.hasHalf(protocol, slot, host(endpoint));
    }

    /** {@return a port that is used already, and passes the test} */
    int lend(int protocol, int slot, int wanted, int from, PortAllocator.PortTest test) {
        return allocator.lend(protocol, slot, wanted, from, test);
    }

    /** A port was given, and no flow came of it. */
    void giveBack(int protocol, int slot, int port, long nowMs) {
        allocator.release(protocol, slot, port, nowMs);
    }

    /** A mapping uses the port from now on. */
    void owned(int protocol, int slot, int port) {
        sink.onOwned(slot, protocol, port);
    }

    /** No flow uses the port any more. */
    void free(int protocol, int slot, int port, long nowMs) {
        allocator.release(protocol, slot, port, nowMs);
        if (!isPublished(protocol, slot, port)) {
            sink.onFree(slot, protocol, port);
        }
    }

    /** {@return how many ports could still be given; -1 of a slot that is not open} */
    int available(int protocol, int slot) {
        return open.get(slot) ? allocator.available(protocol, slot) : -1;
    }

    /** An endpoint is there that was not before, or is another one than before: it gets no other's resting port. */
    void newHost(int endpoint) {
        if (endpoint >= hosts.length) {
            int[] more = new int[endpoint + endpoint / 2 + 16];
            System.arraycopy(hosts, 0, more, 0, hosts.length);
            hosts = more;
        }
        hosts[endpoint] = ++nextHost & Integer.MAX_VALUE;
    }

    /** A recovered flow uses its port. */
    void claim(int slot) {
        FlowEntries flows = table.entries();
        int outside = flows.outsideSlot(slot);
        int port = flows.outsidePort(slot);
        int protocol = flows.protocol(slot);
        if (flows.kind(slot) != FlowEntries.OUTBOUND || port == 0) {
            return;
        }
        if (!open.get(outside)) {
            open(outside);
        }
        allocator.claim(protocol, outside, port, host(flows.endpoint(slot)));
        if (!isPublished(protocol, outside, port)) {
            sink.onOwned(outside, protocol, port);
        }
    }

    /** The slot has no address any more, or another one; its flows are gone. */
    void close(int slot) {
        if (open.get(slot)) {
            allocator.closeSlot(slot);
            open.clear(slot);
        }
    }

    /** Ports are given out of another range from now on. */
    void range(NatVersion.NatOptions options) {
        boolean same = options.firstPort() == range.firstPort()
                && options.lastPort() == range.lastPort()
                && options.excludedFirst() == range.excludedFirst()
                && options.excludedLast() == range.excludedLast();
        range = options;
        if (same) {
            return;
        }
        for (int slot = open.nextSetBit(0); slot >= 0; slot = open.nextSetBit(slot + 1)) {
            open(slot);
        }
        for (int flow = table.next(0); flow != FlowTable.ABSENT; flow = table.next(flow + 1)) {
            claim(flow);
        }
    }

    /** All rules and reservations, for slots that are opened later. The rules are in force already. */
    void reasons(List<DnatRule> allRules, List<NatVersion.PortRange> allReserved) {
        rules = allRules;
        reserved = allReserved;
        reservedPorts.clear();
    }

    /** Published from now on: what a mapping holds of it is retired, or ends when its packets go to another worker. */
    void published(DnatRule rule) {
        boolean elsewhere = rule.endpoint() % workers != worker;
        for (int slot = open.nextSetBit(0); slot >= 0; slot = open.nextSetBit(slot + 1)) {
            if (concerns(rule, slot)) {
                if (elsewhere) {
                    end(rule.protocol(), slot, rule.firstPort(), rule.lastPort());
                }
                take(rule.protocol(), slot, rule.firstPort(), rule.lastPort());
            }
        }
    }

    /** Published no longer. */
    void unpublished(DnatRule rule, long nowMs) {
        for (int slot = open.nextSetBit(0); slot >= 0; slot = open.nextSetBit(slot + 1)) {
            if (concerns(rule, slot)) {
                giveBack(rule.protocol(), slot, rule.firstPort(), rule.lastPort(), true, nowMs);
            }
        }
    }

    /** Somebody else's from now on: what a mapping holds of it is retired, or ends when a socket has the port. */
    void reserved(NatVersion.PortRange ports) {
        for (int slot = open.nextSetBit(0); slot >= 0; slot = open.nextSetBit(slot + 1)) {
            if (concerns(ports, slot)) {
                if (ports.inUse()) {
                    int ended = end(ports.protocol(), slot, ports.first(), ports.last());
                    counters.add(NatCounter.YIELDED, ended);
                }
                take(ports.protocol(), slot, ports.first(), ports.last());
            }
        }
    }

    /** Somebody else's no longer. */
    void unreserved(NatVersion.PortRange ports, long nowMs) {
        for (int slot = open.nextSetBit(0); slot >= 0; slot = open.nextSetBit(slot + 1)) {
            if (concerns(ports, slot)) {
                giveBack(ports.protocol(), slot, ports.first(), ports.last(), false, nowMs);
            }
        }
    }

    /** {@return whether a rule in force is for this port} */
    boolean isPublished(int protocol, int slot, int port) {
        return inForce.rules.find(slot, !isIpv4(slot), protocol, port) != DnatRules.NONE;
    }

    private void open(int slot) {
        allocator.openSlot(slot);
        open.set(slot);
        for (DnatRule rule : rules) {
            if (concerns(rule, slot)) {
                allocator.reserve(rule.protocol(), slot, rule.firstPort(), rule.lastPort());
            }
        }
        for (NatVersion.PortRange ports : reserved) {
            if (concerns(ports, slot)) {
                allocator.reserve(ports.protocol(), slot, ports.first(), ports.last());
            }
        }
    }

    /** Ends the flows of mappings that own ports, and those that borrow them: these are only found by a sweep. */
    private int end(int protocol, int slot, int first, int last) {
        int before = table.size();
        boolean lent = false;
        for (int port = first; port <= last; port++) {
            for (int flow = table.mappingOf(protocol, slot, port);
                    flow != FlowTable.ABSENT;
                    flow = table.mappingOf(protocol, slot, port)) {
                table.remove(flow);
            }
            lent |= table.portUsed(protocol, slot, port);
        }
        FlowEntries flows = table.entries();
        for (int flow = lent ? table.next(0) : FlowTable.ABSENT;
                flow != FlowTable.ABSENT;
                flow = table.next(flow + 1)) {
            if (flows.kind(flow) == FlowEntries.OUTBOUND
                    && flows.protocol(flow) == protocol
                    && flows.outsideSlot(flow) == slot
                    && flows.outsidePort(flow) >= first
                    && flows.outsidePort(flow) <= last) {
                table.remove(flow);
            }
        }
        return before - table.size();
    }

    private void take(int protocol, int slot, int first, int last) {
        allocator.reserve(protocol, slot, first, last);
        for (int port = first; port <= last; port++) {
            if (table.portUsed(protocol, slot, port)) {
                table.retirePort(protocol, slot, port);
            }
        }
    }

    private void giveBack(int protocol, int slot, int first, int last, boolean wasPublished, long nowMs) {
        BitSet others = reservedPorts(protocol, slot);
        for (int port = first; port <= last; port++) {
            if (isPublished(protocol, slot, port)) {
                continue;
            }
            if (!others.get(port)) {
                allocator.unreserve(protocol, slot, port, port, nowMs);
            }
            if (wasPublished && table.portUsed(protocol, slot, port)) {
                sink.onOwned(slot, protocol, port);
            }
        }
    }

    /** Made once in a version, so that thousands of rules that go together cost a walk over the ranges and no more. */
    private BitSet reservedPorts(int protocol, int slot) {
        return reservedPorts.computeIfAbsent(protocol * PortAllocator.MAX_SLOTS + slot, key -> {
            BitSet ports = new BitSet();
            for (NatVersion.PortRange some : reserved) {
                if (some.protocol() == protocol && concerns(some, slot)) {
                    ports.set(some.first(), some.last() + 1);
                }
            }
            return ports;
        });
    }

    private boolean concerns(DnatRule rule, int slot) {
        return (rule.outside() == slot || rule.outside() == DnatRule.ANY)
                && rule.inside().isIpv6() != isIpv4(slot);
    }

    private static boolean concerns(NatVersion.PortRange ports, int slot) {
        return ports.slot() == slot || ports.slot() == DnatRule.ANY;
    }

    private boolean isIpv4(int slot) {
        return FlowTuple.isV4(table.header.outsideHi(slot), table.header.outsideLo(slot));
    }

    private boolean isInRange(int port) {
        return port >= range.firstPort()
                && port <= range.lastPort()
                && (port < range.excludedFirst() || port > range.excludedLast());
    }

    private int host(int endpoint) {
        return endpoint < hosts.length ? hosts[endpoint] : 0;
    }
}
