package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.dns.ClientView;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.MemoryFrameIo;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.CachedNanoClock;
import org.jspecify.annotations.Nullable;

/**
 * A switch of one or several workers on in-memory I/O, whose duty cycles and clock the test drives by hand. Ports 0, 1,
 * 2 ... of network 0 have MAC {@link #mac} and address {@link #address}; the gateway is 10.0.0.1.
 */
final class TestSwitch {
    static final int GATEWAY = 0x0a00_0001;
    static final long GATEWAY_MAC = 0x0242_0a00_0001L;
    static final long HOST_MAC = 0x0200_0000_00aaL;
    static final long PEER_MAC = 0x0200_0000_00bbL;
    static final NetworkSettings NETWORK =
            new NetworkSettings(0, GATEWAY, GATEWAY_MAC, 24, 1500, false, 0, 10_000, 64, 1024);

    /** A frame that was written to a port. */
    static final class Written {
        private final int port;
        private final byte[] bytes;

        Written(int port, byte[] bytes) {
            this.port = port;
            this.bytes = bytes;
        }

        int port() {
            return port;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    private static final int SLOTS_PER_WORKER = 64;

    final CachedNanoClock clock = new CachedNanoClock();
    final Worker[] workers;
    final MemoryFrameIo[] ios;
    final List<Written> written = new ArrayList<>();
    /** What was written while the last version was taken into force: announcements. */
    final List<Written> announced = new ArrayList<>();

    final List<String> news = new ArrayList<>();
    private final FrameMemory memory;
    private final Map<DatapathCounters.Term, Long> before = new EnumMap<>(DatapathCounters.Term.class);
    private SwitchTables tables = SwitchTables.EMPTY;
    private @Nullable HostSettings host;
    private @Nullable OutsideSettings outside;
    private @Nullable NamesListenerSettings listener;
    private @Nullable OverlaySettings overlay;
    private int result = Integer.MIN_VALUE;

    TestSwitch(int workerCount) {
        this(workerCount, null);
    }

    TestSwitch(int workerCount, @Nullable NatResources nat) {
        memory = FrameMemory.onHeap(SLOTS_PER_WORKER * workerCount);
        workers = new Worker[workerCount];
        ios = new MemoryFrameIo[workerCount];
        HandoffRing[][] rings = new HandoffRing[workerCount][workerCount];
        Doorbell[] doorbells = new Doorbell[workerCount];
        for (int i = 0; i < workerCount; i++) {
            doorbells[i] = new Doorbell(() -> {});
            ios[i] = new MemoryFrameIo(memory, i * SLOTS_PER_WORKER, SLOTS_PER_WORKER);
            ios[i].egress(this::onWrite);
            for (int j = 0; j < workerCount; j++) {
                rings[i][j] = new HandoffRing(16);
            }
        }
        for (int i = 0; i < workerCount; i++) {
            int index = i;
            workers[i] = new Worker(i, clock, () -> ios[index], rings, doorbells, SLOTS_PER_WORKER, nat, listener());
            workers[i].onStart();
        }
    }

    /** One worker, network 0, and so many ports. */
    static TestSwitch withPorts(int ports) {
        return withPorts(1, NETWORK, ports);
    }

    /** Port i is read by worker i mod workers. */
    static TestSwitch withPorts(int workers, NetworkSettings network, int ports) {
        TestSwitch tested = new TestSwitch(workers);
        tested.addNetwork(network);
        for (int port = 0; port < ports; port++) {
            tested.addPort(port, network.id(), false);
        }
        return tested;
    }

    void addNetwork(NetworkSettings network) {
        Map<Integer, NetworkSettings> networks = new TreeMap<>(tables.networks());
        networks.put(network.id(), network);
        apply(tables(networks, tables.ports()));
    }

    void addPort(int port, int network, boolean guarded) {
        Ipv4Address address = Ipv4Address.fromBits(address(port));
        put(new PortSettings(port, network, port % workers.length, List.of(port), mac(port), address, null, guarded));
    }

    /** Adds a port, or changes it. */
    void put(PortSettings port) {
        Map<Integer, PortSettings> ports = new TreeMap<>(tables.ports());
        ports.put(port.id(), port);
        apply(tables(tables.networks(), ports));
    }

    void removePort(int port) {
        Map<Integer, PortSettings> ports = new TreeMap<>(tables.ports());
        ports.remove(port);
        apply(tables(tables.networks(), ports));
    }

    /** Switches the source guard of a port on. */
    void guard(int port) {
        addPort(port, 0, true);
    }

    /** {@return the next version: these networks and ports, and neighbour tables that fit} */
    SwitchTables tables(Map<Integer, NetworkSettings> networks, Map<Integer, PortSettings> ports) {
        Map<Integer, NeighbourTable> neighbours = new TreeMap<>();
        for (int network : networks.keySet()) {
            neighbours.put(
                    network,
                    new NeighbourTable(ports.values().stream()
                            .filter(port -> port.network() == network)
                            .flatMap(TestSwitch::neighbours)
                            .toList()));
        }
        if (overlay != null) {
            neighbours.replaceAll((network, local) -> withRemote(network, ports.values()));
        }
        return new SwitchTables(
                tables.version() + 1,
                networks,
                neighbours,
                ports,
                host == null ? null : host(networks, ports),
                outside,
                listener,
                tables.views(),
                overlay);
    }

    private NeighbourTable withRemote(int network, Collection<PortSettings> ports) {
        List<NeighbourTable.Neighbour> all = new ArrayList<>();
        ports.stream()
                .filter(port -> port.network() == network)
                .flatMap(TestSwitch::neighbours)
                .forEach(all::add);
        Objects.requireNonNull(overlay).endpoints().stream()
                .filter(endpoint -> endpoint.network() == network)
                .forEach(endpoint -> Stream.of(
                                Optional.<IpAddress>ofNullable(endpoint.ipv4()),
                                Optional.<IpAddress>ofNullable(endpoint.ipv6()))
                        .flatMap(Optional::stream)
                        .forEach(address -> all.add(new NeighbourTable.Neighbour(
                                address, endpoint.mac(), endpoint.port(), endpoint.network()))));
        return new NeighbourTable(all);
    }

    /** Gives the switch tunnels to other hosts, or others, or none; it takes the version at once. */
    void overlay(@Nullable OverlaySettings settings) {
        overlay = settings;
        apply(tables(tables.networks(), tables.ports()));
    }

    /** Lets the clients behind ports see names. */
    void views(Map<Integer, ClientView> views) {
        apply(tables(tables.networks(), tables.ports()).with(new ClientViews(views)));
    }

    /** Gives the switch a listener for names by TCP, or none; it takes the version at once. */
    void listener(@Nullable NamesListenerSettings settings) {
        listener = settings;
        apply(tables(tables.networks(), tables.ports()));
    }

    /** Gives the switch a way to the outside, or another, or none; it takes the version at once. */
    void outside(@Nullable OutsideSettings settings) {
        outside = settings;
        apply(tables(tables.networks(), tables.ports()));
    }

    /** Gives the switch a host, at a port and with addresses; it reaches all networks that are not internal. */
    void host(int port, Set<IpAddress> addresses) {
        host = new HostSettings(port, List.of(port), HOST_MAC, PEER_MAC, addresses, NeighbourTable.EMPTY);
        apply(tables(tables.networks(), tables.ports()));
    }

    private HostSettings host(Map<Integer, NetworkSettings> networks, Map<Integer, PortSettings> ports) {
        HostSettings known = Objects.requireNonNull(host);
        NeighbourTable neighbours = new NeighbourTable(ports.values().stream()
                .filter(port ->
                        !Objects.requireNonNull(networks.get(port.network())).internal())
                .flatMap(TestSwitch::neighbours)
                .toList());
        return new HostSettings(known.port(), known.fds(), HOST_MAC, PEER_MAC, known.addresses(), neighbours);
    }

    private static Stream<NeighbourTable.Neighbour> neighbours(PortSettings port) {
        return Stream.of(Optional.<IpAddress>ofNullable(port.ipv4()), Optional.<IpAddress>ofNullable(port.ipv6()))
                .flatMap(Optional::stream)
                .map(address -> new NeighbourTable.Neighbour(address, port.mac(), port.id(), port.network()));
    }

    /** Takes a version into force, the way the real one does, and carries on until all workers act on it. */
    void apply(SwitchTables next) {
        TableRules.require(next, workers.length);
        CompletableFuture<Void> done =
                new Rollout(workers.length, this::tell, Runnable::run).start(TableChanges.between(tables, next));
        tables = next;
        List<Written> frames = List.copyOf(written);
        written.clear();
        settle();
        settle();
        assertThat(done).isCompleted();
        announced.clear();
        announced.addAll(written);
        written.clear();
        written.addAll(frames);
        for (DatapathCounters.Term term : DatapathCounters.Term.values()) {
            before.put(term, DatapathCounters.sum(term, allCounters()));
        }
    }

    private CompletableFuture<Void> tell(int worker, Worker.Command command) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        workers[worker].command(w -> {
            try {
                command.run(w);
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    static long mac(int port) {
        return 0x0242_0a00_0002L + port;
    }

    static int address(int port) {
        return 0x0a00_0002 + port;
    }

    /** Lets writes end with this result instead of succeeding. */
    void writesEndWith(int errno) {
        result = errno;
    }

    private int onWrite(int port, int slot, int offset, int length) {
        if (result != Integer.MIN_VALUE) {
            return result;
        }
        byte[] bytes = new byte[length];
        memory.buffer().getBytes(offset, bytes);
        written.add(new Written(port, bytes));
        return length;
    }

    /** Lets a frame arrive at a port, carries it through the switch, and returns the ports that it was written to. */
    int[] send(int port, Frames.Frame frame) {
        written.clear();
        arrive(port, frame);
        settle();
        return written.stream().mapToInt(Written::port).sorted().toArray();
    }

    void arrive(int port, Frames.Frame frame) {
        arrive(port, port % workers.length, frame);
    }

    /** Lets a frame arrive at the queue of a worker. */
    void arrive(int port, int worker, Frames.Frame frame) {
        MemoryFrameIo io = ios[worker];
        int slot = io.allocate();
        assertThat(slot).as("free slot").isNotNegative();
        memory.buffer().putBytes(FrameMemory.readOffset(slot), frame.bytes);
        io.arrive(port, slot, frame.bytes.length);
    }

    /** Runs all duty cycles until nothing moves any more. */
    void settle() {
        for (int round = 0; round < 8; round++) {
            for (Worker worker : workers) {
                worker.doWork();
            }
        }
    }

    void passMs(long ms) {
        clock.update(clock.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms));
    }

    long drops(int port, DropReason reason) {
        return counters(port).drops().getOrDefault(reason, 0L);
    }

    CounterSnapshot counters(int port) {
        return DatapathCounters.snapshot(port, allCounters());
    }

    /** {@return what was counted since the last version was in force, announcements left out} */
    long term(DatapathCounters.Term term) {
        return DatapathCounters.sum(term, allCounters()) - before.getOrDefault(term, 0L);
    }

    private DatapathCounters[] allCounters() {
        return Arrays.stream(workers).map(Worker::counters).toArray(DatapathCounters[]::new);
    }

    /** Holds the sum of architecture.md, and that every slot is free again. */
    void assertConserved() {
        Conservation sum = WorkerDataplane.terms(allCounters());
        assertThat(sum.holds()).as("%s", sum).isTrue();
        assertThat(sum.held()).isZero();
        for (MemoryFrameIo io : ios) {
            assertThat(io.slotsInUse()).isZero();
        }
    }

    /** {@return what it was told last} */
    SwitchTables tables() {
        return tables;
    }

    @Nullable
    Fdb fdb(int worker, int network) {
        return workers[worker].onFdb(network);
    }

    private DataplaneListener listener() {
        return new DataplaneListener() {
            @Override
            public void onPortGone(int port, int errno) {
                news.add("gone " + port + " " + errno);
            }

            @Override
            public void onAddressFlapping(int network, long mac, int port) {
                news.add("flapping " + Long.toHexString(mac));
            }

            @Override
            public void onFault(int worker, RuntimeException fault) {
                news.add("fault " + fault);
            }
        };
    }
}
