package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Daemon;
import io.tapswitch.lab.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The stories of scripts/scenarios, told from beginning to end; each makes its own host and leaves nothing. */
@Tag("netns")
@Timeout(180)
final class ScenarioIT {
    private static final Path SCENARIOS = Daemon.projectRoot().resolve("scripts/scenarios");

    @BeforeEach
    void onlyAsRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
    }

    @Test
    void containerNetworksFromTheBeginning() {
        Outcome story = Commands.run(
                Duration.ofSeconds(150),
                "",
                List.of(SCENARIOS.resolve("container-networks").toString(), "--no-build"));
        assertThat(story.exit()).as("%s", story).isZero();
        assertThat(story.out())
                .contains("$ tapswitch network connect CustomNetwork two")
                .contains("Destination Host Unreachable")
                .containsPattern("all [0-9]{2,} checks passed");
        assertThat(Commands.run("ip", "netns").out()).doesNotContain("story-");
    }

    @Test
    void A_OVL_03_to_18_hostsOfAClusterFromTheFirstDaemonToOneThatComesBack() {
        Outcome story = Commands.run(
                Duration.ofSeconds(150),
                "",
                List.of(SCENARIOS.resolve("hosts-of-a-cluster").toString(), "--no-build"));
        assertThat(story.exit()).as("%s", story).isZero();
        assertThat(story.out())
                .contains("[north] tapswitch network create --driver overlay mesh")
                .containsPattern("all [0-9]{2,} checks passed");
        assertThat(Commands.run("ip", "netns").out()).doesNotContain("story-");
    }

    @Test
    void eachStorySaysWhatItShowsAndRefusesUnknownOptions() throws IOException {
        try (Stream<Path> stories = Files.list(SCENARIOS)) {
            assertThat(stories.toList()).isNotEmpty().allSatisfy(story -> {
                assertThat(Commands.run(story.toString(), "--help").ok().out()).startsWith("usage: ");
                assertThat(Commands.run(story.toString(), "--nonsense").exit()).isEqualTo(1);
            });
        }
    }
}
