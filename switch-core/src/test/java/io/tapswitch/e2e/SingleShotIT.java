package io.tapswitch.e2e;

import io.tapswitch.lab.Lab;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The core suite over {@code --io single}. */
@Tag("netns")
final class SingleShotIT extends CoreSuite {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon("--io", "single");

    SingleShotIT() {
        super(LAB, "single");
    }
}
