package io.tapswitch.e2e;

import io.tapswitch.lab.Lab;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The core suite over {@code --io multishot}. */
@Tag("netns")
final class MultishotIT extends CoreSuite {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon("--io", "multishot");

    MultishotIT() {
        super(LAB, "multishot");
    }
}
