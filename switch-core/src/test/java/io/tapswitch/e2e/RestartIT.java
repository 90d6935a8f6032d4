package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What containers notice when the daemon is killed, ended, and started again: R4, R5, R6, R13, R15. */
@Tag("netns")
@Timeout(300)
final class RestartIT {
    private static final int KILLS = Boolean.getBoolean("soak") ? 20 : 3;
    private static final Duration NOTICED = Duration.ofSeconds(5);
    /** Takes a TAP from inside, as a program that has lost its way might, and holds it. */
    private static final String HOLD_TAP = """
            import fcntl, os, struct, sys
            fd = os.open('/dev/net/tun', os.O_RDWR)
            fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'eth0', 0x5002))
            print('held', flush=True)
            sys.stdin.read()
            """;

    private final World world = new World();
    private final List<Background> streams = new ArrayList<>();

    @AfterEach
    void closeWorld() {
        streams.forEach(Background::close);
        world.close();
    }

    @Test
    void R5_aKilledDaemonCostsAtMostASecondAndNoStream() {
        world.start();
        world.cli("network", "create", "--ipv6", "--subnet", "10.66.0.0/16", "--subnet", "fd66::/64", "dev");
        List<LabContainer> members = members(4, "--network", "dev");
        String before = look(members);
        stream(members.get(0), members.get(1), "10.66.0.3", 8, 5301);
        stream(members.get(0), members.get(1), "fd66::3", 8, 5302);
        try (Flow flow = Flow.start(members.get(2), "10.66.0.5", members.get(3), 1_000)) {
            Eventually.measureFor(Duration.ofSeconds(2));
            world.daemon().process().kill();
            long begin = System.nanoTime();
            world.launch().process().awaitWords("tapswitch: ready");
            Duration ready = Duration.ofNanos(System.nanoTime() - begin);
            Eventually.measureFor(Duration.ofSeconds(1));
            Flow.Result result = flow.end();
            System.out.printf(
                    "R5: gap %.0f ms, ready after %d ms, %d of %d datagrams lost%n",
                    result.longestGapMs(), ready.toMillis(), result.sent() - result.received(), result.sent());
            assertThat(result.longestGapMs())
                    .as("ms from the kill to forwarding")
                    .isLessThan(1_000);
            assertThat(result.duplicates()).isZero();
        }
        streamsLive();
        assertThat(look(members)).isEqualTo(before);
        members.get(0).ping("10.66.0.5");
        assertEndIsNoticed(members.get(3));
    }

    @Test
    void R4_killsAtRandomMomentsHarmNobody() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        world.start();
        List<LabContainer> members = members(3);
        String before = look(members);
        stream(members.get(0), members.get(1), "172.17.0.3", 8 + 3 * KILLS, 5301);
        for (int i = 0; i < KILLS; i++) {
            // The disk is written when the kill comes, or a moment before or after.
            try (Background change = world.daemon().startCli("network", "create", "n" + i)) {
                Eventually.measureFor(Duration.ofMillis(random.nextInt(600)));
                world.daemon().process().kill();
                change.kill();
            }
            world.launch();
            Eventually.measureFor(Duration.ofMillis(random.nextInt(1_500)));
            world.daemon().process().kill();
            world.start();
            assertThat(look(members)).as("kill %d, seed %d", i, seed).isEqualTo(before);
        }
        streamsLive();
        members.get(2).ping("172.17.0.2");
        assertEndIsNoticed(members.get(2));
    }

    @Test
    void R4_keeperAndDaemonKilledTogetherAndConnectivityComesBack() {
        world.start();
        List<LabContainer> members = members(3);
        members.get(0).ping("172.17.0.4");
        String before = look(members);
        killBoth();
        Eventually.until(
                "no carrier", () -> members.get(0).ip("link show dev eth0").contains("NO-CARRIER"));
        world.start();
        members.get(0).ping("172.17.0.4");
        world.host().ping("172.17.0.3");
        assertThat(look(members)).isEqualTo(before);
        assertEndIsNoticed(members.get(2));
        // And once more, after which the files that the new daemon opened are lost as well.
        killBoth();
        world.start();
        members.get(0).ping("172.17.0.3");
        assertEndIsNoticed(members.get(1));
    }

    @Test
    void R6_aPlannedRestartLosesNoMoreThanATenthOfASecondBesideTheStart() {
        world.start();
        List<LabContainer> members = members(2);
        try (Flow flow = Flow.start(members.get(0), "172.17.0.3", members.get(1), 1_000)) {
            Eventually.measureFor(Duration.ofSeconds(1));
            world.stop();
            long begin = System.nanoTime();
            world.start();
            long startMs = (System.nanoTime() - begin) / 1_000_000;
            Eventually.measureFor(Duration.ofSeconds(1));
            Flow.Result result = flow.end();
            System.out.printf(
                    "R6: gap %.0f ms, start %d ms, %d of %d datagrams lost%n",
                    result.longestGapMs(), startMs, result.sent() - result.received(), result.sent());
            assertThat(result.sent() - result.received())
                    .as("lost at 1 000 a second, beside the start, %d ms", startMs)
                    .isLessThan(startMs + 100);
            assertThat(result.longestGapMs())
                    .as("beside the start, %d ms", startMs)
                    .isLessThan((double) startMs + 100);
        }
        world.assertNoTrouble();
    }

    @Test
    void R6_aRestartWithOtherWorkersMovesPortsAndSwitchesQueues() {
        world.start("--workers", "2");
        LabContainer one = world.attached("one", "--queues", "2");
        LabContainer two = world.attached("two");
        LabContainer three = world.attached("three");
        for (int workers : List.of(1, 3, 2)) {
            world.stop();
            world.start("--workers", "" + workers);
            assertThat(one.ip("-d link show dev eth0")).contains("numqueues " + Math.min(2, workers));
            one.ping("172.17.0.3");
            three.ping("172.17.0.2");
            two.ping("172.17.0.4");
            one.transferTcp(two, "172.17.0.3", 10_000_000);
        }
    }

    @Test
    void R15_aDeviceThatSomebodyHoldsIsPendingAndServedOnceItIsFree() {
        world.start();
        List<LabContainer> members = members(3);
        killBoth();
        try (Background holder = members.get(2).start("/usr/bin/python3", "-c", HOLD_TAP)) {
            holder.awaitWords("held");
            world.start();
            members.get(0).ping("172.17.0.3");
            assertThat(world.daemon().api().get("/status").at("warnings").toString())
                    .contains("eth0 of container m2 is pending", "held by another process");
        }
        Eventually.until(Duration.ofSeconds(15), "served", () -> members.get(0).reaches("172.17.0.4"));
        assertThat(world.daemon().api().get("/status").at("warnings").toString())
                .doesNotContain("pending");
    }

    private void killBoth() {
        List<ProcessHandle> keepers = world.host().keepers();
        assertThat(keepers).hasSize(1);
        world.daemon().process().kill();
        keepers.forEach(ProcessHandle::destroyForcibly);
        Eventually.until("both are dead", () -> keepers.stream().noneMatch(ProcessHandle::isAlive));
    }

    private List<LabContainer> members(int count, String... flags) {
        List<LabContainer> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(world.attached("m" + i, flags));
        }
        Eventually.until(
                "no address is asked for any more",
                () -> members.stream()
                        .noneMatch(member -> member.ip("-6 -o address").contains("tentative")));
        return members;
    }

    /** All that a container can see of its interfaces, and all that the daemon says of it. */
    private String look(List<LabContainer> members) {
        String inside = members.stream()
                .map(member ->
                        member.ip("-o address") + member.ip("route") + member.ip("-6 route") + member.ip("-o link"))
                .collect(Collectors.joining())
                // What a device was never without is UNKNOWN, and UP once it has been without.
                .replaceAll(" state (UP|UNKNOWN)", "");
        String[] words = new String[members.size() + 1];
        words[0] = "inspect";
        for (int i = 0; i < members.size(); i++) {
            words[i + 1] = members.get(i).known();
        }
        return inside + world.cli(words);
    }

    private void stream(LabContainer from, LabContainer to, String address, int seconds, int l4Port) {
        Background server = to.start("iperf3", "-s", "-1", "--forceflush", "-p", "" + l4Port);
        server.awaitWords("listening");
        streams.add(server);
        streams.add(from.start("iperf3", "-c", address, "-t", "" + seconds, "-p", "" + l4Port, "-J"));
    }

    /** Waits for the end of the streams: each got through, to its last second. */
    private void streamsLive() {
        for (int i = 1; i < streams.size(); i += 2) {
            Json result = Json.parse(
                    streams.get(i).await(Duration.ofSeconds(150)).ok().out());
            List<Json> intervals = result.at("intervals").elements();
            assertThat(intervals.getLast().at("sum").number("bytes"))
                    .as("bytes in the last second of %d", intervals.size())
                    .isPositive();
        }
    }

    /** Removes the container's namespace: the daemon must notice, and nothing may keep the namespace. */
    private void assertEndIsNoticed(LabContainer container) {
        // A pair whose one end is inside goes when the namespace does, not when its name does.
        world.host().ip("link add witness type veth peer name inside netns " + container.name());
        container.delete();
        Eventually.until(NOTICED, "its end is noticed", () -> !world.cli("ps").contains(container.known()));
        Eventually.until(
                NOTICED,
                "the namespace is gone",
                () -> !world.host().ip("-o link").contains("witness"));
    }
}
