package io.tapswitch.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code scripts/build} says when Maven fails; Maven is played by a script. */
class BuildScriptTest {
    @TempDir
    Path directory;

    private String failed(String maven) throws IOException, InterruptedException {
        Path script = Files.createDirectories(directory.resolve("scripts")).resolve("build");
        Files.copy(root().resolve("scripts/build"), script);
        Path played = Files.createDirectories(directory.resolve("bin")).resolve("mvn");
        Files.writeString(played, "#!/bin/sh\necho '" + maven + "'\nexit 1\n");
        assertThat(played.toFile().setExecutable(true)).isTrue();
        ProcessBuilder builder = new ProcessBuilder("bash", script.toString()).redirectErrorStream(true);
        builder.environment().compute("PATH", (name, path) -> played.getParent() + ":" + path);
        Path spare = Files.createDirectories(directory.resolve("tmp"));
        builder.environment().put("TMPDIR", spare.toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(spare).as("nothing is left").isEmptyDirectory();
        return said;
    }

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.exists(here.resolve("scripts/build"))) {
            here = Objects.requireNonNull(here.getParent(), "no scripts/build above");
        }
        return here;
    }

    @Test
    void aFaultInTheCodeIsNotBlamedOnTheJdk() throws Exception {
        assertThat(failed("[ERROR] COMPILATION ERROR : the toolchain is fine"))
                .contains("[ERROR] COMPILATION ERROR")
                .contains("scripts/build: Maven failed")
                .doesNotContain("JDK");
    }

    @Test
    void aMissingJdkIsSaidSo() throws Exception {
        assertThat(failed(
                        "[ERROR] Failed to execute goal select-jdk-toolchain: Cannot find matching toolchain definitions for the"
                                + " following toolchain types:{version=[25,26)}"))
                .contains("scripts/build: Maven found no JDK 25")
                .contains("temurin-25-jdk");
    }
}
