package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Api;
import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Hammer;
import io.tapswitch.lab.Held;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ports that change a thousand times, or one in ten thousand, while others' traffic runs over them: A-PORT-20, P8. */
@Tag("netns")
@Timeout(180)
final class PublishChurnIT {
    private static final int STREAMS = 50;
    /** Each is taken back, which is a change as well. */
    private static final int CHANGES = 500;

    private static final int MAPPINGS = 10_000;
    private static final int FIRST = 10_000;
    private static final int PER_SECOND = 200;
    private static final int RELOADS = 6;

    private final World world = World.withOutside();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void A_PORT_20_aThousandChangesCostFiftyStreamsNoSegment() {
        world.start("--uplink", "shared");
        LabNamespace remote = world.outside().router();
        LabContainer one = world.attached("one", "-p", "5201:5201");
        world.attached("two");
        Api api = world.daemon().api();
        try (Background server = one.start("iperf3", "-s", "--forceflush").awaitWords("listening")) {
            Streams quiet = streamsWhile(remote, server, () -> Eventually.measureFor(Duration.ofSeconds(2)));
            Streams changed = streamsWhile(remote, server, () -> {
                for (int i = 0; i < CHANGES; i++) {
                    String body = "{\"ports\":[\"" + (8_000 + i % 100) + ":80\"]}";
                    api.post("/containers/two/publish", body).ok();
                    api.post("/containers/two/unpublish", body).ok();
                }
            });
            System.out.printf("churn: without changes %s; during %d changes %s%n", quiet, 2 * CHANGES, changed);
            assertThat(changed.lost())
                    .as("%s; without changes %s", changed, quiet)
                    .isZero();
        }
        world.assertNoTrouble();
    }

    /**
     * What became of the streams.
     *
     * @param seconds that they ran
     * @param retransmits segments that were sent again
     * @param spurious those of them that the receiver already had (DSACK): on a machine that lets a receiver wait, the
     *     sender's probes come before the answer; nothing was lost then
     */
    private record Streams(double seconds, long retransmits, long spurious) {
        long lost() {
            return Math.max(0, retransmits - spurious);
        }
    }

    private static Streams streamsWhile(LabNamespace remote, Background server, Runnable what) {
        int before = server.out().length();
        long retransmits = counter(remote, "TcpRetransSegs");
        long spurious = counter(remote, "TcpExtTCPDSACKRecvSegs");
        try (Background client =
                remote.start("iperf3", "-c", Outside.HOST, "-P", "" + STREAMS, "-b", "10M", "-t", "600", "-J")) {
            Eventually.until(
                    Duration.ofSeconds(20),
                    "the streams run",
                    () -> server.out().substring(before).contains("SUM"));
            what.run();
            client.interrupt();
            Json sum = Json.parse(client.await(Duration.ofSeconds(20)).out())
                    .at("end")
                    .at("sum_sent");
            assertThat(sum.number("bytes")).isGreaterThan(10_000_000);
            return new Streams(
                    sum.fraction("seconds"),
                    counter(remote, "TcpRetransSegs") - retransmits,
                    counter(remote, "TcpExtTCPDSACKRecvSegs") - spurious);
        }
    }

    private static long counter(LabNamespace place, String name) {
        String[] words = place.exec("nstat", "-az", name).ok().lastLine().split(" +", -1);
        return Long.parseLong(words[1]);
    }

    @Test
    void P8_oneChangeAmongTenThousandMappingsTakesAMomentAndHurtsNone() throws IOException {
        Path file = world.file("ports.yaml", mappings(0));
        world.start("--uplink", "shared", "--ports", file.toString());
        LabNamespace remote = world.outside().router();
        LabContainer one = world.attached("one");
        int changing = FIRST + MAPPINGS - 1;
        try (Background server = Talk.answer(one, "80", "");
                Held held = Held.open(
                        remote,
                        20,
                        Talk.target(Outside.HOST, FIRST),
                        Talk.target(Outside.HOST, FIRST + 1),
                        Talk.target(Outside.HOST, FIRST + MAPPINGS / 2))) {
            held.all(60).assertAlive();
            assertThat(Talk.ask(remote, "tcp", Outside.HOST, changing).answered())
                    .isTrue();
            assertThat(Talk.ask(remote, "tcp", Outside.HOST, changing + 1).answered())
                    .isFalse();
            List<Long> tookMs = new ArrayList<>();
            for (int reload = 0; reload < RELOADS; reload++) {
                tookMs.add(reload(remote, file, reload % 2 == 0 ? 1 : 0));
            }
            System.out.printf(
                    "reload: %d mappings, one changed, in force %s ms after the rename, 100 ms of rest included%n",
                    MAPPINGS, tookMs);
            held.assertAlive();
            Talk.ask(remote, "tcp", Outside.HOST, FIRST).as(Outside.ONE);
            assertThat(server.alive()).isTrue();
            Collections.sort(tookMs);
            assertThat(tookMs.getFirst())
                    .as("ms, the file's rest of 100 included; the bar of 200 is for a machine that does nothing else")
                    .isLessThanOrEqualTo(300);
            assertThat(tookMs.getLast()).isLessThan(3_000);
        }
        world.assertNoTrouble();
    }

    /** Changes the last mapping's place. {@return milliseconds from the rename until its new place is served} */
    private static long reload(LabNamespace remote, Path file, int moved) throws IOException {
        int changing = FIRST + MAPPINGS - 1 + moved;
        Path next = file.resolveSibling("next.yaml");
        Files.writeString(next, mappings(moved));
        try (Hammer hammer = Hammer.on(remote, Outside.HOST, changing, PER_SECOND)) {
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            Eventually.until(
                    Duration.ofSeconds(10),
                    "the change is in force",
                    () -> Talk.ask(remote, "tcp", Outside.HOST, changing).answered());
            return hammer.endAndCountUnanswered() * 1_000 / PER_SECOND;
        }
    }

    /** Ten thousand mappings of one container. */
    private static String mappings(int lastMoved) {
        StringBuilder text = new StringBuilder("publish:\n  - container: one\n    ports:\n");
        for (int i = 0; i < MAPPINGS; i++) {
            int moved = i == MAPPINGS - 1 ? lastMoved : 0;
            text.append("      - \"0.0.0.0:").append(FIRST + i + moved).append(":80\"\n");
        }
        return text.toString();
    }
}
