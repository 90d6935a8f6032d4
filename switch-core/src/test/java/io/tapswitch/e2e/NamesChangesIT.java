package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How soon questions see what commands change: D6; and that they need nobody who takes commands: D22. */
@Tag("netns")
@Timeout(120)
final class NamesChangesIT {
    private static final int SECONDS = Boolean.getBoolean("soak") ? 60 : 7;
    private static final int PER_SECOND = Boolean.getBoolean("soak") ? 5_000 : 2_000;

    /** Asks for each name again and again; a line for each answer: when it was asked, the name, the address or -. */
    private static final String PROBE = """
            import socket, struct, sys, time
            names, end = sys.argv[2:], time.time() + float(sys.argv[1])
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(2)
            s.connect(('169.254.53.53', 53))
            i = 0
            while time.time() < end:
                for name in names:
                    i = i + 1 & 0xffff
                    asked = time.time()
                    s.send(struct.pack('!6H', i, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name.encode() + b'\\0\\0\\1\\0\\1')
                    a = s.recv(512)
                    assert struct.unpack('!H', a[:2])[0] == i
                    count = struct.unpack('!H', a[6:8])[0]
                    print('%.3f' % (asked * 1000), name, socket.inet_ntoa(a[-4:]) if count else '-')
                time.sleep(0.002)
            """;

    private final World world = World.withOutside();
    private final Map<String, List<Change>> changes = new HashMap<>();

    /** From when to when a command ran, in ms of the clock, and what a name means since. */
    private record Change(double begin, double end, String address) {}

    @AfterEach
    void close() {
        world.close();
    }

    /** Runs a command, and notes what it makes of names. */
    private void change(Runnable command, String... namesAndAddresses) {
        double begin = System.currentTimeMillis();
        command.run();
        double end = System.currentTimeMillis() + 1.0;
        for (int i = 0; i < namesAndAddresses.length; i += 2) {
            changes.computeIfAbsent(namesAndAddresses[i], name -> new ArrayList<>())
                    .add(new Change(begin, end, namesAndAddresses[i + 1]));
        }
        // Long enough that questions come after the tenth of a second that is allowed.
        Eventually.measureFor(Duration.ofMillis(200));
    }

    @Test
    void D6_anAnswerIsNeverOlderThanATenthOfASecond_underLoad_alsoWhenAnAddressIsUsedAgain() {
        world.start("--uplink", "none");
        // Internal, so that what is gone is not asked of upstreams that do not answer.
        world.cli("network", "create", "--internal", "--subnet", "10.66.0.0/16", "dev");
        LabContainer asker = world.attached("asker", "--network", "dev");
        LabContainer web = world.attached("web", "--network", "dev", "--ip", "10.66.0.20");
        LabContainer heir = world.attached("heir", "--network", "dev", "--ip", "10.66.0.10");
        Path own = world.file("own", "web A\nasker A\n");
        String[] load = {
            "dnsperf",
            "-s",
            "169.254.53.53",
            "-d",
            own.toString(),
            "-Q",
            "" + PER_SECOND,
            "-l",
            "" + SECONDS,
            "-c",
            "16"
        };
        Background probe = asker.start("python3", "-u", "-c", PROBE, "" + SECONDS, "web", "web2", "heir");
        try (probe;
                Background loading = asker.start(load)) {
            change(() -> {}, "web", "10.66.0.20", "web2", "-", "heir", "10.66.0.10");
            for (int round = 1; probe.alive() && round <= 4; round++) {
                String before = "10.66.0." + (19 + round);
                String after = "10.66.0." + (20 + round);
                change(() -> web.disconnect("dev"), "web", "-");
                change(() -> web.connect("dev", "--ip", after), "web", after);
                change(() -> heir.disconnect("dev"), "heir", "-");
                change(() -> heir.connect("dev", "--ip", before), "heir", before);
                change(() -> world.cli("rename", "web", "web2"), "web", "-", "web2", after);
                change(() -> world.cli("rename", "web2", "web"), "web", after, "web2", "-");
            }
            Outcome loaded = loading.await(Duration.ofSeconds(SECONDS + 10));
            assertThat(loaded.ok().text()).containsPattern("Queries lost: +0 ");
            List<String> answers = probe.await(Duration.ofSeconds(SECONDS + 10))
                    .ok()
                    .out()
                    .lines()
                    .toList();
            int judged = 0;
            for (String answer : answers) {
                judged += judge(answer.split(" ", -1)) ? 1 : 0;
            }
            System.out.printf(
                    "D6: %d answers, %d of them a tenth of a second after a change%n", answers.size(), judged);
            assertThat(judged).isGreaterThan(1_000);
        }
        world.assertNoTrouble();
    }

    /** The state's next file is a pipe that nobody reads: whoever changes something waits, with the controller's lock. */
    @Test
    void D22_namesAreAnsweredWhileTheControlPlaneHangs() {
        world.start("--uplink", "none");
        world.cli("network", "create", "--internal", "--subnet", "10.66.0.0/16", "dev");
        LabContainer asker = world.attached("asker", "--network", "dev");
        world.attached("web", "--network", "dev", "--ip", "10.66.0.20");
        String pipe = world.state().resolve("state.json.new").toString();
        world.host().exec("mkfifo", pipe).ok();
        try (Background rename = world.daemon().startCli("rename", "web", "web2")) {
            Eventually.measureFor(Duration.ofSeconds(1));
            for (int i = 0; i < 20; i++) {
                assertThat(dig(asker, "web")).isEqualTo("10.66.0.20");
                assertThat(dig(asker, "+tcp", "web.dev")).isEqualTo("10.66.0.20");
                assertThat(dig(asker, "-x", "10.66.0.20")).isEqualTo("web.dev.");
            }
            assertThat(rename.alive()).as("it was waiting all the time").isTrue();
            // A pipe takes the text, and then cannot be written through to a disk.
            world.host().exec("cat", pipe).ok();
            assertThat(rename.await(Duration.ofSeconds(20)).err())
                    .contains("cannot write state file", "the change was not made");
            assertThat(dig(asker, "web")).isEqualTo("10.66.0.20");
            world.cli("rename", "web", "web2");
            Eventually.until(
                    "the new name is answered", () -> dig(asker, "web2").equals("10.66.0.20"));
        }
        world.daemon().expectLog("cannot write state file");
        world.assertNoTrouble();
    }

    private static String dig(LabContainer from, String... words) {
        List<String> command = new ArrayList<>(List.of("dig", "+short", "+tries=1", "+time=2", "@169.254.53.53"));
        command.addAll(List.of(words));
        return from.exec(command.toArray(String[]::new)).ok().out().strip();
    }

    /** {@return whether it was time for one answer alone, which then it must be} */
    private boolean judge(String[] answer) {
        double asked = Double.parseDouble(answer[0]);
        Change now = null;
        for (Change change : changes.getOrDefault(answer[1], List.of())) {
            if (change.begin() <= asked) {
                now = change;
            }
        }
        if (now == null || asked < now.end() + 100) {
            return false;
        }
        assertThat(answer[2])
                .as("%s asked %.0f ms after %s", answer[1], asked - now.end(), now)
                .isEqualTo(now.address());
        return true;
    }
}
