package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.Outcome;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The API as the packed daemon serves it: what unit tests cannot see is whether the jar is complete. */
@Tag("netns")
@Timeout(120)
final class ApiIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void thePackedDaemonDescribesItself() {
        Json description = LAB.daemon().api().get("/openapi.json");
        assertThat(description.text("openapi")).startsWith("3.1");
        assertThat(description
                        .at("components")
                        .at("schemas")
                        .at("State")
                        .at("properties")
                        .at("ExitCode")
                        .toString())
                .as("what may be null is read from annotations, which must be in the jar")
                .contains("anyOf");
    }

    @Test
    void eventsOfThePastArePrintedAndTheCommandEnds() {
        LAB.daemon().cli("network", "create", "seen").ok();
        LAB.daemon().cli("network", "rm", "seen").ok();
        Outcome events = LAB.daemon()
                .cli("events", "--since", "1h", "--until", "0s", "--filter", "network=seen", "--format", "{{.Action}}");
        assertThat(events.ok().out()).isEqualTo("create\ndestroy\n");
    }
}
