package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.tapio.FrameIo;
import io.tapswitch.wire.Ipv4Address;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Versions on running workers: a worker's history does not show, but for what was learned. */
class VersionsTest {
    private static final int IDS = RandomTables.PORTS + 2;
    private static final int ROUNDS = 150;

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Set<Integer> down = new HashSet<>();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void afterManyVersionsASwitchIsLikeOneThatKnowsOnlyTheLast(int workers) {
        Random random = new Random(seed);
        RandomTables versions = new RandomTables(random, workers);
        TestSwitch old = new TestSwitch(workers);
        for (int round = 0; round < ROUNDS; round++) {
            SwitchTables before = old.tables();
            SwitchTables next = versions.next();
            forgetLinks(before, next);
            old.apply(next);
            // The gateways may answer again as often as those of a fresh switch.
            old.clock.update(old.clock.nanoTime() + 1_000_000_000L);
            links(random, old);
            TestSwitch fresh = new TestSwitch(workers);
            fresh.apply(next);
            down.forEach(port -> linkState(fresh, port, false));
            String when = "seed " + seed + " workers " + workers + " round " + round;
            sameFiles(old, fresh, next, when);
            sameAddresses(old, fresh, when);
            sameWays(old, fresh, next, when);
            old.assertConserved();
            fresh.assertConserved();
        }
    }

    /** Another device begins with its link up. */
    private void forgetLinks(SwitchTables before, SwitchTables next) {
        down.removeIf(id -> {
            PortSettings was = before.ports().get(id);
            PortSettings now = next.ports().get(id);
            return was == null || now == null || !was.fds().equals(now.fds()) || was.network() != now.network();
        });
    }

    private void links(Random random, TestSwitch tested) {
        for (int id : tested.tables().ports().keySet()) {
            if (random.nextInt(10) == 0) {
                boolean up = random.nextBoolean();
                linkState(tested, id, up);
                if (up) {
                    down.remove(id);
                } else {
                    down.add(id);
                }
            }
        }
    }

    private static void linkState(TestSwitch tested, int port, boolean up) {
        for (Worker worker : tested.workers) {
            worker.onLinkState(port, up);
        }
    }

    /** Every worker has each port's file, and each queue has one reader: worker + queue. */
    private static void sameFiles(TestSwitch old, TestSwitch fresh, SwitchTables tables, String when) {
        int workers = old.workers.length;
        for (int id = 0; id < IDS; id++) {
            List<Integer> fds = fds(tables, id);
            PortSettings port = tables.ports().get(id);
            int first = port == null ? 0 : port.worker();
            for (int worker = 0; worker < workers; worker++) {
                assertThat(old.ios[worker].file(id))
                        .as("%s: file of %d", when, id)
                        .isEqualTo(fresh.ios[worker].file(id));
                assertThat(old.ios[worker].file(id) >= 0)
                        .as("%s: port %d at worker %d", when, id, worker)
                        .isEqualTo(!fds.isEmpty());
                int queue = (worker - first + workers) % workers;
                boolean reads = queue < fds.size();
                assertThat(old.ios[worker].reads(id))
                        .as("%s: reads %d", when, id)
                        .isEqualTo(reads);
                if (reads) {
                    assertThat(old.ios[worker].file(id)).isEqualTo(fds.get(queue));
                }
            }
        }
    }

    private static List<Integer> fds(SwitchTables tables, int id) {
        HostSettings host = tables.host();
        if (host != null && host.port() == id) {
            return host.fds();
        }
        PortSettings port = tables.ports().get(id);
        return port == null ? List.of() : port.fds();
    }

    private static void sameAddresses(TestSwitch old, TestSwitch fresh, String when) {
        for (int network = 0; network < RandomTables.NETWORKS; network++) {
            for (int worker = 0; worker < old.workers.length; worker++) {
                assertThat(pinned(old.fdb(worker, network)))
                        .as("%s: network %d, worker %d", when, network, worker)
                        .isEqualTo(pinned(fresh.fdb(worker, network)));
            }
        }
    }

    private static Set<String> pinned(@org.jspecify.annotations.Nullable Fdb fdb) {
        Set<String> entries = new TreeSet<>();
        if (fdb != null) {
            fdb.forEach((mac, port, pinned, replica, seenMs) -> {
                assertThat(pinned).isTrue();
                entries.add(Long.toHexString(mac) + " " + port);
            });
        } else {
            entries.add("no such network");
        }
        return entries;
    }

    private static void sameWays(TestSwitch old, TestSwitch fresh, SwitchTables tables, String when) {
        for (PortSettings from : tables.ports().values()) {
            for (PortSettings to : tables.ports().values()) {
                Frame frame = Frames.udp(to.mac(), from.mac(), ip(from), ip(to), 8);
                int[] ways = old.send(from.id(), frame);
                assertThat(ways)
                        .as("%s: from %d to %d", when, from.id(), to.id())
                        .isEqualTo(fresh.send(from.id(), frame));
                for (int egress : ways) {
                    assertThat(network(tables, egress)).as(when).isEqualTo(from.network());
                }
            }
            Frame frame = Frames.udp(Frames.BROADCAST, from.mac(), ip(from), -1, 8);
            int[] ways = old.send(from.id(), frame);
            assertThat(ways)
                    .as("%s: from %d to all: %s", when, from.id(), Arrays.toString(ways))
                    .isEqualTo(fresh.send(from.id(), frame));
        }
    }

    private static int network(SwitchTables tables, int port) {
        PortSettings settings = tables.ports().get(port);
        return settings == null ? -1 : settings.network();
    }

    private static int ip(PortSettings port) {
        Ipv4Address address = port.ipv4();
        return address == null ? 0 : address.bits();
    }

    @Test
    void aVersionThatContradictsItselfIsRefusedAndNothingHappens() {
        TestSwitch tested = TestSwitch.withPorts(2);
        SwitchTables tables = tested.tables();
        PortSettings port = tables.ports().values().iterator().next();
        SwitchTables wrong = new SwitchTables(9, Map.of(), Map.of(), Map.of(0, port), null);
        assertThat(TableRules.faults(wrong, 1)).containsExactly("port 0 is in network 0, which is not there");
    }

    @Test
    void whatWasLearnedBehindAPortThatGoesIsForgottenAndTheRestIsKept() {
        TestSwitch tested = TestSwitch.withPorts(2, TestSwitch.NETWORK, 4);
        long behind3 = 0x0200_0000_0003L;
        long behind2 = 0x0200_0000_0002L;
        tested.send(3, Frames.udp(TestSwitch.mac(0), behind3, 1, 2, 8));
        tested.send(2, Frames.udp(TestSwitch.mac(0), behind2, 1, 2, 8));
        tested.removePort(3);
        assertThat(tested.send(0, Frames.udp(behind3, TestSwitch.mac(0), 1, 2, 8)))
                .containsExactly(1, 2);
        assertThat(tested.send(0, Frames.udp(behind2, TestSwitch.mac(0), 1, 2, 8)))
                .containsExactly(2);
        tested.assertConserved();
    }

    @Test
    void aFrameThatAnOldDeviceSentIsNotTakenForOneOfTheNewDeviceAtItsId() {
        TestSwitch tested = TestSwitch.withPorts(2, TestSwitch.NETWORK, 4);
        tested.arrive(3, Frames.udp(TestSwitch.mac(0), TestSwitch.mac(3), 1, 2, 8));
        Ipv4Address address = Ipv4Address.fromBits(TestSwitch.address(3));
        tested.put(new PortSettings(3, 0, 1, List.of(77), TestSwitch.mac(3), address, null, false));
        assertThat(tested.announced)
                .isNotEmpty()
                .allMatch(written -> written.bytes().length == Announcement.ARP_LENGTH);
        assertThat(tested.counters(3).rxFrames()).isZero();
        tested.assertConserved();
    }

    @Test
    void aMacAddressThatIsBoundElsewhereIsSaidAndTheRestIsInForce() {
        TestSwitch tested = TestSwitch.withPorts(2);
        SwitchTables before = tested.tables();
        Ipv4Address address = Ipv4Address.fromBits(TestSwitch.address(5));
        PortSettings twin = new PortSettings(5, 0, 0, List.of(5), TestSwitch.mac(1), address, null, false);
        Map<Integer, PortSettings> ports = new TreeMap<>(before.ports());
        ports.put(5, twin);
        TableChanges changes = TableChanges.between(before, tested.tables(before.networks(), ports));
        assertThatThrownBy(() -> tested.workers[0].onTake(changes, () -> {}))
                .hasMessage("the MAC address of port 5 in network 0 is bound to another port of worker 0");
        assertThat(tested.send(0, Frames.udp(TestSwitch.mac(1), TestSwitch.mac(0), 1, 2, 8)))
                .containsExactly(1);
    }

    @Test
    void B7_howeverMuchIsLearnedAPortsOwnAddressHasAPlace() {
        Bridge bridge = new Bridge(
                new NetworkSettings(
                        0, TestSwitch.GATEWAY, TestSwitch.GATEWAY_MAC, 24, 1500, false, 0, 0, 70_000, 70_000),
                1);
        int learned = 0;
        for (int i = 0; i < 20_000; i++) {
            learned += bridge.fdb.learn(0x0200_0000_0000L + i, 0, 0) == Fdb.LEARNED ? 1 : 0;
        }
        assertThat(learned).isEqualTo(Bridge.LEARNED_CAPACITY);
        for (int port = 0; port < FrameIo.MAX_PORTS; port++) {
            assertThat(bridge.fdb.pin(0x0242_0000_0000L + port, port)).isTrue();
        }
    }
}
