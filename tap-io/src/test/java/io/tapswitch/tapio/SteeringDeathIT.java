package io.tapswitch.tapio;

import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the steering outlives a killed process for the grace time and no longer, and that a new process takes it over. */
@Tag("netns")
final class SteeringDeathIT {
    private static final Duration GRACE = Duration.ofSeconds(3);
    private static final int ANSWER_MS = 3000;
    private static final int IMPATIENT_MS = 250;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    @TempDir
    private Path runDirectory;

    private SteeringLab lab;

    @BeforeEach
    void begin() {
        lab = new SteeringLab(runDirectory);
    }

    @AfterEach
    void end() {
        lab.close();
    }

    @Test
    void aKilledProcessLeavesSilenceAndAfterTheGraceTimeTheHostAnswers() throws Exception {
        killed(GRACE, "owner -1");
        long lastBeatNs = lastBeatNs();
        int silences = 0;
        long endNs = System.nanoTime() + PATIENCE_NS;
        while (true) {
            String fate = lab.connect(lab.outside, HOST, PORT, IMPATIENT_MS);
            long nowNs = System.nanoTime();
            if (fate.equals("refused")) {
                assertThat(nowNs - lastBeatNs)
                        .as("the host answers not before the grace time is over")
                        .isGreaterThanOrEqualTo(GRACE.toNanos());
                break;
            }
            assertThat(fate).isEqualTo("silence");
            silences++;
            assertThat(nowNs).as("the host answers in the end").isLessThan(endNs);
        }
        assertThat(silences).isPositive();
        assertThat(lab.uplinkTap.tryRead()).as("what came in the grace time").isNotNull();
    }

    @Test
    void aNewProcessTakesOverWithinTheGraceTimeAndFindsTheMarks() throws Exception {
        killed(Duration.ofHours(1), "owner -1");
        killed(Duration.ofHours(1), "owner 3");
        lab.uplinkTap.answer();
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
        try (Steering steering = lab.steering()) {
            assertThat(steering.marks(0, IpFrames.low(HOST)).owner(PortMarks.TCP, PORT))
                    .isEqualTo(3);
            assertThat(lab.<Boolean, RuntimeException>inHost(() -> steering.isFirst(lab.uplink)))
                    .isTrue();
            assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
            steering.forgetAllBut((high, low) -> false);
            assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        }
    }

    @Test
    void removesWhatAKilledProcessLeft() throws Exception {
        killed(Duration.ofHours(1), "owner -1");
        assertThat(lab.connect(lab.outside, HOST, PORT, IMPATIENT_MS)).isEqualTo("silence");
        lab.doInHost(() -> Steering.removeAll(lab.bpf));
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        try (var pins = Files.list(lab.bpf)) {
            assertThat(pins).isEmpty();
        }
        BpfDirectory.remove(BpfDirectory.SYSTEM, runDirectory);
        assertThat(lab.bpf).doesNotExist();
        BpfDirectory.remove(BpfDirectory.SYSTEM, runDirectory);
    }

    @Test
    void removesWhatAnotherVersionLeft() throws Exception {
        killed(Duration.ofHours(1), "owner -1");
        try (var pins = Files.list(lab.bpf)) {
            for (Path pin : pins.toList()) {
                Files.move(pin, pin.resolveSibling(pin.getFileName().toString().replace("v1-", "v0-")));
            }
        }
        try (Steering steering = lab.inHost(() -> Steering.open(lab.bpf, GRACE))) {
            assertThat(steering.lastBeatNs()).isZero();
            assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
        }
    }

    private long lastBeatNs() {
        try (Steering steering = Steering.open(lab.bpf, GRACE)) {
            return steering.lastBeatNs();
        }
    }

    private void killed(Duration grace, String owner) throws Exception {
        Process process = SteeringProcess.start(lab, grace);
        try (BufferedReader lines = process.inputReader()) {
            assertThat(lines.readLine()).isEqualTo(owner);
            assertThat(lines.readLine()).isEqualTo("steers");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }
}
