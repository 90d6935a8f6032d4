package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices that outlive the object, and the process, that made them. */
final class TapHandoverIT {
    private final LinkConfigurator links = new IpBatch();
    private final TestNamespace test = new TestNamespace();

    @TempDir
    Path directory;

    @AfterEach
    void cleanUp() {
        test.close();
        Keeper keeper = Keeper.of(directory);
        if (keeper != null) {
            keeper.end(directory);
        }
    }

    @Test
    void R4_anAdoptedDeviceHasCarrierAddressesAndRoutesAsBefore() {
        String before;
        try (FdVault vault = FdVault.open(directory, Map.of());
                TapDevice tap = madeInside(2)) {
            tap.persist(true);
            vault.put("endpoint", Arrays.stream(tap.fds()).boxed().toList());
            TestNamespace.await(
                    "carrier", 2_000, () -> test.run("ip link show dev eth0").contains("LOWER_UP"));
            before = test.run("sh -c 'ip address; ip route; ip -6 route'");
        }
        assertThat(test.run("sh -c 'ip address; ip route; ip -6 route'")).isEqualTo(before);
        try (FdVault vault = FdVault.open(directory, Map.of())) {
            TapDevice tap = TapDevice.adopt(Objects.requireNonNull(vault.taken().get("endpoint")));
            assertThat(tap.name()).isEqualTo("eth0");
            assertThat(tap.options().queues()).isEqualTo(2);
            assertThat(tap.udpSegmentation()).isTrue();
            assertThat(test.run("sh -c 'ip address; ip route; ip -6 route'")).isEqualTo(before);
            tap.persist(false);
            vault.drop(List.of("endpoint"));
            assertThat(test.run("ip link")).contains("eth0");
            tap.close();
            assertThat(test.run("ip link")).doesNotContain("eth0");
        }
    }

    @Test
    void R1_aDeviceWhoseFilesAreInTheVaultDiesWithItsNamespace() {
        try (FdVault vault = FdVault.open(directory, Map.of())) {
            TapDevice tap = madeInside(1);
            tap.persist(true);
            vault.put("endpoint", List.of(tap.fds()[0]));
            tap.close();
        }
        test.delete();
        try (FdVault vault = FdVault.open(directory, Map.of())) {
            List<Integer> files = Objects.requireNonNull(vault.taken().get("endpoint"));
            TestNamespace.await("the device dies", 5_000, () -> {
                try {
                    TapDevice.adopt(files);
                    return false;
                } catch (DeviceException gone) {
                    assertThat(gone.errno()).isEqualTo(Errno.EBADFD);
                    return true;
                }
            });
            files.forEach(Syscalls::close);
        }
    }

    @Test
    void R4_aPersistentDeviceWhoseFilesAreLostIsAttachedToAgainFromInside() {
        try (TapDevice tap = madeInside(2)) {
            tap.persist(true);
        }
        TestNamespace.await(
                "no carrier", 2_000, () -> test.run("ip link show dev eth0").contains("NO-CARRIER"));
        try (NetworkNamespace namespace = test.open();
                TapDevice tap = TapDevice.reattach(namespace, "eth0", new TapOptions(2, 1000))) {
            TestNamespace.await(
                    "carrier", 2_000, () -> test.run("ip link show dev eth0").contains("LOWER_UP"));
            assertThat(test.run("ip address show dev eth0")).contains("172.18.0.2/16", "fd00::2/64");
            assertThat(test.run("ip route")).contains("default via 172.18.0.1").doesNotContain("linkdown");
            assertThatThrownBy(() -> TapDevice.reattach(namespace, "eth0", TapOptions.DEFAULT))
                    .as("it has two queues")
                    .isInstanceOf(DeviceException.class);
            tap.persist(false);
        }
        assertThat(test.run("ip link")).doesNotContain("eth0");
    }

    @Test
    void R15_reattachNeitherMakesADeviceNorTakesAHeldOne() {
        try (NetworkNamespace namespace = test.open();
                TapDevice tap = madeInside(1)) {
            assertThatThrownBy(() -> TapDevice.reattach(namespace, "eth7", TapOptions.DEFAULT))
                    .isInstanceOfSatisfying(
                            DeviceException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
            assertThatThrownBy(() -> TapDevice.reattach(namespace, "lo", TapOptions.DEFAULT))
                    .isInstanceOfSatisfying(
                            DeviceException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
            assertThatThrownBy(() -> TapDevice.reattach(namespace, "eth0", TapOptions.DEFAULT))
                    .hasMessageContaining("held by another process");
            assertThat(tap.name()).isEqualTo("eth0");
            assertThat(test.run("ip link")).doesNotContain("eth7");
        }
    }

    @Test
    void queuesBeyondTheWorkersAreTakenOffAndPutOnAgain() {
        try (TapDevice tap = madeInside(3)) {
            assertThat(queues()).isEqualTo(3);
            tap.attachedQueues(1);
            assertThat(queues()).isEqualTo(1);
            tap.attachedQueues(1);
            tap.attachedQueues(2);
            assertThat(queues()).isEqualTo(2);
            tap.attachedQueues(8);
            assertThat(queues()).isEqualTo(3);
            assertThat(tap.name()).isEqualTo("eth0");
            assertThat(test.run("ip link show dev eth0")).contains("LOWER_UP");
        }
    }

    private int queues() {
        String details = test.run("ip -d link show dev eth0");
        var numbers = java.util.regex.Pattern.compile("numqueues (\\d+)").matcher(details);
        assertThat(numbers.find()).as(details).isTrue();
        return Integer.parseInt(numbers.group(1));
    }

    private TapDevice madeInside(int queues) {
        String name = TestNamespace.uniqueName();
        TapDevice tap = TapDevice.create(name, new TapOptions(queues, 1000));
        try (NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace target = test.open()) {
            links.apply(own, List.of(new LinkCommand.MoveToNamespace(name, target, "eth0")));
            links.apply(
                    target,
                    List.of(
                            new LinkCommand.SetAddress("eth0", "02:42:ac:12:00:02"),
                            new LinkCommand.AddAddress("eth0", "172.18.0.2/16"),
                            new LinkCommand.AddAddress("eth0", "fd00::2/64", Set.of(LinkCommand.AddressFlag.NO_DAD)),
                            new LinkCommand.Up("eth0"),
                            new LinkCommand.AddDefaultRoute("eth0", "172.18.0.1"),
                            new LinkCommand.AddDefaultRoute("eth0", "fd00::1")));
        }
        return tap;
    }
}
