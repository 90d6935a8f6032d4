package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.LabNamespace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The host's own interface, without a switch. */
@Tag("netns")
@Timeout(60)
final class HostInterfaceIT {
    @TempDir
    Path directory;

    @Test
    void theHostsInterfaceCarriesEachNetworkOutlivesItsMakerAndIsFoundAgain() {
        try (LabNamespace host = new LabNamespace("h")) {
            assertThat(host.exec(
                                    Duration.ofSeconds(50),
                                    "",
                                    List.of(
                                            ProcessHandle.current()
                                                    .info()
                                                    .command()
                                                    .orElseThrow(),
                                            "--enable-native-access=ALL-UNNAMED",
                                            "-cp",
                                            System.getProperty("java.class.path"),
                                            HostInterfaceScenario.class.getName(),
                                            directory.toString()))
                            .ok()
                            .lastLine())
                    .isEqualTo("all is well");
        }
    }
}
