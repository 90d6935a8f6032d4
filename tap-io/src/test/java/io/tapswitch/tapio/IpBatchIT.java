package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.LinkCommand.AddressFlag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IpBatchIT {
    private static final List<LinkCommand> LOOPBACK_UP = List.of(new LinkCommand.Up("lo"));

    @Test
    void carriesOutACommandOfEachKindInOneProcess() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            test.run("ip link add veth0 type veth peer name veth1");
            new IpBatch()
                    .apply(
                            namespace,
                            List.of(
                                    new LinkCommand.Rename("veth0", "eth0"),
                                    new LinkCommand.SetAddress("eth0", "02:42:ac:12:00:02"),
                                    new LinkCommand.SetMtu("eth0", 1400),
                                    new LinkCommand.SetTxQueueLength("eth0", 77),
                                    new LinkCommand.AddAddress("eth0", "172.18.0.2/16"),
                                    new LinkCommand.Up("eth0"),
                                    new LinkCommand.Up("veth1"),
                                    new LinkCommand.AddDefaultRoute("eth0", "172.18.0.1"),
                                    new LinkCommand.AddRoute("eth0", "10.9.0.0/16", "172.18.0.9"),
                                    new LinkCommand.Down("veth1")));
            assertThat(test.run("ip address show dev eth0"))
                    .contains("02:42:ac:12:00:02", "mtu 1400", "qlen 77", "inet 172.18.0.2/16", ",UP");
            assertThat(test.run("ip route"))
                    .contains("default via 172.18.0.1 dev eth0", "10.9.0.0/16 via 172.18.0.9 dev eth0");
            assertThat(test.run("ip link show dev veth1")).contains("state DOWN");
            new IpBatch().apply(namespace, List.of(new LinkCommand.Delete("eth0")));
            assertThat(test.run("ip link")).doesNotContain("eth0");
        }
    }

    @Test
    void setsIpv6AddressesAndRoutesAndTakesThemAwayAgain() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            test.run("ip link add eth0 type veth peer name eth1");
            Set<AddressFlag> both = EnumSet.allOf(AddressFlag.class);
            new IpBatch()
                    .apply(
                            namespace,
                            List.of(
                                    new LinkCommand.SetAddress("eth0", "02:42:ac:12:00:02"),
                                    new LinkCommand.SetAddrGenMode("eth0", "eui64"),
                                    new LinkCommand.Up("eth1"),
                                    new LinkCommand.Up("eth0"),
                                    new LinkCommand.AddAddress("eth0", "fd00:1::2/64", Set.of(AddressFlag.NO_DAD)),
                                    new LinkCommand.AddAddress("eth0", "fd00:2::1/64", both),
                                    new LinkCommand.AddAddress("eth0", "172.18.0.1/16", both),
                                    new LinkCommand.AddPrefixRoute("eth0", "172.18.0.0/16", "172.18.0.1", 1280),
                                    new LinkCommand.AddPrefixRoute("eth0", "fd00:2::/64", "fd00:2::1", 1280),
                                    new LinkCommand.AddDefaultRoute("eth0", "fd00:1::1")));
            assertThat(test.run("ip address show dev eth0"))
                    .contains("fe80::42:acff:fe12:2/64", "inet6 fd00:1::2/64 scope global nodad")
                    .doesNotContain("fd00:1::2/64 scope global tentative");
            assertThat(test.run("ip route")).isEqualTo("172.18.0.0/16 dev eth0 scope link src 172.18.0.1 mtu 1280 \n");
            assertThat(test.run("ip -6 route"))
                    .contains(
                            "default via fd00:1::1 dev eth0",
                            "fd00:1::/64 dev eth0",
                            "fd00:2::/64 dev eth0 src fd00:2::1")
                    .contains("mtu 1280");
            new IpBatch()
                    .apply(
                            namespace,
                            List.of(
                                    new LinkCommand.DeleteRoute("eth0", "172.18.0.0/16"),
                                    new LinkCommand.DeleteRoute("eth0", "fd00:2::/64"),
                                    new LinkCommand.DeleteAddress("eth0", "172.18.0.1/16"),
                                    new LinkCommand.DeleteAddress("eth0", "fd00:2::1/64")));
            assertThat(test.run("ip route")).isEmpty();
            assertThat(test.run("ip -6 route") + test.run("ip address")).doesNotContain("fd00:2:", "172.18");
        }
    }

    @Test
    void namesTheCommandThatFailedAndKeepsWhatCameBefore() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            assertThatThrownBy(() -> new IpBatch()
                            .apply(
                                    namespace,
                                    List.of(
                                            new LinkCommand.Up("lo"),
                                            new LinkCommand.AddAddress("lo", "10.0.0.1/32"),
                                            new LinkCommand.AddAddress("lo", "10.0.0.1/32"),
                                            new LinkCommand.Down("lo"))))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageMatching("`ip address add 10.0.0.1/32 dev lo` in the network namespace '" + test.name
                            + "' failed: .*(already assigned|File exists).*");
            assertThat(test.run("ip address show dev lo")).contains("10.0.0.1/32", ",UP");
        }
    }

    @Test
    void saysWhichLinkDoesNotExist() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            assertThatThrownBy(() -> new IpBatch().apply(namespace, List.of(new LinkCommand.Up("eth7"))))
                    .hasMessage("`ip link set dev eth7 up` in the network namespace '" + test.name
                            + "' failed: Cannot find device \"eth7\"");
        }
    }

    @Test
    void saysWhatToInstallWhenIpIsMissing() {
        try (NetworkNamespace namespace = NetworkNamespace.current()) {
            assertThatThrownBy(() -> new IpBatch("/nowhere/ip", Duration.ofSeconds(5)).apply(namespace, LOOPBACK_UP))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("cannot run `/nowhere/ip`")
                    .hasMessageEndingWith("install iproute2");
        }
    }

    @Test
    void killsAProcessThatDoesNotEnd(@TempDir Path directory) throws IOException {
        Path hanging = directory.resolve("ip");
        Files.writeString(hanging, "#!/bin/sh\nexec sleep 60\n");
        Files.setPosixFilePermissions(hanging, PosixFilePermissions.fromString("rwx------"));
        try (NetworkNamespace namespace = NetworkNamespace.current()) {
            long begin = System.nanoTime();
            assertThatThrownBy(
                            () -> new IpBatch(hanging.toString(), Duration.ofMillis(100)).apply(namespace, LOOPBACK_UP))
                    .hasMessageContaining("did not end within 100 ms and was killed");
            assertThat(System.nanoTime() - begin).isLessThan(5_000_000_000L);
        }
    }
}
