package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.Ipv4Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What differs between two versions, against a reader of changes that knows nothing of how they were found. */
class TableChangesTest {
    private static final int ROUNDS = 2_000;
    private final long seed = Long.getLong("seed", System.nanoTime());

    @Test
    void changesAppliedToTheVersionBeforeGiveTheNext() {
        RandomTables random = new RandomTables(new Random(seed), 3);
        SwitchTables before = SwitchTables.EMPTY;
        for (int round = 0; round < ROUNDS; round++) {
            SwitchTables next = random.next();
            assertThat(TableRules.faults(next, 3))
                    .as("seed %d round %d", seed, round)
                    .isEmpty();
            TableChanges changes = TableChanges.between(before, next);
            assertThat(applied(before, changes))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(next);
            holds(before, next, changes, "seed " + seed + " round " + round);
            before = next;
        }
    }

    /** {@return what a version becomes; it complains about a change that cannot be made} */
    private static SwitchTables applied(SwitchTables before, TableChanges changes) {
        Map<Integer, NetworkSettings> networks = new HashMap<>(before.networks());
        Map<Integer, NeighbourTable> neighbours = new HashMap<>(before.neighbours());
        Map<Integer, PortSettings> ports = new HashMap<>(before.ports());
        HostSettings oldHost = before.host();
        Set<Integer> ids = new HashSet<>(ports.keySet());
        if (oldHost != null) {
            ids.add(oldHost.port());
        }
        Set<Integer> taken = new HashSet<>(ids);
        for (int id : changes.removedPorts()) {
            assertThat(ids.remove(id)).as("%d is there", id).isTrue();
            ports.remove(id);
        }
        changes.removedNetworks().forEach(id -> {
            assertThat(networks.remove(id)).isNotNull();
            neighbours.remove(id);
        });
        changes.networks().forEach(network -> networks.put(network.id(), network));
        neighbours.putAll(changes.neighbours());
        for (PortSettings port : changes.addedPorts()) {
            assertThat(taken.add(port.id()))
                    .as("%d was free all the time", port.id())
                    .isTrue();
            assertThat(ids.add(port.id())).isTrue();
            ports.put(port.id(), port);
        }
        for (PortSettings port : changes.readdedPorts()) {
            assertThat(taken).contains(port.id());
            assertThat(ids.add(port.id())).isTrue();
            ports.put(port.id(), port);
        }
        for (PortSettings port : changes.changedPorts()) {
            PortSettings old = Objects.requireNonNull(ports.put(port.id(), port));
            assertThat(old.fds()).isEqualTo(port.fds());
        }
        HostSettings host = changes.host();
        if (host != null) {
            switch (changes.hostFiles()) {
                case AS_BEFORE -> assertThat(ids).contains(host.port());
                case ADDED ->
                    assertThat(taken.add(host.port()) && ids.add(host.port())).isTrue();
                case READDED ->
                    assertThat(!taken.add(host.port()) && ids.add(host.port())).isTrue();
            }
        }
        return new SwitchTables(changes.version(), networks, neighbours, ports, host);
    }

    private static void holds(SwitchTables before, SwitchTables next, TableChanges changes, String when) {
        List<PortSettings> come = new ArrayList<>(changes.addedPorts());
        come.addAll(changes.readdedPorts());
        assertThat(changes.announced()).as(when).containsAll(come);
        for (PortSettings port : next.ports().values()) {
            PortSettings old = before.ports().get(port.id());
            boolean sameAddresses = old != null
                    && old.mac() == port.mac()
                    && Objects.equals(old.ipv4(), port.ipv4())
                    && Objects.equals(old.ipv6(), port.ipv6());
            assertThat(changes.announced().contains(port))
                    .as("%s: %s is announced", when, port)
                    .isEqualTo(!sameAddresses || come.contains(port));
            NetworkSettings network = next.networks().get(port.network());
            if (!Objects.equals(network, before.networks().get(port.network())) && !come.contains(port)) {
                assertThat(changes.changedPorts())
                        .as("%s: joins the new network", when)
                        .contains(port);
            }
        }
        next.networks().keySet().forEach(id -> {
            boolean other = !Objects.equals(
                    before.neighbours().get(id), next.neighbours().get(id));
            assertThat(changes.neighbours().containsKey(id) || !other).as(when).isTrue();
        });
    }

    @Test
    void aVersionLikeTheOneBeforeChangesNothing() {
        RandomTables random = new RandomTables(new Random(seed), 2);
        for (int round = 0; round < 100; round++) {
            SwitchTables tables = random.next();
            TableChanges changes = TableChanges.between(tables, tables);
            assertThat(changes.removedPorts()).isEmpty();
            assertThat(changes.removedNetworks()).isEmpty();
            assertThat(changes.networks()).isEmpty();
            assertThat(changes.neighbours()).isEmpty();
            assertThat(changes.changedPorts()).isEmpty();
            assertThat(changes.addedPorts()).isEmpty();
            assertThat(changes.readdedPorts()).isEmpty();
            assertThat(changes.announced()).isEmpty();
            assertThat(changes.hostFiles()).isEqualTo(TableChanges.SoleFiles.AS_BEFORE);
        }
    }

    @Test
    void aTableOfNeighboursIsOnlyChangedWhenSomebodyElseIsThere() {
        TestSwitch tested = TestSwitch.withPorts(1, TestSwitch.NETWORK, 3);
        SwitchTables before = tested.tables();
        SwitchTables again = tested.tables(before.networks(), before.ports());
        assertThat(again.neighbours().get(0)).isNotSameAs(before.neighbours().get(0));
        assertThat(TableChanges.between(before, again).neighbours()).isEmpty();
        tested.removePort(2);
        assertThat(TableChanges.between(before, tested.tables()).neighbours()).containsOnlyKeys(0);
        tested.put(new PortSettings(
                1, 0, 0, List.of(1), 0x0200_0000_0001L, Ipv4Address.fromBits(TestSwitch.address(1)), null, true));
        assertThat(TableChanges.between(again, tested.tables()).neighbours()).containsOnlyKeys(0);
    }

    @Test
    void B13_onTheFirstVersionEverybodyIsAnnounced() {
        SwitchTables tables = new RandomTables(new Random(seed), 2).next();
        assertThat(TableChanges.between(SwitchTables.EMPTY, tables).announced())
                .containsExactlyInAnyOrderElementsOf(tables.ports().values());
    }
}
