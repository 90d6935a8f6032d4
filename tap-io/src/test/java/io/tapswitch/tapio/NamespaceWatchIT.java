package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class NamespaceWatchIT {
    private static final List<LinkCommand> UP = List.of(new LinkCommand.Up("lo"));

    private final CountDownLatch gone = new CountDownLatch(1);

    @Test
    void R1_aNamespaceThatOnlyAReattachedDeviceKeepsIsFoundAndEndsWithTheDevice() throws Exception {
        try (TestNamespace test = new TestNamespace();
                NamespaceWatch watch = new NamespaceWatch()) {
            TapDevice tap = reattachedIn(test);
            NetworkNamespace.Identity identity = watch(watch, test);
            test.delete();
            assertThat(gone.await(500, TimeUnit.MILLISECONDS)).as("noticed").isTrue();
            try (NetworkNamespace still = tap.namespace()) {
                assertThat(still.identity()).isEqualTo(identity);
            }
            tap.close();
        }
    }

    @Test
    void aNamespaceThatAProcessIsInIsNotGoneBeforeTheProcess() throws Exception {
        try (TestNamespace test = new TestNamespace();
                NamespaceWatch watch = new NamespaceWatch()) {
            Process inside = new ProcessBuilder("ip", "netns", "exec", test.name, "sleep", "60").start();
            Path path = Path.of("/proc", "" + inside.pid(), "ns/net");
            NetworkNamespace.Identity identity = identity(test);
            TestNamespace.await("the process is inside", 5_000, () -> isOf(path, identity));
            watch(watch, test);
            test.delete();
            assertThat(gone.await(1_500, TimeUnit.MILLISECONDS)).isFalse();
            inside.destroyForcibly().waitFor();
            assertThat(gone.await(3, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aNamespaceFoundByItsProcessIsGoneWithIt() throws Exception {
        Process owner = new ProcessBuilder("unshare", "--net", "sleep", "60").start();
        try (NamespaceWatch watch = new NamespaceWatch();
                NetworkNamespace own = NetworkNamespace.current()) {
            Path path = Path.of("/proc", "" + owner.pid(), "ns/net");
            TestNamespace.await("it has a namespace of its own", 5_000, () -> !isOf(path, own.identity()));
            NetworkNamespace.Identity identity;
            try (NetworkNamespace namespace = NetworkNamespace.ofPath(path)) {
                identity = namespace.identity();
            }
            watch.watch("it", path, identity.inode(), gone::countDown);
            assertThat(gone.await(1_200, TimeUnit.MILLISECONDS)).isFalse();
            owner.destroyForcibly().waitFor();
            assertThat(gone.await(500, TimeUnit.MILLISECONDS)).isTrue();
        } finally {
            owner.destroyForcibly();
        }
    }

    @Test
    void whatIsGoneBeforeItIsWatchedIsToldAndACallThatThrowsKeepsNoOtherFromIts() throws Exception {
        try (TestNamespace test = new TestNamespace();
                NamespaceWatch watch = new NamespaceWatch()) {
            NetworkNamespace.Identity identity = identity(test);
            Path path = NetworkNamespace.NAMES.resolve(test.name);
            for (int i = 0; i < 3; i++) {
                watch.watch("thrower" + i, path, identity.inode(), () -> {
                    throw new DeviceException("a test's trouble");
                });
            }
            watch(watch, test);
            test.delete();
            assertThat(gone.await(3, TimeUnit.SECONDS)).isTrue();
            CountDownLatch second = new CountDownLatch(1);
            watch.watch("late", path, identity.inode(), second::countDown);
            assertThat(second.await(500, TimeUnit.MILLISECONDS)).isTrue();
        }
    }

    @Test
    void whatIsForgottenIsNotToldAndNoDescriptorIsLeft() throws Exception {
        int before = openFiles();
        try (TestNamespace test = new TestNamespace();
                NamespaceWatch watch = new NamespaceWatch()) {
            watch(watch, test);
            watch.forget("it");
            test.delete();
            assertThat(gone.await(1_500, TimeUnit.MILLISECONDS)).isFalse();
        }
        assertThat(openFiles()).isLessThanOrEqualTo(before);
    }

    private NetworkNamespace.Identity watch(NamespaceWatch watch, TestNamespace test) {
        NetworkNamespace.Identity identity = identity(test);
        watch.watch("it", NetworkNamespace.NAMES.resolve(test.name), identity.inode(), gone::countDown);
        return identity;
    }

    private static NetworkNamespace.Identity identity(TestNamespace test) {
        try (NetworkNamespace namespace = test.open()) {
            return namespace.identity();
        }
    }

    private static boolean isOf(Path path, NetworkNamespace.Identity identity) {
        try (NetworkNamespace namespace = NetworkNamespace.ofPath(path)) {
            return namespace.identity().equals(identity);
        }
    }

    /** A device whose file was opened inside: it keeps the namespace. */
    private static TapDevice reattachedIn(TestNamespace test) throws IOException {
        String name = TestNamespace.uniqueName();
        try (TapDevice tap = TapDevice.create(name, TapOptions.DEFAULT);
                NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace target = test.open()) {
            new IpBatch().apply(own, List.of(new LinkCommand.MoveToNamespace(name, target, "eth0")));
            new IpBatch().apply(target, UP);
            tap.persist(true);
        }
        try (NetworkNamespace target = test.open()) {
            return TapDevice.reattach(target, "eth0", TapOptions.DEFAULT);
        }
    }

    private static int openFiles() {
        String[] files = new java.io.File("/proc/self/fd").list();
        return files == null ? 0 : files.length;
    }
}
