package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Daemon;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where io_uring is missing or forbidden, as in Docker's default seccomp profile (R8). */
@Tag("netns")
@Timeout(120)
final class FallbackIT {
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
        try (World world = new World()) {
            // strace stays as long as anything that it follows, and the keeper is meant to stay.
            Daemon daemon = world.start(FORBIDDEN, "--detach-on-exit");
            assertThat(daemon.api().get("/stats").text("io")).isEqualTo("poll");
            assertThat(daemon.log().lines().filter(line -> line.contains("poll")))
                    .hasSize(1);
            LabContainer one = world.attached("one");
            world.attached("two");
            assertThat(one.exec("ping", "-c3", "-i0.1", "-W2", "172.17.0.3")
                            .ok()
                            .out())
                    .contains("3 received");
        }
    }

    @Test
    void R8_forcedPathThatIsForbiddenIsAClearError() {
        try (World world = new World();
                Daemon daemon =
                        Daemon.launch(world.host(), world.directory(), FORBIDDEN, List.of("--io", "multishot"))) {
            Outcome outcome = daemon.process().await(Duration.ofSeconds(20));
            assertThat(outcome.exit()).isNotZero();
            assertThat(outcome.err()).contains("multishot").doesNotContain("\tat ");
        }
    }

    @Test
    void unforcedPathIsTheBestThatTheKernelHas() {
        try (World world = World.withDaemon()) {
            Daemon daemon = world.daemon();
            assertThat(daemon.api().get("/stats").text("io")).isEqualTo("multishot");
            assertThat(daemon.log().lines().filter(line -> line.contains("multishot")))
                    .hasSize(1);
        }
    }
}
