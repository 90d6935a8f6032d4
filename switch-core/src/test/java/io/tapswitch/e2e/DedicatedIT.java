package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.Wire;
import io.tapswitch.lab.World;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An uplink with a MAC address and IP addresses of its own on the host's LAN: {@code --uplink dedicated}. */
@Tag("netns")
@Timeout(120)
final class DedicatedIT {
    private static final String OWN = "192.0.2.50";
    private static final String OWN_6 = "2001:db8::50";
    private static final String NOBODY = "192.0.2.77";
    private static final String[] FLAGS = {
        "--workers",
        "2",
        "--uplink",
        "dedicated:uplink0," + OWN + "/24," + OWN_6 + "/64," + Outside.ONE + "," + Outside.ONE_6
    };

    @Test
    void containersLeaveAndAreReachedByAnAddressOfTheirOwnAlsoAfterARestart() {
        try (World world = World.withOutside()) {
            world.start(FLAGS);
            world.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dual");
            LabContainer one = world.attached("one", "--network", "dual");
            LabContainer two = world.attached("two", "--network", "dual");
            LabNamespace router = world.outside().router();
            LabNamespace far = world.outside().far();
            try (Background near = Talk.answer(router);
                    Background away = Talk.answer(far);
                    Background inside = Talk.answer(one)) {
                assertThat(near.alive() && away.alive() && inside.alive()).isTrue();
                leavesWithItsOwnAddress(one);
                leavesWithItsOwnAddress(two);
                isAMemberOfTheLan(world, one, router);
                world.cli("publish", "one", "8080:" + Talk.PORT, "8080:" + Talk.PORT + "/udp");
                isReached(router, far, two);
                assertThat(world.refused("publish", "one", "127.0.0.1:8081:80"))
                        .contains("the uplink is dedicated, and ports are published on " + OWN + " and " + OWN_6);
                world.outside().assertNothingInTheKernel();
                connectionsOutliveTheDaemon(world, one, two);
                leavesWithItsOwnAddress(one);
                isReached(router, far, two);
                comesBackWithItsParent(world, one);
            }
            world.assertNoTrouble();
            world.stop();
            world.daemon().cleanup().ok();
            assertThat(world.host().ip("-o link")).doesNotContain("tapswitch");
        }
    }

    private static void leavesWithItsOwnAddress(LabContainer container) {
        for (String protocol : new String[] {"tcp", "udp"}) {
            Talk.ask(container, protocol, Outside.ONE, Talk.PORT).as(OWN);
            Talk.ask(container, protocol, Outside.FAR, Talk.PORT).as(OWN);
            Talk.ask(container, protocol, Outside.ONE_6, Talk.PORT).as(OWN_6);
            Talk.ask(container, protocol, Outside.FAR_6, Talk.PORT).as(OWN_6);
        }
        assertThat(container.reaches(Outside.FAR)).isTrue();
        assertThat(container.reaches(Outside.FAR_6)).isTrue();
    }

    private static void isAMemberOfTheLan(World world, LabContainer one, LabNamespace router) {
        router.ping(OWN);
        router.ping(OWN_6);
        one.ping(OWN);
        router.exec("ping", "-c", "1", "-W", "2", "-s", "4000", OWN).ok();
        assertThat(one.exec("ping", "-c", "1", "-W", "5", NOBODY).text()).contains("Destination Host Unreachable");
        assertThat(world.cli("status"))
                .contains("dedicated, MAC ", "gateway " + Outside.ONE + " at ", "gateway " + Outside.ONE_6 + " at ")
                .doesNotContain("unresolved", "warning");
        // The host's own addresses are reached by the host's interface.
        one.ping(Outside.HOST);
    }

    private static void isReached(LabNamespace router, LabNamespace far, LabContainer two) {
        for (String protocol : new String[] {"tcp", "udp"}) {
            Talk.ask(router, protocol, OWN, 8080).as(Outside.ONE);
            Talk.ask(far, protocol, OWN, 8080).as(Outside.FAR);
            Talk.ask(far, protocol, OWN_6, 8080).as(Outside.FAR_6);
            // By hairpin, and seen as from outside.
            Talk.ask(two, protocol, OWN, 8080).as(OWN);
        }
    }

    private static void connectionsOutliveTheDaemon(World world, LabContainer one, LabContainer two) {
        String before = world.host().ip("-o link show dev tapswitch-d0");
        LabNamespace router = world.outside().router();
        try (Held out = Held.open(
                        one,
                        3,
                        Talk.target(Outside.ONE, Talk.PORT),
                        Talk.target(Outside.FAR, Talk.PORT),
                        Talk.target(Outside.FAR_6, Talk.PORT));
                Held in = Held.open(router, 3, Talk.target(OWN, 8080), Talk.target(OWN_6, 8080));
                Held far = Held.open(world.outside().far(), 3, Talk.target(OWN, 8080));
                Held hairpin = Held.open(two, 3, Talk.target(OWN, 8080));
                Wire wire =
                        Wire.on(router, "eth0", "tcp[tcpflags] & tcp-rst != 0 or ip6[6] = 6 and ip6[53] & 4 != 0")) {
            out.all(9).assertAlive();
            in.all(6).assertAlive();
            far.all(3).assertAlive();
            hairpin.all(3).assertAlive();
            world.daemon().process().kill();
            world.start(FLAGS);
            assertThat(world.host().ip("-o link show dev tapswitch-d0")).isEqualTo(before);
            out.assertAlive();
            in.assertAlive();
            far.assertAlive();
            hairpin.assertAlive();
            assertThat(wire.packets("tcp.flags.reset == 1", "ip.src", "tcp.srcport"))
                    .as("resets on the wire")
                    .isEmpty();
        }
    }

    private static void comesBackWithItsParent(World world, LabContainer one) {
        world.host().ip("link set uplink0 down");
        Eventually.until("a warning", () -> world.cli("status").contains("the uplink's parent uplink0 is down"));
        assertThat(one.reaches(Outside.ONE)).isFalse();
        world.host().ip("link set uplink0 up");
        Eventually.until("a way out by the parent", () -> one.reaches(Outside.ONE));
        // By hand or by accident.
        world.host().ip("link delete tapswitch-d0");
        Eventually.until("a way out by another device", () -> one.reaches(Outside.ONE));
    }
}
