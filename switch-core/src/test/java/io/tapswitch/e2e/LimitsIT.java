package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What one container can do to the others by sending too much: requirements B7 to B9, rows 10 and 12 to 14. */
@Tag("netns")
@Timeout(90)
final class LimitsIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard();

    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    private static final boolean SOAK = Boolean.getBoolean("soak");

    @Test
    void B7_fullTableKeepsWhatItKnowsAndFloodsTheRest() {
        LabNetwork network = LAB.network("tapswitch.learned-per-port", "10");
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer c = LAB.container(network);
        a.send(IntStream.range(0, 30)
                .mapToObj(i -> Frames.experimental(BROADCAST, address(i), "learn"))
                .toList());
        Eventually.until("ten addresses are learned", () -> learned(network).size() == 10);
        assertThat(learned(network)).extracting(e -> e.text("mac")).contains(address(0), address(9));
        try (Sniffer atC = Sniffer.in(c, "88b5")) {
            b.send(Frames.experimental(address(0), b.mac(), "known"), 3);
            b.send(Frames.experimental(address(29), b.mac(), "not known"), 4);
            assertThat(atC.framesBeforeFenceFrom(b)).hasSize(4);
        }
        assertThat(LAB.daemon().internal("fdb_full")).isPositive();
        assertThat(learned(network)).hasSize(10);
        a.ping(b);
    }

    @Test
    void B7_limitOfTheNetworkHoldsOverItsPorts() {
        LabNetwork network = LAB.network("tapswitch.learned-per-network", "15");
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        a.send(IntStream.range(0, 10)
                .mapToObj(i -> Frames.experimental(BROADCAST, address(i), "learn"))
                .toList());
        Eventually.until("ten are learned", () -> learned(network).size() == 10);
        b.send(IntStream.range(50, 70)
                .mapToObj(i -> Frames.experimental(BROADCAST, address(i), "learn"))
                .toList());
        Eventually.until("no more than fifteen", () -> learned(network).size() == 15);
        a.ping(b);
    }

    @Test
    void B8_row10_floodOfSourceAddressesDisturbsNobody() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network);
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer witness = LAB.container(network);
        String flowOnly = Frames.address(a.address()) + Frames.address(b.address());
        long residentBefore = LAB.daemon().use().residentBytes();
        int count = SOAK ? 1_000_000 : 200_000;
        try (Flow flow = Flow.start(a, b, 500);
                Sniffer atWitness = Sniffer.in(witness, flowOnly)) {
            Json flood = hostile.traffic(
                    Duration.ofMinutes(1),
                    "",
                    "flood",
                    "count",
                    count,
                    "destination",
                    a.mac().replace(":", ""),
                    "rate",
                    60_000);
            assertThat(flood.number("sent")).isEqualTo(count);
            assertThat(atWitness.framesBeforeFenceFrom(b)).isEmpty();
            flow.end().nothingLost();
        }
        assertThat(learned(network).size()).isLessThan(10_000);
        assertThat(LAB.daemon().use().residentBytes() - residentBefore).isLessThan(48L << 20);
        assertThat(LAB.daemon().api().get("/fdb?network=" + network.id()).elements())
                .filteredOn(e -> e.text("type").equals("pinned"))
                .extracting(e -> e.text("mac"))
                .contains(a.mac(), b.mac(), hostile.mac(), witness.mac());
    }

    @Test
    void B9_row13_broadcastStormIsLimitedAndOthersLoseNothing() {
        LabNetwork network = LAB.network("tapswitch.storm-pps", "2000");
        LabContainer hostile = LAB.container(network);
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        try (Flow flow = Flow.start(a, b, 500);
                Background counter = a.startTraffic("sniff", "only", Frames.text("flood"), "count", true)) {
            Json flood = hostile.traffic(
                    Duration.ofMinutes(1), "", "flood", "count", 120_000, "vary", "destination", "rate", 40_000);
            long passed = Json.parse(counter.stop().ok().lastLine()).number("seen");
            double seconds = flood.fraction("seconds");
            assertThat(passed).as("in %s s", seconds).isLessThanOrEqualTo((long) (2000 * (seconds + 2)));
            assertThat(passed).isGreaterThanOrEqualTo((long) (1000 * seconds));
            assertThat(hostile.drops("storm")).isGreaterThan(50_000);
            flow.end().nothingLost();
        }
    }

    @Test
    void row12_addressThatFlapsBetweenTwoPortsDisturbsNobody() {
        LAB.daemon().expectLog("(?i)mov");
        LabNetwork network = LAB.network();
        LabContainer one = LAB.container(network);
        LabContainer two = LAB.container(network);
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        String frame = Frames.experimental(a.mac(), address(1), "flapping");
        try (Flow flow = Flow.start(a, b, 500)) {
            Thread other = Thread.ofVirtual().start(() -> two.send(frame, 20_000));
            one.send(frame, 20_000);
            joined(other);
            flow.end().nothingLost();
        }
        long alarms = LAB.daemon()
                .log()
                .lines()
                .filter(line -> line.contains("WARN") && line.contains(address(1)))
                .count();
        assertThat(alarms).as("one alarm in 180 s, not one a move").isLessThanOrEqualTo(1);
    }

    @Test
    void B9_row14_loopOfTwoPortsLeavesKnownUnicastAlone() {
        LAB.daemon().expectLog("(?i)mov|loop");
        LabNetwork network = LAB.network();
        List<LabContainer> ends = LAB.containers(network, 2);
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer left = ends.get(0);
        left.ip("link add name loop0 type veth peer name loop0 netns "
                + ends.get(1).name());
        for (LabContainer end : ends) {
            end.ip("link add name bridge0 type bridge");
            end.ip("link set eth0 master bridge0");
            end.ip("link set loop0 master bridge0");
            end.ip("link set loop0 up");
            end.ip("link set bridge0 up");
        }
        long worker = LAB.daemon().use().cpuMs();
        long begin = System.nanoTime();
        try (Flow flow = Flow.start(a, b, 500)) {
            a.send(Frames.experimental(BROADCAST, a.mac(), "round and round"), 50);
            Eventually.measureFor(Duration.ofSeconds(3));
            Flow.Result result = flow.end();
            assertThat(result.received()).isGreaterThanOrEqualTo(result.sent() * 99 / 100);
        }
        double share = (LAB.daemon().use().cpuMs() - worker) / ((System.nanoTime() - begin) / 1e6);
        left.ip("link del loop0");
        assertThat(share).as("CPU time of the daemon per time").isLessThan(1.0);
        assertThat(LAB.daemon().api().get("/drops").elements())
                .anyMatch(drop -> drop.text("reason").equals("storm")
                        || drop.text("reason").equals("spoof_mac"));
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Json> learned(LabNetwork network) {
        return LAB.daemon().api().get("/fdb?network=" + network.id()).elements().stream()
                .filter(e -> e.text("type").equals("learned"))
                .toList();
    }

    private static String address(int number) {
        return String.format(Locale.ROOT, "02:00:00:00:01:%02x", number);
    }
}
