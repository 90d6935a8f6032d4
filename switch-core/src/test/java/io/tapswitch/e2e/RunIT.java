package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that {@code run} makes, and {@code exec} into them. */
@Tag("netns")
@Timeout(90)
final class RunIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @AfterEach
    void removeContainers() {
        for (Json container : LAB.daemon().api().get("/containers?all=true").elements()) {
            LAB.daemon()
                    .api()
                    .delete("/containers/" + container.text("Id") + "?force=true")
                    .ok();
        }
    }

    @Test
    void A_ATT_03_foregroundCommandSeesOnlyItsNetworkAndItsExitCodeComesBack() {
        Outcome shown = LAB.daemon().cli("run", "--rm", "--name", "once", "--", "ip", "-o", "addr");
        assertThat(shown.ok().out())
                .contains("eth0")
                .contains("inet 172.17.0.2/16")
                .doesNotContain("uplink0");
        assertThat(LAB.daemon().cli("run", "--rm", "--", "sh", "-c", "exit 7").exit())
                .isEqualTo(7);
        assertThat(LAB.daemon()
                        .cli("run", "--rm", "--", "no-such-command-at-all")
                        .exit())
                .isEqualTo(127);
        assertThat(LAB.daemon().cli("run", "--rm", "--", "/etc/passwd").exit()).isEqualTo(126);
        assertThat(LAB.daemon()
                        .cli("run", "--rm", "--network", "nowhere", "--", "true")
                        .exit())
                .isEqualTo(125);
        Eventually.until("--rm removes them", () -> containers() == 0);
    }

    @Test
    void sandboxHasItsOwnHostnameHostsFileAndProcesses() {
        Outcome outcome = LAB.daemon()
                .cli("run", "--rm", "--hostname", "box", "--", "sh", "-c", "hostname; cat /etc/hosts; ps -e | wc -l");
        assertThat(outcome.ok().out())
                .startsWith("box\n")
                .contains("172.17.0.2")
                .contains("localhost");
        assertThat(Integer.parseInt(outcome.lastLine().strip())).isLessThan(10);
        assertThat(LAB.daemon()
                        .cli("run", "--rm", "echo", "without", "dashes")
                        .ok()
                        .text())
                .isEqualTo("without dashes");
    }

    @Test
    void A_DNS_17_theHostsFileHasLocalhostAndTheOwnNameAndNobodyElses() {
        LAB.daemon().cli("network", "create", "--subnet", "10.66.0.0/16", "dev").ok();
        LAB.daemon()
                .cli("run", "-d", "--name", "other", "--network", "dev", "--", "sleep", "300")
                .ok();
        Outcome outcome = LAB.daemon()
                .cli("run", "--rm", "--name", "me", "--hostname", "box", "--network", "dev", "--", "cat", "/etc/hosts");
        assertThat(outcome.ok().out().lines())
                .containsExactly(
                        "127.0.0.1\tlocalhost",
                        "::1\tlocalhost ip6-localhost ip6-loopback",
                        "fe00::\tip6-localnet",
                        "ff00::\tip6-mcastprefix",
                        "ff02::1\tip6-allnodes",
                        "ff02::2\tip6-allrouters",
                        "10.66.0.3\tbox");
    }

    @Test
    void detachedContainersReachEachOtherAndAreShown() {
        String id = LAB.daemon()
                .cli("run", "-d", "--name", "web", "--", "sleep", "300")
                .ok()
                .text();
        assertThat(id).matches("[0-9a-f]{64}");
        LAB.daemon().cli("run", "-d", "--name", "db", "--", "sleep", "300").ok();
        assertThat(LAB.daemon().cli("ps").ok().out())
                .contains("web")
                .contains("db")
                .contains(id.substring(0, 12));
        Outcome ping = LAB.daemon().cli("exec", "db", "ping", "-c2", "-i0.1", "-W2", "172.17.0.2");
        assertThat(ping.ok().out()).contains("2 received");
        assertThat(LAB.daemon().cli("exec", "web", "sh", "-c", "exit 3").exit()).isEqualTo(3);
        assertThat(LAB.daemon().cli("exec", "web", "hostname").ok().text()).isEqualTo(id.substring(0, 12));
        LAB.daemon().cli("rm", "-f", "web", "db").ok();
        assertThat(containers()).isZero();
    }

    @Test
    void runningContainerIsOnlyRemovedByForce() {
        LAB.daemon().cli("run", "-d", "--name", "web", "--", "sleep", "300").ok();
        Outcome refused = LAB.daemon().cli("rm", "web");
        assertThat(refused.exit()).isNotZero();
        assertThat(refused.err()).contains("web");
        LAB.daemon().cli("rm", "-f", "web").ok();
        assertThat(containers()).isZero();
    }

    @Test
    void commandThatEndsFreesItsAddress() {
        LAB.daemon().cli("run", "-d", "--name", "short", "--", "true").ok();
        Eventually.until(
                Duration.ofSeconds(10),
                "it is shown as exited",
                () -> LAB.daemon()
                        .api()
                        .get("/containers/short")
                        .at("State")
                        .text("Status")
                        .equals("exited"));
        assertThat(LAB.daemon().cli("ps").ok().out()).doesNotContain("short");
        assertThat(LAB.daemon().cli("ps", "-a").ok().out()).contains("short").containsIgnoringCase("exited");
        Outcome next = LAB.daemon().cli("run", "--rm", "--", "ip", "-o", "addr", "show", "eth0");
        assertThat(next.ok().out()).contains("172.17.0.2/16");
    }

    @Test
    void whenTheForegroundCommandHasReturnedItsContainerIsSaidToHaveEnded() {
        for (int i = 0; i < 3; i++) {
            String name = "over" + i;
            assertThat(LAB.daemon()
                            .cli("run", "--name", name, "--", "sh", "-c", "exit 5")
                            .exit())
                    .isEqualTo(5);
            assertThat(LAB.inspected("inspect", name).at("State").text("Status"))
                    .isEqualTo("exited");
        }
    }

    @Test
    void aQuitOfTheTerminalsIsNoListOfThreads() {
        String script = "echo ready; sleep 1; echo over";
        try (var foreground = LAB.daemon().startCli("run", "--rm", "--", "sh", "-c", script)) {
            foreground.awaitWords("ready");
            Commands.run("kill", "-QUIT", String.valueOf(foreground.pid())).ok();
            Outcome outcome = foreground.await(Duration.ofSeconds(15));
            assertThat(outcome.ok().out()).doesNotContain("Thread").contains("over");
        }
    }

    @Test
    void endingTheForegroundCommandEndsTheContainer() {
        try (var foreground = LAB.daemon().startCli("run", "--rm", "--name", "front", "--", "sleep", "31779")) {
            // At whatever point of its start the command is then: no signal is lost on the way.
            Eventually.until(Duration.ofSeconds(10), "it is there", () -> containers() == 1);
            assertThat(foreground.terminate().exit()).isEqualTo(143);
        }
        Eventually.until(Duration.ofSeconds(10), "it is gone", () -> containers() == 0);
    }

    @Test
    void signalsReachTheCommandAndItsOwnCodeComesBack() {
        String script = "trap 'echo usr1' USR1; trap 'exit 127' HUP; echo ready; while :; do sleep 0.05; done";
        try (var foreground = LAB.daemon().startCli("run", "--rm", "--", "sh", "-c", script)) {
            foreground.awaitWords("ready");
            Commands.run("kill", "-USR1", String.valueOf(foreground.pid())).ok();
            foreground.awaitWords("usr1");
            Commands.run("kill", "-HUP", String.valueOf(foreground.pid())).ok();
            assertThat(foreground.await(Duration.ofSeconds(15)).exit()).isEqualTo(127);
        }
    }

    @Test
    void sandboxHasNamespacesOfItsOwn() {
        List<String> kinds = List.of("net", "mnt", "uts", "pid");
        String script = "for n in net mnt uts pid; do readlink /proc/self/ns/$n; done; ls /sys/class/net";
        // It runs on while we look outside: the number of a namespace that is gone is soon another's.
        LAB.cli("run", "-d", "--name", "spaces", "--", "sleep", "31781");
        List<String> inside =
                LAB.cli("exec", "spaces", "sh", "-c", script).lines().toList();
        for (int i = 0; i < kinds.size(); i++) {
            assertThat(inside.get(i))
                    .startsWith(kinds.get(i))
                    .isNotEqualTo(LAB.host()
                            .exec("readlink", "/proc/self/ns/" + kinds.get(i))
                            .text());
        }
        assertThat(inside.subList(kinds.size(), inside.size())).containsExactlyInAnyOrder("eth0", "lo");
    }

    @Test
    void hostsFileHasLocalhostAndTheNameAtEachAddress() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "web");
        String hosts = LAB.cli(
                "run", "--rm", "--net", "web", "--hostname", "box.example.com", "--", "sh", "-c", "cat /etc/hosts");
        assertThat(hosts.lines())
                .contains("127.0.0.1\tlocalhost", "10.66.0.2\tbox.example.com box")
                .anyMatch(line -> line.startsWith("::1\tlocalhost"));
        LAB.cli("network", "rm", "web");
    }

    @Test
    void nothingIsLeftOfContainersWhateverEndsThem() {
        String before = leftovers();
        LAB.cli("run", "--rm", "--", "true");
        LAB.daemon().cli("run", "--rm", "--net", "nowhere", "--", "true");
        LAB.daemon().cli("run", "--rm", "--", "no-such-command");
        LAB.cli("run", "-d", "--rm", "--name", "back", "--", "sleep", "31785");
        LAB.cli("rm", "-f", "back");
        LAB.cli("run", "-d", "--rm", "--name", "killed", "--", "sleep", "31785");
        Commands.run("kill", "-KILL", pid("killed")).ok();
        LAB.cli("run", "-d", "--name", "ended", "--", "true");
        Eventually.until("it is shown as exited", () -> status("ended").equals("exited"));
        LAB.daemon().api().delete("/containers/ended").ok();
        Eventually.until("as before", () -> leftovers().equals(before));
        assertThat(Commands.run("pgrep", "-fx", "sleep 31785").exit()).isEqualTo(1);
    }

    @Test
    void theExitCodeIsShownToldAndFound() {
        LAB.cli("run", "-d", "--name", "three", "--", "sh", "-c", "exit 3");
        LAB.cli("run", "-d", "--name", "stopped", "--", "sleep", "31786");
        LAB.cli("run", "-d", "--name", "killed", "--", "sleep", "31786");
        LAB.cli("stop", "stopped");
        Commands.run("kill", "-KILL", pid("killed")).ok();
        Eventually.until(
                "both are shown as exited",
                () -> status("three").equals("exited") && status("killed").equals("exited"));
        assertThat(LAB.cli("ps", "-a", "--format", "{{.Names}} {{.Status}}"))
                .contains("three Exited (3)", "stopped Exited (143)", "killed Exited (137)");
        assertThat(LAB.cli("ps", "--filter", "exited=3", "--format", "{{.Names}}"))
                .isEqualTo("three");
        assertThat(LAB.cli("inspect", "--format", "{{.State.ExitCode}}", "three"))
                .isEqualTo("3");
        assertThat(LAB.cli("events", "--since", "1m", "--until", "0s", "--filter", "event=die"))
                .contains("exitCode=3", "exitCode=143", "exitCode=137");
    }

    @Test
    void aCommandThatCouldNotBeStartedAgainIsNotStarted() throws Exception {
        LAB.cli("run", "-d", "--name", "first", "--", "true");
        Path logs = LAB.directory().resolve("state").resolve("logs");
        Path aside = logs.resolveSibling("logs.aside");
        Path marker = LAB.directory().resolve("started");
        Files.move(logs, aside);
        try {
            Files.createFile(logs);
            Outcome outcome = LAB.daemon().cli("run", "--name", "second", "--", "touch", marker.toString());
            assertThat(outcome.exit()).isEqualTo(125);
            assertThat(outcome.err()).contains("tapswitch: cannot write " + logs);
        } finally {
            Files.delete(logs);
            Files.move(aside, logs);
        }
        Eventually.until("it is shown as exited", () -> status("second").equals("exited"));
        assertThat(marker).doesNotExist();
    }

    private static Json state(String container) {
        return LAB.daemon().api().get("/containers/" + container).at("State");
    }

    private static String status(String container) {
        return state(container).text("Status");
    }

    private static String pid(String container) {
        return String.valueOf(state(container).number("Pid"));
    }

    /** Directories of handshakes, and logs. */
    private static String leftovers() {
        String script = "ls -d /tmp/tapswitch-run-* 2>/dev/null; ls " + LAB.directory() + "/state/logs 2>/dev/null";
        return Commands.run("sh", "-c", script).out();
    }

    private static int containers() {
        return LAB.daemon().api().get("/containers?all=true").elements().size();
    }
}
