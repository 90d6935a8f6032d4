package io.tapswitch.e2e;

import io.tapswitch.lab.Lab;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The core suite over {@code --io poll}. */
@Tag("netns")
final class PollIT extends CoreSuite {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon("--io", "poll");

    PollIT() {
        super(LAB, "poll");
    }
}
