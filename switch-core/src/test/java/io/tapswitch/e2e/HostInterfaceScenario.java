package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.tapswitch.core.control.Plumbing.HostNetwork;
import io.tapswitch.core.control.Plumbing.HostPlug;
import io.tapswitch.core.control.Plumbing.HostSubnet;
import io.tapswitch.core.control.TapPlumbing;
import io.tapswitch.lab.Commands;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.MacAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@link HostInterfaceIT} runs in a process of its own: the host's interface is made where the daemon is, so the whole
 * process has to be in a namespace.
 */
final class HostInterfaceScenario {
    private static final HostNetwork BOTH = new HostNetwork(
            "both", List.of(subnet("172.18.0.0/16", "172.18.0.1"), subnet("fd00:18::/64", "fd00:18::1")), 1400);
    private static final HostNetwork LARGE =
            new HostNetwork("large", List.of(subnet("172.19.0.0/16", "172.19.0.1")), 9000);

    private static final HostNetwork OTHER_GATEWAYS = new HostNetwork(
            "both", List.of(subnet("172.18.0.0/16", "172.18.0.9"), subnet("fd00:18::/64", "fd00:18::9")), 1400);
    private static final HostNetwork OTHER_MTU = new HostNetwork("both", OTHER_GATEWAYS.subnets(), 1300);

    private final Path directory;

    private HostInterfaceScenario(Path directory) {
        this.directory = directory;
    }

    /** With a directory of its own. */
    public static void main(String[] arguments) {
        HostInterfaceScenario scenario = new HostInterfaceScenario(Path.of(arguments[0]));
        scenario.networksComeAndGo();
        MacAddress mac = scenario.outlivesItsMaker();
        scenario.isFoundWhenItsFilesAreLost(mac);
        scenario.takesAnotherName();
        System.out.println("all is well");
    }

    private void networksComeAndGo() {
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        HostPlug host = plumbing.host("host");
        assertThat(host.name()).isEqualTo("tapswitch0");
        assertThat(ip("link show tapswitch0"))
                .contains("qdisc noqueue", "LOWER_UP", host.mac().toString());
        assertThat(host.set(List.of(BOTH, LARGE), true)).isEmpty();
        assertThat(ip("address show tapswitch0"))
                .contains("mtu 9000", "inet 172.18.0.1/16", "inet 172.19.0.1/16", "inet6 fd00:18::1/64", "inet6 fe80::")
                .contains("noprefixroute")
                .doesNotContainPattern("inet6 fd00.*tentative");
        assertThat(ip("route").lines().map(String::strip))
                .contains(
                        "172.18.0.0/16 dev tapswitch0 scope link src 172.18.0.1 mtu 1400",
                        "172.19.0.0/16 dev tapswitch0 scope link src 172.19.0.1 mtu 9000");
        assertThat(ip("-6 route")).contains("fd00:18::/64 dev tapswitch0 src fd00:18::1 metric 1024 mtu 1400");
        String before = look();
        assertThat(host.set(List.of(LARGE, BOTH), true)).isEmpty();
        assertThat(look()).as("nothing to do").isEqualTo(before);
        ip("route delete 172.18.0.0/16");
        ip("address add 10.77.0.1/24 dev tapswitch0");
        assertThat(host.set(List.of(LARGE, BOTH), true)).isEmpty();
        assertThat(ip("route")).contains("172.18.0.0/16 dev tapswitch0").doesNotContain("10.77");
        assertThat(host.set(List.of(OTHER_GATEWAYS), true)).isEmpty();
        assertThat(look())
                .contains("172.18.0.0/16 dev tapswitch0 scope link src 172.18.0.9 mtu 1400")
                .contains("fd00:18::/64 dev tapswitch0 src fd00:18::9 metric 1024 mtu 1400")
                .doesNotContain("172.18.0.1/", "fd00:18::1");
        assertThat(host.set(List.of(OTHER_MTU), true)).isEmpty();
        assertThat(look())
                .contains("172.18.0.0/16 dev tapswitch0 scope link src 172.18.0.9 mtu 1300")
                .contains("fd00:18::/64 dev tapswitch0 src fd00:18::9 metric 1024 mtu 1300")
                .doesNotContain("mtu 1400");
        assertThat(host.set(List.of(BOTH), true)).isEmpty();
        assertThat(look()).doesNotContain("172.19").contains("mtu 1400");
        plumbing.close();
        host.fds().forEach(Syscalls::close);
    }

    private MacAddress outlivesItsMaker() {
        String before = look();
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        HostPlug host = plumbing.host("host");
        assertThat(host.name()).isEqualTo("tapswitch0");
        assertThat(look()).isEqualTo(before);
        assertThat(host.set(List.of(), true)).isEmpty();
        assertThat(look()).doesNotContain("172.1", "fd00:").contains("fe80::");
        plumbing.end();
        host.fds().forEach(Syscalls::close);
        return host.mac();
    }

    private void isFoundWhenItsFilesAreLost(MacAddress mac) {
        assertThat(ip("link show tapswitch0")).contains("NO-CARRIER");
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        HostPlug host = plumbing.host("host");
        assertThat(host.name()).isEqualTo("tapswitch0");
        assertThat(host.mac()).isEqualTo(mac);
        plumbing.unplug(List.of(host));
        assertThat(ip("link")).doesNotContain("tapswitch0");
        plumbing.end();
    }

    private void takesAnotherName() {
        ip("link add tapswitch0 type veth peer name other0");
        TapPlumbing plumbing = new TapPlumbing(directory, 1);
        HostPlug host = plumbing.host("host");
        assertThat(host.name()).isEqualTo("tapswitch1");
        ip("link set tapswitch0 up");
        ip("route add 172.18.0.0/16 dev tapswitch0");
        assertThat(host.set(List.of(BOTH, LARGE), true))
                .singleElement(STRING)
                .startsWith("the host does not reach network both in whole: `ip route add 172.18.0.0/16");
        assertThat(ip("route")).contains("172.19.0.0/16 dev tapswitch1");
        plumbing.unplug(List.of(host));
        plumbing.end();
        ip("link delete tapswitch0");
    }

    private static String look() {
        return ip("address show tapswitch0") + ip("route") + ip("-6 route");
    }

    private static String ip(String words) {
        return Commands.run(("ip " + words).split(" ", -1)).ok().out();
    }

    private static HostSubnet subnet(String prefix, String gateway) {
        return new HostSubnet(IpPrefix.parse(prefix), IpAddress.parse(gateway));
    }
}
