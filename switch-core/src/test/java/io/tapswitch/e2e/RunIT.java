package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Commands;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.Outcome;
import java.time.Duration;
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
    void endingTheForegroundCommandEndsTheContainer() {
        try (var foreground = LAB.daemon().startCli("run", "--rm", "--name", "front", "--", "sleep", "31779")) {
            Eventually.until(
                    "it runs", () -> Commands.run("pgrep", "-fx", "sleep 31779").exit() == 0);
            foreground.terminate();
        }
        Eventually.until(Duration.ofSeconds(10), "it is gone", () -> containers() == 0);
    }

    private static int containers() {
        return LAB.daemon().api().get("/containers?all=true").elements().size();
    }
}
