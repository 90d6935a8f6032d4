package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class NatWatchTest {
    private final Map<String, Long> counters = new HashMap<>();
    private final EventLog log = new EventLog();
    private final NatWatch watch = new NatWatch(() -> counters, log, () -> {});

    private List<String> told() throws InterruptedException {
        List<String> told = new ArrayList<>();
        try (EventLog.Reader reader = log.read(Instant.EPOCH)) {
            EventLog.Next next = reader.next(event -> true, Duration.ZERO);
            while (next.fate() == EventLog.Fate.EVENT) {
                Event event = Objects.requireNonNull(next.entry()).event();
                told.add(event.type() + " " + event.action() + " "
                        + event.attributes().get("reason") + " "
                        + event.attributes().get("refused"));
                next = reader.next(any -> true, Duration.ZERO);
            }
        }
        return told;
    }

    @Test
    @DisplayName("N16 exhaustion is an event, once for each look at which more was refused")
    void N16_exhaustionIsToldOncePerReasonAndLook() throws InterruptedException {
        counters.put("refused_ports", 7L);
        watch.look();
        assertThat(told()).as("what an earlier look would have told").isEmpty();
        counters.put("refused_ports", 9L);
        counters.put("refused_quota", 1_000L);
        counters.put("refused_allow", 3L);
        watch.look();
        watch.look();
        assertThat(told()).containsExactlyInAnyOrder("nat exhausted ports 2", "nat exhausted quota 1000");
        counters.put("refused_table", 1L);
        watch.look();
        assertThat(told()).hasSize(3).contains("nat exhausted table 1");
    }
}
