package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The core suite, and what crosses between threads, with {@code --workers 2}. */
@Tag("netns")
@Timeout(60)
final class TwoWorkersIT extends CoreSuite {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard("--workers", "2", "--io", "multishot");

    TwoWorkersIT() {
        super(LAB, "multishot");
    }

    @Test
    void hasTwoWorkersAndPortsOfBothReachEachOther() {
        assertThat(LAB.stats().number("workers")).isEqualTo(2);
        LabNetwork network = LAB.network();
        List<LabContainer> four = LAB.containers(network, 4);
        for (LabContainer from : four) {
            for (LabContainer to : four) {
                if (from != to) {
                    from.ping(to);
                }
            }
            from.ping(network.gateway());
        }
    }

    @Test
    void crossingsAreCounted() {
        LabNetwork network = LAB.network();
        List<LabContainer> four = LAB.containers(network, 4);
        long frames = LAB.daemon().internal("handoff_frames");
        long learned = LAB.daemon().internal("handoff_learned");
        for (LabContainer each : four) {
            each.ping(network.gateway());
            each.send(Frames.experimental("ff:ff:ff:ff:ff:ff", "02:00:00:00:02:0" + four.indexOf(each), "learn"), 1);
        }
        Eventually.until("learned addresses crossed", () -> LAB.daemon().internal("handoff_learned") > learned);
        Eventually.until(
                "frames for the other worker's gateway crossed",
                () -> LAB.daemon().internal("handoff_frames") > frames);
        assertThat(LAB.daemon().internal("handoff_full")).isZero();
    }

    @Test
    void B2_addressThatMovesToTheOtherWorkerIsFollowedByBoth() {
        LabNetwork network = LAB.network();
        List<LabContainer> four = LAB.containers(network, 4);
        String x = "02:00:00:00:03:01";
        for (int round = 0; round < 4; round++) {
            LabContainer home = four.get(round);
            home.send(Frames.experimental("ff:ff:ff:ff:ff:ff", x, "here"), 1);
            Eventually.until(
                    "learned at " + home.name(),
                    () -> LAB.daemon().api().get("/fdb?network=" + network.id()).elements().stream()
                            .filter(entry -> entry.text("mac").equals(x))
                            .allMatch(entry -> entry.text("container").equals(home.name())));
            for (LabContainer from : four) {
                if (from == home) {
                    continue;
                }
                LabContainer bystander = four.stream()
                        .filter(c -> c != from && c != home)
                        .findFirst()
                        .orElseThrow();
                try (Sniffer atHome = Sniffer.in(home, "88b5");
                        Sniffer atBystander = Sniffer.in(bystander, "88b5")) {
                    from.send(Frames.experimental(x, from.mac(), "to x"), 3);
                    assertThat(atHome.framesBeforeFenceFrom(from)).hasSize(3);
                    assertThat(atBystander.framesBeforeFenceFrom(from)).isEmpty();
                }
            }
        }
        LAB.daemon().expectLog("(?i)mov|flap");
    }

    @Test
    void B15_blastsInBothDirectionsKeepTheirOrder() {
        LabNetwork network = LAB.network();
        List<LabContainer> four = LAB.containers(network, 4);
        try (Flow one = Flow.start(four.get(0), four.get(1), 3_000, 6001);
                Flow two = Flow.start(four.get(1), four.get(2), 3_000, 6002);
                Flow three = Flow.start(four.get(2), four.get(3), 3_000, 6003)) {
            Eventually.measureFor(Duration.ofSeconds(3));
            one.end().nothingLost();
            two.end().nothingLost();
            three.end().nothingLost();
        }
        assertThat(Flow.blast(four.get(0), four.get(3), 200_000).reordered()).isZero();
        assertThat(Flow.blast(four.get(3), four.get(0), 200_000).reordered()).isZero();
    }

    @Test
    void multiQueueContainerIsReadByBothWorkers() {
        LabNetwork network = LAB.network();
        LabContainer wide = LAB.container(network, ",\"queues\":2");
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        wide.transferTcp(a, 20_000_000);
        b.transferTcp(wide, 20_000_000);
        wide.exchangeUdp(b, "1,1472,20000");
        Flow.Result result = Flow.blast(wide, a, 100_000);
        assertThat(result.reordered()).isZero();
    }
}
