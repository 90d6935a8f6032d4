package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Daemon;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is written down, what outlives the daemon, and what happens when the file is spoilt: R4, R6, R13, R14, R15. */
@Tag("netns")
@Timeout(120)
final class StateIT {
    private final World world = new World();

    @AfterEach
    void closeWorld() {
        world.close();
    }

    @Test
    void R6_plannedRestartLeavesInterfacesAndKeepsIdsNamesAndAddresses() {
        world.start();
        world.cli("network", "create", "--label", "a=b", "dev");
        LabContainer one = world.attached("one", "--network", "dev");
        LabContainer two = world.attached("two", "--network", "dev", "--network", "bridge");
        one.ping("172.18.0.3");
        Eventually.until("the kernel has settled", () -> !two.ip("-o addr").contains("tentative"));
        String inside = two.ip("-o addr") + two.ip("route") + two.ip("-o link");
        String known = known();
        world.stop();
        assertThat(two.ip("-o addr") + two.ip("route") + two.ip("-o link"))
                .as("while no daemon runs")
                .isEqualTo(inside);
        world.start();
        assertThat(known()).isEqualTo(known);
        one.ping("172.18.0.3");
        world.host().ping("172.17.0.2");
        assertThat(two.ip("-o addr") + two.ip("route") + two.ip("-o link")).isEqualTo(inside);
        LabContainer three = world.attached("three", "--network", "dev");
        assertThat(three.addressOf("eth0")).isEqualTo("172.18.0.4/16");
        two.disconnect("dev");
        assertThat(two.links()).containsExactly("lo", "eth1");
        world.assertNoTrouble();
    }

    @Test
    void R4_killedDaemonLeavesInterfacesAndTheNextServesThem() {
        world.start();
        LabContainer one = world.attached("one");
        LabContainer two = world.attached("two");
        one.ping("172.17.0.3");
        Eventually.until("the kernel has settled", () -> !two.ip("-o addr").contains("tentative"));
        String inside = two.ip("-o addr") + two.ip("route");
        String known = known();
        world.daemon().process().kill();
        assertThat(two.ip("-o addr") + two.ip("route")).isEqualTo(inside);
        world.start();
        assertThat(known()).isEqualTo(known);
        one.ping("172.17.0.3");
        two.delete();
        Eventually.until(
                "a namespace that dies later is noticed", () -> !world.cli("ps").contains("two"));
    }

    private String known() {
        return world.cli("network", "inspect", "bridge") + world.cli("inspect", "one", "two");
    }

    @Test
    void A_IPAM_15_addressesAreTheSameAfterARestart() {
        world.start();
        world.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LabContainer first = world.attached("first", "--network", "dev");
        LabContainer fixed = world.attached("fixed", "--network", "dev", "--ip", "10.66.0.9");
        world.stop();
        world.start();
        assertThat(first.endpoint("dev").text("IPAddress")).isEqualTo("10.66.0.2");
        assertThat(fixed.endpoint("dev").text("IPAddress")).isEqualTo("10.66.0.9");
        LabContainer next = world.attached("next", "--network", "dev");
        assertThat(next.addressOf("eth0")).isEqualTo("10.66.0.3/16");
        fixed.ping("10.66.0.2");
    }

    @Test
    void R15_namespaceThatWentWhileNoDaemonRanIsCleanedUp() {
        world.start();
        LabContainer one = world.attached("one");
        LabContainer two = world.attached("two");
        world.stop();
        two.delete();
        world.start();
        assertThat(world.cli("ps")).contains("one").doesNotContain("two");
        assertThat(world.attached("three").addressOf("eth0")).isEqualTo("172.17.0.3/16");
        one.ping("172.17.0.3");
    }

    @Test
    void R14_detachOnExitAndCleanupLeaveNothing() {
        world.start("--detach-on-exit");
        LabContainer one = world.attached("one");
        world.stop();
        assertThat(one.links()).containsExactly("lo");

        world.start();
        LabContainer two = world.attached("two");
        world.cli("run", "-d", "--name", "web", "--", "sleep", "1000");
        long process = Long.parseLong(
                world.cli("inspect", "--format", "{{.State.Pid}}", "web").strip());
        Outcome refused = cleanup();
        assertThat(refused.exit()).as("while a daemon runs").isEqualTo(1);
        assertThat(two.links()).containsExactly("lo", "eth0");
        world.stop();
        assertThat(two.links()).containsExactly("lo", "eth0");
        assertThat(ProcessHandle.of(process)).as("what run started").isPresent();
        cleanup().ok();
        Eventually.until(
                "its end: no command could find it any more",
                () -> ProcessHandle.of(process).isEmpty());
        assertThat(two.links()).containsExactly("lo");
        assertThat(world.host().ip("-o link")).doesNotContain(LabHost.TAP);
        assertThat(Commands.run("ip", "netns", "pids", world.host().name()).out())
                .as("the keeper is gone")
                .isBlank();
        assertThat(Files.exists(world.state().resolve("state.json"))).isFalse();
    }

    private Outcome cleanup() {
        return world.daemon().cli("cleanup", "--state-dir", world.state().toString(), "--run-dir", runDirectory());
    }

    private String runDirectory() {
        return world.directory().resolve("run").toString();
    }

    @Test
    void R13_corruptedStateIsNeverSilentlyReset() throws IOException {
        world.start();
        world.cli("network", "create", "dev");
        world.stop();
        Path state = world.state().resolve("state.json");
        byte[] good = Files.readAllBytes(state);
        byte[] cut = Arrays.copyOf(good, good.length / 2);
        byte[] zeroed = good.clone();
        Arrays.fill(zeroed, 20, 60, (byte) 0);
        for (byte[] bad : List.of(cut, zeroed, new byte[0], "not JSON".getBytes(StandardCharsets.US_ASCII))) {
            Files.write(state, bad);
            world.launch();
            Daemon daemon = world.daemon();
            Eventually.until(
                    Duration.ofSeconds(15),
                    "it says something about the file",
                    () -> daemon.log().contains("state.json"));
            Eventually.until(
                    Duration.ofSeconds(15),
                    "it does not start",
                    () -> !daemon.process().alive());
            assertThat(Files.readAllBytes(state)).as("the spoilt file stays").isEqualTo(bad);
            assertThat(filesWith(bad)).as("and a copy is put aside").isGreaterThan(1);
            deleteAllBut(good, state);
        }
        world.start();
        assertThat(world.cli("network", "ls")).contains("dev");
    }

    private long filesWith(byte[] content) throws IOException {
        try (Stream<Path> files = Files.list(world.state())) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> Arrays.equals(bytes(file), content))
                    .count();
        }
    }

    private void deleteAllBut(byte[] good, Path state) throws IOException {
        try (Stream<Path> files = Files.list(world.state())) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("state"))
                    .toList()) {
                Files.delete(file);
            }
        }
        Files.write(state, good);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            return new byte[0];
        }
    }

    @Test
    void R13_stateOfANewerVersionIsRefusedAndUntouched() throws IOException {
        world.start();
        world.cli("network", "create", "dev");
        world.stop();
        Path state = world.state().resolve("state.json");
        String newer = Files.readString(state).replaceFirst("\"version\"\\s*:\\s*\\d+", "\"version\":99");
        assertThat(newer).contains(":99");
        Files.writeString(state, newer);
        world.launch();
        Outcome outcome = world.daemon().process().await(Duration.ofSeconds(15));
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err()).contains("99").contains("newer");
        assertThat(Files.readString(state)).isEqualTo(newer);
    }

    @Test
    void R13_fullDiskRefusesChangesAndForwardingGoesOn() throws IOException {
        Files.createDirectories(world.state());
        world.start(List.of("sh", "-c", "mount -t tmpfs -o size=256k none " + world.state() + " && exec \"$@\"", "sh"));
        world.cli("network", "create", "dev");
        LabContainer one = world.attached("one", "--network", "dev");
        LabContainer two = world.attached("two", "--network", "dev");
        LabContainer three = world.attached("three", "--network", "dev");
        onDaemonsDisk("dd if=/dev/zero of=" + world.state() + "/fill bs=4k 2>/dev/null; sync");
        assertThat(world.refused("network", "create", "more")).contains("state");
        assertThat(world.cli("network", "ls")).doesNotContain("more");
        one.ping("172.18.0.3");
        three.delete();
        Eventually.until(
                "what the kernel takes goes also now", () -> !world.cli("ps").contains("three"));
        Eventually.until("the warning", () -> warnings().contains("state"));
        world.daemon().expectLog("state");
        onDaemonsDisk("rm " + world.state() + "/fill");
        Eventually.until(
                Duration.ofSeconds(15), "it is written later", () -> !warnings().contains("state"));
        world.cli("network", "create", "more");
        two.ping("172.18.0.2");
        world.assertNoTrouble();
    }

    private void onDaemonsDisk(String command) {
        Commands.run(
                        "nsenter",
                        "-m",
                        "-t",
                        String.valueOf(world.daemon().api().get("/status").number("pid")),
                        "sh",
                        "-c",
                        command)
                .ok();
    }

    private String warnings() {
        Json status = world.daemon().api().get("/status");
        return status.at("warnings").toString();
    }

    @Test
    void R14_secondDaemonOnTheSameStateIsRefusedByTheLock() {
        world.start();
        LabContainer one = world.attached("one");
        try (Daemon second = Daemon.launch(world.host(), world.directory(), List.of(), List.of())) {
            Outcome outcome = second.process().await(Duration.ofSeconds(15));
            assertThat(outcome.exit()).isEqualTo(1);
            assertThat(outcome.err()).contains(world.state().toString());
        }
        one.ping("172.17.0.1");
    }

    @Test
    void R14_secondDaemonThatWouldShareTheSameAddressesIsRefused() throws IOException {
        world.start("--uplink", "shared");
        LabContainer one = world.attached("one");
        Path other = Files.createDirectory(world.directory().resolve("other"));
        List<String> flags =
                List.of("--uplink", "shared", "--run-dir", other.resolve("run").toString());
        try (Daemon second = Daemon.launch(world.host(), other, List.of(), flags)) {
            Outcome outcome = second.process().await(Duration.ofSeconds(15));
            assertThat(outcome.exit()).isEqualTo(1);
            assertThat(outcome.err())
                    .contains("another tapswitch daemon shares the addresses", "--uplink none")
                    .doesNotContain("\tat ");
        }
        one.ping("172.17.0.1");
    }

    @Test
    void R14_secondDaemonThatWouldTakeTheFirstOnesInterfacesIsRefused() throws IOException {
        world.start();
        LabContainer one = world.attached("one");
        String before = world.host().ip("-4 address");
        Path other = Files.createDirectory(world.directory().resolve("other"));
        Files.createSymbolicLink(other.resolve("run"), world.directory().resolve("run"));
        try (Daemon second = Daemon.launch(world.host(), other, List.of(), List.of())) {
            Outcome outcome = second.process().await(Duration.ofSeconds(15));
            assertThat(outcome.exit()).isEqualTo(1);
            assertThat(outcome.err())
                    .contains("run directory", "in use by another tapswitch daemon", "--run-dir")
                    .doesNotContain("\tat ");
        }
        assertThat(world.host().ip("-4 address")).isEqualTo(before);
        one.ping("172.17.0.1");
    }
}
