package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Versions of a small switch, as different from each other as the rules allow: networks and ports come and go, ids are
 * used again for other devices, ports change their addresses and exchange them, the host's port moves.
 */
final class RandomTables {
    static final int NETWORKS = 4;
    static final int PORTS = 8;
    /** Ids of the host's port overlap those of containers. */
    private static final int IDS = PORTS + 2;

    private static final long MAC = 0x0242_0a00_0000L;

    private final Random random;
    private final int workers;
    private long version;
    private Map<Integer, NetworkSettings> networks = Map.of();
    private Map<Integer, PortSettings> ports = Map.of();
    private @Nullable HostSettings host;
    private int files = 100;

    RandomTables(Random random, int workers) {
        this.random = random;
        this.workers = workers;
    }

    /** {@return the next version; about half of what was there stays as it was} */
    SwitchTables next() {
        version++;
        networks = IntStream.range(0, NETWORKS)
                .filter(id -> random.nextInt(5) > 0)
                .mapToObj(this::network)
                .collect(Collectors.toMap(NetworkSettings::id, network -> network));
        Map<Integer, PortSettings> nextPorts = new HashMap<>();
        if (!networks.isEmpty()) {
            List<Integer> places =
                    new ArrayList<>(IntStream.range(0, IDS).boxed().toList());
            Collections.shuffle(places, random);
            boolean exchange = random.nextInt(3) == 0;
            for (int id = 0; id < IDS; id++) {
                if (random.nextInt(4) > 0) {
                    nextPorts.put(id, port(id, exchange ? places.get(id) : id));
                }
            }
        }
        ports = nextPorts;
        host = random.nextInt(3) == 0 ? null : host();
        return tables();
    }

    private SwitchTables tables() {
        Map<Integer, NeighbourTable> neighbours = new HashMap<>();
        for (int id : networks.keySet()) {
            neighbours.put(
                    id,
                    neighbours(ports.values().stream()
                            .filter(port -> port.network() == id)
                            .toList()));
        }
        return new SwitchTables(version, networks, neighbours, ports, host);
    }

    private NetworkSettings network(int id) {
        NetworkSettings old = networks.get(id);
        if (old != null && random.nextInt(4) > 0) {
            return old;
        }
        return new NetworkSettings(
                id,
                List.of(new GatewayAddress(Ipv4Address.fromBits(0x0a00_00fe), 24)),
                MAC | 0xfe,
                random.nextBoolean() ? 1500 : 1400,
                random.nextInt(4) == 0,
                random.nextInt(4) > 0,
                random.nextBoolean(),
                0,
                0,
                64,
                1024);
    }

    private PortSettings port(int id, int place) {
        PortSettings old = ports.get(id);
        PortSettings kept = old != null && networks.containsKey(old.network()) && random.nextInt(4) > 0 ? old : null;
        List<Integer> known = List.copyOf(networks.keySet());
        int network = kept != null ? kept.network() : known.get(random.nextInt(known.size()));
        // Of a place in some network one has the addresses that nobody else has in any.
        int number = place * NETWORKS + network + 1;
        return new PortSettings(
                id,
                network,
                id % workers,
                kept != null ? kept.fds() : files(),
                MAC | number,
                random.nextInt(8) == 0 ? null : Ipv4Address.fromBits(0x0a00_0000 | number),
                random.nextBoolean() ? null : new Ipv6Address(0xfd00_0000_0000_0000L, number),
                random.nextInt(3) == 0);
    }

    private List<Integer> files() {
        files += workers;
        return IntStream.rangeClosed(1, 1 + random.nextInt(workers))
                .mapToObj(i -> files - i)
                .toList();
    }

    private @Nullable HostSettings host() {
        List<Integer> free = IntStream.range(0, IDS)
                .filter(id -> !ports.containsKey(id))
                .boxed()
                .toList();
        if (free.isEmpty()) {
            return null;
        }
        HostSettings old = host;
        HostSettings kept = old != null && free.contains(old.port()) && random.nextBoolean() ? old : null;
        return new HostSettings(
                kept != null ? kept.port() : free.get(random.nextInt(free.size())),
                kept != null ? kept.fds() : files().subList(0, 1),
                MAC | 0x1_0001,
                MAC | 0x1_0002,
                Set.of(Ipv4Address.fromBits(0xc0a8_0001)),
                neighbours(ports.values().stream()
                        .filter(port -> isOpen(port.network()))
                        .toList()));
    }

    private boolean isOpen(int network) {
        NetworkSettings settings = networks.get(network);
        return settings != null && !settings.internal();
    }

    private static NeighbourTable neighbours(List<PortSettings> members) {
        List<NeighbourTable.Neighbour> neighbours = new ArrayList<>();
        for (PortSettings port : members) {
            add(neighbours, port, port.ipv4());
            add(neighbours, port, port.ipv6());
        }
        return new NeighbourTable(neighbours);
    }

    private static void add(List<NeighbourTable.Neighbour> neighbours, PortSettings port, @Nullable IpAddress address) {
        if (address != null) {
            neighbours.add(new NeighbourTable.Neighbour(address, port.mac(), port.id(), port.network()));
        }
    }
}
