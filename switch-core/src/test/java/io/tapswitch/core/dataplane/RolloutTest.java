package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.FrameIo;
import io.tapswitch.tapio.FrameMemory;
import io.tapswitch.tapio.IoMode;
import io.tapswitch.tapio.MemoryFrameIo;
import io.tapswitch.wire.Ipv4Address;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order the steps of a version, and versions, reach the workers. */
@Timeout(60)
class RolloutTest {
    private static final int PORT = 3;

    private static SwitchTables version(int number, int... fds) {
        Map<Integer, NetworkSettings> networks = Map.of(0, TestSwitch.NETWORK);
        if (fds.length == 0) {
            return new SwitchTables(number, networks, Map.of(), Map.of(), null);
        }
        Ipv4Address address = Ipv4Address.fromBits(TestSwitch.address(PORT));
        long mac = TestSwitch.mac(PORT);
        PortSettings port = new PortSettings(PORT, 0, 0, List.of(fds[0]), mac, address, null, true);
        NeighbourTable table = new NeighbourTable(List.of(new NeighbourTable.Neighbour(address, mac, PORT, 0)));
        return new SwitchTables(number, networks, Map.of(0, table), Map.of(PORT, port), null);
    }

    /** Commands that a change takes, on two workers. */
    private static int commands(SwitchTables before, SwitchTables next) {
        TestSwitch tested = new TestSwitch(2);
        tested.apply(before);
        AtomicInteger told = new AtomicInteger();
        Rollout rollout = new Rollout(
                2,
                (worker, command) -> {
                    told.incrementAndGet();
                    command.run(tested.workers[worker]);
                    return CompletableFuture.completedFuture(null);
                },
                Runnable::run);
        assertThat(rollout.start(TableChanges.between(before, next))).isCompleted();
        return told.get();
    }

    @Test
    void anIdOfANetworkIsNotUsedAgainWhileWhatIsOnTheWayIsAboutTheOldOne() {
        SwitchTables before = version(1);
        assertThat(commands(before, before)).as("take").isEqualTo(2);
        assertThat(commands(before, SwitchTables.EMPTY)).as("take, fence").isEqualTo(4);
    }

    @Test
    void withAnOutsideAFrameMayBeHandedOverTwiceAndSoThereAreTwoFences() {
        OutsideWorld world = new OutsideWorld(2);
        SwitchTables before = world.tested.tables();
        Map<Integer, NetworkSettings> networks = new TreeMap<>(before.networks());
        networks.put(2, Frames6.network(2, "10.2.0.1", "fd02::1", false, true));
        SwitchTables next = world.tested.tables(networks, before.ports());
        AtomicInteger told = new AtomicInteger();
        Rollout rollout = new Rollout(
                2,
                (worker, command) -> {
                    told.incrementAndGet();
                    command.run(world.tested.workers[worker]);
                    return CompletableFuture.completedFuture(null);
                },
                Runnable::run);
        assertThat(rollout.start(TableChanges.between(before, next))).isCompleted();
        assertThat(told).as("take, fence, fence").hasValue(6);
    }

    @Test
    void aFenceTakesAllOfARing() {
        HandoffRing[][] rings = {
            {new HandoffRing(2), new HandoffRing(1024)}, {new HandoffRing(1024), new HandoffRing(2)}
        };
        Doorbell[] doorbells = {new Doorbell(() -> {}), new Doorbell(() -> {})};
        Crossings from = new Crossings(
                0, rings, doorbells, 2048, new DatapathCounters(), new Forwards(doorbells[0]), slot -> {});
        Crossings to = new Crossings(
                1, rings, doorbells, 2048, new DatapathCounters(), new Forwards(doorbells[1]), slot -> {});
        for (int slot = 0; slot < 1000; slot++) {
            assertThat(from.handOver(1, Handoff.TO_OUTSIDE, slot, 0, 60, 1, 0, 0))
                    .isTrue();
        }
        AtomicInteger taken = new AtomicInteger();
        to.drainAll(new HandoffRing.HandoffHandler() {
            @Override
            public void onFrame(
                    HandoffRing ring,
                    int purpose,
                    int slot,
                    int offset,
                    int length,
                    int ingressPort,
                    int network,
                    long shape) {
                taken.incrementAndGet();
            }

            @Override
            public void onLearned(int network, long mac, int port, long seenMs) {}

            @Override
            public void onForgotten(int network, long mac, int port) {}
        });
        assertThat(taken).hasValue(1000);
    }

    /** I/O that lets go of files only when it may. */
    private static final class HeldIo {
        final List<Integer> held = new ArrayList<>();
        volatile boolean holds;
        volatile MemoryFrameIo io = new MemoryFrameIo(FrameMemory.onHeap(1), 0, 1);

        FrameIo open(FrameMemory memory, int firstSlot, int slots) {
            io = new MemoryFrameIo(memory, firstSlot, slots);
            return (FrameIo) Proxy.newProxyInstance(
                    FrameIo.class.getClassLoader(), new Class<?>[] {FrameIo.class}, (proxy, method, args) -> {
                        if (method.getName().equals("removePort") && holds) {
                            held.add((Integer) args[0]);
                            return null;
                        }
                        if (method.getName().equals("poll") && !holds) {
                            held.forEach(io::removePort);
                            held.clear();
                        }
                        return method.invoke(io, args);
                    });
        }
    }

    @Test
    void stepsOfAVersionThatTakesLongDoNotUndoTheNextOne() throws Exception {
        HeldIo io = new HeldIo();
        Dataplane.Config config = new Dataplane.Config(1, IoMode.POLL, 64L << 20);
        try (WorkerDataplane dataplane = WorkerDataplane.start(config, IoMode.POLL, io::open, new TestListener())) {
            dataplane.apply(version(1, 41)).get(10, TimeUnit.SECONDS);
            assertThat(io.io.file(PORT)).isEqualTo(41);
            io.holds = true;
            CompletableFuture<Void> other = dataplane.apply(version(2, 42));
            // Who waits no longer changes nothing for the versions.
            other.cancel(false);
            CompletableFuture<Void> none = dataplane.apply(version(3));
            dataplane.linkState(PORT, true).get(10, TimeUnit.SECONDS);
            assertThat(none).isNotDone();
            io.holds = false;
            none.get(10, TimeUnit.SECONDS);
            dataplane.linkState(PORT, true).get(10, TimeUnit.SECONDS);
            assertThat(io.io.file(PORT)).isNegative();
        }
    }

    private static final class TestListener implements DataplaneListener {
        @Override
        public void onPortGone(int port, int errno) {}

        @Override
        public void onAddressFlapping(int network, long mac, int port) {}

        @Override
        public void onFault(int worker, RuntimeException fault) {}
    }
}
