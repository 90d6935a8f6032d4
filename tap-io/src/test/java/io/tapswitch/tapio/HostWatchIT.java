package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HostWatchIT {
    private final TestNamespace test = new TestNamespace();
    private final BlockingQueue<HostState> told = new LinkedBlockingQueue<>();

    private @Nullable HostWatch watch;

    @AfterEach
    void cleanUp() {
        if (watch != null) {
            watch.close();
        }
        test.close();
    }

    @Test
    void listsAddressesAndRoutesOfBothFamiliesWithoutDefaultRoutes() {
        prepare();
        test.run("ip address add 10.1.2.3/24 dev eth0");
        test.run("ip address add 10.9.0.1 peer 10.9.0.2/32 dev eth0");
        test.run("ip -6 address add fd00:7::1/64 dev eth0 nodad");
        test.run("ip route add default via 10.1.2.9");
        test.run("ip -6 route add default via fd00:7::9");
        test.run("ip route add 192.168.5.0/24 via 10.1.2.7 src 10.9.0.1 mtu 1400 advmss 900");
        test.run("ip route add blackhole 192.168.6.0/24");
        test.run("ip route add 192.168.7.0/24 table 77 nexthop via 10.1.2.7 nexthop via 10.1.2.8");
        test.run("ip -6 route add fd00:8::/48 via fd00:7::9 src fd00:7::1 mtu 1300");
        HostState state = read();
        assertThat(state.addresses())
                .contains(
                        new HostAddress(IpAddress.parse("127.0.0.1"), 8, "lo"),
                        new HostAddress(IpAddress.parse("10.1.2.3"), 24, "eth0"),
                        new HostAddress(IpAddress.parse("10.9.0.1"), 32, "eth0"),
                        new HostAddress(IpAddress.parse("fd00:7::1"), 64, "eth0"))
                .anyMatch(address -> address.ip().toString().startsWith("fe80::"));
        assertThat(state.routes())
                .contains(
                        new HostRoute(IpPrefix.parse("10.1.2.0/24"), "eth0", IpAddress.parse("10.1.2.3"), 0),
                        new HostRoute(IpPrefix.parse("192.168.5.0/24"), "eth0", IpAddress.parse("10.9.0.1"), 1400),
                        route("192.168.6.0/24", ""),
                        route("192.168.7.0/24", "eth0"),
                        route("fd00:7::/64", "eth0"),
                        new HostRoute(IpPrefix.parse("fd00:8::/48"), "eth0", IpAddress.parse("fd00:7::1"), 1300))
                .noneMatch(route -> route.prefix().length() == 0)
                .noneMatch(route -> route.prefix().equals(IpPrefix.parse("127.0.0.0/8")));
    }

    @Test
    void listsMoreThanOneMessageHolds() {
        prepare();
        test.run("sh -c 'for i in $(seq 0 999); do echo \"address add 10.7.$((i/250)).$((i%250+1))/32 dev eth0\"; done"
                + " | ip -batch -'");
        assertThat(read().addresses())
                .filteredOn(address -> address.ip().toString().startsWith("10.7."))
                .hasSize(1000);
    }

    @Test
    void tellsOfNewAndRemovedAddressesAndRoutesWithinATenthOfASecond() {
        prepare();
        try (NetworkNamespace namespace = test.open()) {
            watch = namespace.call(() -> HostWatch.start(told::add));
            test.run("ip address add 10.1.2.3/24 dev eth0");
            awaitState(state ->
                    state.routes().stream().anyMatch(route -> route.prefix().equals(IpPrefix.parse("10.1.2.0/24"))));
            test.run("ip -6 route add fd00:8::/48 dev eth0");
            awaitState(state -> state.routes().contains(route("fd00:8::/48", "eth0")));
            test.run("ip link set dev eth0 down");
            awaitState(state -> !state.routes().contains(route("fd00:8::/48", "eth0")));
            test.run("ip link set dev eth0 name other");
            awaitState(state -> state.addresses().stream()
                    .anyMatch(address -> address.link().equals("other")));
            test.run("ip link delete other");
            awaitState(state -> state.addresses().stream()
                    .allMatch(address -> address.link().equals("lo")));
            assertThat(told).as("what is as it was is not told").isEmpty();
        }
    }

    @Test
    void passesOnThatThereWasNewsAlsoOfDefaultRoutesAndRules() {
        prepare();
        test.run("ip address add 10.1.2.3/24 dev eth0");
        test.run("ip -6 address add fd00:7::1/64 dev eth0 nodad");
        BlockingQueue<Boolean> news = new LinkedBlockingQueue<>();
        try (NetworkNamespace namespace = test.open()) {
            watch = namespace.call(() -> HostWatch.start(told::add, () -> news.add(true)));
            TestNamespace.await("quiet", 10_000, () -> !poll(news, 1500));
            told.clear();
            for (String change : new String[] {
                "ip route add default via 10.1.2.9",
                "ip -6 route add default via fd00:7::9",
                "ip route replace default via 10.1.2.8",
                "ip route add default via 10.1.2.7 table 77",
                "ip rule add from 10.1.2.3 lookup 77",
                "ip -6 rule add to fd00:9::/64 lookup 77",
                "ip rule del from 10.1.2.3 lookup 77",
                "ip nexthop add id 7 via 10.1.2.6 dev eth0",
                "ip link set dev eth0 mtu 1400"
            }) {
                test.run(change);
                assertThat(poll(news, 1000)).as(change).isTrue();
                TestNamespace.await("quiet", 10_000, () -> !poll(news, 100));
            }
            assertThat(told).as("no listed address or route changed").isEmpty();
        }
    }

    private static boolean poll(BlockingQueue<Boolean> news, int withinMillis) {
        try {
            return news.poll(withinMillis, TimeUnit.MILLISECONDS) != null;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HostState read() {
        try (NetworkNamespace namespace = test.open()) {
            return namespace.call(HostState::read);
        }
    }

    private void prepare() {
        test.run("ip link set lo up");
        test.run("ip link add eth0 type veth peer name eth1");
        test.run("ip link set eth1 up");
        test.run("ip link set eth0 up");
    }

    private void awaitState(Predicate<HostState> expected) {
        try {
            while (true) {
                HostState state = told.poll(1, TimeUnit.SECONDS);
                assertThat(state).as("told within a second").isNotNull();
                if (expected.test(state)) {
                    told.clear();
                    return;
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static HostRoute route(String prefix, String link) {
        return new HostRoute(IpPrefix.parse(prefix), link, null, 0);
    }
}
