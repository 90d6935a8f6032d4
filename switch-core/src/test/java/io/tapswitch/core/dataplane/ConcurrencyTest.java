package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Runs the {@code *Stress} classes of this package under jcstress, in a process of its own: some seconds of stress and
 * about as many of starting JVMs. {@code -Dtest.flags=-Dstress=300} gives it that many seconds, and every mode of the
 * JVM. The report is in target/jcstress.
 */
class ConcurrencyTest {
    private static final int DAILY_SECONDS = 10;
    private static final int SECONDS = Integer.getInteger("stress", DAILY_SECONDS);
    /** How many tests there are, and in how many modes jcstress runs each when it is not told to run one. */
    private static final int TESTS = 9;

    private static final int MODES = 14;

    @Test
    void ringsDoorbellsAndCountersHoldUnderStress() throws IOException, InterruptedException {
        Path results = Path.of("target", "jcstress").toAbsolutePath();
        Files.createDirectories(results);
        Path log = results.resolve("log.txt");
        Process process = new ProcessBuilder(command(results))
                .directory(results.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(4L * SECONDS + 180, TimeUnit.SECONDS);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        String said = Files.readString(log);
        assertThat(ended).as("ended in time:%n%s", said).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said).contains("[OK]").doesNotContain("[FAILED]", "[ERROR]");
        for (String each : List.of("HandoffRingStress", "DoorbellStress", "DatapathCountersStress")) {
            assertThat(said).as("tests that ran").contains(each);
        }
    }

    /** One JVM mode for the daily run; all modes that jcstress knows, compilers on and off, where there is time. */
    private static List<String> command(Path results) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main"));
        command.addAll(List.of("-t", "io.tapswitch.core.dataplane", "-r", results.toString(), "-v"));
        command.addAll(List.of("-f", "1", "-fsm", "1", "-iters", "5"));
        if (SECONDS <= DAILY_SECONDS) {
            command.addAll(List.of("-sc", "false", "-jvmArgs", "-XX:+UseSerialGC"));
            command.addAll(List.of("-time", Integer.toString(SECONDS * 1000 / TESTS / 5)));
        } else {
            command.addAll(List.of("-time", Integer.toString(SECONDS * 1000 / TESTS / 5 / MODES)));
        }
        return command;
    }
}
