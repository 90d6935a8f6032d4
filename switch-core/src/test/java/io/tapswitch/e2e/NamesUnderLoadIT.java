package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Names while much else happens: reloads, dead upstreams, a flood of random names: D16, D17. */
@Tag("netns")
@Timeout(300)
final class NamesUnderLoadIT {
    private static final String RESOLVER = "169.254.53.53";
    /** Nobody has these addresses, and nobody says so. */
    private static final String DEAD = "dns: {upstream: [\"192.0.2.98\", \"192.0.2.99\"], ttl: %ds}%n";

    /** As much and as long as D16 and D17 say; else what a busy machine with two CPUs has room for. */
    private static final boolean SOAK = Boolean.getBoolean("soak");

    private static final int SECONDS = SOAK ? 60 : 8;
    private static final int PER_SECOND = SOAK ? 5_000 : 2_000;
    private static final int FLOOD_PER_SECOND = SOAK ? 10_000 : 4_000;
    private static final Pattern LOST = Pattern.compile("Queries lost: +(\\d+)");
    private static final Pattern COMPLETED = Pattern.compile("Queries completed: +(\\d+)");
    private static final Pattern LATENCY = Pattern.compile("(?m)^> (\\w+) \\S+ A (\\d+\\.\\d+)$");

    private final World world = World.withOutside();

    @AfterEach
    void close() {
        world.close();
    }

    private static String[] dnsperf(Path questions, int rate, int seconds, String... more) {
        List<String> words = new ArrayList<>(List.of("dnsperf", "-s", RESOLVER, "-d", questions.toString()));
        // Sixteen sockets: where it waits for a CPU for 50 ms, what comes meanwhile is more than one receive buffer
        // holds.
        words.addAll(List.of("-Q", "" + rate, "-l", "" + seconds, "-q", "60000", "-t", "3", "-c", "16"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private static long number(Pattern pattern, Outcome outcome) {
        Matcher found = pattern.matcher(outcome.ok().text());
        assertThat(found.find()).as("%s", outcome).isTrue();
        return Long.parseLong(found.group(1));
    }

    private static double percentile99(Outcome outcome) {
        double[] waits = LATENCY.matcher(outcome.out())
                .results()
                .peek(found -> assertThat(found.group(1)).isEqualTo("NOERROR"))
                .mapToDouble(found -> Double.parseDouble(found.group(2)) * 1_000)
                .sorted()
                .toArray();
        assertThat(waits).isNotEmpty();
        return waits[waits.length * 99 / 100];
    }

    /** {@return how many files the daemon has said to be in force} */
    private long inForce() {
        return world.daemon()
                .log()
                .lines()
                .filter(line -> line.endsWith("tapswitch.yaml is in force"))
                .count();
    }

    private Path randomNames() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            text.append("r").append(Integer.toString(i * 7_919, 36)).append(".example.org A\n");
        }
        return world.file("random", text.toString());
    }

    @Test
    void D16_D17_noQuestionIsLostWhileTheFileIsReadAgainUpstreamsAreDeadAndAnotherFloods() throws IOException {
        Path file = world.file("tapswitch.yaml", DEAD.formatted(5));
        world.start("--uplink", "shared", "--config", file.toString());
        world.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LabContainer asker = world.attached("asker", "--network", "dev");
        world.attached("web", "--network", "dev", "--network-alias", "es");
        LabContainer flooder = world.attached("flooder", "--network", "dev");
        // Its own container: dnsperf writes a line for each answer, which at the asker's rate keeps it from reading.
        LabContainer timer = world.attached("timer", "--network", "dev");
        if (SOAK) {
            // What an idle machine has; else other builds may have both CPUs.
            assertThat(asked(asker, flooder, timer, null)).as("ms").isLessThan(5);
        }
        // Reading the file again takes the CPUs from those who ask, too.
        assertThat(asked(asker, flooder, timer, file)).as("ms").isLessThan(SOAK ? 20 : 250);
        world.assertNoTrouble();
    }

    /**
     * Asks for names of containers while another floods; {@return ms that 99 of 100 answers took}
     *
     * @param file that is read again and again meanwhile, or null
     */
    private double asked(LabContainer asker, LabContainer flooder, LabContainer timer, @Nullable Path file)
            throws IOException {
        Path own = world.file("own", "web A\nes A\nweb.dev A\n");
        try (Background flood = flooder.start(dnsperf(randomNames(), FLOOD_PER_SECOND, SECONDS + 3));
                Background timed = timer.start(dnsperf(own, 200, SECONDS, "-v"));
                Background asked = asker.start(dnsperf(own, PER_SECOND, SECONDS))) {
            long before = inForce();
            long beginNs = System.nanoTime();
            int renames = 0;
            while (file != null && asked.alive()) {
                readAgain(file, renames++);
                long dueNs = beginNs + renames * TimeUnit.MILLISECONDS.toNanos(100);
                Eventually.measureFor(Duration.ofNanos(Math.max(1_000_000, dueNs - System.nanoTime())));
            }
            Outcome outcome = asked.await(Duration.ofSeconds(SECONDS + 20));
            double seconds = (System.nanoTime() - beginNs) / 1e9;
            long reloads = inForce() - before;
            Outcome times = timed.await(Duration.ofSeconds(20));
            double p99 = percentile99(times);
            System.out.printf(
                    "D17: %d questions in %.1f s while %d of %d files came into force, %d lost, p99 %.2f ms%n",
                    number(COMPLETED, outcome), seconds, reloads, renames, number(LOST, outcome), p99);
            assertThat(reloads / seconds)
                    .as("files in force each second")
                    .isGreaterThanOrEqualTo(file == null ? 0 : SOAK ? 9 : 5);
            assertThat(number(LOST, outcome))
                    .as(
                            "%s%n%s%n%s",
                            outcome.lastLine(), asker.exec("grep", "Udp:", "/proc/net/snmp"), world.cli("drops"))
                    .isZero();
            assertThat(number(LOST, times)).as("%s", times.lastLine()).isZero();
            assertThat(number(COMPLETED, outcome)).isGreaterThan((long) PER_SECOND * SECONDS * 9 / 10);
            assertThat(flood.alive()).isTrue();
            return p99;
        }
    }

    private void readAgain(Path file, int number) throws IOException {
        Path next = world.file("next.yaml", DEAD.formatted(2 + number % 5));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // The watch waits until the file has rested for 100 ms, which it never does here; a signal for 50.
        Eventually.measureFor(Duration.ofMillis(60));
        Commands.run("kill", "-HUP", world.daemon().process().pid() + "").ok();
    }
}
