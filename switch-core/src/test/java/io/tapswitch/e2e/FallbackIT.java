package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Daemon;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Where io_uring is missing or forbidden, as in Docker's default seccomp profile (R8). */
@Tag("netns")
@Timeout(120)
final class FallbackIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    /** strace plays the seccomp filter: it is asked only at io_uring_setup, which then fails. */
    private static final List<String> FORBIDDEN = List.of(
            "strace",
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            "trace=io_uring_setup",
            "-e",
            "inject=io_uring_setup:error=EPERM");

    @Test
    void R8_withoutIoUringItSaysSoOnceAndWorksByPoll() {
        try (Daemon daemon = Daemon.start(LAB.host(), LAB.newDirectory(), FORBIDDEN, List.of())) {
            assertThat(daemon.api().get("/stats").text("io")).isEqualTo("poll");
            assertThat(daemon.log().lines().filter(line -> line.contains("poll")))
                    .hasSize(1);
            LabNamespace one = LAB.namespace("n");
            LabNamespace two = LAB.namespace("n");
            daemon.cli("attach", "--netns", one.name()).ok();
            daemon.cli("attach", "--netns", two.name()).ok();
            assertThat(one.exec("ping", "-c3", "-i0.1", "-W2", "172.17.0.3")
                            .ok()
                            .out())
                    .contains("3 received");
        }
    }

    @Test
    void R8_forcedPathThatIsForbiddenIsAClearError() {
        try (Daemon daemon = Daemon.launch(LAB.host(), LAB.newDirectory(), FORBIDDEN, List.of("--io", "multishot"))) {
            Outcome outcome = daemon.process().await(Duration.ofSeconds(20));
            assertThat(outcome.exit()).isNotZero();
            assertThat(outcome.err()).contains("multishot").doesNotContain("\tat ");
        }
    }

    @Test
    void unforcedPathIsTheBestThatTheKernelHas() {
        assertThat(LAB.stats().text("io")).isEqualTo("multishot");
        assertThat(LAB.daemon().log().lines().filter(line -> line.contains("multishot")))
                .hasSize(1);
    }
}
