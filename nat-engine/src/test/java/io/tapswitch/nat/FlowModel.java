package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** What a flow table is, said with maps of records: the judge of the property test. */
final class FlowModel implements FlowListener {
    record InsideKey(int protocol, int network, long hi, long lo, int port, long peerHi, long peerLo, int peerPort) {
        static InsideKey of(FlowTuple t) {
            return new InsideKey(
                    t.protocol,
                    t.network,
                    t.insideHi,
                    t.insideLo,
                    t.insidePort,
                    t.seenPeerHi(),
                    t.seenPeerLo(),
                    t.seenPort());
        }
    }

    record OutsideKey(int protocol, int slot, int port, long peerHi, long peerLo, int peerPort) {
        static OutsideKey of(FlowTuple t) {
            return new OutsideKey(t.protocol, t.outsideSlot, t.outsidePort, t.peerHi, t.peerLo, t.peerPort);
        }
    }

    record MappingKey(int protocol, int network, long hi, long lo, int port, int slot) {
        static MappingKey of(FlowTuple t) {
            return new MappingKey(t.protocol, t.network, t.insideHi, t.insideLo, t.insidePort, t.outsideSlot);
        }
    }

    record PortKey(int protocol, int slot, int port) {
        static PortKey of(FlowTuple t) {
            return new PortKey(t.protocol, t.outsideSlot, t.outsidePort);
        }
    }

    record Key(InsideKey inside, OutsideKey outside, int kind, int endpoint, int rule, int seenPeer, int seenPort) {
        static Key of(FlowTuple t) {
            return new Key(InsideKey.of(t), OutsideKey.of(t), t.kind, t.endpoint, t.rule, t.seenPeer, t.seenPort);
        }
    }

    /** A flow. Queues hold it by identity. */
    static final class Flow {
        final Key key;
        final MappingKey mapping;
        final PortKey port;
        int slot = -1;
        boolean dependent;
        int standing = FlowEntries.UNREPLIED;
        int timerClass;
        long seenMs;
        int state;
        long bytes;
        long window;

        Flow(FlowTuple t) {
            key = Key.of(t);
            mapping = MappingKey.of(t);
            port = PortKey.of(t);
            dependent = t.dependent;
        }

        int owner() {
            return key.endpoint * 2 + key.kind - 1;
        }

        long deadlineMs() {
            return seenMs + FlowWorld.TIMEOUTS_MS[timerClass];
        }

        boolean mapped() {
            return key.kind == FlowEntries.OUTBOUND && !dependent;
        }
    }

    final FlowWorld world;
    final Map<InsideKey, Flow> byInside = new HashMap<>();
    final Map<OutsideKey, Flow> byOutside = new HashMap<>();
    final Map<Integer, Flow> bySlot = new TreeMap<>();
    private final Map<Integer, Set<Flow>> queues = new HashMap<>();
    private final Set<PortKey> toldFree = new LinkedHashSet<>();
    private final Set<PortKey> foundFree = new LinkedHashSet<>();
    /** What the present call may remove at the caller's wish. */
    private final Set<Flow> condemned = new LinkedHashSet<>();

    int evictions;
    int expirations;

    FlowModel(FlowWorld world) {
        this.world = world;
    }

    List<Flow> flows() {
        return new ArrayList<>(byInside.values());
    }

    private Flow at(int slot) {
        return Objects.requireNonNull(bySlot.get(slot), () -> "no flow in slot " + slot);
    }

    private Set<Flow> queue(int owner, int standing) {
        return queues.computeIfAbsent(owner * 4 + standing, _ -> new LinkedHashSet<>());
    }

    private int evictable(int owner) {
        return queue(owner, FlowEntries.UNREPLIED).size()
                + queue(owner, FlowEntries.CLOSED).size();
    }

    int count(int owner) {
        return evictable(owner) + queue(owner, FlowEntries.FIRM).size();
    }

    /** {@return what an insertion must answer; 0 for a slot} */
    int expectedRefusal(FlowTuple t) {
        Flow flow = new Flow(t);
        if (byInside.containsKey(flow.key.inside) || byOutside.containsKey(flow.key.outside)) {
            return FlowRefusal.DUPLICATE;
        }
        if (flow.mapped()) {
            for (Flow other : byInside.values()) {
                if (other.mapped() && other.mapping.equals(flow.mapping)) {
                    return other.port.equals(flow.port) ? refusalForRoom(flow) : FlowRefusal.MAPPED_ELSEWHERE;
                }
            }
            for (Flow other : byInside.values()) {
                if (hasPorts(t.protocol) && other.mapped() && other.port.equals(flow.port)) {
                    return FlowRefusal.PORT_TAKEN;
                }
            }
        }
        return refusalForRoom(flow);
    }

    private int refusalForRoom(Flow flow) {
        int owner = flow.owner();
        boolean gives = !queue(owner, FlowEntries.CLOSED).isEmpty()
                || (flow.key.kind == FlowEntries.INBOUND
                        && !queue(owner, FlowEntries.UNREPLIED).isEmpty());
        if (count(owner) >= world.limits.quota() && !gives) {
            return FlowRefusal.QUOTA;
        }
        boolean full = byInside.size() >= world.limits.capacity() - 1;
        return full && byInside.values().stream().allMatch(f -> f.standing == FlowEntries.FIRM) ? FlowRefusal.FULL : 0;
    }

    static boolean hasPorts(int protocol) {
        return protocol == 6 || protocol == 17 || protocol == 1;
    }

    Flow add(FlowTuple t, int timerClass) {
        Flow flow = new Flow(t);
        flow.timerClass = timerClass;
        flow.seenMs = world.nowMs;
        byInside.put(flow.key.inside, flow);
        byOutside.put(flow.key.outside, flow);
        queue(flow.owner(), flow.standing).add(flow);
        return flow;
    }

    void placed(Flow flow, int slot) {
        flow.slot = slot;
        assertThat(bySlot.put(slot, flow)).isNull();
    }

    void standing(Flow flow, int standing) {
        if (flow.standing != standing) {
            queue(flow.owner(), flow.standing).remove(flow);
            flow.standing = standing;
            queue(flow.owner(), standing).add(flow);
        }
    }

    void condemn(List<Flow> flows) {
        condemned.clear();
        condemned.addAll(flows);
    }

    /** A later process has the flows in the order of their slots. */
    void reopened() {
        queues.clear();
        bySlot.values().forEach(flow -> queue(flow.owner(), flow.standing).add(flow));
    }

    @Override
    public void onEnd(int slot, FlowEnd why) {
        Flow flow = at(slot);
        FlowTuple t = new FlowTuple();
        world.table.entries().read(slot, t);
        assertThat(Key.of(t)).isEqualTo(flow.key);
        switch (why) {
            case EXPIRED -> {
                assertThat(flow.deadlineMs()).isLessThanOrEqualTo(world.nowMs);
                expirations++;
            }
            case EVICTED -> {
                assertEvictable(flow);
                evictions++;
            }
            case REMOVED -> assertThat(condemned).contains(flow);
        }
        forget(flow);
    }

    private void assertEvictable(Flow flow) {
        assertThat(flow.standing).isNotEqualTo(FlowEntries.FIRM);
        Set<Flow> closed = queue(flow.owner(), FlowEntries.CLOSED);
        Flow first = (closed.isEmpty() ? queue(flow.owner(), FlowEntries.UNREPLIED) : closed)
                .iterator()
                .next();
        assertThat(first).as("the oldest of its owner").isSameAs(flow);
        if (count(flow.owner()) <= world.limits.quota()) {
            int heaviest = List.copyOf(queues.keySet()).stream()
                    .map(key -> key / 4)
                    .distinct()
                    .map(this::evictable)
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
            assertThat(Integer.highestOneBit(evictable(flow.owner()))).isEqualTo(Integer.highestOneBit(heaviest));
        }
    }

    private void forget(Flow flow) {
        byInside.remove(flow.key.inside);
        byOutside.remove(flow.key.outside);
        bySlot.remove(flow.slot);
        queue(flow.owner(), flow.standing).remove(flow);
        if (flow.key.kind == FlowEntries.OUTBOUND && !used(flow.port)) {
            foundFree.add(flow.port);
        }
    }

    boolean used(PortKey port) {
        return hasPorts(port.protocol)
                && byInside.values().stream()
                        .anyMatch(flow -> flow.key.kind == FlowEntries.OUTBOUND && flow.port.equals(port));
    }

    @Override
    public void onPortFree(int protocol, int outsideSlot, int port) {
        PortKey key = new PortKey(protocol, outsideSlot, port);
        assertThat(used(key)).as("still used: %s", key).isFalse();
        toldFree.add(key);
    }

    /** Was told of each port that became free, and of no other. */
    void assertPortsTold() {
        toldFree.removeIf(port -> !hasPorts(port.protocol));
        foundFree.removeIf(port -> !hasPorts(port.protocol));
        assertThat(toldFree).isEqualTo(foundFree);
        toldFree.clear();
        foundFree.clear();
    }

    /** The table says what the model says, whatever it is asked. */
    void assertSame() {
        FlowTable table = world.table;
        assertThat(table.size()).isEqualTo(byInside.size());
        List<Integer> slots = new ArrayList<>();
        for (int slot = table.next(0); slot != FlowTable.ABSENT; slot = table.next(slot + 1)) {
            slots.add(slot);
        }
        assertThat(slots).isEqualTo(new ArrayList<>(bySlot.keySet()));
        Map<Integer, Integer> ofOwner = new HashMap<>();
        for (Flow flow : byInside.values()) {
            assertFlow(flow);
            ofOwner.merge(flow.owner(), 1, Integer::sum);
        }
        ofOwner.forEach((owner, count) ->
                assertThat(table.size(owner >> 1, (owner & 1) + 1)).isEqualTo(count));
    }

    private void assertFlow(Flow flow) {
        FlowTable table = world.table;
        FlowEntries entries = table.entries();
        FlowTuple t = new FlowTuple();
        entries.read(flow.slot, t);
        assertThat(Key.of(t)).isEqualTo(flow.key);
        assertThat(t.isDependent()).isEqualTo(flow.dependent);
        assertThat(table.findOutside(t)).isEqualTo(flow.slot);
        assertThat(table.findInside(t.lookup(t.protocol)
                        .peer(flow.key.inside.peerHi, flow.key.inside.peerLo, flow.key.inside.peerPort)))
                .isEqualTo(flow.slot);
        assertThat(entries.standing(flow.slot)).isEqualTo(flow.standing);
        assertThat(entries.protocolState(flow.slot)).isEqualTo(flow.state);
        assertThat(entries.bytes(flow.slot, FlowEntries.TO_INSIDE)).isEqualTo(flow.bytes);
        assertThat(entries.window(flow.slot, FlowEntries.TO_PEER)).isEqualTo(flow.window);
        assertThat(table.deadlineMs(flow.slot)).isEqualTo(flow.deadlineMs());
        if (flow.mapped()) {
            assertThat(table.mappedPort(t)).isEqualTo(flow.port.port);
            if (hasPorts(flow.port.protocol)) {
                int other = table.mappingOf(flow.port.protocol, flow.port.slot, flow.port.port);
                assertThat(at(other).mapping).isEqualTo(flow.mapping);
            }
        }
        if (flow.key.kind == FlowEntries.OUTBOUND && hasPorts(flow.port.protocol)) {
            assertThat(table.portUsed(flow.port.protocol, flow.port.slot, flow.port.port))
                    .isTrue();
        }
    }

    /** Nothing is more than a tick late. */
    void assertNothingOverdue() {
        for (Flow flow : byInside.values()) {
            assertThat(flow.deadlineMs()).isGreaterThan(world.nowMs - ExpiryWheel.TICK_MS);
        }
    }
}
