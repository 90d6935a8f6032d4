package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code tapswitch capture}: what tcpdump reads of its files, and what its lines say. */
@Tag("netns")
@Timeout(120)
final class CaptureIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private final LabNetwork network = LAB.network();
    private final LabContainer one = LAB.container(network);
    private final LabContainer two = LAB.container(network);

    @Test
    void aPcapFileIsReadByTcpdumpAndTshark_andEndsWithItsCount() {
        Path file = LAB.newDirectory().resolve("one.pcap");
        try (Background capture =
                LAB.daemon().startCli("capture", "-w", file.toString(), "-c", "4", "-s", "80", one.known())) {
            Eventually.until("four frames of pings were captured", () -> {
                one.ping(two);
                return !capture.alive();
            });
            Outcome end = capture.await(Duration.ofSeconds(5));
            assertThat(end.exit()).as(end.toString()).isZero();
            assertThat(end.err()).contains("4 frames captured\n", "0 frames lost");
        }
        String read =
                Commands.run("tcpdump", "-n", "-e", "-r", file.toString()).ok().out();
        assertThat(read.lines()).hasSize(4);
        assertThat(read).contains("ICMP echo request", one.address() + " > " + two.address());
        String fields = Commands.run(
                        "tshark", "-r", file.toString(), "-T", "fields", "-e", "frame.cap_len", "-e", "_ws.malformed")
                .ok()
                .out();
        assertThat(fields.lines().map(line -> Integer.parseInt(line.strip()))).allMatch(length -> length <= 80);
    }

    @Test
    void linesComeWhileItRuns_andCtrlCEndsItWithACount() {
        try (Background capture = LAB.daemon().startCli("capture", network.name())) {
            Eventually.until("both sides of a ping are seen", () -> {
                one.ping(two);
                return capture.out().contains("from " + one.known() + "/eth0 IP " + one.address())
                        && capture.out().contains("to " + two.known() + "/eth0 IP " + one.address());
            });
            assertThat(capture.out()).contains(": ICMP echo, id ");
            String again = LAB.refused("capture", one.known());
            assertThat(again).contains("are being captured already");
            capture.interrupt();
            Outcome end = capture.await(Duration.ofSeconds(10));
            assertThat(end.exit()).as(end.toString()).isZero();
            assertThat(end.err()).containsPattern("\\d+ frames captured\n0 frames lost");
        }
        one.ping(two);
        LAB.assertConservation();
    }

    @Test
    void superFramesAreCapturedWhole() throws Exception {
        Path file = LAB.newDirectory().resolve("bulk.pcap");
        try (Background capture = LAB.daemon().startCli("capture", "-w", file.toString(), "-s", "96", two.known())) {
            Eventually.until("it has begun", () -> {
                one.ping(two);
                return Files.exists(file) && file.toFile().length() > 24;
            });
            one.transferTcp(two, 50_000_000);
            capture.interrupt();
            assertThat(capture.await(Duration.ofSeconds(10)).exit()).isZero();
        }
        String lengths = Commands.run("tshark", "-r", file.toString(), "-T", "fields", "-e", "frame.len", "tcp")
                .ok()
                .out();
        assertThat(lengths.lines().mapToInt(Integer::parseInt).max().orElse(0)).isGreaterThan(10_000);
    }
}
