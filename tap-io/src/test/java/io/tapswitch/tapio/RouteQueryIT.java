package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tapswitch.tapio.RouteQuery.Kind;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The kernel's routes, as a real namespace has them. */
@Tag("netns")
final class RouteQueryIT {
    private static final int QUESTIONS = 20_000;
    private static final long MAPPED = 0xffff_0000_0000L;

    private final TestNamespace test = new TestNamespace();
    private RouteQuery query;
    private int eth0;
    private int eth2;

    @BeforeEach
    void begin() {
        test.run("ip link set lo up");
        for (String pair : new String[] {"eth0 type veth peer name eth1", "eth2 type veth peer name eth3"}) {
            test.run("ip link add " + pair);
        }
        for (String link : new String[] {"eth0", "eth1", "eth2", "eth3"}) {
            test.run("sysctl -qw net.ipv6.conf." + link + ".accept_dad=0");
            test.run("ip link set " + link + " up");
        }
        test.run("ip address add 10.1.0.1/24 dev eth0");
        test.run("ip address add 10.1.0.7/24 dev eth0");
        test.run("ip address add 10.2.0.1/24 dev eth2");
        test.run("ip address add fd01::1/64 dev eth0 nodad");
        test.run("ip address add fd02::1/64 dev eth2 nodad");
        // The kernel gets to the local route of an IPv6 address when it has time.
        TestNamespace.await(
                "the route of the last address",
                5_000,
                () -> test.run("ip -6 route show table local").contains("fd02::1"));
        eth0 = SteeredTap.index(test, "eth0");
        eth2 = SteeredTap.index(test, "eth2");
        try (NetworkNamespace namespace = test.open()) {
            query = namespace.call(RouteQuery::open);
        }
    }

    @AfterEach
    void end() {
        query.close();
        test.close();
    }

    @Test
    void saysDeviceSourceMtuAndRouterOfBothFamilies() {
        test.run("ip route add default via 10.1.0.254");
        test.run("ip route add 192.0.2.0/24 via 10.2.0.254 src 10.1.0.7 mtu 1400");
        test.run("ip -6 route add 2001:db8:1::/48 via fd02::fe mtu 1300");
        expect("10.1.0.9", eth0, "10.1.0.1", 0, false);
        expect("8.8.8.8", eth0, "10.1.0.1", 0, true);
        expect("192.0.2.5", eth2, "10.1.0.7", 1400, true);
        expect("fd01::9", eth0, "fd01::1", 0, false);
        expect("2001:db8:1::9", eth2, "fd02::1", 1300, true);
        ask("8.8.8.8", "10.2.0.1");
        assertThat(query.sourceLow()).as("the one that was given").isEqualTo(low("10.2.0.1"));
        ask("10.1.0.9");
        assertThat(query.mtu()).as("nothing stays of the question before").isZero();
    }

    private void expect(String destination, int device, String source, int mtu, boolean gateway) {
        ask(destination);
        assertThat(query.kind()).as(destination).isEqualTo(Kind.UNICAST);
        assertThat(query.device()).as(destination).isEqualTo(device);
        assertThat(query.sourceHigh()).as(destination).isEqualTo(high(source));
        assertThat(query.sourceLow()).as(destination).isEqualTo(low(source));
        assertThat(query.mtu()).as(destination).isEqualTo(mtu);
        assertThat(query.gateway()).as(destination).isEqualTo(gateway);
        assertThat(query.errno()).isZero();
    }

    @Test
    void tellsTheHostsOwnAddressesAndGroupsFromOthers() {
        for (String own : new String[] {"10.1.0.7", "127.0.0.1", "127.9.9.9", "fd02::1", "::1"}) {
            ask(own);
            assertThat(query.kind()).as(own).isEqualTo(Kind.LOCAL);
            assertThat(query.device()).as(own).isEqualTo(Steering.LOOPBACK);
        }
        ask("10.1.0.255");
        assertThat(query.kind()).isEqualTo(Kind.BROADCAST);
        test.run("ip route add 224.0.0.0/4 dev eth2");
        ask("239.1.2.3");
        assertThat(query.kind()).isEqualTo(Kind.MULTICAST);
    }

    @Test
    void saysWhyADestinationIsNotReached() {
        test.run("ip route add unreachable 192.0.2.0/26");
        test.run("ip route add prohibit 192.0.2.64/26");
        test.run("ip route add blackhole 192.0.2.128/26");
        test.run("ip -6 route add unreachable 2001:db8:1::/64");
        test.run("ip -6 route add prohibit 2001:db8:2::/64");
        test.run("ip -6 route add blackhole 2001:db8:3::/64");
        unreachable("8.8.8.8", Errno.ENETUNREACH);
        unreachable("192.0.2.1", Errno.EHOSTUNREACH);
        unreachable("192.0.2.65", Errno.EACCES);
        unreachable("192.0.2.129", Errno.EINVAL);
        unreachable("2001:4860::1", Errno.ENETUNREACH);
        unreachable("2001:db8:1::1", Errno.EHOSTUNREACH);
        unreachable("2001:db8:2::1", Errno.EACCES);
        unreachable("2001:db8:3::1", Errno.EINVAL);
        ask("10.1.0.9", "10.9.9.9");
        assertThat(query.kind()).as("from an address that is not the host's").isEqualTo(Kind.UNREACHABLE);
        expect("10.1.0.9", eth0, "10.1.0.1", 0, false);
    }

    private void unreachable(String destination, int errno) {
        ask(destination);
        assertThat(query.kind()).as(destination).isEqualTo(Kind.UNREACHABLE);
        assertThat(query.errno()).as(destination).isEqualTo(errno);
        assertThat(query.device()).isZero();
    }

    @Test
    void followsRulesAndSeveralTables() {
        test.run("ip route add default via 10.1.0.254");
        test.run("ip route add default via 10.2.0.254 table 77");
        test.run("ip rule add from 10.2.0.1 lookup 77");
        test.run("ip rule add to 198.51.100.0/24 lookup 77");
        expect("8.8.8.8", eth0, "10.1.0.1", 0, true);
        expect("198.51.100.1", eth2, "10.2.0.1", 0, true);
        ask("8.8.8.8", "10.2.0.1");
        assertThat(query.device()).isEqualTo(eth2);
        test.run("ip rule del from 10.2.0.1 lookup 77");
        ask("8.8.8.8", "10.2.0.1");
        assertThat(query.device()).as("asked anew each time").isEqualTo(eth0);
    }

    @Test
    void aQuestionCostsMicrosecondsAndAllocatesNothing() {
        test.run("ip route add default via 10.1.0.254");
        test.run("ip -6 route add default via fd01::fe");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (String destination : new String[] {"8.8.8.8", "2001:4860::1"}) {
            long high = high(destination);
            long low = low(destination);
            long best = Long.MAX_VALUE;
            long allocated = 0;
            for (int round = 0; round < 4; round++) {
                long allocatedBefore = threads.getCurrentThreadAllocatedBytes();
                long beginNs = System.nanoTime();
                for (int i = 0; i < QUESTIONS; i++) {
                    query.ask(high, low, 0, 0);
                }
                best = Math.min(best, System.nanoTime() - beginNs);
                allocated = threads.getCurrentThreadAllocatedBytes() - allocatedBefore;
            }
            assertThat(query.kind()).isEqualTo(Kind.UNICAST);
            assertThat(allocated).as("bytes of %d questions", QUESTIONS).isLessThan(QUESTIONS);
            // Only that nothing waits: this machine may be loaded.
            assertThat(best / QUESTIONS).as("ns").isLessThan(1_000_000);
        }
    }

    private void ask(String destination) {
        query.ask(high(destination), low(destination), 0, 0);
    }

    private void ask(String destination, String from) {
        query.ask(high(destination), low(destination), high(from), low(from));
    }

    private static long high(String address) {
        return switch (IpAddress.parse(address)) {
            case Ipv4Address four -> 0;
            case Ipv6Address six -> six.hi();
        };
    }

    private static long low(String address) {
        return switch (IpAddress.parse(address)) {
            case Ipv4Address four -> MAPPED | Integer.toUnsignedLong(four.toBits());
            case Ipv6Address six -> six.lo();
        };
    }
}
