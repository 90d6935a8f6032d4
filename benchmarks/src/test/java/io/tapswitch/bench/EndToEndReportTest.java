package io.tapswitch.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** scripts/bench decides in Python whether a bar was reached; its own tests belong to the build like any other. */
class EndToEndReportTest {
    @Test
    void theTestsOfTheReportPass() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        Process tests = new ProcessBuilder("/usr/bin/python3", "-B", "-m", "unittest", "discover", "-s", "end-to-end")
                .redirectErrorStream(true)
                .start();
        String output = new String(tests.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tests.waitFor()).as(output).isZero();
        assertThat(output).containsPattern("Ran [1-9]\\d* tests");
    }
}
