package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.Wire;
import io.tapswitch.lab.World;
import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the outside notices when the daemon is killed, started again, or not: R4, R5, architecture.md's lives. */
@Tag("netns")
@Timeout(value = 40, unit = java.util.concurrent.TimeUnit.MINUTES)
final class NatRestartIT {
    private static final int KILLS = Boolean.getBoolean("soak") ? 200 : 3;
    /** The daemon's grace, and what a loaded machine adds. */
    private static final Duration GRACE_IS_OVER = Duration.ofSeconds(15);

    private final World world = World.withOutside();
    private LabNamespace remote;
    private LabContainer one;

    @BeforeEach
    void start() {
        remote = world.outside().router();
        world.start("--uplink", "shared");
        world.cli("network", "create", "--ipv6", "--subnet", "10.9.0.0/24", "--subnet", "fd00:9::/64", "dual");
        one = world.attached(
                "one", "--network", "dual", "-p", "8080:80", "-p", "8080:80/udp", "-p", "127.0.0.1:8081:80");
        world.cli("publish", "one", "8082:80");
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void R4_R5_connectionsThroughNatOutliveKillsAtRandomMoments() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        String resets = "tcp[tcpflags] & tcp-rst != 0 or ip6[6] = 6 and ip6[53] & 4 != 0";
        try (Background inside = Talk.answer(one, "80", "80");
                Background outside = Talk.answer(remote);
                Background far = Talk.answer(world.outside().far());
                Held out = Held.open(
                        one,
                        3,
                        Talk.target(Outside.ONE, Talk.PORT),
                        Talk.target(Outside.ONE_6, Talk.PORT),
                        Talk.target(Outside.FAR, Talk.PORT));
                Held in = Held.open(remote, 3, Talk.target(Outside.HOST, 8080), Talk.target(Outside.HOST_6, 8080));
                Held alike =
                        Held.openFrom(remote, 4100, Talk.target(Outside.HOST, 8080), Talk.target(Outside.HOST, 8082));
                Held local = Held.open(world.host(), 2, "127.0.0.1:8081");
                Held hairpin = Held.open(one, 2, Talk.target(Outside.HOST, 8080));
                UdpSocket socket = UdpSocket.bind(one, "0.0.0.0", 6001);
                UdpSocket friend = UdpSocket.bind(remote, Outside.ONE, 7001);
                Wire wire = Wire.on(remote, "eth0", resets)) {
            out.all(9).assertAlive();
            in.all(6).assertAlive();
            alike.all(2).assertAlive();
            local.all(2).assertAlive();
            hairpin.all(2).assertAlive();
            socket.send(Outside.ONE, 7001, "hello");
            int port = friend.hears("hello").port();
            for (int i = 0; i < KILLS; i++) {
                Eventually.measureFor(Duration.ofMillis(random.nextInt(400)));
                world.daemon().process().kill();
                Eventually.measureFor(Duration.ofMillis(random.nextInt(1_000)));
                world.start("--uplink", "shared");
                for (Held held : new Held[] {out, in, alike, local, hairpin}) {
                    try {
                        held.assertAlive();
                    } catch (AssertionError e) {
                        throw new AssertionError("after kill " + i + ", seed " + seed, e);
                    }
                }
                friend.send(Outside.HOST, port, "word " + i);
                socket.hears("word " + i);
                socket.send(Outside.ONE, 7001, "answer " + i);
                assertThat(friend.hears("answer " + i).port()).isEqualTo(port);
                Talk.ask(remote, "tcp", Outside.HOST, 8080).as(Outside.ONE);
                Talk.ask(one, "tcp", Outside.ONE, Talk.PORT).as(Outside.HOST);
            }
            assertThat(wire.packets("tcp.flags.reset == 1", "frame.time_relative", "ip.src", "tcp.srcport"))
                    .as("resets on the wire, seed %d", seed)
                    .isEmpty();
            assertThat(inside.alive() && outside.alive() && far.alive()).isTrue();
            world.outside().assertNothingInTheKernel();
        }
    }

    @Test
    void R5_aSynWhileTheDaemonIsDeadIsAnsweredByTheNextDaemonAndNotByAReset() {
        try (Background inside = Talk.answer(one, "80", "80")) {
            Talk.ask(remote, "tcp", Outside.HOST, 8080).as(Outside.ONE);
            world.daemon().process().kill();
            try (Held meanwhile = heldWhileDead()) {
                meanwhile.all(3).assertAlive();
            }
            assertThat(inside.alive()).isTrue();
        }
    }

    @Test
    void R5_N14_theFilesOfADaemonWithAnotherLayoutAreReplacedAndItsConnectionsTakenUp() {
        try (Background inside = Talk.answer(one, "80", "80");
                Held in = Held.open(remote, 2, Talk.target(Outside.HOST, 8080), Talk.target(Outside.HOST_6, 8080))) {
            in.all(4).assertAlive();
            world.daemon().process().kill();
            for (File file : flowFiles()) {
                File older = new File(file.getPath().replaceFirst("-\\d+$", ""));
                assertThat(file.renameTo(older)).isTrue();
            }
            world.start("--uplink", "shared");
            in.assertAlive();
            assertThat(flowFiles()).hasSize(1).allMatch(file -> file.getName().matches("flows-0-of-1-\\d+-\\d+"));
            assertThat(inside.alive()).isTrue();
        }
    }

    private List<File> flowFiles() {
        return List.of(Objects.requireNonNull(
                world.daemon().run().toFile().listFiles((directory, name) -> name.startsWith("flows-"))));
    }

    private Held heldWhileDead() {
        Background next = world.launch("--uplink", "shared").process();
        Held held = Held.open(remote, 3, Talk.target(Outside.HOST, 8080));
        next.awaitWords("tapswitch: ready");
        return held;
    }

    @Test
    void afterAKillWithoutRestartTheHostHasItsPortsBackWhenTheGraceIsOver() {
        try (Background inside = Talk.answer(one, "80", "80");
                Background outside = Talk.answer(remote);
                Held in = Held.open(remote, 1, Talk.target(Outside.HOST, 8080));
                Held out = Held.open(one, 1, Talk.target(Outside.ONE, Talk.PORT))) {
            in.all(1).assertAlive();
            int mapped = out.all(1).outsidePorts().getFirst();
            assertThat(Talk.silent(remote, "tcp", Outside.HOST, mapped))
                    .as("a mapping's port is not the host's")
                    .isTrue();
            world.daemon().process().kill();
            assertThat(Talk.silent(remote, "tcp", Outside.HOST, 8080))
                    .as("within the grace time nobody answers")
                    .isTrue();
            try (Background host = world.host().serve(8080)) {
                Eventually.until(
                        GRACE_IS_OVER,
                        "the port is the host's own again",
                        () -> remote.fetch("http://192.0.2.1:8080/").contains("I see you"));
                assertThat(world.host().fetch("http://127.0.0.1:8080/")).contains("I see you");
                assertThat(Talk.ask(remote, "tcp", Outside.HOST, mapped).error())
                        .isEqualTo("refused");
                assertThat(Talk.ask(world.host(), "tcp", "127.0.0.1", 8081).error())
                        .isEqualTo("refused");
                assertThat(host.alive()).isTrue();
            }
            world.host().exec("ping", "-c1", "-W2", Outside.ONE).ok();
            world.start("--uplink", "shared");
            Eventually.until(
                    "a daemon that comes later serves it again",
                    () -> Talk.ask(remote, "tcp", Outside.HOST, 8080).answered());
            assertThat(inside.alive() && outside.alive()).isTrue();
        }
    }

    @Test
    void cleanupRemovesAllTracesAtOnce() {
        String before = sysctls();
        try (Background inside = Talk.answer(one, "80", "80")) {
            Talk.ask(remote, "tcp", Outside.HOST, 8080).as(Outside.ONE);
            Talk.ask(world.host(), "tcp", "127.0.0.1", 8081).as("10.9.0.1");
            world.daemon().process().kill();
            world.daemon().cleanup().ok();
            assertThat(Talk.ask(remote, "tcp", Outside.HOST, 8080).error())
                    .as("at once, not after the grace time")
                    .isEqualTo("refused");
            assertThat(inside.alive()).isTrue();
        }
        assertThat(world.host().ip("-o link show")).doesNotContain("tapswitch");
        assertThat(world.host().ip("-o addr show")).doesNotContain("10.9.0.").doesNotContain("fd00:9:");
        assertThat(sysctls()).as("as they were with the daemon: %s", before).isEqualTo("0\n0\n");
        assertThat(world.daemon().run().toFile().list()).isNullOrEmpty();
        assertThat(world.host().keepers()).isEmpty();
    }

    private String sysctls() {
        return world.host()
                .exec("sysctl", "-n", "net.ipv4.conf.lo.route_localnet", "net.ipv4.conf.lo.accept_local")
                .ok()
                .out();
    }
}
