package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What happened, as it happens: {@code tapswitch events} with docker's words. */
@Tag("netns")
@Timeout(120)
final class EventsIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void R16_eventsOfNetworksAndContainersInOrder() {
        try (Background events = LAB.daemon().startCli("events", "--format", "json")) {
            awaitFirstEvent(events);
            String network = LAB.cli("network", "create", "dev");
            LabContainer one = LAB.attached("one");
            one.connect("dev");
            one.disconnect("dev");
            LAB.cli("rename", "one", "uno");
            LAB.cli("rm", "-f", "uno");
            LAB.cli("network", "rm", "dev");
            Eventually.until("the last one came", () -> words(events.out()).contains("network destroy dev"));
            assertThat(words(events.out()).stream().filter(word -> !word.contains("probe")))
                    .containsSubsequence(
                            "network create dev",
                            "network connect bridge",
                            "network connect dev",
                            "network disconnect dev",
                            "container rename uno",
                            "network disconnect bridge",
                            "network destroy dev")
                    .contains("container start one", "container destroy uno");
            Json created = parsed(events.out()).stream()
                    .filter(event -> word(event).equals("network create dev"))
                    .findFirst()
                    .orElseThrow();
            assertThat(created.at("Actor").text("ID")).isEqualTo(network);
            assertThat(created.at("Actor").at("Attributes").text("type")).isEqualTo("bridge");
            assertThat(created.number("timeNano") / 1_000_000_000L).isEqualTo(created.number("time"));
        }
    }

    /** A follower sees what happens after it has begun: something has to happen until it sees it. */
    private static void awaitFirstEvent(Background events) {
        int[] count = {0};
        Eventually.until(Duration.ofSeconds(15), "the first event", () -> {
            LAB.daemon()
                    .api()
                    .post("/networks", "{\"name\":\"probe" + ++count[0] + "\"}")
                    .ok();
            LAB.daemon().api().delete("/networks/probe" + count[0]).ok();
            return events.out().contains("probe");
        });
    }

    @Test
    void R1_deadNamespaceIsAnEvent() {
        LabContainer one = LAB.attached("one");
        try (Background events = LAB.daemon().startCli("events", "--format", "json")) {
            awaitFirstEvent(events);
            one.delete();
            Eventually.until("die", () -> words(events.out()).contains("container die one"));
            Eventually.until("disconnect", () -> words(events.out()).contains("network disconnect bridge"));
        }
    }

    @Test
    void pastEventsAreShownBetweenSinceAndUntil() {
        String before = Instant.now().toString();
        LAB.cli("network", "create", "dev");
        LAB.cli("network", "rm", "dev");
        String after = Instant.now().plusMillis(1).toString();
        LAB.cli("network", "create", "later");
        Outcome shown = LAB.daemon().cli("events", "--since", before, "--until", after, "--filter", "type=network");
        assertThat(shown.ok().out().lines()).hasSize(2);
        assertThat(shown.out())
                .containsPattern("network create [0-9a-f]{64} \\(.*name=dev.*\\)")
                .containsPattern("network destroy [0-9a-f]{64} \\(.*name=dev.*\\)")
                .doesNotContain("later");
        assertThat(LAB.cli("events", "--since", before, "--until", after, "--filter", "event=destroy")
                        .lines())
                .hasSize(1);
        assertThat(LAB.refused("events", "--filter", "colour=red")).contains("colour");
    }

    private static List<String> words(String lines) {
        return parsed(lines).stream().map(EventsIT::word).toList();
    }

    private static String word(Json event) {
        return event.text("Type") + " " + event.text("Action") + " "
                + event.at("Actor").at("Attributes").text("name");
    }

    /** Only whole lines: the last one may still be written. */
    private static List<Json> parsed(String lines) {
        List<Json> events = new ArrayList<>();
        for (String line :
                lines.substring(0, lines.lastIndexOf('\n') + 1).lines().toList()) {
            events.add(Json.parse(line));
        }
        return events;
    }
}
