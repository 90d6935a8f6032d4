package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.LinkListener.Departure;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LinkMonitorIT {
    private static final int PORT = 5;
    private static final long SOON_MS = 100;
    private static final List<LinkCommand> UP = List.of(new LinkCommand.Up("eth0"));
    private static final List<LinkCommand> DOWN = List.of(new LinkCommand.Down("eth0"));

    private record Event(
            int port,
            LinkState before,
            LinkState now,
            @Nullable Departure why) {}

    private final Recorder recorder = new Recorder();
    private final LinkMonitor monitor = LinkMonitor.start(recorder);
    private final TestNamespace test = new TestNamespace();
    private final TapDevice tap = TapDevice.create(TestNamespace.uniqueName(), TapOptions.DEFAULT);

    @AfterEach
    void cleanUp() {
        monitor.close();
        tap.close();
        test.close();
    }

    @Test
    void B16_tellsWhenALinkGoesUpAndDown() {
        LinkState first = watchInside(tap, test);
        assertThat(first.up()).isFalse();
        assertThat(first.kind()).isEqualTo("tun");
        apply(UP);
        LinkState up = awaitChange(LinkState::up, SOON_MS).now();
        assertThat(up.name()).isEqualTo("eth0");
        apply(DOWN);
        Event down = awaitChange(now -> !now.up(), SOON_MS);
        assertThat(down.port()).isEqualTo(PORT);
        assertThat(down.before().up()).isTrue();
    }

    @Test
    void tellsCarrierNameMtuAndMacAddress() {
        watchInside(tap, test);
        apply(UP);
        awaitChange(LinkState::up, SOON_MS);
        test.run("ip link set dev eth0 carrier off");
        // The kernel itself tells of a lost carrier at most once a second (net/core/link_watch.c).
        assertThat(awaitChange(now -> !now.carrier(), 2_000).now().adminUp()).isTrue();
        test.run("ip link set dev eth0 carrier on");
        awaitChange(LinkState::up, SOON_MS);
        apply(List.of(new LinkCommand.SetMtu("eth0", 1300)));
        awaitChange(now -> now.mtuBytes() == 1300, SOON_MS);
        apply(List.of(new LinkCommand.SetAddress("eth0", "02:42:ac:12:00:07")));
        awaitChange(now -> now.macAddress() == 0x0242ac120007L, SOON_MS);
        apply(List.of(new LinkCommand.Rename("eth0", "wan7")));
        assertThat(awaitChange(now -> now.name().equals("wan7"), SOON_MS)
                        .before()
                        .name())
                .isEqualTo("eth0");
    }

    @Test
    void R2_tellsWhenADeviceIsDeleted() {
        LinkState last = watchInside(tap, test);
        apply(List.of(new LinkCommand.Delete("eth0")));
        Event gone = next(SOON_MS);
        assertThat(gone).isEqualTo(new Event(PORT, last, last, Departure.DEVICE_DELETED));
        assertThatThrownBy(() -> monitor.watch(6, tap))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("gone");
    }

    @Test
    void tellsWhenANamespaceEndsAndDoesNotKeepItAlive() {
        LinkState last = watchInside(tap, test);
        test.delete();
        assertThat(next(5_000)).isEqualTo(new Event(PORT, last, last, Departure.NAMESPACE_ENDED));
        TestNamespace.await("the device is dead", 5_000, () -> {
            try {
                tap.name();
                return false;
            } catch (DeviceException dead) {
                return true;
            }
        });
    }

    @Test
    void followsALinkThatIsMovedToANamespaceNobodyKnows() {
        LinkState inside = watchInside(tap, test);
        try (TestNamespace elsewhere = new TestNamespace()) {
            test.run("ip link set dev eth0 netns " + elsewhere.name + " name moved");
            Event move = awaitChange(now -> now.namespaceId() != inside.namespaceId(), SOON_MS);
            assertThat(move.now().name()).isEqualTo("moved");
            elsewhere.run("ip link set dev moved up");
            awaitChange(LinkState::up, SOON_MS);
            elsewhere.run("ip link delete dev moved");
            assertThat(next(SOON_MS).why()).isEqualTo(Departure.DEVICE_DELETED);
        }
    }

    @Test
    void watchesInTheDaemonsOwnNamespaceToo() {
        LinkState first = monitor.watch(PORT, tap);
        assertThat(first.namespaceId()).isEqualTo(-1);
        TestNamespace.sh("ip link set " + first.name() + " mtu 1234");
        awaitChange(now -> now.mtuBytes() == 1234, SOON_MS);
        assertThatThrownBy(() -> monitor.watch(PORT, tap)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void isSilentAboutLinksThatAreNotWatchedAnyMore() {
        watchInside(tap, test);
        TapDevice witness = TapDevice.create(TestNamespace.uniqueName(), TapOptions.DEFAULT);
        try (TestNamespace other = new TestNamespace()) {
            monitor.unwatch(PORT);
            apply(UP);
            monitor.watch(6, witness);
            TestNamespace.sh("ip link set " + witness.name() + " netns " + other.name);
            assertThat(next(1_000).port()).as("the later event of another link").isEqualTo(6);
            witness.close();
            TestNamespace.await("a closed TAP is forgotten", 1_000, () -> canWatch(6));
            assertThat(recorder.events).isEmpty();
        }
    }

    @Test
    void findsTheTruthAfterEventsWereLost() {
        watchInside(tap, test);
        String flood = "awk 'BEGIN { for (i = 0; i < 12000; i++) print \"link set dev lo mtu\", 10000 + i }'"
                + " | ip -n " + test.name + " -batch -";
        long dropsBefore = netlinkDrops();
        recorder.gate.lock();
        try {
            // The listener holds up the monitor's thread, while news of another link fills the socket's buffer.
            apply(UP);
            TestNamespace.await("the listener is called", 1_000, recorder.gate::hasQueuedThreads);
            TestNamespace.sh(flood);
            apply(List.of(new LinkCommand.Delete("eth0")));
            assertThat(netlinkDrops()).as("messages that the kernel dropped").isGreaterThan(dropsBefore);
        } finally {
            recorder.gate.unlock();
        }
        Event last = next(2_000);
        while (last.why() == null) {
            last = next(2_000);
        }
        assertThat(last.why()).isEqualTo(Departure.DEVICE_DELETED);
    }

    @Test
    void leavesNoDescriptorBehindAndEndsAtOnce() {
        int before = Objects.requireNonNull(new File("/proc/self/fd").list()).length;
        for (int i = 0; i < 20; i++) {
            try (LinkMonitor another = LinkMonitor.start(new Recorder())) {
                another.watch(PORT, tap);
            }
        }
        // Fewer, where the pipes of a process that an earlier test started are only closed now.
        assertThat(Objects.requireNonNull(new File("/proc/self/fd").list())).hasSizeLessThanOrEqualTo(before);
        long begin = System.nanoTime();
        monitor.close();
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(1));
        assertThatThrownBy(() -> monitor.watch(PORT, tap)).isInstanceOf(IllegalStateException.class);
    }

    // Column Drops of /proc/net/netlink, summed.
    private static long netlinkDrops() {
        return Long.parseLong(TestNamespace.sh("awk 'NR > 1 { sum += $9 } END { print sum + 0 }' /proc/net/netlink")
                .strip());
    }

    private boolean canWatch(int port) {
        try {
            monitor.watch(port, tap);
            return true;
        } catch (IllegalStateException stillWatched) {
            return false;
        }
    }

    private LinkState watchInside(TapDevice device, TestNamespace where) {
        try (NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace target = where.open()) {
            new IpBatch().apply(own, List.of(new LinkCommand.MoveToNamespace(device.name(), target, "eth0")));
        }
        LinkState state = monitor.watch(PORT, device);
        assertThat(state.namespaceId()).isNotNegative();
        return state;
    }

    private void apply(List<LinkCommand> commands) {
        try (NetworkNamespace target = test.open()) {
            new IpBatch().apply(target, commands);
        }
    }

    private Event awaitChange(Predicate<LinkState> expected, long withinMs) {
        List<Event> seen = new ArrayList<>();
        while (true) {
            Event event = next(withinMs);
            seen.add(event);
            assertThat(event.why()).as("%s", seen).isNull();
            if (expected.test(event.now())) {
                return event;
            }
        }
    }

    private Event next(long withinMs) {
        try {
            Event event = recorder.events.poll(withinMs, TimeUnit.MILLISECONDS);
            assertThat(event).as("an event within %d ms", withinMs).isNotNull();
            return event;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static final class Recorder implements LinkListener {
        final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        final ReentrantLock gate = new ReentrantLock();

        @Override
        public void onLinkChanged(int port, LinkState before, LinkState now) {
            add(new Event(port, before, now, null));
        }

        @Override
        public void onLinkGone(int port, LinkState last, Departure why) {
            add(new Event(port, last, last, why));
        }

        private void add(Event event) {
            gate.lock();
            try {
                events.add(event);
            } finally {
                gate.unlock();
            }
        }
    }
}
