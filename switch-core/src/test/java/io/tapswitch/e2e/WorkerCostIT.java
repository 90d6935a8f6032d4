package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a frame costs on the live worker: bytes of Java heap, and system calls. */
@Tag("netns")
final class WorkerCostIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard("--io", "multishot");

    private static final Pattern CALLS =
            Pattern.compile("^ *[\\d.]+ +[\\d.]+ +\\d+ +(\\d+) +(?:\\d+ +)?(\\w+)$", Pattern.MULTILINE);
    private static final boolean SOAK = Boolean.getBoolean("soak");
    private static final int FRAMES = SOAK ? 10_000_000 : 500_000;
    private static int lastSeed;

    @Test
    @Timeout(3600)
    void R11_framesFloodsDropsAndCounterReadsAllocateNothing() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer hostile = LAB.container(network);
        warmUp(a, b, hostile);

        // The JVM may throw compiled code away once more and run a few calls in its interpreter, where a downcall costs
        // 32 bytes; a window in which that happened proves nothing, and is measured again. What allocates for each
        // frame, or each batch, or each tick, is in every window.
        List<Long> windows = new ArrayList<>();
        do {
            windows.add(allocatedIn(FRAMES, a, b, hostile));
        } while (windows.getLast() != 0 && windows.size() < 4);
        assertThat(windows.getLast())
                .as("bytes allocated by the worker in windows of %s frames: %s", FRAMES, windows)
                .isZero();
        assertThat(windows).allMatch(bytes -> bytes < FRAMES / 100);
    }

    /** The long run goes on until addresses have aged as well, which takes 300 s. */
    private static long allocatedIn(int count, LabContainer a, LabContainer b, LabContainer hostile) {
        long allocated = LAB.daemon().internal("allocated_bytes");
        long frames = LAB.daemon().internal("received");
        long aged = LAB.daemon().internal("fdb_aged");
        while (LAB.daemon().internal("received") - frames < count
                || (SOAK && LAB.daemon().internal("fdb_aged") == aged)) {
            everyKindOfTraffic(a, b, hostile, 250_000);
        }
        return LAB.daemon().internal("allocated_bytes") - allocated;
    }

    /** Until the JVM has compiled and linked what is used: two rounds in a row that allocate nothing. */
    private static void warmUp(LabContainer a, LabContainer b, LabContainer hostile) {
        int quietRounds = 0;
        for (int round = 0; round < 20 && quietRounds < 2; round++) {
            long before = LAB.daemon().internal("allocated_bytes");
            everyKindOfTraffic(a, b, hostile, 150_000);
            quietRounds = LAB.daemon().internal("allocated_bytes") == before ? quietRounds + 1 : 0;
        }
        assertThat(quietRounds).as("rounds without allocation").isEqualTo(2);
    }

    private static void everyKindOfTraffic(LabContainer a, LabContainer b, LabContainer hostile, int datagrams) {
        Flow.blast(a, b, datagrams);
        a.transferTcp(b, 10_000_000);
        hostile.send(Frames.experimental("ff:ff:ff:ff:ff:ff", hostile.mac(), "flooded to all"), 500);
        hostile.send(Frames.vlan(a.mac(), hostile.mac(), 7, "dropped"), 500);
        hostile.send(Frames.experimental("02:00:00:00:09:09", hostile.mac(), "unknown"), 500);
        hostile.traffic("flood", "count", 2000, "vary", "source", "rate", 20_000, "seed", ++lastSeed);
        hostile.exec("ping", "-c20", "-i0.002", "-q", hostile.gateway()).ok();
        LAB.daemon().api().get("/drops");
    }

    @Test
    @Timeout(120)
    void loadedWorkerMakesLessThanHalfASystemCallAFrame() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        Flow.blast(a, b, 100_000);
        List<Background> senders = new ArrayList<>();
        try (Background receiver = b.startTraffic("udp-flow-receive")) {
            for (int i = 0; i < 2; i++) {
                senders.add(LAB.closing(
                        a.startTraffic("udp-flow-send", "address", b.address(), "rate", 0, "count", 20_000_000)));
            }
            Background strace = LAB.closing(Commands.start(List.of(
                            "strace",
                            "-c",
                            "-p",
                            String.valueOf(LAB.daemon().use().worker(0)))))
                    .awaitWords("attached");
            long before = LAB.daemon().internal("received");
            Eventually.until(
                    Duration.ofSeconds(60), "frames pass", () -> LAB.daemon().internal("received") - before > 200_000);
            strace.interrupt();
            long frames = LAB.daemon().internal("received") - before;
            String table = strace.await(Duration.ofSeconds(20)).err();
            assertThat(calls(table, true))
                    .as("io_uring_enter for %s frames:%n%s", frames, table)
                    .isPositive()
                    .isLessThan(frames / 2);
            assertThat(calls(table, false))
                    .as("other calls for %s frames:%n%s", frames, table)
                    .isLessThan(frames / 100);
            assertThat(receiver.alive()).isTrue();
            senders.forEach(Background::close);
        }
    }

    private static long calls(String table, boolean enter) {
        long sum = 0;
        Matcher row = CALLS.matcher(table);
        while (row.find()) {
            if (!row.group(2).equals("total") && row.group(2).equals("io_uring_enter") == enter) {
                sum += Long.parseLong(row.group(1));
            }
        }
        return sum;
    }
}
