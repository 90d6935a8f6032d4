package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One file that says what there shall be: requirements P8, P9, rows 77 to 80, and behaviour A-NET-14. */
@Tag("netns")
@Timeout(120)
final class ConfigFileIT {
    private static final String TWO_NETWORKS = """
            default-network: {subnet: 172.30.0.0/16}
            networks:
              web: {subnet: 10.66.0.0/16, ip-range: 10.66.1.0/24, aux-addresses: {router: 10.66.0.5}}
              db:  {internal: true}
            """;

    private World world = new World();
    private Path file = Path.of("");

    @BeforeEach
    void writeFile() {
        file = world.file("tapswitch.yaml", TWO_NETWORKS);
    }

    @AfterEach
    void closeWorld() {
        world.close();
    }

    private void start() {
        world.start("--config", file.toString());
    }

    @Test
    void A_NET_14_defaultNetworkIsWhereTheFileSays() {
        start();
        LabContainer one = world.attached("one");
        assertThat(one.addressOf("eth0")).isEqualTo("172.30.0.2/16");
        assertThat(one.ip("route show default")).contains("via 172.30.0.1");
        world.host().ping("172.30.0.2");
        assertThat(world.cli("network", "ls", "--format", "{{.Name}}").lines())
                .containsExactly("bridge", "db", "host", "none", "web");
        LabContainer two = world.attached("two", "--network", "web");
        assertThat(two.addressOf("eth0")).isEqualTo("10.66.1.0/16");
        world.assertNoTrouble();
    }

    @Test
    void A_OVL_11_theLastLineCountsAlsoWithoutANewlineBehindIt() throws Exception {
        Files.writeString(file, "networks:\n  web: {subnet: 10.66.0.0/16}\n  last: {subnet: 10.67.0.0/16}");
        start();
        assertThat(world.cli("network", "inspect", "last")).contains("10.67.0.0/16");
    }

    @Test
    void P8_changeOfTheFileIsTakenByItselfAndOthersLoseNothing() throws Exception {
        start();
        LabContainer one = world.attached("one", "--network", "web");
        LabContainer two = world.attached("two", "--network", "web");
        String id = world.inspected("network", "inspect", "web").text("Id");
        try (Flow flow = Flow.start(one, "10.66.1.1", two, 1_000)) {
            Files.writeString(file, TWO_NETWORKS + "  ops: {}\n");
            awaitNetworks("bridge", "db", "host", "none", "ops", "web");
            Path beside = world.file("new.yaml", TWO_NETWORKS.replace("  db:  {internal: true}\n", ""));
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
            awaitNetworks("bridge", "host", "none", "web");
            flow.end().nothingLost();
        }
        assertThat(world.inspected("network", "inspect", "web").text("Id")).isEqualTo(id);
        two.ping("10.66.1.0");
    }

    @Test
    void P9_sighupLoadsAgainAndTheSameFileChangesNothing() {
        start();
        LabContainer one = world.attached("one", "--network", "web");
        Eventually.until(
                "the kernel has settled",
                () -> !(one.ip("-o addr") + world.host().ip("-o addr")).contains("tentative"));
        String before = world.cli("network", "inspect", "web", "db", "bridge")
                + world.cli("inspect", "one")
                + one.ip("-o addr")
                + world.host().ip("-o addr")
                + world.host().ip("route");
        long reloads = reloads();
        hangUp();
        Eventually.until("it was read again", () -> reloads() > reloads);
        assertThat(world.cli("network", "inspect", "web", "db", "bridge")
                        + world.cli("inspect", "one")
                        + one.ip("-o addr")
                        + world.host().ip("-o addr")
                        + world.host().ip("route"))
                .isEqualTo(before);
        world.assertNoTrouble();
    }

    @Test
    void P8_row77_badFileChangesNothingAndTheErrorNamesTheLine() throws Exception {
        start();
        for (String bad : List.of(
                TWO_NETWORKS + "  bad name!: {}\n",
                TWO_NETWORKS + "  ops: {subnett: 10.1.0.0/16}\n",
                TWO_NETWORKS + "  ops: {subnet: 10.66.0.0/24}\n",
                TWO_NETWORKS + "  web: {}\n",
                TWO_NETWORKS + "colour: red\n",
                TWO_NETWORKS + "  ops: {subnet: [\n")) {
            int said = world.daemon().log().length();
            Files.writeString(file, bad);
            Eventually.until(
                    "an error about " + bad.lines().toList().getLast(),
                    () -> world.daemon().log().substring(said).matches("(?s).*tapswitch\\.yaml:[5-7].*"));
            assertThat(world.cli("network", "ls", "--format", "{{.Name}}").lines())
                    .containsExactly("bridge", "db", "host", "none", "web");
            Outcome check = world.daemon().cli("config", "check", file.toString());
            assertThat(check.exit()).isEqualTo(1);
            assertThat(check.err()).containsPattern("tapswitch\\.yaml:[5-7]");
        }
        assertThat(world.cli("status", "--format", "json")).contains("tapswitch.yaml");
        Files.writeString(file, TWO_NETWORKS + "  ops: {}\n");
        awaitNetworks("bridge", "db", "host", "none", "ops", "web");
    }

    @Test
    void row77_filesThatAreNoFiles() throws Exception {
        for (String content : List.of("\0\1\2", "a: &x [*x]\n", "{", "networks: {web: {}, web: {}}\n")) {
            Files.writeString(file, content);
            world.launch("--config", file.toString());
            Outcome outcome = world.daemon().process().await(Duration.ofSeconds(15));
            assertThat(outcome.exit()).isEqualTo(1);
            assertThat(outcome.err()).contains("tapswitch.yaml").doesNotContain("\tat ");
        }
        Files.delete(file);
        world.launch("--config", file.toString());
        assertThat(world.daemon().process().await(Duration.ofSeconds(15)).err()).contains("tapswitch.yaml");
        Files.writeString(file, "\uFEFF" + TWO_NETWORKS.replace("\n", "\r\n").stripTrailing());
        start();
        awaitNetworks("bridge", "db", "host", "none", "web");
        int said = world.daemon().log().length();
        Files.delete(file);
        hangUp();
        Eventually.until(
                "its absence is said",
                () -> world.daemon().log().substring(said).contains("tapswitch.yaml"));
        awaitNetworks("bridge", "db", "host", "none", "web");
    }

    @Test
    void fileAndCommandsDoNotTakeFromEachOther() throws Exception {
        start();
        assertThat(world.refused("network", "rm", "web")).contains("tapswitch.yaml:3");
        world.cli("network", "create", "mine");
        world.cli("network", "prune", "-f");
        awaitNetworks("bridge", "db", "host", "none", "web");
        world.cli("network", "create", "mine");
        world.attached("one", "--network", "web");
        int said = world.daemon().log().length();
        Files.writeString(file, "networks:\n  db:  {internal: true}\n");
        Eventually.until(
                "refused: it has endpoints",
                () -> world.daemon().log().substring(said).contains("active endpoints"));
        awaitNetworks("bridge", "db", "host", "mine", "none", "web");
        world.cli("rm", "-f", "one");
        hangUp();
        awaitNetworks("bridge", "db", "host", "mine", "none");
        Files.writeString(file, "networks:\n  db:  {internal: true}\n  mine: {internal: true}\n");
        Eventually.until("refused: a command's", () -> world.daemon().log().contains("tapswitch.yaml:3"));
    }

    @Test
    void row79_alternatingReloadsEndWithTheLastOne() throws Exception {
        start();
        LabContainer one = world.attached("one", "--network", "web");
        int files = world.daemon().use().openFiles();
        for (int i = 0; i < 100; i++) {
            Files.writeString(file, i % 2 == 0 ? TWO_NETWORKS + "  ops: {}\n" : TWO_NETWORKS);
            hangUp();
        }
        Files.writeString(file, TWO_NETWORKS + "  last: {}\n");
        awaitNetworks("bridge", "db", "host", "last", "none", "web");
        Eventually.until("no file stays open", () -> world.daemon().use().openFiles() <= files + 2);
        one.ping("10.66.0.1");
        world.assertNoTrouble();
    }

    @Test
    void configShowSaysWhatIsInForce() throws Exception {
        start();
        Path shown = world.file("shown.yaml", world.cli("config", "show") + "\n");
        assertThat(Files.readString(shown)).contains("10.66.0.0/16").contains("db");
        assertThat(world.daemon().cli("config", "check", shown.toString()).exit())
                .isZero();
        assertThat(world.daemon().cli("config", "check", file.toString()).exit())
                .isZero();
    }

    @Test
    void P8_neitherARunWithoutTheFileNorAnEditMeanwhileKeepsTheDaemonFromStarting() throws Exception {
        start();
        LabContainer one = world.attached("one", "--network", "web");
        world.stop();
        world.start();
        world.stop();
        start();
        assertThat(world.refused("network", "rm", "web")).contains("tapswitch.yaml:3");
        world.assertNoTrouble();
        world.stop();
        Files.writeString(file, "networks:\n  ops: {}\n");
        start();
        one.ping("10.66.0.1");
        assertThat(world.cli("status")).contains("the configuration file is not in force", "active endpoints (one)");
        world.cli("rm", "-f", "one");
        hangUp();
        awaitNetworks("bridge", "host", "none", "ops");
    }

    @Test
    void networksOfTheFileKeepTheirIdsOverARestart() {
        start();
        String id = world.inspected("network", "inspect", "web").text("Id");
        world.stop();
        start();
        assertThat(world.inspected("network", "inspect", "web").text("Id")).isEqualTo(id);
    }

    private void awaitNetworks(String... names) {
        Eventually.value(
                "networks " + List.of(names),
                () -> world.cli("network", "ls", "--format", "{{.Name}}")
                        .lines()
                        .toList(),
                List.of(names)::equals);
    }

    private void hangUp() {
        Commands.run(
                        "kill",
                        "-HUP",
                        String.valueOf(world.daemon().api().get("/status").number("pid")))
                .ok();
    }

    private long reloads() {
        return world.cli(
                        "events",
                        "--since",
                        "2020-01-01T00:00:00Z",
                        "--until",
                        java.time.Instant.now().toString())
                .lines()
                .filter(line -> line.contains("daemon reload"))
                .count();
    }
}
