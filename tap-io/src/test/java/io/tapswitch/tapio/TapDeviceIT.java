package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.tapio.sys.Tun;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class TapDeviceIT {
    private static final int CYCLES = Boolean.getBoolean("soak") ? 500 : 100;
    private static final int POLLERR = 8;
    private static final int O_RDWR_NONBLOCK_CLOEXEC = 2 | 0x800 | 0x80000;

    private final String name = TestNamespace.uniqueName();
    private final LinkConfigurator links = new IpBatch();

    @Test
    void makesAMultiQueueDeviceThatAnnouncesItsOffloads() {
        try (TestNamespace test = new TestNamespace();
                TapDevice tap = TapDevice.create(name, new TapOptions(3, 1000))) {
            assertThat(tap.fds()).hasSize(3).doesNotHaveDuplicates();
            assertThat(tap.udpSegmentation()).isTrue();
            moveAndConfigure(tap, test, "10.0.0.1/24");
            assertThat(test.run("ethtool -k eth0"))
                    .contains(
                            "tx-checksumming: on",
                            "tcp-segmentation-offload: on",
                            "tx-tcp-segmentation: on",
                            "tx-tcp6-segmentation: on",
                            "tx-udp-segmentation: on");
            assertThat(test.run("sh -c 'ls -d /sys/class/net/eth0/queues/tx-*'").lines())
                    .hasSize(3);
        }
    }

    @Test
    void twoDevicesAreMovedAndConfiguredUnderOneNameInTwoNamespaces() {
        try (TestNamespace one = new TestNamespace();
                TestNamespace two = new TestNamespace();
                TapDevice first = TapDevice.create(name, TapOptions.DEFAULT);
                TapDevice second = TapDevice.create(TestNamespace.uniqueName(), new TapOptions(1, 500))) {
            moveAndConfigure(first, one, "172.18.0.2/16");
            moveAndConfigure(second, two, "172.18.0.3/16");
            assertThat(first.name()).isEqualTo("eth0");
            assertThat(second.name()).isEqualTo("eth0");
            assertThat(one.run("ip -j address show dev eth0"))
                    .contains("\"local\":\"172.18.0.2\"", "\"mtu\":1450", "\"txqlen\":1000", "\"LOWER_UP\"");
            assertThat(two.run("ip -j address show dev eth0")).contains("\"local\":\"172.18.0.3\"", "\"txqlen\":500");
            try (NetworkNamespace there = first.namespace();
                    NetworkNamespace expected = one.open()) {
                assertThat(there.identity()).isEqualTo(expected.identity());
            }
        }
    }

    @Test
    void followsARenameAndSaysThatADeletedDeviceIsGone() {
        try (TapDevice tap = TapDevice.create(name, TapOptions.DEFAULT)) {
            assertThat(tap.name()).isEqualTo(name);
            String other = TestNamespace.uniqueName();
            TestNamespace.sh("ip link set " + name + " name " + other);
            assertThat(tap.name()).isEqualTo(other);
            TestNamespace.sh("ip link delete " + other);
            assertThatThrownBy(tap::name)
                    .isInstanceOfSatisfying(
                            DeviceException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EBADFD));
        }
    }

    @Test
    void R15_saysThatTheNameBelongsToSomethingElse() {
        String peer = TestNamespace.uniqueName();
        TestNamespace.sh("ip link add " + name + " type veth peer name " + peer);
        try {
            long begin = System.nanoTime();
            assertThatThrownBy(() -> TapDevice.create(name, TapOptions.DEFAULT))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage("cannot make the TAP '" + name
                            + "': the name belongs to a veth that is no TAP; choose another name");
            assertThat(System.nanoTime() - begin).as("at once").isLessThan(TimeUnit.SECONDS.toNanos(1));
        } finally {
            TestNamespace.sh("ip link delete " + name);
        }
    }

    @Test
    void R15_doesNotTakeOverAPersistentDevice() {
        TestNamespace.sh("ip tuntap add dev " + name + " mode tap");
        try {
            assertThatThrownBy(() -> TapDevice.create(name, TapOptions.DEFAULT))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("held by another process or persistent");
        } finally {
            TestNamespace.sh("ip link delete " + name);
        }
    }

    @Test
    void R15_waitsForANameThatIsAboutToBeFree() throws InterruptedException {
        TapDevice holder = TapDevice.create(name, TapOptions.DEFAULT);
        Thread lateRelease = Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            holder.close();
        });
        long begin = System.nanoTime();
        try (TapDevice tap = TapDevice.create(name, TapOptions.DEFAULT)) {
            assertThat(tap.name()).isEqualTo(name);
            assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(150));
        }
        assertThat(lateRelease.join(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void R1_refusesToBeOpenedInsideAContainer() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            assertThatThrownBy(() -> namespace.call(() -> TapDevice.create(name, TapOptions.DEFAULT)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("opened in the daemon's network namespace");
        }
    }

    @Test
    @Tag("kernel")
    void R1_aDeviceOpenedOutsideDiesWithItsNamespace() {
        try (TestNamespace test = new TestNamespace();
                TapDevice tap = TapDevice.create(name, TapOptions.DEFAULT)) {
            moveAndConfigure(tap, test, "10.0.0.1/24");
            int fd = tap.fds()[0];
            assertThat(pollEvents(fd) & POLLERR).isZero();
            test.delete();
            TestNamespace.await("poll says POLLERR", 5_000, () -> (pollEvents(fd) & POLLERR) != 0);
            // Frames that were queued before are still read.
            TestNamespace.await("reads end with EBADFD", 5_000, () -> readResult(fd) == -Errno.EBADFD);
        }
    }

    @Test
    @Tag("kernel")
    void R1_aDeviceOpenedInsideKeepsADeletedNamespaceAlive() {
        try (TestNamespace test = new TestNamespace()) {
            int fd;
            NetworkNamespace.Identity identity;
            try (NetworkNamespace namespace = test.open()) {
                identity = namespace.identity();
                fd = namespace.call(() -> {
                    int opened = Syscalls.open("/dev/net/tun", O_RDWR_NONBLOCK_CLOEXEC, 0);
                    assertThat(Tun.setInterface(opened, name, Tun.IFF_TAP | Tun.IFF_NO_PI))
                            .isZero();
                    return opened;
                });
            }
            try {
                test.delete();
                // A pair whose one end is in a namespace deleted later is gone: by then ours would be gone as well.
                letAnotherNamespaceDie();
                assertThat(pollEvents(fd) & POLLERR).isZero();
                int pinned = Tun.openNamespace(fd);
                try (NetworkNamespace still = NetworkNamespace.ofDescriptor(pinned, "pinned")) {
                    assertThat(still.identity()).isEqualTo(identity);
                    assertThat(still.call(() -> TestNamespace.sh("ip -o link"))).contains(name);
                }
            } finally {
                Syscalls.close(fd);
            }
        }
    }

    @Test
    void R10_cyclesLeaveDescriptorsAndDevicesAsTheyWere() throws IOException {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace target = test.open();
                NetworkNamespace own = NetworkNamespace.current()) {
            cycle(own, target);
            int before = openFiles();
            for (int i = 0; i < CYCLES; i++) {
                cycle(own, target);
            }
            assertThat(openFiles()).isLessThanOrEqualTo(before);
            assertThat(test.run("ip -o link").lines()).hasSize(1);
            assertThat(TestNamespace.sh("ip -o link")).doesNotContain(name);
        }
    }

    private void cycle(NetworkNamespace own, NetworkNamespace target) {
        try (TapDevice tap = TapDevice.create(name, TapOptions.DEFAULT)) {
            links.apply(own, List.of(new LinkCommand.MoveToNamespace(name, target, "eth0")));
            assertThat(tap.name()).isEqualTo("eth0");
        }
    }

    private void moveAndConfigure(TapDevice tap, TestNamespace test, String address) {
        try (NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace target = test.open()) {
            links.apply(own, List.of(new LinkCommand.MoveToNamespace(tap.name(), target, "eth0")));
            links.apply(
                    target,
                    List.of(
                            new LinkCommand.SetMtu("eth0", 1450),
                            new LinkCommand.SetTxQueueLength(
                                    "eth0", tap.options().txQueueLength()),
                            new LinkCommand.AddAddress("eth0", address),
                            new LinkCommand.Up("eth0")));
        }
    }

    private static void letAnotherNamespaceDie() {
        try (TestNamespace other = new TestNamespace()) {
            String witness = TestNamespace.uniqueName();
            TestNamespace.sh("ip link add " + witness + " type veth peer name inside netns " + other.name);
            other.delete();
            File link = new File("/sys/class/net", witness);
            TestNamespace.await("another namespace dies", 5_000, () -> !link.exists());
        }
    }

    private static int openFiles() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    private static int pollEvents(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 8);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd);
            MemorySegment noWait = arena.allocate(16, 8);
            int ready = Syscalls.ppoll(pollfd.address(), 1, noWait.address());
            assertThat(ready).isNotNegative();
            return pollfd.get(ValueLayout.JAVA_SHORT, 6);
        }
    }

    private static long readResult(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.read(fd, arena.allocate(2048).address(), 2048);
        }
    }
}
